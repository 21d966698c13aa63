#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/codec/archive.h"
#include "engine/model/schema.h"

namespace rollcall {

// The compiled schema as a described message: CBOR for machines, JSON for people who ask. What
// follows from the rest is left out: `_deleted`, the lengths of types that have one length, the
// parts of a template.

inline constexpr std::uint32_t schema_format = 1;  // raised whenever the message gains anything

inline constexpr std::array<EnumName<FieldType>, 11> field_type_names{{
    {FieldType::text, "text"},
    {FieldType::integer, "integer"},
    {FieldType::boolean, "boolean"},
    {FieldType::enumerated, "enum"},
    {FieldType::time, "time"},
    {FieldType::date, "date"},
    {FieldType::id, "id"},
    {FieldType::path, "path"},
    {FieldType::bytes, "bytes"},
    {FieldType::localized, "localized"},
    {FieldType::sealed, "sealed"},
}};
inline std::span<const EnumName<FieldType>> enum_names(FieldType) { return field_type_names; }

inline constexpr std::array<EnumName<MergeRule>, 6> merge_rule_names{{
    {MergeRule::latest, "latest"},
    {MergeRule::first, "first"},
    {MergeRule::counter, "counter"},
    {MergeRule::set, "set"},
    {MergeRule::ladder, "ladder"},
    {MergeRule::once, "once"},
}};
inline std::span<const EnumName<MergeRule>> enum_names(MergeRule) { return merge_rule_names; }

struct FieldMessage {
  FieldId id;
  std::string name;
  FieldType type{};
  MergeRule rule{};
  bool required = false;
  std::uint32_t bytes_max = 0;     // of types with a free length
  std::uint32_t elements_max = 0;  // of sets
  std::vector<std::string> choices;
  bool search = false;
  bool index = false;
};

template <class Archive>
void describe(Archive& a, FieldMessage& m) {
  a.field(1, "id", m.id);
  a.field(2, "name", m.name);
  a.field(3, "type", m.type);
  a.field(4, "rule", m.rule);
  a.field(5, "required", m.required);
  a.field(6, "bytes_max", m.bytes_max);
  a.field(7, "elements_max", m.elements_max);
  a.field(8, "choices", m.choices);
  a.field(9, "search", m.search);
  a.field(10, "index", m.index);
}

struct CollectionMessage {
  CollectionId id;
  std::string name;
  bool append_only = false;
  std::vector<FieldMessage> fields;
  std::vector<FieldId> derived_from;
  std::vector<std::string> paths;
};

template <class Archive>
void describe(Archive& a, CollectionMessage& m) {
  a.field(1, "id", m.id);
  a.field(2, "name", m.name);
  a.field(3, "append_only", m.append_only);
  a.field(4, "fields", m.fields);
  a.field(5, "derived_from", m.derived_from);
  a.field(6, "paths", m.paths);
}

struct SchemaMessage {
  std::uint32_t format = 0;
  std::string name;
  std::uint32_t version = 0;
  std::vector<CollectionMessage> collections;
};

template <class Archive>
void describe(Archive& a, SchemaMessage& m) {
  a.field(1, "format", m.format);
  a.field(2, "name", m.name);
  a.field(3, "version", m.version);
  a.field(4, "collections", m.collections);
}

SchemaMessage schema_message(const Schema& schema);
// The schema without its hash; `schema` when it breaks a rule of check_schema.
Result<Schema> schema_of_message(SchemaMessage message);

}  // namespace rollcall
