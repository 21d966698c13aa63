#include "server/commands/row_export.h"

#include <string>

#include <nlohmann/json.hpp>

#include "engine/codec/json_value.h"

namespace rollcall {
namespace {

using nlohmann::json;

json json_of(const FieldDef& field, const FieldState& state) {
  if (field.rule != MergeRule::set) return value_to_json(&field, state.value);
  FieldDef element = field;
  element.rule = MergeRule::latest;
  json list = json::array();
  for (const SetElement& present : state.elements) {
    list.push_back(value_to_json(&element, present.value));
  }
  return list;
}

std::string cell_text(const json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string text;
  for (const json& element : value) {
    if (!text.empty()) text += ';';
    text += element.is_string() ? element.get<std::string>() : element.dump();
  }
  return text;
}

std::string csv_cell(const json& value) {
  std::string text = cell_text(value);
  const bool runs =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  if (runs && !value.is_number()) text.insert(text.begin(), '\t');
  if (text.find_first_of(",\"\r\n\t") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

Result<void> export_rows(SpaceReader& reader, const CollectionDef& collection, ExportFormat format,
                         const std::function<void(std::string_view line)>& write) {
  if (format == ExportFormat::csv) {
    std::string heading = "id";
    for (const FieldDef& field : collection.fields) {
      if (field.id.value != 0) heading += "," + field.name;
    }
    write(heading);
  }
  return reader.rows(collection.id, [&](const RowView& row) -> Result<void> {
    if (row.state->is_deleted()) return {};
    auto object = nlohmann::ordered_json::object();
    object["id"] = row.id.text();
    std::string line = row.id.text();
    for (std::size_t i = 1; i < collection.fields.size(); ++i) {
      const json value = json_of(collection.fields[i], row.state->fields[i]);
      if (format == ExportFormat::csv) {
        line += "," + csv_cell(value);
      } else if (!value.is_null()) {
        object[collection.fields[i].name] = value;
      }
    }
    write(format == ExportFormat::csv ? line : object.dump());
    return {};
  });
}

nlohmann::ordered_json fields_json(const CollectionDef& collection, const RowState& row) {
  nlohmann::ordered_json fields = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < collection.fields.size(); ++i) {
    const FieldDef& field = collection.fields[i];
    const bool written = !row.fields[i].stamp.is_none() || !row.fields[i].elements.empty();
    if (field.id.value == 0 || !written) continue;
    fields[field.name] = json_of(field, row.fields[i]);
  }
  return fields;
}

}  // namespace rollcall
