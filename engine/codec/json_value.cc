#include "engine/codec/json_value.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "engine/base/row_id.h"
#include "engine/clock/utc_time.h"
#include "engine/codec/json_document.h"
#include "engine/model/localized.h"

namespace rollcall {
namespace {

Error wants(const FieldDef& field, std::string_view what) {
  return failure(ErrorCode::bad_value, "field " + field.name + " wants " + std::string(what));
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Value> id_value(const FieldDef& field, const nlohmann::json& json) {
  if (json.is_string()) {
    if (const auto id = RowId::parse(json.get_ref<const std::string&>())) {
      return Value::bytes(id->view());
    }
  }
  return wants(field, "an id such as \"0198c0de-0000-7000-8000-000000000001\"");
}

Result<Value> integer_value(const FieldDef& field, const nlohmann::json& json) {
  if (json.is_number_unsigned()) {
    const auto number = json.get<std::uint64_t>();
    if (number <= static_cast<std::uint64_t>(INT64_MAX)) {
      return Value::integer(static_cast<std::int64_t>(number));
    }
  } else if (json.is_number_integer()) {
    return Value::integer(json.get<std::int64_t>());
  } else if (json.is_string()) {
    const auto& text = json.get_ref<const std::string&>();
    if (field.type == FieldType::time) {
      if (const auto ms = parse_utc(text)) return Value::integer(*ms);
    } else if (const auto number = parse_integer(text)) {
      return Value::integer(*number);
    }
  }
  return wants(field, field.type == FieldType::time
                          ? "a time: milliseconds since 1970, or \"2026-11-03T14:05:00Z\""
                          : "a whole number");
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text) {
  ROLLCALL_TRY(JsonDocument::parse(text));  // depth, size, UTF-8 and duplicate names
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return failure(ErrorCode::malformed, "this is not JSON");
  return json;
}

Result<Value> value_from_json(const FieldDef& field, const nlohmann::json& json) {
  if (json.is_null()) return Value();
  switch (field.type) {
    case FieldType::integer:
    case FieldType::time: return integer_value(field, json);
    case FieldType::boolean:
      if (json.is_boolean()) return Value::boolean(json.get<bool>());
      return wants(field, "true or false");
    case FieldType::id: return id_value(field, json);
    case FieldType::bytes:
    case FieldType::sealed: {
      if (!json.is_string()) return wants(field, "base64url text");
      const auto bytes = from_base64(json.get_ref<const std::string&>());
      if (!bytes) return wants(field, "base64url text without padding");
      return Value::bytes(*bytes);
    }
    case FieldType::localized: {
      if (!json.is_object()) return wants(field, "an object such as {\"en\": \"Welcome\"}");
      ROLLCALL_TRY_ASSIGN(const Bytes canonical, canonical_localized(json.dump()));
      return Value::text(canonical);
    }
    case FieldType::text:
    case FieldType::enumerated:
    case FieldType::date:
    case FieldType::path:
      if (json.is_string()) return Value::text(json.get_ref<const std::string&>());
      return wants(field, "text");
  }
  return wants(field, "a type that this program does not know");
}

nlohmann::json value_to_json(const FieldDef* field, ValueView value) {
  switch (value.kind) {
    case ValueKind::null: return nullptr;
    case ValueKind::boolean: return value.integer != 0;
    case ValueKind::integer:
      if (field != nullptr && field->type == FieldType::boolean) return value.integer != 0;
      if (value.integer > json_exact_max || value.integer < -json_exact_max) {
        return std::to_string(value.integer);
      }
      return value.integer;
    case ValueKind::bytes: {
      const bool is_id = field == nullptr || field->type == FieldType::id;
      if (is_id && value.bytes.size() == RowId::size_bytes) {
        return RowId::from_bytes(value.bytes).text();
      }
      return to_base64(value.bytes);
    }
    case ValueKind::text: break;
  }
  if (field != nullptr && (field->type == FieldType::localized || field->rule == MergeRule::set)) {
    auto json = nlohmann::json::parse(value.bytes, nullptr, false);
    if (!json.is_discarded()) return json;
  }
  return Bytes(value.bytes);
}

}  // namespace rollcall
