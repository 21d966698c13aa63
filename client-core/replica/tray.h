#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client-core/replica/local_transaction.h"
#include "client-core/replica/pending_writes.h"
#include "client-core/replica/status.h"
#include "client-core/replica/verdicts.h"
#include "engine/base/result.h"

namespace rollcall {

struct ReplicaParts;

// What the server did not take, or not yet: transactions that are rejected, parked or waiting. They
// show nothing of what they write and block nothing; their bytes are kept until they are dealt
// with.
class Tray {
 public:
  explicit Tray(ReplicaParts& parts) : parts_(parts) {}

  Result<std::vector<TrayEntry>> list();
  Result<Committed> retry(TxNumber number);
  Result<void> discard(TxNumber number);
  Result<std::string> export_json(TxNumber number);

 private:
  // `not_found` when it is not in the tray.
  Result<StoredVerdict> find(TxNumber number);
  // It is out of the tray; with the last that wants them, the copies of rows that are gone go, too.
  Result<void> deal_with(TxNumber number);
  Result<TrayEntry> describe(TxNumber number, const StoredVerdict& verdict);

  ReplicaParts& parts_;
};

}  // namespace rollcall
