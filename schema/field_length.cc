#include "schema/field_length.h"

#include <algorithm>

#include "engine/base/row_id.h"
#include "engine/model/limits.h"
#include "schema/limits.h"

namespace rollcall {

bool has_free_length(FieldType type) {
  return type == FieldType::text || type == FieldType::path || type == FieldType::bytes ||
         type == FieldType::localized || type == FieldType::sealed;
}

std::uint32_t default_length(FieldType type) {
  return type == FieldType::path ? path_field_bytes_default : value_bytes_default;
}

std::uint32_t fixed_length(const FieldDef& field) {
  constexpr std::uint32_t date_bytes = 10;
  std::size_t longest = 0;
  switch (field.type) {
    case FieldType::id: return RowId::size_bytes;
    case FieldType::date: return date_bytes;
    case FieldType::enumerated:
      for (const std::string& choice : field.choices) longest = std::max(longest, choice.size());
      return static_cast<std::uint32_t>(longest);
    default: return 0;
  }
}

}  // namespace rollcall
