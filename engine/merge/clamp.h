#pragma once

#include <cstdint>

#include "engine/clock/stamp.h"

namespace rollcall {

// What bounds a transaction's stamp when the server accepts it. Times that do not apply stay zero.
struct StampBounds {
  std::int64_t cursor_commit_ms = 0;  // commit time of the transaction's cursor; enrolment if none
  Stamp last_accepted = {};           // the device's last accepted stamp
  Stamp seen_base = {};               // greatest base that is its field's present stamp
  std::int64_t server_ms = 0;         // the server's time now
};

// The one rule for clocks: clamp(made, lo, max(lo, server time + 60 s)), lo being one counter above
// all that the transaction has seen. So a write that saw another never loses to it, and a wrong
// clock wins for no longer than its device was offline. Keeps the device of `made`.
Stamp clamp_stamp(Stamp made, const StampBounds& bounds);

// The same without a ceiling: what a replica expects of its own pending transaction. `last` is the
// stamp of its transaction before, accepted or expected.
Stamp raise_stamp(Stamp made, Stamp last, Stamp seen_base);

}  // namespace rollcall
