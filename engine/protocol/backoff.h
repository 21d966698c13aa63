#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/random.h"
#include "engine/protocol/limits.h"

namespace rollcall {

// How long to wait after failures in a row: uniform between 0 and a doubling bound ("full jitter",
// Brooker, "Exponential Backoff and Jitter", 2015), so that 5,000 devices do not come back at once.
class Backoff {
 public:
  // After one more failure; at least `told_ms` (the server's Retry-After) plus jitter.
  std::int64_t next_ms(Random& random, std::int64_t told_ms = 0) {
    const std::int64_t bound =
        std::min(backoff_cap_ms, backoff_base_ms << std::min<std::uint32_t>(failures_, 16));
    ++failures_;
    return told_ms + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound) + 1));
  }
  void succeeded() { failures_ = 0; }
  [[nodiscard]] std::uint32_t failures() const { return failures_; }

 private:
  std::uint32_t failures_ = 0;
};

}  // namespace rollcall
