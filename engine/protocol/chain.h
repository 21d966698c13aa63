#pragma once

#include "engine/base/cryptography.h"

namespace rollcall {

// A device's transactions are chained by hash, so that none can be left out, changed or reordered
// without notice:  head_0 = 32 zero bytes;  head_n = BLAKE2b-256(head_{n-1} |
// BLAKE2b-256(bytes_n)). Over the hash of the bytes, not the bytes, so that a void (only the hash
// is known) chains too.
inline Hash next_head(const Cryptography& cryptography, const Hash& head, const Hash& transaction) {
  return cryptography.hash({head.view(), transaction.view()});
}

}  // namespace rollcall
