#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/protocol/messages.h"

namespace rollcall {

// One request's transactions, its signature checked by the caller. Views and the request must live
// until `apply` returns.
struct Push {
  DeviceNumber device;
  const SyncRequest* request = nullptr;
  Hash signed_head;
  // Stored as the proof of what the request brought; empty for the server's own devices.
  std::string_view signed_text;
  std::optional<Signature> signature;
};

// What a push got. The caller moves the parts into its SyncReply.
struct PushReply {
  // Set when nothing was judged: `unknown_key` (no such device), or what a full disk or a failing
  // one says; then the rest means nothing.
  std::optional<Error> refused;
  SyncState state = SyncState::ok;  // gap, forked, new_epoch: nothing of the push was applied
  TxNumber known_tx;
  Bytes known_head;  // with gap and forked
  Bytes chain;       // with forked: SyncReply::chain
  // Of the stored transactions after the request's seen_tx, in runs, and changed ones that it does
  // not name as seen; those stored before this push are marked repeated.
  std::vector<Verdict> verdicts;
  Bytes receipt;  // of the new transactions; empty without
};

}  // namespace rollcall
