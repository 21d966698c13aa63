// The writing half of a space: pushes in, verdicts out.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/protocol/limits.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {
// What the transactions of one push got, for its reply and receipt.
struct Space::State::Pushed {
  CachedDevice* device = nullptr;
  TxNumber last_before;            // the chain's last when the push came
  std::vector<Verdict> verdicts;   // of the new ones, in runs
  std::vector<Stamp> accepted;     // of the new ones
  std::vector<Verdict> receipted;  // of the new ones that are not plainly applied
};

Result<std::vector<PushReply>> Space::apply(std::span<const Push> pushes) {
  std::vector<PushReply> replies(pushes.size());
  State& s = *state_;
  ROLLCALL_TRY(s.check_nobody_forgotten());
  const auto work = [&]() -> Result<void> {
    // The epoch comes before the chain, and before every push of the group.
    for (const Push& push : pushes) {
      ROLLCALL_TRY_ASSIGN(const bool copied_back, s.is_copied_back(push.request->cursor));
      if (!copied_back) continue;
      ROLLCALL_TRY(s.begin_epoch());
      break;
    }
    for (std::size_t i = 0; i < pushes.size(); ++i) {
      ROLLCALL_TRY(s.apply_push(pushes[i], replies[i]));
    }
    return s.list_brought_back();
  };
  ROLLCALL_TRY(s.commit(work));
  ROLLCALL_TRY(s.forget_brought_back());
  return replies;
}

Result<void> Space::State::apply_push(const Push& push, PushReply& reply) {
  const SyncRequest& request = *push.request;
  Pushed pushed;
  ROLLCALL_TRY_ASSIGN(pushed.device, device(push.device));
  if (pushed.device == nullptr) {
    reply.refused = failure(ErrorCode::unknown_key, "no such device in this space; enrol it");
    return {};
  }
  const StoredDevice& stored = pushed.device->stored;
  const DeviceRecord& record = stored.record;
  ROLLCALL_TRY_ASSIGN(const CachedDevice* apart, follow_ancestors(*pushed.device));
  pushed.last_before = record.last_tx;
  for (const SeenVerdict& seen : request.seen_changed) {
    ROLLCALL_TRY(log->note_seen(stored.holder_of(seen.number), seen));
  }

  // A cursor that does not open stops nobody from uploading; one of another epoch does, until its
  // device has compared.
  const auto cursor = sealer->open_cursor(request.cursor);
  if (cursor && cursor->epoch != header.epoch) {
    reply.state = SyncState::new_epoch;
    reply.known_tx = record.last_tx;
    return {};
  }
  if (apart != nullptr) {
    reply.state = SyncState::forked;
  } else {
    ROLLCALL_TRY(apply_transactions(push, pushed, reply));
  }
  const DeviceRecord& known = apart != nullptr ? apart->stored.record : record;
  reply.known_tx = known.last_tx;
  if (reply.state != SyncState::ok) {
    reply.known_head = Bytes(known.head.view());
    if (reply.state != SyncState::forked) return {};
    // What it needs to find the last transaction that both chains have.
    ROLLCALL_TRY_ASSIGN(reply.chain, log->hashes(stored, request.seen_tx, fork_chain_max));
    return log->verdicts_to_compare(stored, request.seen_tx, reply.verdicts);
  }
  return tell(push, pushed, reply);
}

