#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "engine/base/numbers.h"
#include "server/limit_counts.h"

namespace rollcall {

// What one device may make the server do in a while, beside its requests under way.
enum class DeviceRate : std::uint8_t {
  sent = 0,     // bytes of replies, before compression: rows that are read again and again
  pushed = 1,   // bytes of transactions
  refused = 2,  // of these, bytes of rejected ones, which the log keeps all the same
};
inline constexpr std::size_t device_rate_count = 3;
Limit limit_of(DeviceRate rate);

// Counts what devices did, each rate in a bucket that fills up again with time
// (server/limits.h has the sizes). What was begun is done and charged in full, though the
// bucket goes below zero: then the device waits until it is above again. Begins anew with the
// process. Any thread.
class DeviceRates {
 public:
  struct Limited {
    DeviceRate rate;
    std::int64_t wait_ms;
  };
  // Nothing: the device may go on.
  std::optional<Limited> limited(DeviceNumber device, std::int64_t steady_ms);
  void charge(DeviceNumber device, DeviceRate rate, std::size_t bytes, std::int64_t steady_ms);

 private:
  struct Bucket {
    std::int64_t used = 0;  // bytes
    std::int64_t at_ms = 0;
  };
  using Buckets = std::array<Bucket, device_rate_count>;
  static void refill(Bucket& bucket, DeviceRate rate, std::int64_t steady_ms);

  std::mutex mutex_;
  std::unordered_map<std::uint32_t, Buckets> buckets_;  // of devices that asked: enrolled ones
};

}  // namespace rollcall
