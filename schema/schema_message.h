#pragma once

#include <array>
#include <cstdint>
#include <optional>
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

// Raised whenever the message gains anything; a schema is written in the lowest that can say it.
inline constexpr std::uint32_t schema_format_plain = 1;
inline constexpr std::uint32_t schema_format_roles = 2;
inline constexpr std::uint32_t schema_format_leases = 3;              // leases, guarded references
inline constexpr std::uint32_t schema_format = schema_format_leases;  // the newest that is read

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
  CollectionId guarded;
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
  a.field(11, "guarded", m.guarded);
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

struct FieldChoiceMessage {
  bool all = false;
  std::vector<FieldId> fields;
};

template <class Archive>
void describe(Archive& a, FieldChoiceMessage& m) {
  a.field(1, "all", m.all);
  a.field(2, "fields", m.fields);
}

struct CollectionRightsMessage {
  CollectionId collection;
  std::optional<FieldChoiceMessage> read;
  std::optional<FieldChoiceMessage> insert;
  std::optional<FieldChoiceMessage> update;
  bool remove = false;
  bool undo = false;
  bool anywhere = false;
};

template <class Archive>
void describe(Archive& a, CollectionRightsMessage& m) {
  a.field(1, "collection", m.collection);
  a.field(2, "read", m.read);
  a.field(3, "insert", m.insert);
  a.field(4, "update", m.update);
  a.field(5, "delete", m.remove);
  a.field(6, "undo", m.undo);
  a.field(7, "anywhere", m.anywhere);
}

struct RoleMessage {
  std::string name;
  std::vector<CollectionRightsMessage> collections;
  std::uint32_t lease_hours = 0;
};

template <class Archive>
void describe(Archive& a, RoleMessage& m) {
  a.field(1, "name", m.name);
  a.field(2, "collections", m.collections);
  a.field(3, "lease_hours", m.lease_hours);
}

struct SchemaMessage {
  std::uint32_t format = 0;
  std::string name;
  std::uint32_t version = 0;
  std::vector<CollectionMessage> collections;
  std::vector<RoleMessage> roles;
};

template <class Archive>
void describe(Archive& a, SchemaMessage& m) {
  a.field(1, "format", m.format);
  a.field(2, "name", m.name);
  a.field(3, "version", m.version);
  a.field(4, "collections", m.collections);
  a.field(5, "roles", m.roles);
}

SchemaMessage schema_message(const Schema& schema);
// The schema without its hash; `schema` when it breaks a rule of check_schema.
Result<Schema> schema_of_message(SchemaMessage message);

}  // namespace rollcall
