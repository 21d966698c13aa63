#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "engine/protocol/messages.h"

namespace rollcall {

// What the server holds of a device's chain.
struct DeviceChain {
  TxNumber last;
  Hash head;  // at `last`; zero at 0
};

// What is to be done with a push. Pure: the same inputs give the same answer.
struct PushJudgement {
  SyncState state = SyncState::ok;  // gap or forked: apply nothing
  std::size_t repeated = 0;  // leading transactions that are stored already, with their verdicts
  std::vector<Hash> hashes;  // of each pushed transaction's bytes
  std::vector<Hash> heads;   // of the chain after each new transaction (index 0: the first new)
};

// Judges a request's transactions against the chain that the server holds.
// `stored_hash(number)`: the hash stored for a number at or below `chain.last`.
// - first_tx after chain.last + 1: gap;
// - a repeated number with another hash, or a chain that does not lead to the signed head: forked;
// - a device whose last_tx is before chain.last, or equal with another head: forked (restored or
//   copied), also when it pushes nothing.
PushJudgement judge_push(const Cryptography& cryptography, const DeviceChain& chain,
                         const SyncRequest& request, const Hash& signed_head,
                         const std::function<std::optional<Hash>(TxNumber)>& stored_hash);

}  // namespace rollcall
