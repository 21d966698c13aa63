#pragma once

#include <string>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"

namespace rollcall {

// A device's number as people and lists write it: eight hex digits.
inline std::string device_digits(DeviceNumber device) {
  Bytes bytes;
  put_u32(bytes, device.value);
  return to_hex(bytes);
}

}  // namespace rollcall
