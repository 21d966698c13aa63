#include "client-core/sync/sync_session.h"

#include <algorithm>

#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"

namespace rollcall {
namespace {

constexpr std::string_view kSyncTarget = "/v1/sync";
constexpr std::string_view kSchemaTarget = "/v1/schema";

}  // namespace

SyncSession::SyncSession(Replica& replica, Transport& transport, const ReplicaDoors& doors)
    : replica_(replica), transport_(transport), doors_(doors), machine_(doors.random) {}

SyncSession::~SyncSession() { cancel_all(); }

void SyncSession::start(ClientSync::Mode mode) {
  last_error_.reset();
  machine_.start(mode);
}

void SyncSession::stop() {
  machine_.stop();
  cancel_all();
}

void SyncSession::cancel_all() {
  for (UnderWay& lane : lanes_) {
    if (lane.id == 0) continue;
    transport_.cancel(lane.id);
    lane.id = 0;
    machine_.ended(lane.plan.lane, {RequestOutcome::Kind::answered, 0}, doors_.clock.steady_ms());
  }
  if (schema_request_ != 0) transport_.cancel(schema_request_);
  schema_request_ = 0;
}

Signer SyncSession::signer() const {
  return Signer{doors_.cryptography, doors_.random,    replica_.secret(),
                replica_.url(),      replica_.space(), replica_.device()};
}

void SyncSession::send(const RequestPlan& plan, SyncRequest request, const Hash& head) {
  UnderWay& lane = at(plan.lane);
  lane.id = ++last_id_;
  lane.plan = plan;
  lane.head = head;
  HttpRequest http = signed_request(signer(), "POST", kSyncTarget, to_cbor(request), head,
                                    replica_.clock().now_ms());
  http.id = lane.id;
  lane.request = std::move(request);
  ++traffic_.requests;
  transport_.begin(std::move(http));
}

Result<void> SyncSession::send_due() {
  if (machine_.wants_void()) {
    ROLLCALL_TRY(replica_.void_oldest());
    machine_.voided();
  }
  for (const RequestPlan& plan : machine_.decide(replica_.facts(), doors_.clock.steady_ms())) {
    auto prepared = replica_.prepare(plan);
    if (!prepared) {
      machine_.ended(plan.lane, {RequestOutcome::Kind::unreachable, 0}, doors_.clock.steady_ms());
      return std::move(prepared).error();
    }
    prepared->request.budget_bytes = reply_budget_;
    send(plan, std::move(prepared->request), prepared->head);
  }
  return {};
}

Result<std::int64_t> SyncSession::begin_step(std::int64_t budget_ms) {
  ROLLCALL_TRY(send_due());
  const auto wake = machine_.next_wake_ms();
  if (!wake) return budget_ms;
  return std::clamp<std::int64_t>(*wake - doors_.clock.steady_ms(), 0, budget_ms);
}

Result<bool> SyncSession::end_step(const std::vector<HttpResponse>& responses) {
  for (const HttpResponse& response : responses) ROLLCALL_TRY(take(response));
  const std::int64_t now = doors_.clock.steady_ms();
  if (const auto late = machine_.overdue(now)) {
    UnderWay& lane = at(*late);
    transport_.cancel(lane.id);
    lane.id = 0;
    last_error_ =
        failure(ErrorCode::timed_out, "the server did not answer in time; local work is kept");
    machine_.ended(*late, {RequestOutcome::Kind::unreachable, 0}, now);
  }
  ROLLCALL_TRY(send_due());
  return machine_.mode() != ClientSync::Mode::idle && !machine_.is_denied();
}

Result<bool> SyncSession::step(std::int64_t budget_ms) {
  ROLLCALL_TRY_ASSIGN(const std::int64_t wait_ms, begin_step(budget_ms));
  return end_step(transport_.poll(wait_ms));
}

void SyncSession::set_reply_budget(std::int64_t bytes) {
  reply_budget_ = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(bytes, 0, static_cast<std::int64_t>(reply_bytes_max)));
}

Result<void> SyncSession::catch_up(std::uint32_t attempts,
                                   const std::function<bool()>& on_progress) {
  start(ClientSync::Mode::catch_up);
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool goes_on, step(200));
    if (!goes_on) break;
    if (machine_.failures() >= attempts) break;
    if (on_progress && !on_progress()) {
      stop();
      return failure(ErrorCode::timed_out, "the sync was stopped; local work is kept");
    }
  }
  const bool finished = is_idle();
  stop();
  if (finished) return {};
  return last_error_
             ? *last_error_
             : failure(ErrorCode::unreachable, "the server did not answer; local work is kept");
}

