#include "engine/merge/clamp.h"

#include <algorithm>

#include "engine/merge/limits.h"

namespace rollcall {
namespace {

std::uint64_t time_at(std::int64_t ms) {
  constexpr auto latest = static_cast<std::int64_t>(Stamp::ms_max);
  return static_cast<std::uint64_t>(std::clamp<std::int64_t>(ms, 0, latest)) << 16;
}

std::uint64_t above(std::uint64_t time) { return time == UINT64_MAX ? time : time + 1; }

}  // namespace

Stamp clamp_stamp(Stamp made, const StampBounds& bounds) {
  const std::uint64_t lowest = above(std::max(
      {time_at(bounds.cursor_commit_ms), bounds.last_accepted.time, bounds.seen_base.time}));
  const std::uint64_t greatest = std::max(
      lowest,
      time_at(std::min(bounds.server_ms, INT64_MAX - stamp_ahead_ms_max) + stamp_ahead_ms_max));
  return Stamp{std::clamp(made.time, lowest, greatest), made.device};
}

Stamp raise_stamp(Stamp made, Stamp last, Stamp seen_base) {
  return Stamp{std::max(made.time, above(std::max(last.time, seen_base.time))), made.device};
}

}  // namespace rollcall
