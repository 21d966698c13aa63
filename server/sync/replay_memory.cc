#include "server/sync/replay_memory.h"

#include <cstring>

#include "engine/base/check.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/signing.h"

namespace rollcall {

ReplayMemory::Outcome ReplayMemory::remember(DeviceNumber device, BytesView nonce,
                                             std::int64_t server_ms) {
  static_assert(Authorization::nonce_bytes + sizeof device.value == sizeof(Key));
  ROLLCALL_CHECK(nonce.size() == Authorization::nonce_bytes);
  std::array<char, sizeof(Key)> bytes{};
  std::memcpy(bytes.data(), &device.value, sizeof device.value);
  std::memcpy(bytes.data() + sizeof device.value, nonce.data(), nonce.size());
  Key key{};
  std::memcpy(key.data(), bytes.data(), sizeof key);

  const std::lock_guard lock(mutex_);
  // A request of time t is believed from t - skew to t + skew: twice the skew after its arrival at
  // the latest it is stale by itself.
  constexpr std::int64_t lifetime_ms = 2 * request_skew_ms_max;
  if (server_ms - present_since_ms_ > lifetime_ms) {
    past_ = std::move(present_);
    present_.clear();
    of_device_.clear();
    if (server_ms - present_since_ms_ > 2 * lifetime_ms) past_.clear();
    present_since_ms_ = server_ms;
  }
  if (present_.contains(key) || past_.contains(key)) return Outcome::replayed;
  if (present_.size() >= entries_max_) return Outcome::full;
  std::size_t& of_device = of_device_[device];
  if (of_device >= device_entries_max_) return Outcome::full;
  ++of_device;
  present_.insert(key);
  return Outcome::fresh;
}

}  // namespace rollcall