void SyncSession::ask_ahead(const UnderWay& asked, const SyncReply& reply) {
  if (reply.from !=
      read_origin(asked.request.cursor, asked.request.position, asked.request.complete)) {
    return;
  }
  SyncRequest next = asked.request;
  next.transactions.clear();
  next.first_tx = TxNumber(0);
  if (reply.bootstrap && !reply.bootstrap->position.empty() && next.bootstrap) {
    next.bootstrap->position = reply.bootstrap->position;
    next.bootstrap->floor = reply.bootstrap->floor;
  } else if (reply.has_tail && !reply.position.empty() && next.tail) {
    next.position = reply.position;
  } else {
    return;
  }
  RequestPlan plan = asked.plan;
  plan.push = false;
  plan.wait_ms = 0;
  next.wait_ms = 0;
  if (machine_.begin_ahead(plan, doors_.clock.steady_ms())) send(plan, std::move(next), asked.head);
}

Result<void> SyncSession::take_reply(UnderWay asked, const Bytes& body) {
  const std::int64_t now = doors_.clock.steady_ms();
  auto reply = from_cbor<SyncReply>(body);
  if (!reply) {
    last_error_ =
        failure(ErrorCode::not_rollcall, "the answer cannot be read: " + reply.error().message);
    machine_.ended(asked.plan.lane, {RequestOutcome::Kind::unreachable, 0}, now);
    return {};
  }
  machine_.ended(asked.plan.lane, {RequestOutcome::Kind::answered, 0}, now);
  ask_ahead(asked, *reply);
  auto taken = replica_.take_reply(asked.request, *reply);
  if (!taken) {
    // What the request ahead brings would not fit any more.
    if (UnderWay& ahead = at(asked.plan.lane); ahead.id != 0) {
      transport_.cancel(ahead.id);
      ahead.id = 0;
      machine_.ended(asked.plan.lane, {RequestOutcome::Kind::unreachable, 0}, now);
    }
    return std::move(taken).error();
  }
  last_error_.reset();
  traffic_.pushed += asked.request.transactions.size();
  if (taken->newer_schema) ROLLCALL_TRY(ask_schema());
  return {};
}

Result<void> SyncSession::take(const HttpResponse& response) {
  traffic_.sent_bytes += response.wire_bytes_sent;
  traffic_.received_bytes += response.wire_bytes_received;
  if (response.id == schema_request_) return take_schema(response);
  UnderWay* lane = nullptr;
  for (UnderWay& candidate : lanes_) {
    if (candidate.id == response.id) lane = &candidate;
  }
  if (lane == nullptr) return {};  // cancelled meanwhile
  UnderWay asked = std::move(*lane);
  lane->id = 0;

  const OpenedResponse opened = open_response(response);
  if (opened.outcome.kind == RequestOutcome::Kind::answered) {
    return take_reply(std::move(asked), opened.body);
  }
  last_error_ = opened.error;
  machine_.ended(asked.plan.lane, opened.outcome, doors_.clock.steady_ms());
  if (opened.outcome.kind == RequestOutcome::Kind::stale && opened.server_ms) {
    ROLLCALL_TRY(replica_.follow_time(*opened.server_ms));
  }
  return {};
}

Result<void> SyncSession::ask_schema() {
  if (schema_request_ != 0) return {};
  schema_request_ = ++last_id_;
  RequestPlan nothing;
  ROLLCALL_TRY_ASSIGN(const PreparedRequest prepared, replica_.prepare(nothing));
  HttpRequest http =
      signed_request(signer(), "GET", kSchemaTarget, {}, prepared.head, replica_.clock().now_ms());
  http.id = schema_request_;
  ++traffic_.requests;
  transport_.begin(std::move(http));
  return {};
}

Result<void> SyncSession::take_schema(const HttpResponse& response) {
  schema_request_ = 0;
  const OpenedResponse opened = open_response(response);
  if (opened.outcome.kind != RequestOutcome::Kind::answered) {
    last_error_ = opened.error;  // asked for again with the next reply
    return {};
  }
  auto reply = from_cbor<SchemaReply>(opened.body);
  if (!reply) {
    last_error_ = reply.error();
    return {};
  }
  return replica_.adopt_schema(reply->schema);
}

}  // namespace rollcall
