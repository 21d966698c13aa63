#include "engine/clock/utc_time.h"

#include "engine/base/random.h"

namespace rollcall {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t last_ms = 253'402'300'799'999;

TEST(UtcText, WritesTheEdgesOfItsYears) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(last_ms), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text(2'147'483'647'999), "2038-01-19T03:14:07.999Z");
  EXPECT_EQ(utc_text(2'147'483'648'000), "2038-01-19T03:14:08.000Z");
}

TEST(UtcText, KnowsLeapYears) {
  EXPECT_EQ(utc_text(951'782'400'000), "2000-02-29T00:00:00.000Z");
  EXPECT_EQ(utc_text(951'868'800'000), "2000-03-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(4'107'542'399'999), "2100-02-28T23:59:59.999Z");
  EXPECT_EQ(utc_text(4'107'542'400'000), "2100-03-01T00:00:00.000Z") << "2100 is none";
  EXPECT_EQ(utc_text(1'709'164'800'000), "2024-02-29T00:00:00.000Z");
}

TEST(UtcText, EveryDayFollowsTheDayBefore) {
  // Counted by hand from 1970-01-01, independent of the formula under test.
  static constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = 1970;
  int month = 1;
  int day = 1;
  for (std::int64_t ms = 0; year < 2401; ms += day_ms) {
    char expected[64];
    std::snprintf(expected, sizeof expected, "%04d-%02d-%02dT00:00:00.000Z", year, month, day);
    ASSERT_EQ(utc_text(ms), expected);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (++day > lengths[month - 1] + (month == 2 && leap ? 1 : 0)) {
      day = 1;
      if (++month > 12) {
        month = 1;
        ++year;
      }
    }
  }
}

TEST(UtcText, ATimeBefore1970IsNotGarbled) { EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999Z"); }

TEST(ParseUtc, ReadsWhatUtcTextWrites) {
  SeededRandom random(1);
  for (int i = 0; i < 2'000; ++i) {
    const auto ms =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(last_ms) + 1));
    ASSERT_EQ(parse_utc(utc_text(ms)), ms);
  }
}

TEST(ParseUtc, ReadsFractionsAndOffsets) {
  EXPECT_EQ(parse_utc("2026-11-03T14:05:09Z"), 1'793'714'709'000);
  EXPECT_EQ(parse_utc("2026-11-03T14:05:09.1Z"), 1'793'714'709'100);
  EXPECT_EQ(parse_utc("2026-11-03T14:05:09.12Z"), 1'793'714'709'120);
  EXPECT_EQ(parse_utc("2026-11-03T09:05:09.120-05:00"), 1'793'714'709'120);
  EXPECT_EQ(parse_utc("2026-11-03T19:35:09.120+05:30"), 1'793'714'709'120);
  EXPECT_EQ(parse_utc("2024-02-29T00:00:00Z"), 1'709'164'800'000);
}

TEST(ParseUtc, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026-11-03",
                           "2026-11-03 ",
                           "2026-11-03T14:05:09",
                           "2026-11-03T14:05Z",
                           "2026-11-03T14:05:09.Z",
                           "2026-11-03T14:05:09.1234Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:00+5:00",
                           "2026-01-01T00:00:00+0500",
                           "2026-01-01T00:00:00Zx",
                           "02026-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "-026-01-01T00:00:00Z",
                           "2026-01-01T00:00:00+25:00",
                           "2026-01-01T00:00:0aZ"}) {
    EXPECT_FALSE(parse_utc(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace rollcall
