// What becomes of parked transactions: judged again by the server, or decided by a person.
#include <utility>

#include "engine/base/check.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {

// Judged as of then: what its author had read, and the stamp that it was given.
Result<Judgement> Space::State::judge_parked(const LoggedTransaction& logged, bool approved) {
  ROLLCALL_TRY_ASSIGN(CachedDevice * cached, device(logged.device));
  ROLLCALL_CHECK(cached != nullptr);
  ROLLCALL_TRY_ASSIGN(const Bytes bytes, log->bytes(logged.id));
  StoredDevice as_of_then = cached->stored;
  as_of_then.cursor = logged.cursor;
  as_of_then.cursor_ms = logged.cursor_ms;
  ROLLCALL_TRY_ASSIGN(
      JudgedTransaction judged,
      judge->judge({&as_of_then, logged.number, bytes, next, now_ms, header.epoch, approved,
                    logged.judgement.accepted, may_wait(), std::nullopt}));
  return std::move(judged.judgement);
}

Result<void> Space::State::change_verdict(const LoggedTransaction& logged,
                                          const Judgement& judgement) {
  if (judgement.took_effect()) next = next.next();
  ROLLCALL_TRY(log->decide(logged.id, judgement, logged.judgement.kind));
  if (judgement.kind != VerdictKind::parked) {
    ROLLCALL_TRY(log->forget_parked_inserts(logged.id));
    ROLLCALL_TRY_ASSIGN(CachedDevice * cached, device(logged.device));
    cached->parked.reset();
  }
  news.verdicts.push_back(logged.device);
  return {};
}

Result<std::size_t> Space::State::judge_again(const std::vector<LoggedTransaction>& parked) {
  std::size_t decided = 0;
  for (const LoggedTransaction& logged : parked) {
    ROLLCALL_TRY_ASSIGN(Judgement judgement, judge_parked(logged, false));
    const bool waited_too_long =
        judgement.code == ErrorCode::unknown_row && logged.received_ms + waiting_ms_max <= now_ms;
    if (judgement.kind == VerdictKind::parked && waited_too_long) {
      judgement.kind = VerdictKind::rejected;
      judgement.code = ErrorCode::gone;
      judgement.reason = "the row did not come in time";
    }
    if (judgement.kind == logged.judgement.kind && judgement.code == logged.judgement.code) {
      continue;
    }
    ROLLCALL_TRY(change_verdict(logged, judgement));
    ++decided;
  }
  return decided;
}

void Space::judge_waiting() { state_->judged_through = 0; }
bool Space::is_judging() const { return state_->judged_through.has_value(); }

Result<std::size_t> Space::judge_next() {
  State& s = *state_;
  if (!s.judged_through) return std::size_t{0};
  if (!s.judge) ROLLCALL_TRY(s.load());
  ROLLCALL_TRY_ASSIGN(const std::vector<LoggedTransaction> parked,
                      s.log->waiting(*s.judged_through, judged_again_max));
  std::size_t decided = 0;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(decided, s.judge_again(parked));
    return {};
  };
  if (!parked.empty()) ROLLCALL_TRY(s.commit(work));
  s.judged_through.reset();
  if (parked.size() == judged_again_max) s.judged_through = parked.back().id;
  return decided;
}

Result<Judgement> Space::decide(std::int64_t id, bool accept) {
  State& s = *state_;
  Judgement judgement;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::optional<LoggedTransaction> logged, s.log->find(id));
    if (!logged || logged->judgement.kind != VerdictKind::parked) {
      return failure(ErrorCode::not_found, "no transaction with this number is parked");
    }
    if (accept) {
      ROLLCALL_TRY_ASSIGN(judgement, s.judge_parked(*logged, true));
    } else {
      judgement = logged->judgement;
      judgement.kind = VerdictKind::rejected;
      judgement.code = ErrorCode::refused;
      judgement.reason = "somebody who may decide refused it";
    }
    return s.change_verdict(*logged, judgement);
  };
  ROLLCALL_TRY(s.commit(work));
  // What waited for its rows may go on.
  if (judgement.took_effect()) judge_waiting();
  return judgement;
}

}  // namespace rollcall
