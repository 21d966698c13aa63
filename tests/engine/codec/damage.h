#pragma once

#include <gtest/gtest.h>

#include "engine/base/bytes.h"

namespace rollcall {

// Calls `refused` with every beginning of `whole` but all of it; each must come back true.
template <class Refused>
void expect_every_truncation_refused(BytesView whole, Refused refused) {
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own: a read beyond its end is one beyond an allocation.
    const Bytes part(whole.substr(0, size));
    EXPECT_TRUE(refused(part)) << size << " of " << whole.size() << " bytes were taken";
  }
}

// Calls `read` with `whole` after each of its bits was turned, one at a time. What comes of it is
// the reader's to say; that it says so, without harm, is what the sanitizers watch.
template <class Read>
void read_with_every_bit_turned(BytesView whole, Read read) {
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes turned(whole);
      turned[at] = static_cast<char>(turned[at] ^ static_cast<char>(1u << bit));
      read(turned);
    }
  }
}

}  // namespace rollcall