Result<void> Space::State::apply_transactions(const Push& push, Pushed& pushed, PushReply& reply) {
  const SyncRequest& request = *push.request;
  CachedDevice& device = *pushed.device;
  DeviceRecord& record = device.stored.record;
  std::optional<Error> failed;
  const auto stored_hash = [&](TxNumber number) -> std::optional<Hash> {
    auto hash = log->hash(device.stored.holder_of(number), number);
    if (hash) return *hash;
    failed = hash.error();
    return std::nullopt;
  };
  OfferedReceipts offered(*sealer, request.receipts, header.name, header.epoch, device.stored);
  const std::optional<Gap> gap = gap_before(record, request, offered);
  const DeviceChain chain =
      gap ? DeviceChain{gap->last, gap->head} : DeviceChain{record.last_tx, record.head};
  const PushJudgement judgement =
      judge_push(doors.cryptography, chain, request, push.signed_head, stored_hash);
  if (failed) return *failed;
  reply.state = judgement.state;
  if (judgement.state != SyncState::ok || judgement.heads.empty()) return {};
  ROLLCALL_TRY_ASSIGN(const bool leads, leads_to_forks(device, chain.last, judgement.heads));
  if (!leads) {
    reply.state = SyncState::forked;
    return {};
  }
  offered.keep_those_on(chain.last, judgement.heads);
  if (gap) {
    ROLLCALL_TRY(pass_gap(device, *gap));
    pushed.last_before = gap->last;
  }

  std::int64_t proof = 0;
  if (push.signature) {
    ROLLCALL_TRY_ASSIGN(
        proof, log->add_request(record.number, now_ms, push.signed_text, push.signature->view()));
  }
  for (std::size_t i = judgement.repeated; i < request.transactions.size(); ++i) {
    ROLLCALL_TRY_ASSIGN(CachedDevice * holder, holder_of_next(device));
    ROLLCALL_TRY_ASSIGN(const Judgement judged,
                        apply_one(*holder, request.transactions[i], judgement.hashes[i], proof,
                                  offered.then(record.last_tx.next())));
    holder->stored.record.head = judgement.heads[i - judgement.repeated];
    if (holder != &device) ROLLCALL_TRY(follow_ancestors(device));
    Verdict verdict = verdict_of(record.last_tx, judged);
    pushed.accepted.push_back(judged.accepted);
    if (judged.kind != VerdictKind::applied) pushed.receipted.push_back(verdict);
    add_to_runs(pushed.verdicts, std::move(verdict));
  }
  record.last_push_ms = now_ms;
  device.moved = true;
  news.verdicts.push_back(record.number);
  return {};
}

// A push that begins beyond the end of the chain, with proof of where it begins: the device does
// not keep what lies between.
std::optional<Gap> Space::State::gap_before(const DeviceRecord& record, const SyncRequest& request,
                                            const OfferedReceipts& offered) const {
  if (request.transactions.empty() || request.first_tx <= record.last_tx.next()) {
    return std::nullopt;
  }
  const TxNumber before(request.first_tx.value - 1);
  const std::optional<Hash> head =
      before == record.forked_at ? record.forked_head : offered.head_at(before);
  if (!head) return std::nullopt;
  return Gap{record.number, record.last_tx.next(), before, *head, now_ms};
}

// What takes no effect is kept, too: but not what it says of a person who was erased.
Result<Redacted> Space::State::without_erased(BytesView bytes) {
  return without_rows(bytes, [this](const RowWrite& write) -> Result<bool> {
    return judge->refused_rows().concern(write);
  });
}

