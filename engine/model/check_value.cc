#include "engine/model/check_value.h"

#include <algorithm>

#include "engine/base/row_id.h"
#include "engine/model/localized.h"
#include "engine/model/path.h"

namespace rollcall {
namespace {

Error bad(const FieldDef& field, std::string_view why) {
  return failure(ErrorCode::bad_value, field.name + ": " + std::string(why));
}

// The value as a message may repeat it: short, and nothing in it that could break a log line.
std::string quoted(BytesView text) {
  constexpr std::size_t shown_max = 40;
  std::string out = "\"";
  for (const char c : text.substr(0, shown_max)) {
    const bool plain = c >= 0x20 && c < 0x7f;
    out.push_back(plain ? c : '?');
  }
  out.append(text.size() > shown_max ? "...\"" : "\"");
  return out;
}

bool may_be_null(const FieldDef& field) {
  return !field.required && field.rule != MergeRule::set && field.rule != MergeRule::counter;
}

Result<void> check_null(const FieldDef& field) {
  if (may_be_null(field)) return {};
  if (field.rule == MergeRule::set) return bad(field, "an element of a set cannot be null");
  if (field.rule == MergeRule::counter) return bad(field, "an increment cannot be null");
  return bad(field, "is required: give it a value");
}

Result<void> check_length(const FieldDef& field, BytesView bytes) {
  if (bytes.size() <= field.bytes_max) return {};
  return failure(ErrorCode::too_long, field.name + ": " + std::to_string(bytes.size()) +
                                          " bytes, and at most " + std::to_string(field.bytes_max) +
                                          " are allowed");
}

Result<void> check_choice(const FieldDef& field, BytesView text) {
  if (std::find(field.choices.begin(), field.choices.end(), text) != field.choices.end()) return {};
  std::string why = quoted(text) + " is none of";
  for (const std::string& choice : field.choices) why += " " + choice;
  return bad(field, why);
}

Result<void> check_path_value(const FieldDef& field, BytesView text) {
  ROLLCALL_TRY(check_length(field, text));
  if (auto path = check_path(text); !path) return bad(field, path.error().message);
  return {};
}

Result<void> check_localized_value(const FieldDef& field, BytesView text) {
  ROLLCALL_TRY(check_length(field, text));
  if (auto localized = check_localized(text); !localized) {
    return bad(field, localized.error().message);
  }
  return {};
}

Result<void> check_content(const FieldDef& field, ValueView value) {
  switch (field.type) {
    case FieldType::integer: return {};
    case FieldType::boolean:
      if (value.integer == 0 || value.integer == 1) return {};
      return bad(field, "a boolean is 0 or 1 inside");
    case FieldType::time:
      if (value.integer >= 0 && value.integer <= time_ms_max) return {};
      return bad(field, std::to_string(value.integer) +
                            " is no time: milliseconds since 1970 UTC, to the year 9999");
    case FieldType::text: return check_length(field, value.bytes);
    case FieldType::enumerated: return check_choice(field, value.bytes);
    case FieldType::date:
      if (is_date(value.bytes)) return {};
      return bad(field, quoted(value.bytes) + " is no date: write it as 2026-11-03");
    case FieldType::path: return check_path_value(field, value.bytes);
    case FieldType::localized: return check_localized_value(field, value.bytes);
    case FieldType::id:
      if (value.bytes.size() == RowId::size_bytes) return {};
      return bad(field, "an id has 16 bytes, this one " + std::to_string(value.bytes.size()));
    case FieldType::bytes:
    case FieldType::sealed: return check_length(field, value.bytes);
  }
  return bad(field, "is of a type that this program does not know");
}

}  // namespace

Result<void> check_value(const FieldDef& field, ValueView value) {
  if (value.is_null()) return check_null(field);
  const ValueKind kind = kind_of(field.type);
  if (value.kind != kind) {
    return bad(field, std::string(type_name(field.type)) + " holds " +
                          std::string(kind_name(kind)) + ", not " +
                          std::string(kind_name(value.kind)));
  }
  // Before the content: a message may then repeat the text.
  if (kind == ValueKind::text && !is_utf8(value.bytes)) return bad(field, "is not UTF-8");
  return check_content(field, value);
}

bool is_date(BytesView text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  unsigned number[3] = {0, 0, 0};  // year, month, day
  std::size_t part = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 4 || i == 7) {
      ++part;
      continue;
    }
    if (text[i] < '0' || text[i] > '9') return false;
    number[part] = number[part] * 10 + static_cast<unsigned>(text[i] - '0');
  }
  const auto [year, month, day] = number;
  if (year == 0 || month == 0 || month > 12 || day == 0) return false;
  constexpr unsigned month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= month_days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

}  // namespace rollcall
