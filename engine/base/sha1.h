#pragma once

#include <array>

#include "engine/base/bytes.h"

namespace rollcall {

// SHA-1 (RFC 3174), only because UUIDv5 is made of it (RFC 9562 section 5.5); it protects nothing.
std::array<unsigned char, 20> sha1(BytesView message);

}  // namespace rollcall
