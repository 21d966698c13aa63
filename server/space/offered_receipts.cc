#include "server/space/offered_receipts.h"

#include <algorithm>

namespace rollcall {

OfferedReceipts::OfferedReceipts(const Sealer& sealer, std::span<const OfferedReceipt> sealed,
                                 const std::string& space, Epoch epoch,
                                 const StoredDevice& device) {
  for (const OfferedReceipt& one : sealed) {
    auto receipt = sealer.open_receipt(one.receipt);
    // One of the present epoch says what the log says itself.
    if (!receipt || receipt->space != space || receipt->epoch >= epoch ||
        (receipt->device != device.record.number &&
         receipt->device != device.holder_of(receipt->last)) ||
        receipt->first > receipt->last ||
        receipt->accepted.size() != receipt->last.value - receipt->first.value + 1) {
      continue;
    }
    receipts_.push_back(std::move(*receipt));
  }
}

void OfferedReceipts::keep_those_on(TxNumber first, std::span<const Hash> heads) {
  std::erase_if(receipts_, [&](const Receipt& receipt) {
    if (receipt.last <= first) return false;
    const std::uint64_t place = receipt.last.value - first.value - 1;
    return place >= heads.size() || heads[place] != receipt.head;
  });
}

std::optional<OfferedReceipts::Then> OfferedReceipts::then(TxNumber number) const {
  for (const Receipt& receipt : receipts_) {
    if (number < receipt.first || number > receipt.last) continue;
    Then then;
    then.epoch = receipt.epoch;
    Judgement& judgement = then.judgement;
    judgement.accepted = receipt.accepted[number.value - receipt.first.value];
    for (const Verdict& verdict : receipt.verdicts) {
      if (number < verdict.number || number.value > verdict.number.value + verdict.more) continue;
      judgement.kind = verdict.kind;
      judgement.code = static_cast<ErrorCode>(verdict.code);
      judgement.collection = verdict.collection;
      judgement.field = verdict.field;
      judgement.reason = verdict.reason;
      judgement.clamped = verdict.accepted.has_value();
    }
    return then;
  }
  return std::nullopt;
}

std::optional<Hash> OfferedReceipts::head_at(TxNumber number) const {
  for (const Receipt& receipt : receipts_) {
    if (receipt.last == number) return receipt.head;
  }
  return std::nullopt;
}

}  // namespace rollcall
