#include "engine/model/check_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

FieldDef field(FieldType type, MergeRule rule = MergeRule::latest) {
  FieldDef out;
  out.id = FieldId(1);
  out.name = "value";
  out.type = type;
  out.rule = rule;
  out.bytes_max = 8;
  return out;
}

FieldDef required(FieldDef field) {
  field.required = true;
  return field;
}

std::string answer(const FieldDef& field, ValueView value,
                   ErrorCode expected = ErrorCode::bad_value) {
  const auto result = check_value(field, value);
  if (result) return "good";
  EXPECT_EQ(result.error().code, expected) << result.error().message;
  return result.error().message;
}

TEST(CheckValue, TakesOnlyTheKindOfTheType) {
  const std::vector<std::pair<ValueKind, ValueView>> values = {
      {ValueKind::boolean, ValueView::of_boolean(true)},
      {ValueKind::integer, ValueView::of_integer(1)},
      {ValueKind::text, ValueView::of_text("x")},
      {ValueKind::bytes, ValueView::of_bytes("x")},
  };
  for (int number = 1; number <= 11; ++number) {
    const FieldDef subject = field(static_cast<FieldType>(number));
    for (const auto& [kind, value] : values) {
      if (kind == kind_of(subject.type)) continue;
      EXPECT_THAT(answer(subject, value), HasSubstr(", not " + std::string(kind_name(kind))))
          << type_name(subject.type);
    }
  }
  EXPECT_EQ(answer(field(FieldType::text), ValueView::of_integer(1)),
            "value: text holds text, not integer");
}

TEST(CheckValue, TakesNullUnlessAValueIsNeeded) {
  EXPECT_EQ(answer(field(FieldType::text), ValueView::null()), "good");
  EXPECT_EQ(answer(field(FieldType::id, MergeRule::first), ValueView::null()), "good");
  EXPECT_EQ(answer(required(field(FieldType::text)), ValueView::null()),
            "value: is required: give it a value");
  EXPECT_THAT(answer(field(FieldType::text, MergeRule::set), ValueView::null()),
              HasSubstr("an element of a set cannot be null"));
  EXPECT_THAT(answer(field(FieldType::integer, MergeRule::counter), ValueView::null()),
              HasSubstr("an increment cannot be null"));
}

TEST(CheckValue, BoundsLengthInBytes) {
  for (const FieldType type : {FieldType::text, FieldType::path}) {
    EXPECT_EQ(answer(field(type), ValueView::of_text("12345678")), "good");
    EXPECT_EQ(answer(field(type), ValueView::of_text("123456789"), ErrorCode::too_long),
              "value: 9 bytes, and at most 8 are allowed");
  }
  EXPECT_EQ(answer(field(FieldType::text), ValueView::of_text("éééé")), "good");
  EXPECT_EQ(answer(field(FieldType::text), ValueView::of_text("ééééé"), ErrorCode::too_long),
            "value: 10 bytes, and at most 8 are allowed");
  for (const FieldType type : {FieldType::bytes, FieldType::sealed}) {
    EXPECT_EQ(answer(field(type), ValueView::of_bytes("\xff\xff\xff\xff\xff\xff\xff\xff")), "good");
    EXPECT_THAT(answer(field(type), ValueView::of_bytes("123456789"), ErrorCode::too_long),
                HasSubstr("9 bytes"));
  }
  EXPECT_THAT(
      answer(field(FieldType::localized), ValueView::of_text(R"({"en":""})"), ErrorCode::too_long),
      HasSubstr("9 bytes"));
}

TEST(CheckValue, RefusesTextThatIsNotUtf8) {
  for (const char* wrong : {"\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80"}) {
    EXPECT_EQ(answer(field(FieldType::text), ValueView::of_text(wrong)), "value: is not UTF-8");
    EXPECT_EQ(answer(field(FieldType::enumerated), ValueView::of_text(wrong)),
              "value: is not UTF-8");
  }
  EXPECT_EQ(answer(field(FieldType::text), ValueView::of_text(std::string_view("a\0b", 3))),
            "good");
}

