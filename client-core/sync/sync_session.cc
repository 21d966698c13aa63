#include "client-core/sync/sync_session.h"

#include <algorithm>

#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"

namespace rollcall {
namespace {

constexpr std::string_view sync_target = "/v1/sync";
constexpr std::string_view schema_target = "/v1/schema";
// How often somebody who lives on asks whether it is let in again.
constexpr std::int64_t readmission_rest_ms = 60'000;

// Errors of this machine, and not of what a peer sent.
bool is_local(ErrorCode code) { return static_cast<std::int32_t>(code) < 200; }

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
  if (readmission_request_ != 0) transport_.cancel(readmission_request_);
  readmission_request_ = 0;
}

Signer SyncSession::signer() const {
  return Signer{doors_.cryptography, doors_.random,     replica_.secret(), replica_.url(),
                replica_.space(),    replica_.device(), replica_.tls_pin()};
}

void SyncSession::send(const RequestPlan& plan, SyncRequest request, const Hash& head) {
  UnderWay& lane = at(plan.lane);
  lane.id = ++last_id_;
  lane.plan = plan;
  lane.head = head;
  HttpRequest http = signed_request(signer(), "POST", sync_target, to_cbor(request), head,
                                    replica_.clock().now_ms());
  http.id = lane.id;
  lane.request = std::move(request);
  ++traffic_.requests;
  transport_.begin(std::move(http));
}

Result<void> SyncSession::send_due() {
  if (machine_.wants_void()) {
    const auto done = replica_.void_oldest(refused_);
    // Where there is nothing to be voided any more, the search is over, too.
    if (!done && done.error().code != ErrorCode::not_found) return done.error();
    machine_.voided();
  }
  if (replica_.is_erased()) {
    stop();
    last_error_ = failure(ErrorCode::locked,
                          "this device was shut out and its data erased: ask an organizer for a "
                          "new invitation, and enrol into a new file");
    return {};
  }
  // One lane's failure is none of the other's.
  Result<void> done;
  for (const RequestPlan& plan : machine_.decide(replica_.facts(), doors_.clock.steady_ms())) {
    auto prepared = replica_.prepare(plan);
    if (!prepared) {
      machine_.ended(plan.lane, {RequestOutcome::Kind::unreachable, 0}, doors_.clock.steady_ms());
      done = std::move(prepared).error();
      continue;
    }
    prepared->request.budget_bytes = reply_budget_;
    send(plan, std::move(prepared->request), prepared->head);
  }
  return done;
}

Result<std::int64_t> SyncSession::begin_step(std::int64_t budget_ms) {
  ROLLCALL_TRY(send_due());
  std::optional<std::int64_t> wake = machine_.next_wake_ms();
  if (schema_request_ != 0) wake = std::min(wake.value_or(INT64_MAX), schema_deadline_ms_);
  if (readmission_request_ != 0) {
    wake = std::min(wake.value_or(INT64_MAX), readmission_deadline_ms_);
  }
  if (!wake) return budget_ms;
  return std::clamp<std::int64_t>(*wake - doors_.clock.steady_ms(), 0, budget_ms);
}

Result<bool> SyncSession::end_step(const std::vector<HttpResponse>& responses) {
  // One lane's failure is none of the other's.
  Result<void> taken;
  for (const HttpResponse& response : responses) {
    if (auto done = take(response); !done && taken) taken = std::move(done);
  }
  ROLLCALL_TRY(std::move(taken));
  const std::int64_t now = doors_.clock.steady_ms();
  const auto late = machine_.overdue(now);
  const bool schema_late = schema_request_ != 0 && schema_deadline_ms_ <= now;
  if (late || schema_late) {
    last_error_ =
        failure(ErrorCode::timed_out, "the server did not answer in time; local work is kept");
  }
  if (late) {
    UnderWay& lane = at(*late);
    transport_.cancel(lane.id);
    lane.id = 0;
    machine_.ended(*late, {RequestOutcome::Kind::unreachable, 0}, now);
  }
  if (schema_late) {
    transport_.cancel(schema_request_);
    schema_request_ = 0;  // asked for again with the next reply
  }
  if (readmission_request_ != 0 && readmission_deadline_ms_ <= now) {
    transport_.cancel(readmission_request_);
    readmission_request_ = 0;
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
    if (!goes_on && schema_request_ == 0 && readmission_request_ == 0) break;
    if (machine_.failures() >= attempts) break;
    if (on_progress && !on_progress()) {
      stop();
      return failure(ErrorCode::timed_out, "the sync was stopped; local work is kept");
    }
  }
  const bool finished = is_idle() && !replica_.is_erased();
  stop();
  if (finished) return {};
  return last_error_
             ? *last_error_
             : failure(ErrorCode::unreachable, "the server did not answer; local work is kept");
}

bool SyncSession::goes_on_pushing(const UnderWay& asked, const SyncReply& reply) const {
  if (asked.plan.lane != Lane::push) return false;
  const ReplicaFacts facts = replica_.facts();
  if (facts.push_stopped || !facts.unsent) return false;
  // The facts are those before the reply: what it answers counts as unsent still.
  return asked.request.transactions.empty() || reply.state != SyncState::ok ||
         facts.last_tx > asked.request.last_tx;
}

bool SyncSession::ask_ahead(const UnderWay& asked, const SyncReply& reply) {
  if (is_idle() || machine_.is_denied() || goes_on_pushing(asked, reply)) return false;
  if (reply.from !=
      read_origin(asked.request.cursor, asked.request.position, asked.request.complete)) {
    return false;
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
    return false;
  }
  RequestPlan plan = asked.plan;
  plan.push = false;
  plan.push_one = false;
  plan.wait_ms = 0;
  next.wait_ms = 0;
  machine_.goes_on(plan, doors_.clock.steady_ms());
  send(plan, std::move(next), asked.head);
  return true;
}

// What a request ahead brings would not fit any more.
void SyncSession::cancel_ahead(Lane lane) {
  UnderWay& ahead = at(lane);
  if (ahead.id == 0) return;
  transport_.cancel(ahead.id);
  ahead.id = 0;
}

void SyncSession::left_aside(Lane lane) {
  cancel_ahead(lane);
  machine_.ended(lane, {RequestOutcome::Kind::behind, 0}, doors_.clock.steady_ms());
  last_error_ =
      failure(ErrorCode::gap, replica_.facts().push_stopped
                                  ? "the server lacks transactions that this device sent, and that "
                                    "are not kept here any more; local work is kept: tell whoever "
                                    "runs the server"
                                  : "the server lacks transactions that this device sent; they are "
                                    "sent again, and its rows wait for that");
}

Result<void> SyncSession::not_taken(Lane lane, Error error) {
  cancel_ahead(lane);
  machine_.ended(lane, {RequestOutcome::Kind::unreachable, 0}, doors_.clock.steady_ms());
  if (is_local(error.code)) return error;
  last_error_ = failure(ErrorCode::not_rollcall, "the answer cannot be used: " + error.message);
  return {};
}

Result<void> SyncSession::take_reply(const UnderWay& asked, const Bytes& body) {
  const Lane lane = asked.plan.lane;
  auto reply = from_cbor<SyncReply>(body);
  if (!reply) return not_taken(lane, std::move(reply).error());
  const bool goes_on = ask_ahead(asked, *reply);
  const DeviceNumber before = replica_.device();
  auto taken = replica_.take_reply(asked.request, *reply);
  if (replica_.device() != before) cancel_all();  // what is under way was asked as another device
  if (!taken) return not_taken(lane, std::move(taken).error());
  last_error_.reset();
  if (taken->behind && !taken->verdicts) {
    left_aside(lane);
  } else if (goes_on && !taken->behind) {
    machine_.succeeded(lane);
  } else {
    cancel_ahead(lane);
    machine_.ended(lane, {RequestOutcome::Kind::answered, 0}, doors_.clock.steady_ms());
  }
  traffic_.pushed += asked.request.transactions.size();
  if (taken->newer_schema) ROLLCALL_TRY(ask_schema());
  return {};
}

Result<void> SyncSession::take(const HttpResponse& response) {
  traffic_.sent_bytes += response.wire_bytes_sent;
  traffic_.received_bytes += response.wire_bytes_received;
  if (response.id == schema_request_) return take_schema(response);
  if (response.id == readmission_request_) {
    take_readmission(response);
    return {};
  }
  UnderWay* lane = nullptr;
  for (UnderWay& candidate : lanes_) {
    if (candidate.id == response.id) lane = &candidate;
  }
  if (lane == nullptr) return {};  // cancelled meanwhile
  UnderWay asked = std::move(*lane);
  lane->id = 0;

  OpenedResponse opened = open_response(response);
  if (opened.outcome.kind == RequestOutcome::Kind::answered) {
    return take_reply(asked, opened.body);
  }
  last_error_ = opened.error;
  if (opened.error.code == ErrorCode::unknown_key) {
    ask_to_come_back();
    if (machine_.mode() == ClientSync::Mode::live) {
      opened.outcome = {RequestOutcome::Kind::later, readmission_rest_ms};
    }
  }
  if (asked.plan.push && opened.outcome.kind == RequestOutcome::Kind::refused) {
    refused_ = asked.request.first_tx;
  }
  machine_.ended(asked.plan.lane, opened.outcome, doors_.clock.steady_ms());
  if (opened.outcome.kind == RequestOutcome::Kind::stale && opened.server_ms) {
    ROLLCALL_TRY(replica_.follow_time(*opened.server_ms));
  }
  return {};
}

void SyncSession::ask_to_come_back() {
  const EnrollRequest request = replica_.readmission();
  if (readmission_request_ != 0 || request.enrolment.empty()) return;
  HttpRequest http = unsigned_request(replica_.url(), enroll_target, to_cbor(request));
  http.tls_pin = replica_.tls_pin();
  readmission_request_ = ++last_id_;
  readmission_deadline_ms_ = doors_.clock.steady_ms() + request_deadline_ms;
  http.id = readmission_request_;
  ++traffic_.requests;
  transport_.begin(std::move(http));
}

void SyncSession::take_readmission(const HttpResponse& response) {
  readmission_request_ = 0;
  const OpenedResponse opened = open_response(response);
  // It never says yes at once; a server that knows of no such thing says that the code is unknown.
  const ErrorCode code = opened.error.code;
  if (response.status != 0 && code != ErrorCode::code_unknown) last_error_ = opened.error;
}

Result<void> SyncSession::ask_schema() {
  if (schema_request_ != 0) return {};
  const RequestPlan nothing;
  ROLLCALL_TRY_ASSIGN(const PreparedRequest prepared, replica_.prepare(nothing));
  schema_request_ = ++last_id_;
  schema_deadline_ms_ = doors_.clock.steady_ms() + request_deadline_ms;
  HttpRequest http =
      signed_request(signer(), "GET", schema_target, {}, prepared.head, replica_.clock().now_ms());
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
  const auto reply = from_cbor<SchemaReply>(opened.body);
  auto adopted = reply ? replica_.adopt_schema(reply->schema) : Result<void>(reply.error());
  if (adopted || is_local(adopted.error().code)) return adopted;
  last_error_ = failure(ErrorCode::not_rollcall,
                        "the server's schema cannot be used: " + adopted.error().message);
  return {};
}

}  // namespace rollcall
