#include "engine/clock/stamp.h"

#include <cstdio>

namespace rollcall {

void Stamp::append_to(Bytes& out) const {
  put_u64(out, time);
  put_u32(out, device.value);
}

Bytes Stamp::bytes() const {
  Bytes out;
  append_to(out);
  return out;
}

Stamp Stamp::from_bytes(BytesView at) {
  ROLLCALL_CHECK(at.size() >= size_bytes);
  return Stamp{get_u64(at), DeviceNumber(get_u32(at.substr(8)))};
}

std::string Stamp::text() const {
  char device_text[24];
  std::snprintf(device_text, sizeof device_text, "+%u@%08x", counter(), device.value);
  return utc_text(static_cast<std::int64_t>(ms())) + device_text;
}

// Days to year, month and day by Howard Hinnant's civil_from_days (public domain):
// https://howardhinnant.github.io/date_algorithms.html
std::string utc_text(std::int64_t utc_ms) {
  constexpr std::int64_t day_ms = 86'400'000;
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

}  // namespace rollcall
