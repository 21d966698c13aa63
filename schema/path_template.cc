#include "schema/path_template.h"

#include <algorithm>
#include <string>
#include <utility>

namespace rollcall {
namespace {

Error wrong(std::string_view text, const std::string& why) {
  return failure(ErrorCode::schema, "\"" + std::string(text) + "\": " + why);
}

void append_literal(PathTemplate& path, std::string_view text) {
  if (path.parts.empty() || path.parts.back().field || path.parts.back().row_id) {
    path.parts.emplace_back();
  }
  path.parts.back().literal.append(text);
}

Result<FieldId> find_field(const CollectionDef& collection, std::string_view text,
                           std::string_view name) {
  const FieldDef* field = collection.find(name);
  if (field != nullptr && field->id.value != 0) return field->id;
  return wrong(text, collection.name + " has no field \"" + std::string(name) + "\"");
}

Result<void> append_segment(const CollectionDef& collection, std::string_view text,
                            std::string_view segment, PathTemplate& path) {
  const bool braced = segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
  const std::string_view inside = braced ? segment.substr(1, segment.size() - 2) : segment;
  if (inside.find_first_of("{}") != inside.npos) {
    return wrong(text, "a segment is a word or one {field}");
  }
  if (!braced) {
    append_literal(path, segment);
    return {};
  }
  PathTemplate::Part part;
  if (inside == "id") {
    part.row_id = true;
  } else {
    ROLLCALL_TRY_ASSIGN(part.field, find_field(collection, text, inside));
  }
  path.parts.push_back(std::move(part));
  return {};
}

Result<void> read_condition(const CollectionDef& collection, std::string_view text,
                            std::string_view condition, PathTemplate& path) {
  const std::size_t equals = condition.find('=');
  if (equals == condition.npos) return wrong(text, "write the condition as: when field=value");
  ROLLCALL_TRY_ASSIGN(path.when_field, find_field(collection, text, condition.substr(0, equals)));
  path.when_value = condition.substr(equals + 1);
  return {};
}

}  // namespace

Result<PathTemplate> parse_path_template(const CollectionDef& collection, std::string_view text) {
  constexpr std::string_view when = " when ";
  PathTemplate path;
  path.text = text;
  const std::size_t condition = text.find(when);
  const std::string_view segments = text.substr(0, condition);
  for (std::size_t first = 0; first <= segments.size();) {
    const std::size_t end = std::min(segments.find('/', first), segments.size());
    if (first > 0) append_literal(path, "/");
    ROLLCALL_TRY(append_segment(collection, text, segments.substr(first, end - first), path));
    first = end + 1;
  }
  if (condition != text.npos) {
    ROLLCALL_TRY(read_condition(collection, text, text.substr(condition + when.size()), path));
  }
  return path;
}

}  // namespace rollcall
