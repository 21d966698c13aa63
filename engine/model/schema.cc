#include "engine/model/schema.h"

#include <algorithm>

#include "engine/model/limits.h"

namespace rollcall {

std::string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::text: return "text";
    case FieldType::integer: return "integer";
    case FieldType::boolean: return "boolean";
    case FieldType::enumerated: return "enum";
    case FieldType::time: return "time";
    case FieldType::date: return "date";
    case FieldType::id: return "id";
    case FieldType::path: return "path";
    case FieldType::bytes: return "bytes";
    case FieldType::localized: return "localized";
    case FieldType::sealed: return "sealed";
  }
  return "unknown";
}

std::string_view rule_name(MergeRule rule) {
  switch (rule) {
    case MergeRule::latest: return "latest";
    case MergeRule::first: return "first";
    case MergeRule::counter: return "counter";
    case MergeRule::set: return "set";
    case MergeRule::ladder: return "ladder";
    case MergeRule::once: return "once";
  }
  return "unknown";
}

ValueKind kind_of(FieldType type) {
  switch (type) {
    case FieldType::boolean: return ValueKind::boolean;
    case FieldType::integer:
    case FieldType::time: return ValueKind::integer;
    case FieldType::id:
    case FieldType::bytes:
    case FieldType::sealed: return ValueKind::bytes;
    case FieldType::text:
    case FieldType::enumerated:
    case FieldType::date:
    case FieldType::path:
    case FieldType::localized: break;
  }
  return ValueKind::text;
}

std::size_t FieldDef::losers_max() const {
  if (bytes_max == 0) return open_losers_max;
  return std::clamp<std::size_t>(open_losers_bytes_max / bytes_max, 1, open_losers_max);
}

std::optional<std::size_t> CollectionDef::position(FieldId field) const {
  if (field.value < fields.size() && fields[field.value].id == field) return field.value;
  const auto found = std::lower_bound(fields.begin(), fields.end(), field,
                                      [](const FieldDef& a, FieldId b) { return a.id < b; });
  if (found == fields.end() || found->id != field) return std::nullopt;
  return static_cast<std::size_t>(found - fields.begin());
}

const FieldDef* CollectionDef::find(std::string_view field_name) const {
  for (const FieldDef& field : fields) {
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

const CollectionDef* Schema::find(CollectionId collection) const {
  for (const CollectionDef& candidate : collections) {
    if (candidate.id == collection) return &candidate;
  }
  return nullptr;
}

const CollectionDef* Schema::find(std::string_view collection_name) const {
  for (const CollectionDef& candidate : collections) {
    if (candidate.name == collection_name) return &candidate;
  }
  return nullptr;
}

FieldDef deleted_field() {
  FieldDef field;
  field.id = FieldId(0);
  field.name = "_deleted";
  field.type = FieldType::boolean;
  field.rule = MergeRule::latest;
  return field;
}

}  // namespace rollcall
