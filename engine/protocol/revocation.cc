#include "engine/protocol/revocation.h"

#include "engine/base/bytes.h"

namespace rollcall {

std::string revocation_text(std::string_view space, DeviceNumber device, bool erase) {
  Bytes number;
  put_u32(number, device.value);
  return "rollcall-revoked\n" + std::string(space) + "\n" + to_hex(number) +
         (erase ? "\nerase\n" : "\nlock\n");
}

}  // namespace rollcall
