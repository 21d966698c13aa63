#pragma once

#include <cstdint>

namespace rollcall {

// The door to time.
class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01T00:00:00Z as this machine believes; may jump either way.
  [[nodiscard]] virtual std::int64_t utc_ms() const = 0;
  // Milliseconds since some moment; never jumps. Every deadline is measured on it.
  [[nodiscard]] virtual std::int64_t steady_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t utc_ms() const override;
  [[nodiscard]] std::int64_t steady_ms() const override;
};

// Moves only when told: for tests and simulation.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t utc_ms = 1'790'000'000'000) : utc_ms_(utc_ms) {}
  [[nodiscard]] std::int64_t utc_ms() const override { return utc_ms_; }
  [[nodiscard]] std::int64_t steady_ms() const override { return steady_ms_; }
  // Real time passes: both clocks move on.
  void advance(std::int64_t ms) {
    utc_ms_ += ms;
    steady_ms_ += ms;
  }
  // Somebody sets the wall clock; steady time does not notice.
  void set_utc(std::int64_t utc_ms) { utc_ms_ = utc_ms; }

 private:
  std::int64_t utc_ms_;
  std::int64_t steady_ms_ = 0;
};

}  // namespace rollcall