Result<Judgement> Space::State::apply_one(CachedDevice& device, const PushedTransaction& pushed,
                                          const Hash& hash, std::int64_t request,
                                          const std::optional<OfferedReceipts::Then>& then) {
  StoredDevice& stored = device.stored;
  const TxNumber number = stored.record.last_tx.next();
  TransactionCase which{&stored,      number, pushed.bytes, next,  now_ms,
                        header.epoch, false,  std::nullopt, false, std::nullopt};
  which.may_wait = may_wait();
  if (then && begun) {
    // What it was given then, it keeps; a device that was revoked since is another matter.
    which.approved = !stored.record.is_revoked();
    which.accepted = then->judgement.accepted;
    which.restored = RestoredLog{then->epoch, begun->head};
  }
  JudgedTransaction judged;
  if (then && !then->judgement.took_effect()) {
    judged = {then->judgement, stored.cursor, stored.cursor_ms};
  } else {
    ROLLCALL_TRY_ASSIGN(judged, judge->judge(which));
    // Others may wait for the rows that it brings back.
    if (then && judged.judgement.took_effect()) judged_through = 0;
  }
  Judgement& judgement = judged.judgement;
  if (pushed.bytes.empty() && pushed.void_hash.size() == Hash::size_bytes) {
    judgement.code = ErrorCode::voided;
    judgement.reason = "its device gave it up: it could not be sent";
  }
  Redacted kept;
  if (!judgement.took_effect() && !judge->refused_rows().empty() && !stored.record.local) {
    ROLLCALL_TRY_ASSIGN(kept, without_erased(pushed.bytes));
    if (kept.changed) {
      judgement.kind = VerdictKind::rejected;
      judgement.code = ErrorCode::erased;
      judgement.reason = erased_reason;
    }
  }
  if (judgement.kind == VerdictKind::parked) {
    if (!device.parked) {
      ROLLCALL_TRY_ASSIGN(device.parked, log->count_parked(stored.record.number));
    }
    if (*device.parked >= parked_transactions_max) {
      judgement.kind = VerdictKind::rejected;
      judgement.reason += "; it is refused because too many of this device's are parked already";
    } else {
      ++*device.parked;
    }
  }
  if (judgement.took_effect()) next = next.next();
  if (judgement.took_effect() && stored.record.local) note_brought_back();

  LoggedTransaction logged;
  logged.device = stored.record.number;
  logged.number = number;
  logged.judgement = judgement;
  logged.cursor = judged.cursor;
  logged.cursor_ms = judged.cursor_ms;
  logged.received_ms = now_ms;
  logged.request = request;
  logged.hash = hash;
  logged.bytes = kept.changed ? kept.bytes : pushed.bytes;
  ROLLCALL_TRY_ASSIGN(const std::int64_t id, log->append(logged));
  if (kept.changed) ROLLCALL_TRY(log->redact(id, kept.bytes));
  const bool was_judged = !then || then->judgement.took_effect();
  if (judgement.kind == VerdictKind::parked && was_judged) {
    for (const auto& [collection, row] : judge->inserts()) {
      ROLLCALL_TRY(log->park_insert(id, stored.record.number, collection, row));
    }
  }
  stored.record.last_tx = number;
  stored.record.last_accepted = judgement.accepted;
  stored.cursor = judged.cursor;
  stored.cursor_ms = judged.cursor_ms;
  if (!stored.record.local) {
    if (judgement.kind == VerdictKind::applied) {
      stored.applied.push_back(judgement.sequence.value);
    }
    // A cursor only moves on: what it has passed is never asked for again.
    stored.applied.erase(
        stored.applied.begin(),
        std::upper_bound(stored.applied.begin(), stored.applied.end(), stored.cursor.value));
  }
  return judgement;
}

// Every stored verdict that the device has not named as seen, and a receipt.
Result<void> Space::State::tell(const Push& push, const Pushed& pushed, PushReply& reply) {
  const SyncRequest& request = *push.request;
  const DeviceRecord& record = pushed.device->stored.record;
  ROLLCALL_TRY(log->changed_verdicts(pushed.device->stored, request.seen_tx, reply.verdicts));
  if (request.seen_tx < pushed.last_before) {
    // Older ones come first, and a cut leaves out the newest.
    ROLLCALL_TRY(log->verdicts(pushed.device->stored,
                               {request.seen_tx, record.last_tx, pushed.last_before},
                               reply_verdicts_max, reply.verdicts));
  } else {
    for (const Verdict& verdict : pushed.verdicts) reply.verdicts.push_back(verdict);
  }
  if (pushed.accepted.empty()) return {};

  Receipt receipt;
  receipt.space = header.name;
  receipt.epoch = header.epoch;
  receipt.device = record.number;
  receipt.first = pushed.last_before.next();
  receipt.last = record.last_tx;
  receipt.head = record.head;
  receipt.accepted = pushed.accepted;
  receipt.verdicts = pushed.receipted;
  reply.receipt = sealer->seal(receipt);
  return {};
}

}  // namespace rollcall
