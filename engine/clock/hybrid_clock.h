#pragma once

#include <cstdint>

#include "engine/clock/clock.h"
#include "engine/clock/stamp.h"

namespace rollcall {

// Gives out stamps that only rise (Kulkarni et al., "Logical Physical Clocks", 2014), following the
// server's time as measured at each sync. Invariant: every stamp is greater than all before it and
// than every stamp it was shown. Never fails: while the wall clock stands behind, the counter rises
// and carries into the milliseconds. One thread.
class HybridClock {
 public:
  HybridClock(const Clock& clock, DeviceNumber device) : clock_(clock), device_(device) {}

  // The stamp of a transaction that is made now.
  Stamp next();
  // Shows a stamp that exists: the next one will be greater.
  void observe(Stamp seen);
  // The server said its time was `server_ms` at our utc `local_ms`: follow its clock.
  void follow(std::int64_t server_ms, std::int64_t local_ms) { offset_ms_ = server_ms - local_ms; }
  // The server clamped us: forget time that lies ahead, and go on just after `accepted`.
  void reset_to(Stamp accepted);

  // From now on stamps are those of another device: after a fork.
  void become(DeviceNumber device) { device_ = device; }

  // This device's estimate of the server's time.
  [[nodiscard]] std::int64_t now_ms() const { return clock_.utc_ms() + offset_ms_; }
  // Server time minus this machine's wall clock.
  [[nodiscard]] std::int64_t offset_ms() const { return offset_ms_; }
  [[nodiscard]] Stamp last() const { return Stamp{last_, device_}; }
  [[nodiscard]] DeviceNumber device() const { return device_; }

 private:
  const Clock& clock_;
  DeviceNumber device_;
  std::int64_t offset_ms_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace rollcall
