#include "engine/clock/hybrid_clock.h"

#include <algorithm>

#include "engine/base/check.h"

namespace rollcall {

Stamp HybridClock::next() {
  const auto wall = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(now_ms(), 1, static_cast<std::int64_t>(Stamp::ms_max) - 1));
  const std::uint64_t before = last_;
  last_ = std::max(wall << 16, last_ + 1);
  ROLLCALL_CHECK(last_ > before);
  return last();
}

// A time that no clock can show is nobody's: taken over, it would leave no room for the next.
void HybridClock::observe(Stamp seen) {
  if (seen.ms() < Stamp::ms_max) last_ = std::max(last_, seen.time);
}

void HybridClock::reset_to(Stamp accepted) {
  if (accepted.ms() < Stamp::ms_max) last_ = accepted.time;
}

}  // namespace rollcall
