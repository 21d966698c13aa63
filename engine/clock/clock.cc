#include "engine/clock/clock.h"

#include <chrono>

namespace rollcall {
namespace {

template <class Duration>
std::int64_t in_ms(Duration since) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

std::int64_t SystemClock::utc_ms() const {
  return in_ms(std::chrono::system_clock::now().time_since_epoch());
}

std::int64_t SystemClock::steady_ms() const {
  return in_ms(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace rollcall
