#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <unordered_set>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"

namespace rollcall {

// Remembers which signed requests a space has taken, for as long as their time would still be
// believed, so that none is taken twice. Bounded: when it is full, nothing is taken until time has
// passed. Requests signed before the server started are stale, so nothing needs the disk.
// Thread-safe.
class ReplayMemory {
 public:
  enum class Outcome : std::uint8_t { fresh, replayed, full };

  // `device_entries_max`: of one device, so that none takes all the room.
  ReplayMemory(std::size_t entries_max, std::size_t device_entries_max)
      : entries_max_(entries_max), device_entries_max_(device_entries_max) {}

  // A request whose signature was found right, and whose time is within `request_skew_ms_max` of
  // `server_ms`. `nonce`: 12 bytes.
  Outcome remember(DeviceNumber device, BytesView nonce, std::int64_t server_ms);

 private:
  using Key = std::array<std::uint64_t, 2>;
  struct HashKey {
    std::size_t operator()(const Key& key) const noexcept {
      return static_cast<std::size_t>(key[0] * 0x9e3779b97f4a7c15ULL ^ key[1]);
    }
  };
  using Generation = std::unordered_set<Key, HashKey>;

  const std::size_t entries_max_;
  const std::size_t device_entries_max_;
  std::mutex mutex_;
  // An entry is looked for in both; the older one goes when none of it can be believed any more.
  Generation present_;
  Generation past_;
  std::map<DeviceNumber, std::size_t> of_device_;  // entries in `present_`
  std::int64_t present_since_ms_ = 0;
};

}  // namespace rollcall
