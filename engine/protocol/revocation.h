#pragma once

#include <string>
#include <string_view>

#include "engine/base/numbers.h"

namespace rollcall {

// What the server signs with the key that the enrolment reply named, so that nobody else can make a
// device lock or erase itself: "rollcall-revoked", the space, the device's eight hex digits, and
// "erase" or "lock", each ended by a line feed.
std::string revocation_text(std::string_view space, DeviceNumber device, bool erase);

}  // namespace rollcall
