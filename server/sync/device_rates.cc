#include "server/sync/device_rates.h"

#include <algorithm>

#include "server/sync/limits.h"

namespace rollcall {
namespace {

struct Size {
  std::int64_t bytes;
  std::int64_t refill_bytes_per_s;
};

Size size_of(DeviceRate rate) {
  switch (rate) {
    case DeviceRate::sent: return {device_sent_bytes_max, device_sent_bytes_per_s};
    case DeviceRate::pushed: return {device_pushed_bytes_a_day, device_pushed_bytes_a_day / 86'400};
    case DeviceRate::refused: break;
  }
  return {device_refused_bytes_a_day, device_refused_bytes_a_day / 86'400};
}

}  // namespace

Limit limit_of(DeviceRate rate) {
  switch (rate) {
    case DeviceRate::sent: return Limit::device_sent_bytes;
    case DeviceRate::pushed: return Limit::device_pushed_bytes;
    case DeviceRate::refused: break;
  }
  return Limit::device_refused_bytes;
}

void DeviceRates::refill(Bucket& bucket, DeviceRate rate, std::int64_t steady_ms) {
  const std::int64_t refilled =
      (steady_ms - bucket.at_ms) / 1000 * size_of(rate).refill_bytes_per_s;
  if (refilled == 0) return;
  bucket.used = std::max<std::int64_t>(bucket.used - refilled, 0);
  // Parts of a second are left for the next time.
  bucket.at_ms += (steady_ms - bucket.at_ms) / 1000 * 1000;
}

std::optional<DeviceRates::Limited> DeviceRates::limited(DeviceNumber device,
                                                         std::int64_t steady_ms) {
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(device.value);
  if (found == buckets_.end()) return std::nullopt;
  std::optional<Limited> worst;
  for (std::size_t i = 0; i < device_rate_count; ++i) {
    const auto rate = static_cast<DeviceRate>(i);
    Bucket& bucket = found->second[i];
    refill(bucket, rate, steady_ms);
    const Size size = size_of(rate);
    if (bucket.used <= size.bytes) continue;
    const std::int64_t wait_ms = ((bucket.used - size.bytes) / size.refill_bytes_per_s + 1) * 1000;
    if (!worst || wait_ms > worst->wait_ms) worst = Limited{rate, wait_ms};
  }
  return worst;
}

void DeviceRates::charge(DeviceNumber device, DeviceRate rate, std::size_t bytes,
                         std::int64_t steady_ms) {
  if (bytes == 0) return;
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = buckets_.try_emplace(device.value);
  if (is_new) {
    for (Bucket& bucket : found->second) bucket.at_ms = steady_ms;
  }
  Bucket& bucket = found->second[static_cast<std::size_t>(rate)];
  refill(bucket, rate, steady_ms);
  bucket.used += static_cast<std::int64_t>(bytes);
}

}  // namespace rollcall
