#include "engine/protocol/client_sync.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/protocol/limits.h"

namespace rollcall {
namespace {

// A push refused so often with the same kind of answer is taken apart.
constexpr std::uint32_t push_refusals_max = 2;

}  // namespace

void ClientSync::start(Mode mode) {
  mode_ = mode;
  read_once_ = false;
  hurry();
}

void ClientSync::hurry() {
  denied_ = false;
  for (LaneState& lane : lanes_) lane.rest_until_ms = 0;
}

bool ClientSync::is_ready(Lane lane, std::int64_t now_ms) const {
  return !at(lane).under_way && at(lane).rest_until_ms <= now_ms;
}

void ClientSync::begin(RequestPlan plan, std::int64_t now_ms, std::vector<RequestPlan>& plans) {
  LaneState& lane = at(plan.lane);
  ROLLCALL_CHECK(!lane.under_way);
  lane.under_way = true;
  lane.deadline_ms = now_ms + request_deadline_ms + plan.wait_ms;
  lane.plan = plan;
  plans.push_back(plan);
}

void ClientSync::goes_on(const RequestPlan& plan, std::int64_t now_ms) {
  LaneState& lane = at(plan.lane);
  ROLLCALL_CHECK(lane.under_way);
  answered(lane);
  lane.deadline_ms = now_ms + request_deadline_ms + plan.wait_ms;
  lane.plan = plan;
}

std::vector<RequestPlan> ClientSync::decide(const ReplicaFacts& facts, std::int64_t now_ms) {
  std::vector<RequestPlan> plans;
  // A rest that is over is no moment to wake for: a lane with nothing to say would never sleep.
  for (LaneState& lane : lanes_) {
    if (!lane.under_way && lane.rest_until_ms <= now_ms) lane.rest_until_ms = 0;
  }
  if (!facts.unsent) {
    // The search for the transaction that is refused ended without finding one.
    push_one_ = false;
    pull_first_ = false;
    push_refusals_ = 0;
  }
  if (denied_ || wants_void_) return plans;
  if (mode_ == Mode::catch_up) decide_catch_up(facts, now_ms, plans);
  if (mode_ == Mode::live) decide_live(facts, now_ms, plans);
  return plans;
}

void ClientSync::decide_catch_up(const ReplicaFacts& facts, std::int64_t now_ms,
                                 std::vector<RequestPlan>& plans) {
  const bool push = facts.unsent && !facts.push_stopped;
  const bool read = !facts.read_complete || facts.unread_own || !read_once_;
  if (!push && !read) {
    if (!at(Lane::push).under_way && !at(Lane::read).under_way) mode_ = Mode::idle;
    return;
  }
  if (!is_ready(Lane::push, now_ms) || at(Lane::read).under_way) return;
  RequestPlan plan;
  plan.lane = Lane::push;
  plan.push = push && !pull_first_;
  plan.push_one = plan.push && push_one_;
  plan.read = true;
  begin(plan, now_ms, plans);
}

void ClientSync::decide_live(const ReplicaFacts& facts, std::int64_t now_ms,
                             std::vector<RequestPlan>& plans) {
  if (facts.unsent && !facts.push_stopped && !pull_first_ && is_ready(Lane::push, now_ms)) {
    RequestPlan plan;
    plan.lane = Lane::push;
    plan.push = true;
    plan.push_one = push_one_;
    begin(plan, now_ms, plans);
  }
  if (is_ready(Lane::read, now_ms)) {
    RequestPlan plan;
    plan.lane = Lane::read;
    plan.read = true;
    if (facts.read_complete) plan.wait_ms = live_wait_ms;
    begin(plan, now_ms, plans);
  }
}

void ClientSync::push_refused() {
  if (push_one_) {
    wants_void_ = true;
    return;
  }
  if (++push_refusals_ < push_refusals_max) return;
  push_one_ = true;
  pull_first_ = true;
}

void ClientSync::voided() {
  wants_void_ = false;
  push_one_ = false;
  push_refusals_ = 0;
  hurry();
}

void ClientSync::answered(LaneState& lane) {
  lane.stale_retried = false;
  lane.is_behind = false;
  lane.rest_until_ms = 0;
  // The server got something: what waited for that need not rest.
  if (LaneState& read = at(Lane::read); lane.plan.push && read.is_behind) {
    read.is_behind = false;
    read.rest_until_ms = 0;
  }
  if (lane.plan.read) pull_first_ = false;
  if (lane.plan.push && !lane.plan.push_one) push_refusals_ = 0;
}

void ClientSync::ended(Lane which, const RequestOutcome& outcome, std::int64_t now_ms) {
  LaneState& lane = at(which);
  ROLLCALL_CHECK(lane.under_way);
  lane.under_way = false;
  const auto rest = [&](std::int64_t told_ms) {
    lane.rest_until_ms = now_ms + lane.backoff.next_ms(random_, told_ms);
  };
  switch (outcome.kind) {
    case RequestOutcome::Kind::answered:
      succeeded(which);
      answered(lane);
      break;
    case RequestOutcome::Kind::refused:
      if (lane.plan.push) {
        push_refused();
        // The search goes on at once; only a server that refuses everything makes the client rest.
        if (!push_one_) rest(0);
      } else {
        rest(0);
      }
      break;
    case RequestOutcome::Kind::stale:
    case RequestOutcome::Kind::replayed:
      if (lane.stale_retried) {
        rest(0);
      } else {
        lane.stale_retried = true;
        lane.rest_until_ms = 0;
      }
      break;
    case RequestOutcome::Kind::denied: denied_ = true; break;
    case RequestOutcome::Kind::later: rest(outcome.retry_after_ms); break;
    case RequestOutcome::Kind::behind:
      lane.is_behind = true;
      rest(0);
      break;
    case RequestOutcome::Kind::unreachable: rest(0); break;
  }
}

void ClientSync::succeeded(Lane which) {
  LaneState& lane = at(which);
  lane.backoff.succeeded();
  if (lane.plan.read) read_once_ = true;
}

std::optional<Lane> ClientSync::overdue(std::int64_t now_ms) const {
  for (const Lane lane : {Lane::push, Lane::read}) {
    if (at(lane).under_way && at(lane).deadline_ms <= now_ms) return lane;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ClientSync::next_wake_ms() const {
  std::optional<std::int64_t> wake;
  if (mode_ == Mode::idle) return wake;
  for (const LaneState& lane : lanes_) {
    if (denied_ && !lane.under_way) continue;
    const std::int64_t moment = lane.under_way ? lane.deadline_ms : lane.rest_until_ms;
    if (moment != 0 && (!wake || moment < *wake)) wake = moment;
  }
  return wake;
}

std::uint32_t ClientSync::failures() const {
  return std::max(at(Lane::push).backoff.failures(), at(Lane::read).backoff.failures());
}

}  // namespace rollcall
