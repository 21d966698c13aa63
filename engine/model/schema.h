#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/model/role.h"
#include "engine/model/value.h"

namespace rollcall {

// The compiled schema: plain data, made by the schema compiler from JSON, carried as canonical CBOR
// to clients (schema/compiled.h). The engine never reads JSON schema files.

// What a field may hold. Value kinds: boolean -> boolean; integer, time -> integer; text,
// enumerated, date, path, localized -> text; id, bytes, sealed -> bytes.
enum class FieldType : std::uint8_t {
  text = 1,
  integer = 2,  // 64 bits; a string in JSON beyond 2^53
  boolean = 3,
  enumerated = 4,  // the text of one of `choices`; "enum" in JSON
  time = 5,        // milliseconds since 1970 UTC
  date = 6,        // "2026-11-03"
  id = 7,          // 16 bytes
  path = 8,        // a scope path, such as "unit/nc/wake/1-01"
  bytes = 9,
  localized = 10,  // canonical JSON object, language tag -> text, keys sorted, no spaces
  sealed = 11,     // encrypted on the device; the engine sees bytes
};

enum class MergeRule : std::uint8_t {
  latest = 1,
  first = 2,
  counter = 3,
  set = 4,
  ladder = 5,
  once = 6,
};

std::string_view type_name(FieldType type);  // as in JSON schema files
std::string_view rule_name(MergeRule rule);
ValueKind kind_of(FieldType type);

struct FieldDef {
  FieldId id;
  std::string name;  // [a-z][a-z0-9_]*; also the SQL column
  FieldType type = FieldType::text;
  MergeRule rule = MergeRule::latest;
  bool required = false;             // must be given, and not null, at insert
  std::uint32_t bytes_max = 0;       // longest text or bytes value (or set element), in bytes
  std::uint32_t elements_max = 0;    // set: most elements
  std::vector<std::string> choices;  // enumerated; for `ladder` from the lowest rung to the highest
  bool search = false;               // in the replica's full-text index
  bool index = false;                // a secondary index on replicas
  // An id that names a row of this collection, which its writer must see; 0: any 16 bytes.
  CollectionId guarded;

  // How many open losers are kept of it: the greatest stamps.
  [[nodiscard]] std::size_t losers_max() const;

  friend bool operator==(const FieldDef&, const FieldDef&) = default;
};

// One template of a collection's paths: literal segments and fields of the row, and perhaps a
// condition. A part that names a field is replaced by its value; of a set field each element gives
// one path. A field without a value gives no path.
struct PathTemplate {
  struct Part {
    std::string literal;  // used when `field` is empty
    std::optional<FieldId>
        field;            // id fields are written as UUID text, path and text fields as they are
    bool row_id = false;  // {id}: the row's own id
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::string text;  // as written in the schema
  std::vector<Part> parts;
  std::optional<FieldId> when_field;  // the template counts only while this field...
  std::string when_value;             // ...has this text

  friend bool operator==(const PathTemplate&, const PathTemplate&) = default;
};

struct CollectionDef {
  CollectionId id;
  std::string name;  // also the SQL view
  bool append_only = false;
  // Ascending by id; fields[0] is always `_deleted` (id 0, boolean, latest).
  std::vector<FieldDef> fields;
  // Derived ids: UUIDv5 over these `once` fields; empty: UUIDv7.
  std::vector<FieldId> derived_from;
  std::vector<PathTemplate> paths;

  // Position in `fields`; nothing for a field that this schema does not have.
  [[nodiscard]] std::optional<std::size_t> position(FieldId field) const;
  [[nodiscard]] const FieldDef* find(std::string_view field_name) const;

  friend bool operator==(const CollectionDef&, const CollectionDef&) = default;
};

struct Schema {
  std::uint32_t version = 0;
  std::string name;
  std::vector<CollectionDef> collections;  // ascending by id
  std::vector<RoleDef> roles;              // as declared; none: engine/model/role_book.h
  Hash hash;                               // BLAKE2b-256 of the canonical CBOR

  [[nodiscard]] const CollectionDef* find(CollectionId collection) const;
  [[nodiscard]] const CollectionDef* find(std::string_view collection_name) const;

  friend bool operator==(const Schema&, const Schema&) = default;
};

// The field that every collection has at position 0.
FieldDef deleted_field();

}  // namespace rollcall
