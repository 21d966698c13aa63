#pragma once

#include <cstdint>

#include "engine/base/numbers.h"

namespace rollcall {

// A transaction's number as SQLite keeps it; none of this device comes near the sign.
constexpr std::int64_t whole(TxNumber number) { return static_cast<std::int64_t>(number.value); }

}  // namespace rollcall
