#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

// "2026-11-03T14:05:09.120Z"; years 1970 to 9999.
std::string utc_text(std::int64_t utc_ms);

// RFC 3339 text as milliseconds: "2026-11-03T14:05:09Z", with a fraction of up to three digits or
// without, with an offset ("-05:00") or Z; nothing for anything else or a day that does not exist.
std::optional<std::int64_t> parse_utc(std::string_view text);

}  // namespace rollcall
