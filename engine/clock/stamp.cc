#include "engine/clock/stamp.h"

#include <cstdio>

namespace rollcall {

void Stamp::append_to(Bytes& out) const {
  put_u64(out, time);
  put_u32(out, device.value);
}

Bytes Stamp::bytes() const {
  Bytes out;
  append_to(out);
  return out;
}

Stamp Stamp::from_bytes(BytesView at) {
  ROLLCALL_CHECK(at.size() >= size_bytes);
  return Stamp{get_u64(at), DeviceNumber(get_u32(at.substr(8)))};
}

std::string Stamp::text() const {
  char device_text[24];
  std::snprintf(device_text, sizeof device_text, "+%u@%08x", counter(), device.value);
  return utc_text(static_cast<std::int64_t>(ms())) + device_text;
}

}  // namespace rollcall
