#include "server/commands/import_source.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

#include "engine/codec/json_value.h"
#include "engine/model/check_value.h"
#include "engine/model/path.h"
#include "server/commands/csv_reader.h"

namespace rollcall {
namespace {

using nlohmann::json;

// Turns named JSON values into an ImportLine: the same for both kinds of file.
class LineBuilder {
 public:
  LineBuilder(const CollectionDef& collection, const ImportOptions& options)
      : collection_(collection), options_(options) {}

  // The field that a column of the file fills; null for "id".
  Result<const FieldDef*> field_of(const std::string& column) const {
    const auto mapped = options_.columns.find(column);
    const std::string& name = mapped == options_.columns.end() ? column : mapped->second;
    if (name == "id") return nullptr;
    const FieldDef* field = collection_.find(name);
    if (field == nullptr || field->id.value == 0) {
      return failure(ErrorCode::unknown_field,
                     collection_.name + " has no field \"" + name.substr(0, 60) +
                         "\"; map the column with --map " + column.substr(0, 60) + "=FIELD");
    }
    return field;
  }

  Result<void> add(ImportLine& line, const FieldDef* field, const json& value) const {
    if (value.is_null()) return {};
    if (field == nullptr) {
      if (!value.is_string()) return failure(ErrorCode::bad_value, "the id is not text");
      ROLLCALL_TRY_ASSIGN(line.id, RowId::parse(value.get_ref<const std::string&>()));
      return {};
    }
    std::vector<Value>& values = line.fields[field->id];
    if (field->rule == MergeRule::set && value.is_array()) {
      for (const json& element : value) ROLLCALL_TRY(add_value(values, *field, element));
    } else {
      ROLLCALL_TRY(add_value(values, *field, value));
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    return {};
  }

  // Gives the line its id and checks that nothing required is missing.
  Result<void> finish(ImportLine& line) const {
    for (const FieldDef& field : collection_.fields) {
      if (field.required && line.fields.find(field.id) == line.fields.end()) {
        return failure(ErrorCode::bad_value, "field " + field.name + " is missing");
      }
    }
    if (!collection_.derived_from.empty()) {
      line.id = derive_row_id(collection_, values_of(line, collection_.derived_from));
    } else if (!options_.key.empty()) {
      std::vector<FieldId> key;
      for (const std::string& name : options_.key) {
        const FieldDef* field = collection_.find(name);
        if (field == nullptr) {
          return failure(ErrorCode::unknown_field, "--key names " + name + ", which is no field");
        }
        if (line.fields.find(field->id) == line.fields.end()) {
          return failure(ErrorCode::bad_value, "key field " + name + " is empty");
        }
        key.push_back(field->id);
      }
      line.id = derive_row_id(collection_, values_of(line, key));
    }
    if (line.id.is_nil()) {
      return failure(ErrorCode::bad_value,
                     "nothing names this row: give an id column, or --key FIELD,…");
    }
    return {};
  }

  // A CSV cell as JSON of the field's type.
  Result<json> cell(const FieldDef* field, const std::string& text) const {
    if (text.empty()) return json();
    if (field == nullptr) return json(text);
    if (field->rule == MergeRule::set) {
      json list = json::array();
      std::string_view rest = text;
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        list.push_back(std::string(rest.substr(0, end)));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return list;
    }
    if (field->type == FieldType::boolean) {
      if (text == "true" || text == "1" || text == "yes") return json(true);
      if (text == "false" || text == "0" || text == "no") return json(false);
    }
    if (field->type == FieldType::localized) return parse_json(text);
    return json(text);
  }

 private:
  static Result<void> add_value(std::vector<Value>& values, const FieldDef& field,
                                const json& value) {
    ROLLCALL_TRY_ASSIGN(Value converted, value_from_json(field, value));
    ROLLCALL_TRY(check_value(field, converted));
    values.push_back(std::move(converted));
    return {};
  }

  static std::vector<ValueView> values_of(const ImportLine& line,
                                          const std::vector<FieldId>& fields) {
    std::vector<ValueView> values;
    for (const FieldId field : fields) {
      const auto found = line.fields.find(field);
      values.push_back(found == line.fields.end() || found->second.empty()
                           ? ValueView::null()
                           : found->second.front().view());
    }
    return values;
  }

  const CollectionDef& collection_;
  const ImportOptions& options_;
};

Result<void> read_csv(const LineBuilder& builder, std::string_view text,
                      const std::function<bool(ImportLine&&)>& take,
                      const std::function<void(LineError&&)>& refused) {
  CsvReader reader(text);
  std::vector<std::string> record;
  ROLLCALL_TRY_ASSIGN(const bool has_heading, reader.next(record));
  if (!has_heading) return failure(ErrorCode::malformed, "the file is empty: it needs a heading");
  std::vector<const FieldDef*> columns;
  for (const std::string& name : record) {
    ROLLCALL_TRY_ASSIGN(const FieldDef* field, builder.field_of(name));
    if (std::find(columns.begin(), columns.end(), field) != columns.end()) {
      return failure(ErrorCode::malformed, "column " + name + " is there twice");
    }
    columns.push_back(field);
  }
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool there, reader.next(record));
    if (!there) return {};
    ImportLine line;
    line.line = reader.line();
    const auto read = [&]() -> Result<void> {
      if (record.size() != columns.size()) {
        return failure(ErrorCode::malformed, std::to_string(record.size()) + " cells, not " +
                                                 std::to_string(columns.size()));
      }
      for (std::size_t i = 0; i < columns.size(); ++i) {
        ROLLCALL_TRY_ASSIGN(const json value, builder.cell(columns[i], record[i]));
        ROLLCALL_TRY(builder.add(line, columns[i], value));
      }
      return builder.finish(line);
    };
    if (const Result<void> done = read(); !done) {
      refused({line.line, done.error().message});
    } else if (!take(std::move(line))) {
      return {};
    }
  }
}

Result<void> read_json_lines(const LineBuilder& builder, std::string_view text,
                             const std::function<bool(ImportLine&&)>& take,
                             const std::function<void(LineError&&)>& refused) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    ImportLine line;
    line.line = number;
    const auto read = [&]() -> Result<void> {
      ROLLCALL_TRY_ASSIGN(const json object, parse_json(row));
      if (!object.is_object()) return failure(ErrorCode::malformed, "this is no JSON object");
      for (const auto& [name, value] : object.items()) {
        ROLLCALL_TRY_ASSIGN(const FieldDef* field, builder.field_of(name));
        ROLLCALL_TRY(builder.add(line, field, value));
      }
      return builder.finish(line);
    };
    if (const Result<void> done = read(); !done) {
      refused({number, done.error().message});
    } else if (!take(std::move(line))) {
      return {};
    }
  }
  return {};
}

}  // namespace

Result<void> read_import(const CollectionDef& collection, std::string_view text, bool is_csv,
                         const ImportOptions& options,
                         const std::function<bool(ImportLine&&)>& take,
                         const std::function<void(LineError&&)>& refused) {
  const LineBuilder builder(collection, options);
  return is_csv ? read_csv(builder, text, take, refused)
                : read_json_lines(builder, text, take, refused);
}

}  // namespace rollcall
