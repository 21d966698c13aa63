#include "engine/clock/utc_time.h"

#include <cstdio>

namespace rollcall {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 86'400'000;

// Days since 1970-01-01 by Howard Hinnant's days_from_civil (public domain):
// https://howardhinnant.github.io/date_algorithms.html
std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = year / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int days_in_month(std::int64_t year, std::int64_t month) {
  if (month == 2) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return leap ? 29 : 28;
  }
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Reads fixed-width decimal parts off the front of a text; `ok` is false after the first miss.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  std::int64_t digits(std::size_t count) {
    std::int64_t number = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') {
        ok_ = false;
        return 0;
      }
      number = number * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return number;
  }
  // The same, and at most `greatest`.
  std::int64_t digits(std::size_t count, std::int64_t greatest) {
    const std::int64_t number = digits(count);
    if (number > greatest) ok_ = false;
    return number;
  }
  void literal(char wanted) {
    if (!take(wanted)) ok_ = false;
  }
  bool take(char wanted) {
    if (rest_.empty() || rest_[0] != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool digit_next() const {
    return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::int64_t take_fraction_ms(Scanner& scan) {
  if (!scan.take('.')) return 0;
  std::int64_t ms = scan.digits(1) * 100;
  if (scan.digit_next()) ms += scan.digits(1) * 10;
  if (scan.digit_next()) ms += scan.digits(1);
  return ms;
}

std::int64_t take_offset_ms(Scanner& scan) {
  if (scan.take('Z')) return 0;
  const bool west = scan.take('-');
  if (!west) scan.literal('+');
  const std::int64_t hours = scan.digits(2, 23);
  scan.literal(':');
  const std::int64_t minutes = scan.digits(2, 59);
  const std::int64_t offset = (hours * 60 + minutes) * minute_ms;
  return west ? -offset : offset;
}

}  // namespace

// Days to year, month and day by Howard Hinnant's civil_from_days (public domain).
std::string utc_text(std::int64_t utc_ms) {
  std::int64_t days = utc_ms / day_ms;
  std::int64_t rest = utc_ms % day_ms;
  if (rest < 0) {
    rest += day_ms;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const std::int64_t day_of_era = days - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  const int year = static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
  const int seconds = static_cast<int>(rest / 1000);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
                seconds / 3600, seconds / 60 % 60, seconds % 60, static_cast<int>(rest % 1000));
  return text;
}

std::optional<std::int64_t> parse_utc(std::string_view text) {
  Scanner scan(text);
  const std::int64_t year = scan.digits(4);
  scan.literal('-');
  const std::int64_t month = scan.digits(2);
  scan.literal('-');
  const std::int64_t day = scan.digits(2);
  scan.literal('T');
  const std::int64_t hour = scan.digits(2, 23);
  scan.literal(':');
  const std::int64_t minute = scan.digits(2, 59);
  scan.literal(':');
  const std::int64_t second = scan.digits(2, 59);
  const std::int64_t fraction_ms = take_fraction_ms(scan);
  const std::int64_t offset_ms = take_offset_ms(scan);
  if (!scan.done() || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
    return std::nullopt;
  }
  return days_from_civil(year, month, day) * day_ms + hour * 60 * minute_ms + minute * minute_ms +
         second * 1000 + fraction_ms - offset_ms;
}

}  // namespace rollcall
