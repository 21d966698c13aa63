#include "engine/base/cryptography.h"

#include <algorithm>

namespace rollcall {
namespace {

template <class Block>
Block block_from(BytesView view) {
  ROLLCALL_CHECK(view.size() == Block::size_bytes);
  Block block;
  std::copy(view.begin(), view.end(), block.bytes.begin());
  return block;
}

}  // namespace

Hash Hash::from_bytes(BytesView view) { return block_from<Hash>(view); }
PublicKey PublicKey::from_bytes(BytesView view) { return block_from<PublicKey>(view); }
SecretSeed SecretSeed::from_bytes(BytesView view) { return block_from<SecretSeed>(view); }
Signature Signature::from_bytes(BytesView view) { return block_from<Signature>(view); }
BoxKey BoxKey::from_bytes(BytesView view) { return block_from<BoxKey>(view); }
SealKey SealKey::from_bytes(BytesView view) { return block_from<SealKey>(view); }

}  // namespace rollcall
