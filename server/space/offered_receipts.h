#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/protocol/sealed.h"
#include "server/space/device_table.h"
#include "server/space/transaction_log.h"

namespace rollcall {

// The receipts that a push brings along for a server that was restored: what became of its
// transactions under an earlier epoch. One counts only if this server sealed it for this device, or
// for whom it was before it forked, and the chain that is pushed passes through its head, so that
// it is about these very bytes.
class OfferedReceipts {
 public:
  OfferedReceipts(const Sealer& sealer, std::span<const OfferedReceipt> sealed,
                  const std::string& space, Epoch epoch, const StoredDevice& device);

  // The heads of the chain after `first`, that after the next number, and so on: receipts that do
  // not lie on it are dropped, unless they end before it.
  void keep_those_on(TxNumber first, std::span<const Hash> heads);

  // What the transaction got then; nothing: no receipt tells.
  struct Then {
    Judgement judgement;  // took effect, or the verdict that it stays with; without a sequence
    Epoch epoch;
  };
  [[nodiscard]] std::optional<Then> then(TxNumber number) const;
  // The head at which a chain may go on beyond transactions that its device does not keep any more.
  [[nodiscard]] std::optional<Hash> head_at(TxNumber number) const;

 private:
  std::vector<Receipt> receipts_;
};

}  // namespace rollcall