TEST(CheckValue, TakesOnlyChoicesOfAnEnum) {
  FieldDef subject = field(FieldType::enumerated);
  subject.choices = {"door", "call"};
  EXPECT_EQ(answer(subject, ValueView::of_text("call")), "good");
  EXPECT_EQ(answer(subject, ValueView::of_text("Call\n")), "value: \"Call?\" is none of door call");
  EXPECT_EQ(answer(subject, ValueView::of_text("")), "value: \"\" is none of door call");
}

TEST(CheckValue, TakesOnlyDaysOfTheCalendar) {
  const FieldDef subject = field(FieldType::date);
  for (const char* day : {"2026-11-03", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"}) {
    EXPECT_EQ(answer(subject, ValueView::of_text(day)), "good") << day;
  }
  for (const char* wrong :
       {"2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-01", "2026-01-00",
        "0000-01-01", "2026-1-01", "2026/01/01", "20260101", "2026-01-01T", " 2026-01-01",
        "+026-01-01", "2026-01-32", "", "-001-01-01"}) {
    EXPECT_THAT(answer(subject, ValueView::of_text(wrong)), HasSubstr("is no date")) << wrong;
  }
}

TEST(CheckValue, KnowsHowLongEachMonthIs) {
  const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int month = 1; month <= 12; ++month) {
    for (int day = 1; day <= 32; ++day) {
      char text[32];
      std::snprintf(text, sizeof text, "2025-%02d-%02d", month, day);
      EXPECT_EQ(is_date(text), day <= days[month - 1]) << text;
    }
  }
}

TEST(CheckValue, TakesTimesOfFourDigitYears) {
  const FieldDef subject = field(FieldType::time);
  EXPECT_EQ(answer(subject, ValueView::of_integer(0)), "good");
  EXPECT_EQ(answer(subject, ValueView::of_integer(253'402'300'799'999)), "good");
  EXPECT_THAT(answer(subject, ValueView::of_integer(-1)), HasSubstr("-1 is no time"));
  EXPECT_THAT(answer(subject, ValueView::of_integer(253'402'300'800'000)), HasSubstr("is no time"));
  EXPECT_EQ(answer(field(FieldType::integer), ValueView::of_integer(INT64_MIN)), "good");
}

TEST(CheckValue, TakesOnlyWellFormedPaths) {
  EXPECT_EQ(answer(field(FieldType::path), ValueView::of_text("nc/1-01")), "good");
  for (const char* wrong : {"", "/nc", "nc/", "a//b", "NC", "a b"}) {
    EXPECT_THAT(answer(field(FieldType::path), ValueView::of_text(wrong)), StartsWith("value: "))
        << wrong;
  }
}

TEST(CheckValue, TakesOnlyCanonicalLocalizedText) {
  FieldDef subject = field(FieldType::localized);
  subject.bytes_max = 100;
  EXPECT_EQ(answer(subject, ValueView::of_text(R"({"en":"Hi","es":"Hola"})")), "good");
  EXPECT_THAT(answer(subject, ValueView::of_text(R"({"es":"Hola","en":"Hi"})")),
              StartsWith("value: is no localized text"));
}

TEST(CheckValue, TakesIdsOfSixteenBytes) {
  const FieldDef subject = field(FieldType::id);
  EXPECT_EQ(answer(subject, ValueView::of_bytes(std::string(16, '\0'))), "good");
  EXPECT_EQ(answer(subject, ValueView::of_bytes(std::string(15, 'a'))),
            "value: an id has 16 bytes, this one 15");
}

TEST(CheckValue, TakesTrueAndFalse) {
  EXPECT_EQ(answer(field(FieldType::boolean), ValueView::of_boolean(false)), "good");
  EXPECT_EQ(answer(field(FieldType::boolean), ValueView{ValueKind::boolean, 2, {}}),
            "value: a boolean is 0 or 1 inside");
}

TEST(CheckValue, HoldsElementsAndIncrementsToTheirType) {
  FieldDef tags = field(FieldType::text, MergeRule::set);
  EXPECT_EQ(answer(tags, ValueView::of_text("blue")), "good");
  EXPECT_THAT(answer(tags, ValueView::of_text("much too long"), ErrorCode::too_long),
              HasSubstr("13 bytes"));
  EXPECT_EQ(answer(field(FieldType::integer, MergeRule::counter), ValueView::of_integer(-3)),
            "good");
}

}  // namespace
}  // namespace rollcall
