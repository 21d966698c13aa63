#include "client-core/abi/json_fields.h"

#include <nlohmann/json.hpp>

#include "engine/codec/json_value.h"

namespace rollcall {

std::vector<NamedValue> NamedFields::view() const {
  std::vector<NamedValue> named;
  named.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i) named.push_back({names[i], values[i]});
  return named;
}

Result<NamedFields> fields_from_json(const CollectionDef& collection, std::string_view text) {
  ROLLCALL_TRY_ASSIGN(const nlohmann::json json, parse_json(text));
  if (!json.is_object()) {
    return failure(ErrorCode::bad_value, "fields are a JSON object, such as {\"name\": \"Ada\"}");
  }
  NamedFields fields;
  const auto add = [&](const FieldDef& field, const nlohmann::json& value) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(Value converted, value_from_json(field, value));
    fields.names.push_back(field.name);
    fields.values.push_back(std::move(converted));
    return {};
  };
  for (const auto& [name, value] : json.items()) {
    const FieldDef* field = collection.find(name);
    if (field == nullptr || field->id.value == 0) {
      return failure(ErrorCode::unknown_field,
                     collection.name + " has no field \"" + name.substr(0, 60) + "\"");
    }
    if (field->rule == MergeRule::set && value.is_array()) {
      for (const auto& element : value) ROLLCALL_TRY(add(*field, element));
    } else {
      ROLLCALL_TRY(add(*field, value));
    }
  }
  return fields;
}

}  // namespace rollcall
