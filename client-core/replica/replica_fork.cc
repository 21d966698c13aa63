// A file that is a copy, or was restored from a backup, goes on as another device of its family:
// nothing that it alone has is lost, and nothing that both have counts twice.
#include <algorithm>

#include "client-core/replica/replica.h"
#include "client-core/replica/replica_parts.h"

namespace rollcall {
namespace {

// The verdicts up to a number.
std::vector<Verdict> up_to(const std::vector<Verdict>& verdicts, TxNumber last) {
  std::vector<Verdict> ours;
  for (const Verdict& verdict : verdicts) {
    if (verdict.number > last) continue;
    ours.push_back(verdict);
    ours.back().more = std::min(verdict.more, last.value - verdict.number.value);
  }
  return ours;
}

}  // namespace

// Up to `seen` the chains are one: those verdicts came for this very chain.
Result<void> Replica::find_fork(const SyncRequest& asked, const SyncReply& reply) {
  ReplicaParts& parts = *parts_;
  if (reply.state != SyncState::forked || parts.fork.due() || reply.chain.empty()) return {};
  if (reply.chain.size() % Hash::size_bytes != 0 || asked.seen_tx != parts.standing.seen) return {};
  TxNumber common = asked.seen_tx;
  bool parted = false;
  for (std::size_t at = 0; at < reply.chain.size() && !parted; at += Hash::size_bytes) {
    ROLLCALL_TRY_ASSIGN(const auto own, parts.outbox.hash_at(common.next()));
    parted = !own || own->view() != BytesView(reply.chain).substr(at, Hash::size_bytes);
    if (!parted) common = common.next();
  }
  // What both have got its verdicts, whoever of them sent it.
  const std::vector<Verdict> verdicts = up_to(reply.verdicts, common);
  ROLLCALL_TRY_ASSIGN(const Verdicts::News news,
                      parts.verdicts.take(verdicts, parts.outbox.last(), parts.standing));
  ROLLCALL_TRY(parts.take_out_of_sight(news.out));
  // More of what both have is told with the next reply.
  if (!parted || parts.standing.seen != common) return {};
  ForkPlan::Step step{common, {}};
  parts.doors.random.fill(step.secret.bytes.data(), step.secret.bytes.size());
  return parts.fork.decide(step);
}

Result<void> Replica::become(const ForkWant& want, const ForkReply& told) {
  ReplicaParts& parts = *parts_;
  if (!parts.fork.due() || told.device.value == 0) return {};
  const ForkPlan::Step step = *parts.fork.due();
  if (parts.doors.cryptography.public_key(step.secret) != want.key) return {};
  // Where both are known they are one: up to here the chains are.
  ROLLCALL_TRY_ASSIGN(const std::optional<Hash> own, parts.outbox.head_at(step.common));
  if (told.head.size() != Hash::size_bytes || (own && own->view() != BytesView(told.head))) {
    return failure(ErrorCode::malformed, "the server makes a fork of another chain than this one");
  }
  ROLLCALL_TRY(parts.outbox.make_anew(step.common, Hash::from_bytes(told.head), told.device,
                                      parts.doors.cryptography));
  ROLLCALL_TRY(parts.pending.reload());
  parts.identity.device = told.device;
  parts.identity.secret = step.secret;
  parts.identity.enrolment = told.enrolment;
  ROLLCALL_TRY(parts.identity.save(parts.connection));
  parts.clock.become(told.device);
  parts.standing.forked = false;
  ROLLCALL_TRY(parts.fork.done());
  // What is shown of pending transactions bears their stamps.
  for (TxNumber number = step.common.next(); number <= parts.outbox.last();
       number = number.next()) {
    ROLLCALL_TRY(parts.show_again(number));
  }
  return parts.look_for_gap();
}

}  // namespace rollcall
