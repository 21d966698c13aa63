#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// The beginning of an epoch after the first: a restore, or a file that was copied back.
struct EpochRecord {
  Epoch epoch;
  std::int64_t begun_ms = 0;
  Sequence head;  // of the log that it went on from
  // Whether it was seen to that nobody is let in whose revocation the restored file forgot.
  bool reconciled = true;
};

// Table `_epochs`: one row for each beginning. Writes belong into the caller's transaction.
class EpochTable {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  explicit EpochTable(Connection& connection) : connection_(&connection) {}

  Result<void> add(const EpochRecord& record);
  // The last beginning; nothing: the space is in its first epoch.
  Result<std::optional<EpochRecord>> last();
  Result<bool> is_reconciled();
  Result<void> set_reconciled();

 private:
  Connection* connection_;
};

// An epoch after `epoch`. Not the next number but one further on by chance, since two restores of
// one backup must not meet in the same epoch; and never below the time, since a restored file does
// not know what epochs there were after it, and a device follows no server to an earlier one.
Epoch epoch_after(Epoch epoch, std::int64_t utc_ms, Random& random);

}  // namespace rollcall
