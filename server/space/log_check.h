#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "server/space/snapshot.h"
#include "server/space/space_check.h"

namespace rollcall {

// The part of a check that reads no rows: chains, signatures, sequences, commits. Borrows an open
// snapshot.
class LogCheck {
 public:
  LogCheck(Snapshot& snapshot, const Cryptography& cryptography, SpaceReport& report)
      : snapshot_(snapshot), cryptography_(cryptography), report_(report) {}

  // Both: `corrupt`, naming the first thing that is wrong.
  Result<void> check_chains();
  Result<void> check_sequences();

 private:
  struct Chain;
  Result<void> begin_at_fork(Chain& chain);
  Result<void> pass_gap(Chain& chain, TxNumber next);
  Result<void> check_transaction(Chain& chain, const LoggedTransaction& logged);
  Result<void> end_request(const Chain& chain);
  Result<Hash> head_of_request(const Chain& chain, const StoredDevice& signer);
  Result<void> check_commit(const LoggedTransaction& logged);

  Snapshot& snapshot_;
  const Cryptography& cryptography_;
  SpaceReport& report_;
};

}  // namespace rollcall
