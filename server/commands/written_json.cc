#include "server/commands/written_json.h"

#include <string>

#include "engine/codec/json_value.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

Json write_json(const FieldDef* field, const HistoryWrite& write) {
  const auto list = [&](const std::vector<Value>& values) {
    Json array = Json::array();
    for (const Value& value : values) array.push_back(Json(value_to_json(field, value)));
    return array;
  };
  if (write.has_value && write.closes == 0) return Json(value_to_json(field, write.value));
  Json json = Json::object();
  if (write.has_value) json["value"] = value_to_json(field, write.value);
  if (!write.adds.empty()) json["add"] = list(write.adds);
  if (!write.removes.empty()) json["remove"] = list(write.removes);
  if (write.closes != 0) json["closed"] = write.closes;
  return json;
}

}  // namespace

Json written_json(const CollectionDef* collection, const std::vector<HistoryWrite>& writes) {
  Json fields = Json::object();
  for (const HistoryWrite& write : writes) {
    const auto position = collection == nullptr ? std::nullopt : collection->position(write.field);
    const FieldDef* field = position ? &collection->fields[*position] : nullptr;
    const std::string name =
        write.name.empty() ? "field " + std::to_string(write.field.value) : write.name;
    fields[name] = write_json(field, write);
  }
  return fields;
}

}  // namespace rollcall
