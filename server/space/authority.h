#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/space/device_table.h"

namespace rollcall {

// What a device may write, at the place of its transaction in commit order. Deny by default.
//
// A set of paths is covered when one of them lies under a grant whose role writes: a kiosk that has
// the event, not the person's unit, writes the event's registrations.
class Authority {
 public:
  enum class Standing : std::uint8_t {
    allowed,
    lost,  // a grant that was active at the transaction's cursor covers it, none does now
    denied,
  };

  // The device must live as long. `cursor`: what the transaction's author had read up to.
  Authority(const StoredDevice& device, Sequence cursor) : device_(&device), cursor_(cursor) {}

  // Any range of things that are a string_view.
  template <class Paths>
  [[nodiscard]] Standing over(const Paths& paths) const {
    if (device_->record.local) return Standing::allowed;
    Standing best = Standing::denied;
    for (const std::string_view path : paths) {
      const Standing standing = over_path(path);
      if (standing == Standing::allowed) return standing;
      if (standing == Standing::lost) best = standing;
    }
    return best;
  }

 private:
  [[nodiscard]] Standing over_path(std::string_view path) const;

  const StoredDevice* device_;
  Sequence cursor_;
};

}  // namespace rollcall
