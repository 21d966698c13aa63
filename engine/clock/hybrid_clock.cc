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

void HybridClock::observe(Stamp seen) { last_ = std::max(last_, seen.time); }

}  // namespace rollcall
