#include "engine/codec/json_value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/base/row_id.h"
#include "engine/codec/limits.h"

namespace rollcall {
namespace {

FieldDef field(FieldType type, MergeRule rule = MergeRule::latest) {
  FieldDef def;
  def.name = "f";
  def.type = type;
  def.rule = rule;
  return def;
}

Value value(FieldType type, std::string_view json) {
  const auto read = value_from_json(field(type), parse_json(json).value());
  EXPECT_TRUE(read) << json << ": " << read.error().message;
  return read ? *read : Value();
}

bool is_refused(FieldType type, std::string_view json) {
  const auto read = value_from_json(field(type), parse_json(json).value());
  return !read && read.error().code == ErrorCode::bad_value &&
         read.error().message.find("field f") != std::string::npos;
}

std::string shown(FieldType type, ValueView of, MergeRule rule = MergeRule::latest) {
  const FieldDef def = field(type, rule);
  return value_to_json(&def, of).dump();
}

constexpr std::string_view some_id = "0198c0de-0000-7000-8000-000000000001";

TEST(JsonValue, EachTypeTakesItsForms) {
  EXPECT_EQ(value(FieldType::text, R"("Zoë")"), Value::text("Zoë"));
  EXPECT_EQ(value(FieldType::boolean, "true"), Value::boolean(true));
  EXPECT_EQ(value(FieldType::integer, "-5"), Value::integer(-5));
  EXPECT_EQ(value(FieldType::integer, R"("9007199254740993")"), Value::integer(9007199254740993));
  EXPECT_EQ(value(FieldType::time, "1790000000000"), Value::integer(1'790'000'000'000));
  EXPECT_EQ(value(FieldType::time, R"("1970-01-01T00:00:01Z")"), Value::integer(1'000));
  EXPECT_EQ(value(FieldType::id, "\"" + std::string(some_id) + "\""),
            Value::bytes(RowId::parse(some_id).value().view()));
  EXPECT_EQ(value(FieldType::bytes, R"("_w")"), Value::bytes("\xff"));
  EXPECT_EQ(value(FieldType::localized, R"({"es":"Hola","en":"Hi"})"),
            Value::text(R"({"en":"Hi","es":"Hola"})"));
  for (const FieldType type : {FieldType::text, FieldType::integer, FieldType::id}) {
    EXPECT_EQ(value(type, "null"), Value());
  }
}

TEST(JsonValue, AnotherFormIsRefusedByTheNameOfTheField) {
  EXPECT_TRUE(is_refused(FieldType::text, "1"));
  EXPECT_TRUE(is_refused(FieldType::boolean, "1"));
  EXPECT_TRUE(is_refused(FieldType::integer, R"("12x")"));
  EXPECT_TRUE(is_refused(FieldType::integer, "9223372036854775808"));
  EXPECT_TRUE(is_refused(FieldType::integer, "true"));
  EXPECT_TRUE(is_refused(FieldType::time, R"("tomorrow")"));
  EXPECT_TRUE(is_refused(FieldType::id, R"("0198c0de")"));
  EXPECT_TRUE(is_refused(FieldType::bytes, R"("+/")"));
  EXPECT_TRUE(is_refused(FieldType::localized, R"("Hi")"));
}

TEST(JsonValue, ShowsValuesAsTheyAreRead) {
  EXPECT_EQ(shown(FieldType::text, ValueView::of_text("Zoë")), R"("Zoë")");
  EXPECT_EQ(shown(FieldType::boolean, ValueView::of_integer(1)), "true");
  EXPECT_EQ(shown(FieldType::integer, ValueView::of_integer(-5)), "-5");
  EXPECT_EQ(shown(FieldType::id, ValueView::of_bytes(RowId::parse(some_id).value().view())),
            "\"" + std::string(some_id) + "\"");
  EXPECT_EQ(shown(FieldType::bytes, ValueView::of_bytes("\xff")), R"("_w")");
  EXPECT_EQ(shown(FieldType::localized, ValueView::of_text(R"({"en":"Hi"})")), R"({"en":"Hi"})");
  EXPECT_EQ(shown(FieldType::text, ValueView::of_text(R"(["a","b"])"), MergeRule::set),
            R"(["a","b"])");
  EXPECT_EQ(value_to_json(nullptr, ValueView::null()).dump(), "null");
}

TEST(JsonValue, WholeNumbersBeyondFiftyThreeBitsAreText) {
  constexpr std::int64_t exact = std::int64_t{1} << 53;
  EXPECT_EQ(shown(FieldType::integer, ValueView::of_integer(exact)), "9007199254740992");
  EXPECT_EQ(shown(FieldType::integer, ValueView::of_integer(exact + 1)), R"("9007199254740993")");
  EXPECT_EQ(shown(FieldType::integer, ValueView::of_integer(-exact - 1)), R"("-9007199254740993")");
}

TEST(JsonValue, TextIsHeldToTheLimitsOfJson) {
  EXPECT_EQ(parse_json(R"({"a":1,"a":2})").error().code, ErrorCode::duplicate_key);
  EXPECT_EQ(parse_json(std::string(200'000, '[')).error().code, ErrorCode::too_deep);
  EXPECT_EQ(parse_json("{\"a\":\"\xff\"}").error().code, ErrorCode::not_utf8);
  EXPECT_EQ(parse_json("1.5").error().code, ErrorCode::wrong_type);
  EXPECT_EQ(parse_json("{").error().code, ErrorCode::truncated);
}

}  // namespace
}  // namespace rollcall
