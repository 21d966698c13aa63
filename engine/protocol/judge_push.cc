#include "engine/protocol/judge_push.h"

#include "engine/protocol/chain.h"

namespace rollcall {
namespace {

Hash hash_of(const Cryptography& cryptography, const PushedTransaction& pushed) {
  if (pushed.bytes.empty() && pushed.void_hash.size() == Hash::size_bytes) {
    return Hash::from_bytes(pushed.void_hash);
  }
  return cryptography.hash({pushed.bytes});
}

}  // namespace

PushJudgement judge_push(const Cryptography& cryptography, const DeviceChain& chain,
                         const SyncRequest& request, const Hash& signed_head,
                         const std::function<std::optional<Hash>(TxNumber)>& stored_hash) {
  PushJudgement judgement;
  const auto answer = [&](SyncState state) {
    judgement.state = state;
    return judgement;
  };

  if (request.transactions.empty()) {
    if (request.last_tx < chain.last) return answer(SyncState::forked);
    if (request.last_tx == chain.last && signed_head != chain.head) {
      return answer(SyncState::forked);
    }
    return judgement;
  }

  if (request.first_tx > chain.last.next()) return answer(SyncState::gap);
  const TxNumber pushed_last(request.first_tx.value + request.transactions.size() - 1);
  if (request.last_tx != pushed_last) return answer(SyncState::forked);

  Hash head = chain.head;
  TxNumber number = request.first_tx;
  for (const PushedTransaction& pushed : request.transactions) {
    const Hash& hash = judgement.hashes.emplace_back(hash_of(cryptography, pushed));
    if (number <= chain.last) {
      const std::optional<Hash> stored = stored_hash(number);
      if (!stored || *stored != hash) return answer(SyncState::forked);
      ++judgement.repeated;
    } else {
      head = next_head(cryptography, head, hash);
      judgement.heads.push_back(head);
    }
    number = number.next();
  }
  // A push that ends among repeats proves itself by its hashes; one that goes on must lead to the
  // head that was signed.
  if (pushed_last >= chain.last && head != signed_head) return answer(SyncState::forked);
  return judgement;
}

}  // namespace rollcall
