#include "server/sync/sync_service.h"

#include <algorithm>
#include <utility>

#include "engine/codec/cbor_archive.h"
#include "engine/codec/compression.h"
#include "engine/codec/json_archive.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/revocation.h"
#include "server/http/limits.h"
#include "server/http/refusal.h"
#include "server/sync/authenticate.h"
#include "server/sync/count_rows.h"

namespace rollcall {
namespace {

Route route_of(std::string_view target) {
  if (target == "/v1/sync") return Route::sync;
  if (target == "/v1/enroll") return Route::enroll;
  if (target == "/v1/schema") return Route::schema;
  if (target == "/healthz") return Route::healthz;
  if (target == "/metrics") return Route::metrics;
  return Route::other;
}

HttpMethod method_of(Route route) {
  return route == Route::sync || route == Route::enroll ? HttpMethod::post : HttpMethod::get;
}

bool needs_signature(Route route) { return route == Route::sync || route == Route::schema; }

template <class M>
Result<M> decode(MediaType type, BytesView body) {
  return type == MediaType::cbor ? from_cbor<M>(body) : from_json<M>(body);
}

template <class M>
Bytes encode(MediaType type, const M& message) {
  return type == MediaType::cbor ? to_cbor(message) : to_json(message);
}

Error no_such_device() {
  return failure(ErrorCode::unknown_key,
                 "no such device in such a space: enrol it with a new invitation");
}

Result<void> check_request(const SyncRequest& request) {
  if (request.transactions.size() > push_transactions_max) {
    return failure(ErrorCode::limit, "a push of " + std::to_string(request.transactions.size()) +
                                         " transactions: send at most " +
                                         std::to_string(push_transactions_max) + " at once");
  }
  if (request.fork && !request.transactions.empty()) {
    return failure(ErrorCode::malformed, "a request that asks for a fork pushes nothing");
  }
  if (request.seen_changed.size() > reply_verdicts_max) {
    return failure(ErrorCode::limit,
                   "more changed verdicts are named as seen than a reply carries");
  }
  if (request.complete.size() > device_grants_max) {
    return failure(ErrorCode::limit, "more complete grants are named than a device can have");
  }
  if (!request.transactions.empty() &&
      request.first_tx.value + (request.transactions.size() - 1) != request.last_tx.value) {
    return failure(ErrorCode::malformed,
                   "last_tx is not the number of the last pushed transaction");
  }
  return {};
}

}  // namespace

// One request on its way. Belongs to one thread at a time; handed on through queues.
struct SyncCall {
  Route route = Route::other;
  std::shared_ptr<HttpExchange> exchange;
  HttpHead head;
  Bytes body;
  ByteBudget::Hold hold;
  Authorization who;
  HostedSpace* space = nullptr;
  bool counted = false;
  bool proved = false;       // who it is from
  std::int64_t late_ms = 0;  // the time that it named, minus the server's when it came
  std::string signed_by;
  std::shared_ptr<SyncRequest> request;
  std::optional<PushReply> push;
  std::int64_t deadline_ms = 0;  // steady; of a long poll
  bool cursor_checked = false;

  SyncCall() = default;
  SyncCall(const SyncCall&) = delete;
  SyncCall& operator=(const SyncCall&) = delete;
  ~SyncCall() { end(); }

  // Before the answer leaves: who has it may ask again at once.
  void end() {
    if (std::exchange(counted, false)) space->end_request(who.device);
  }
};

SyncService::SyncService(Doors doors, std::size_t threads)
    : doors_(std::move(doors)),
      metrics_(doors_.metrics),
      log_(doors_.log),
      started_steady_ms_(doors_.clock.steady_ms()),
      hub_(metrics_),
      pool_(threads, reader_queue_max, metrics_, doors_.make_random),
      deadlines_([this] { wait_for_deadlines(); }) {
  hub_.set_alarm([this] {
    {
      const std::lock_guard lock(alarm_mutex_);
      alarm_rings_ = true;
    }
    alarm_.notify_one();
  });
}

SyncService::~SyncService() { stop(); }

void SyncService::stop() {
  hub_.drain();
  for (HostedSpace* space : spaces()) space->writer().stop();
  pool_.close();
  {
    const std::lock_guard lock(alarm_mutex_);
    stopping_ = true;
  }
  alarm_.notify_one();
  if (deadlines_.joinable()) deadlines_.join();
}

// Only deadlines come from here; a commit wakes its polls itself.
void SyncService::wait_for_deadlines() {
  for (;;) {
    const std::optional<std::int64_t> next = hub_.expire(doors_.clock.steady_ms());
    std::unique_lock lock(alarm_mutex_);
    const auto rings = [this] { return alarm_rings_ || stopping_; };
    if (next) {
      const std::int64_t left = std::max<std::int64_t>(*next - doors_.clock.steady_ms(), 0);
      alarm_.wait_for(lock, std::chrono::milliseconds(left), rings);
    } else {
      alarm_.wait(lock, rings);
    }
    alarm_rings_ = false;
    if (stopping_) return;
  }
}

Result<std::set<DeviceNumber>> SyncService::devices_of(const Space& space) const {
  const std::unique_ptr<Random> random = doors_.make_random();
  ROLLCALL_TRY_ASSIGN(const auto reader, space.open_reader(*random));
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceRecord> records, reader->devices());
  std::set<DeviceNumber> devices;
  for (const DeviceRecord& record : records) {
    if (!record.local) devices.insert(record.number);
  }
  return devices;
}

Result<void> SyncService::add_space(std::unique_ptr<Space> space) {
  const std::unique_lock lock(spaces_mutex_);
  std::string name = space->name();
  if (spaces_.contains(name)) {
    return failure(ErrorCode::already_exists, "the space '" + name + "' is served already");
  }
  ROLLCALL_TRY_ASSIGN(std::set<DeviceNumber> devices, devices_of(*space));
  auto hosted = std::make_unique<HostedSpace>(spaces_.size(), std::move(space), std::move(devices),
                                              hub_, doors_.clock, metrics_, log_, [this] {
                                                broken_.store(true);
                                                if (doors_.failed) doors_.failed();
                                              });
  spaces_.emplace(std::move(name), std::move(hosted));
  return {};
}

HostedSpace* SyncService::space(std::string_view name) const {
  const std::shared_lock lock(spaces_mutex_);
  const auto at = spaces_.find(name);
  return at == spaces_.end() ? nullptr : at->second.get();
}

std::vector<HostedSpace*> SyncService::spaces() const {
  const std::shared_lock lock(spaces_mutex_);
  std::vector<HostedSpace*> all;
  all.reserve(spaces_.size());
  for (const auto& [name, space] : spaces_) all.push_back(space.get());
  return all;
}

std::optional<HttpAnswer> SyncService::judge_head(const HttpHead& head) {
  const Route route = route_of(head.target);
  const MediaType type = head.answer_type;
  // What everybody does together is nobody's to watch.
  if (route == Route::other || (route == Route::metrics && !head.is_local)) {
    return refuse(
        type, {ErrorCode::not_found, "there is nothing at this path: the protocol is at /v1/sync"});
  }
  if (head.method != method_of(route)) {
    HttpAnswer response =
        refuse(type, 405, {ErrorCode::malformed, "this path takes the other method"});
    response.allow = method_name(method_of(route));
    return response;
  }
  if (!needs_signature(route)) {
    // Nobody has shown who they are yet: no more is held for them than an enrolment needs.
    if (head.body_bytes <= enroll_bytes_max) return std::nullopt;
    return refuse(type, {ErrorCode::too_large, "an unsigned request has at most " +
                                                   std::to_string(enroll_bytes_max) + " bytes"});
  }
  const auto who = read_authorization(head);
  if (!who) return refuse(type, who.error());
  HostedSpace* hosted = space(who->space);
  if (hosted == nullptr || !hosted->knows(who->device)) return refuse(type, no_such_device());
  const std::int64_t server_ms = hosted->server_ms();
  if (const auto timely = check_time(*who, server_ms, hosted->started_ms()); !timely) {
    return refuse_stale(type, server_ms, timely.error().message);
  }
  return std::nullopt;
}

bool SyncService::is_signed(const HttpHead& head) const {
  return needs_signature(route_of(head.target));
}

void SyncService::handle(ReceivedRequest request, std::shared_ptr<HttpExchange> exchange) {
  const Route route = route_of(request.head.target);
  if (route == Route::healthz) return exchange->respond(healthz());
  if (route == Route::metrics) return exchange->respond(metrics_page());
  auto call = std::make_shared<SyncCall>();
  call->route = route;
  call->exchange = std::move(exchange);
  call->head = std::move(request.head);
  call->body = std::move(request.body);
  call->hold = std::move(request.hold);
  if (!pool_.try_post([this, call](Readers& readers) { take(call, readers); })) {
    metrics_.limits.hit(Limit::reader_queue);
    call->exchange->respond(refuse_later(call->head.answer_type, retry_after_s,
                                         "more requests wait than the server can take"));
  }
}

void SyncService::gone(const std::shared_ptr<HttpExchange>& exchange) {
  hub_.forget(exchange.get());
}

void SyncService::answering(const HttpHead* head, const HttpAnswer& response,
                            std::size_t request_bytes, std::size_t response_bytes) {
  const Route route = head == nullptr ? Route::other : route_of(head->target);
  metrics_.requests[static_cast<std::size_t>(route)].fetch_add(1, std::memory_order_relaxed);
  metrics_.bytes_in.fetch_add(request_bytes, std::memory_order_relaxed);
  metrics_.bytes_out.fetch_add(response_bytes, std::memory_order_relaxed);
  if (response.refused) metrics_.refused(*response.refused);
  const auto level = response.refused ? Log::Level::info : Log::Level::debug;
  if (!log_.shows(level)) return;
  const std::string_view code = response.refused ? error_name(*response.refused) : "ok";
  const Log::Parts parts = {{"endpoint", route_name(route)},
                            {"status", response.status},
                            {"code", code},
                            {"in", request_bytes},
                            {"out", response_bytes}};
  level == Log::Level::info ? log_.info("answered", parts) : log_.debug("answered", parts);
}

// Who it is from, then the body, plain, then its signature, then what it says: nothing is unpacked
// for strangers, and nothing is decoded before its signature is found right.
void SyncService::take(const CallPtr& call, Readers& readers) {
  if (call->route == Route::enroll) {
    const Result<void> unpacked = unpack(*call, enroll_bytes_max);
    return unpacked ? take_enroll(call) : refuse_call(*call, unpacked.error());
  }
  auto who = read_authorization(call->head);
  if (!who) return refuse_call(*call, who.error());
  call->who = std::move(*who);
  call->space = space(call->who.space);
  if (call->space == nullptr) return refuse_call(*call, no_such_device());
  auto reader = readers.of(call->space->writer());
  if (!reader) return refuse_call(*call, reader.error());
  if (const auto known = authenticate(*call, **reader); !known) {
    return refuse_call(*call, known.error());
  }
  if (limit(*call)) return;
  if (call->route == Route::schema) return take_schema(*call, **reader);
  take_sync(call, readers);
}

// Answers a device that is over one of its rates.
bool SyncService::limit(SyncCall& call) {
  const auto limited = call.space->rates().limited(call.who.device, doors_.clock.steady_ms());
  if (!limited) return false;
  const Limit limit = limit_of(limited->rate);
  metrics_.limits.hit(limit);
  const std::int64_t wait_s = std::min(limited->wait_ms / 1000 + 1, limited_wait_s_max);
  call.end();
  HttpAnswer wait = refuse_later(call.head.answer_type, static_cast<std::uint32_t>(wait_s),
                                 "this device is over its limit of " +
                                     std::string(limit_names[static_cast<std::size_t>(limit)]) +
                                     ": it is served again after a while, and local work is kept");
  wait.proved = true;
  call.exchange->respond(std::move(wait));
  return true;
}

// What a push takes of its device's day: all of it, and once more what of it was rejected, or
// parked because its device was revoked.
void SyncService::charge_push(SyncCall& call) {
  const std::int64_t now = doors_.clock.steady_ms();
  const SyncRequest& request = *call.request;
  std::size_t pushed = 0;
  for (const PushedTransaction& one : request.transactions) pushed += one.bytes.size();
  std::size_t refused = 0;
  for (const Verdict& verdict : call.push->verdicts) {
    const bool is_kept_for_nothing =
        verdict.kind == VerdictKind::rejected ||
        verdict.code == static_cast<std::uint32_t>(ErrorCode::device_revoked);
    if (!is_kept_for_nothing || verdict.repeated || verdict.changed) continue;
    for (std::uint64_t i = 0; i <= verdict.more; ++i) {
      const std::uint64_t place = verdict.number.value + i - request.first_tx.value;
      if (place < request.transactions.size()) refused += request.transactions[place].bytes.size();
    }
  }
  call.space->rates().charge(call.who.device, DeviceRate::pushed, pushed, now);
  call.space->rates().charge(call.who.device, DeviceRate::refused, refused, now);
}

Result<void> SyncService::unpack(SyncCall& call, std::size_t bytes_max) {
  if (call.head.encoding == Encoding::identity) return {};
  ROLLCALL_TRY_ASSIGN(call.body, decompress(call.head.encoding, call.body, bytes_max));
  if (call.hold.grow(call.body.size())) return {};
  return failure(ErrorCode::later, "the server's memory is taken");
}

Result<void> SyncService::authenticate(SyncCall& call, SpaceReader& reader) {
  ROLLCALL_TRY_ASSIGN(const std::optional<DeviceRecord> device, reader.device(call.who.device));
  if (!device || device->local) return no_such_device();
  ROLLCALL_TRY(unpack(call, request_bytes_max));
  ROLLCALL_TRY(check_signature(doors_.cryptography, call.head, call.body, call.who, device->key,
                               call.signed_by));
  call.proved = true;
  if (!call.space->begin_request(call.who.device)) {
    metrics_.limits.hit(Limit::device_requests);
    return failure(ErrorCode::later, "this device has too many requests under way: wait for one");
  }
  call.counted = true;
  // Judged by its head, minutes ago if the body came slowly: a nonce is remembered for as long as
  // the time could be believed when the head came, so it has to be believed here too.
  const std::int64_t server_ms = call.space->server_ms();
  ROLLCALL_TRY(check_time(call.who, server_ms, call.space->started_ms()));
  call.late_ms = call.who.time_ms - server_ms;
  switch (call.space->replays().remember(call.who.device, call.who.nonce, server_ms)) {
    case ReplayMemory::Outcome::fresh: return {};
    case ReplayMemory::Outcome::replayed:
      return failure(ErrorCode::replayed,
                     "this very request was taken before: sign what it says afresh");
    case ReplayMemory::Outcome::full: break;
  }
  return failure(ErrorCode::later, "the server remembers as many requests as it can");
}

void SyncService::take_sync(const CallPtr& call, Readers& readers) {
  auto request = decode<SyncRequest>(*call->head.type, call->body);
  const std::size_t bytes = std::exchange(call->body, {}).size();
  if (!request) return refuse_call(*call, request.error());
  // It is kept for as long as it waits.
  if (request->transactions.empty() && bytes > bare_request_bytes_max) {
    return refuse_call(
        *call, {ErrorCode::too_large, "a request that pushes nothing has at most " +
                                          std::to_string(bare_request_bytes_max) + " bytes"});
  }
  if (const auto right = check_request(*request); !right) {
    return refuse_call(*call, right.error());
  }
  if (has_forgotten(*call, request->cursor, readers)) {
    return refuse_forgotten(*call);
  }
  call->request = std::make_shared<SyncRequest>(std::move(*request));
  call->deadline_ms = doors_.clock.steady_ms() + std::min(call->request->wait_ms, wait_ms_max);
  if (call->request->fork) return take_fork(call);
  if (!call->request->transactions.empty()) return take_push(call);
  if (call->request->seen_changed.empty()) return read(call, readers, true);
  const bool posted = call->space->writer().try_post([this, call](Space* space) {
    if (space != nullptr) {
      // Not noted: then it is told again, which does no harm.
      const auto noted = space->note_seen(call->who.device, call->request->seen_changed);
      if (!noted) log_.warn("note_seen_failed", {{"message", noted.error().message}});
    }
    pool_.post([this, call](Readers& again) { read(call, again, true); });
  });
  if (!posted) refuse_full(*call);
}

// By what this device was told of revocations, which it cannot make up.
bool SyncService::has_forgotten(const SyncCall& call, BytesView cursor, Readers& readers) {
  HostedSpace& space = *call.space;
  if (space.has_forgotten() || cursor.empty()) return space.has_forgotten();
  const auto reader = readers.of(space.writer());
  if (!reader) return false;  // the read says why
  const std::uint64_t told = (*reader)->revocations_in(cursor);
  if (told <= space.revocations()) return false;
  const auto has_forgotten = (*reader)->has_forgotten_revocations(cursor);
  if (!has_forgotten || !*has_forgotten) return false;
  if (!space.note_forgotten()) return true;
  log_.error("forgot_revocations",
             {{"space", call.who.space},
              {"told", told},
              {"why",
               "devices know of more revocations than the file, which is an older one: run "
               "'rollcall-server reconcile', then serve again"}});
  // For the next start. If this is not written, the next device says it again.
  static_cast<void>(space.writer().try_post([told](Space* open) {
    if (open != nullptr) static_cast<void>(open->note_revocations_told(told));
  }));
  return true;
}

void SyncService::take_push(const CallPtr& call) {
  SpaceWriter::PushJob job;
  job.device = call->who.device;
  job.request = call->request;
  job.signed_head = call->who.head;
  job.signed_text = std::move(call->signed_by);
  job.signature = call->who.signature;
  job.done = [this, call](Result<PushReply> reply) {
    if (!reply || reply->refused) {
      const Error error = reply ? *reply->refused : reply.error();
      pool_.post([this, call, error](Readers&) { refuse_call(*call, error); });
      return;
    }
    call->push = std::move(*reply);
    charge_push(*call);
    pool_.post([this, call](Readers& readers) { read(call, readers, true); });
  };
  if (!call->space->writer().push(std::move(job))) {
    refuse_full(*call);
  }
}

void SyncService::take_fork(const CallPtr& call) {
  const bool posted = call->space->writer().try_post([this, call](Space* space) {
    if (space == nullptr) {
      return refuse_call(*call, {ErrorCode::later, "the server's disk failed: try again later"});
    }
    auto forked = space->fork(call->who.device, *call->request->fork);
    // A restored server lacks the place to go on from: its epoch says so.
    if (!forked && forked.error().code != ErrorCode::forked) {
      return refuse_call(*call, forked.error());
    }
    SyncReply reply;
    reply.epoch = space->epoch();
    reply.server_ms = space->server_ms();
    reply.state = SyncState::forked;
    if (forked) {
      call->space->enrolled(forked->device);
      log_.warn("forked", {{"space", space->name()}, {"as", forked->device.value}});
      reply.fork = std::move(*forked);
    }
    respond(*call, reply);
  });
  if (!posted) refuse_full(*call);
}

void SyncService::read(const CallPtr& call, Readers& readers, bool first) {
  auto reader = readers.of(call->space->writer());
  if (!reader) return refuse_call(*call, reader.error());
  for (int tries = 1;; ++tries) {
    if (read_once(call, **reader, first, tries == park_tries_max)) return;
    first = false;
  }
}

bool SyncService::read_once(const CallPtr& call, SpaceReader& reader, bool first, bool last_try) {
  const std::uint64_t version = hub_.version(call->space->index());
  const bool may_wait = !call->push && call->deadline_ms > doors_.clock.steady_ms();
  ReadRequest wanted;
  wanted.device = call->who.device;
  wanted.request = call->request.get();
  wanted.push = call->push ? &*call->push : nullptr;
  if (first && !call->push) wanted.signed_head = call->who.head;
  DeviceHealth health;
  wanted.health = &health;
  SyncReply reply;
  Result<ReadOutcome> outcome = ReadOutcome::answered;
  Result<std::optional<DeviceRecord>> device = std::optional<DeviceRecord>();
  if (auto begun = reader.begin(); !begun) {
    outcome = begun.error();
  } else {
    outcome = reader.read(wanted, reply);
    if (may_wait && outcome && *outcome == ReadOutcome::nothing_new) {
      device = reader.device(call->who.device);
    }
    reader.end();
  }
  if (!outcome) {
    refuse_call(*call, outcome.error());
    return true;
  }
  if (*outcome == ReadOutcome::copied_back && !call->cursor_checked) {
    check_cursor(call);
    return true;
  }
  call->space->told(reply.server_ms);
  note_health(*call, std::move(health));
  if (reply.revoked) {
    const Signature order = doors_.cryptography.sign(
        doors_.server_seed, revocation_text(call->who.space, call->who.device, reply.erase));
    reply.revocation = Bytes(order.view());
  }
  if (may_wait && *outcome == ReadOutcome::nothing_new && device && *device) {
    return park(call, version, **device, reply, last_try);
  }
  answer(*call, reply);
  return true;
}

void SyncService::note_health(const SyncCall& call, DeviceHealth health) {
  const SyncRequest& request = *call.request;
  health.seen_ms = call.space->server_ms();
  health.late_ms = call.late_ms;
  health.schema_version = request.schema_version;
  health.report = request.report;
  if (health.report) health.report->app = app_name(health.report->app);
  call.space->writer().health().note(call.who.device, health);
}

bool SyncService::park(const CallPtr& call, std::uint64_t version, const DeviceRecord& device,
                       SyncReply& reply, bool last_try) {
  LongPollHub::Poll poll;
  poll.space = call->space->index();
  poll.device = call->who.device;
  for (const GrantRecord& grant : device.grants) {
    if (grant.is_active()) poll.prefixes.push_back(grant.path);
  }
  poll.deadline_ms = call->deadline_ms;
  poll.wake = [this, call] {
    pool_.post([this, call](Readers& readers) { read(call, readers, false); });
  };
  const void* owner = call->exchange.get();
  switch (hub_.park(owner, version, std::move(poll))) {
    case LongPollHub::Parked::waiting:
      // Hung up meanwhile, perhaps before there was anything to forget.
      if (call->exchange->is_gone()) hub_.forget(owner);
      return true;
    case LongPollHub::Parked::moved_on:
      if (!last_try) return false;
      break;
    case LongPollHub::Parked::draining: break;
  }
  answer(*call, reply);
  return true;
}

// The file was copied back by hand, it seems: only the writer may find that and begin a new epoch.
void SyncService::check_cursor(const CallPtr& call) {
  call->cursor_checked = true;
  const bool posted = call->space->writer().try_post([this, call](Space* space) {
    Result<bool> checked = false;
    if (space != nullptr) checked = space->check_cursor(call->request->cursor);
    if (checked && *checked) log_.warn("new_epoch", {{"space", call->space->writer().name()}});
    pool_.post([this, call, checked](Readers& readers) {
      if (!checked) return refuse_call(*call, checked.error());
      read(call, readers, true);
    });
  });
  if (!posted) refuse_full(*call);
}

void SyncService::take_schema(SyncCall& call, SpaceReader& reader) {
  if (call.space->has_forgotten()) return refuse_forgotten(call);
  SchemaReply reply;
  const auto schema = reader.schema();
  if (!schema) return refuse_call(call, schema.error());
  reply.schema_version = (*schema)->version;
  auto bytes = reader.schema_bytes();
  if (!bytes) return refuse_call(call, bytes.error());
  reply.schema = std::move(*bytes);
  respond(call, reply);
}

void SyncService::take_enroll(const CallPtr& call) {
  auto request = decode<EnrollRequest>(*call->head.type, call->body);
  if (!request) return refuse_call(*call, request.error());
  call->space = space(request->space);
  if (call->space == nullptr) {
    return refuse_call(*call,
                       {ErrorCode::code_unknown, "there is no such invitation: ask for a new one"});
  }
  const bool posted = call->space->writer().try_post(
      [this, call, request = std::move(*request)](Space* space) { enroll(*call, request, space); });
  if (!posted) refuse_full(*call);
}

void SyncService::enroll(SyncCall& call, const EnrollRequest& request, Space* space) {
  if (space == nullptr) {
    return refuse_call(call, {ErrorCode::later, "the server's disk failed: try again later"});
  }
  auto reply = space->enroll(request);
  if (!reply) {
    if (!request.enrolment.empty()) {
      log_.warn("asks_to_come_back", {{"space", space->name()},
                                      {"code", error_name(reply.error().code)},
                                      {"why", "see 'rollcall-server readmission list'"}});
    } else if (reply.error().code == ErrorCode::later) {
      metrics_.limits.hit(Limit::wrong_codes);
    }
    return refuse_call(call, reply.error());
  }
  call.space->enrolled(reply->device);
  const Cryptography& cryptography = doors_.cryptography;
  reply->server_key = cryptography.public_key(doors_.server_seed);
  SignedEnrollReply letter;
  letter.reply = encode(call.head.answer_type, *reply);
  const Signature signature = cryptography.sign(
      doors_.server_seed,
      enroll_signed_text(cryptography.hash({call.body}), cryptography.hash({letter.reply})));
  letter.signature = Bytes(signature.view());
  log_.info("enrolled", {{"space", space->name()}, {"label", reply->label}});
  respond(call, letter);
}

void SyncService::refuse_forgotten(SyncCall& call) {
  refuse_call(call, {ErrorCode::later,
                     "the server was restored and does not know who was shut out since: whoever "
                     "runs it has to say so; local work is kept"});
}

void SyncService::answer(SyncCall& call, const SyncReply& reply) {
  // It may have waited since before that was known.
  if (call.space->has_forgotten()) return refuse_forgotten(call);
  const auto count = [this](BytesView page) {
    if (page.empty()) return;
    metrics_.pages_out.fetch_add(1, std::memory_order_relaxed);
    metrics_.rows_out.fetch_add(count_rows(page), std::memory_order_relaxed);
  };
  count(reply.page);
  if (reply.bootstrap) count(reply.bootstrap->page);
  respond(call, reply);
}

template <class M>
void SyncService::respond(SyncCall& call, const M& message) {
  HttpAnswer response;
  response.type = call.head.answer_type;
  response.proved = true;
  response.body = encode(response.type, message);
  if (needs_signature(call.route)) {
    call.space->rates().charge(call.who.device, DeviceRate::sent, response.body.size(),
                               doors_.clock.steady_ms());
  }
  response.encoding = choose_encoding(call.head.accept_encoding, response.body.size());
  if (response.encoding != Encoding::identity) {
    response.body = compress(response.encoding, response.body);
  }
  call.end();
  call.exchange->respond(std::move(response));
}

// The space's writer has enough to do.
void SyncService::refuse_full(SyncCall& call) {
  metrics_.limits.hit(Limit::writer_queue);
  refuse_call(call, failure(ErrorCode::later, "more requests wait than the server can take"));
}

void SyncService::refuse_call(SyncCall& call, const Error& error) {
  HttpAnswer refusal = refusal_of(call, error);
  refusal.proved = call.proved;
  call.end();
  call.exchange->respond(std::move(refusal));
}

HttpAnswer SyncService::refusal_of(const SyncCall& call, const Error& error) {
  const MediaType type = call.head.answer_type;
  const unsigned status = status_of(error.code);
  if (status == 500) {
    log_.error("failed", {{"endpoint", route_name(call.route)},
                          {"code", error_name(error.code)},
                          {"message", error.message}});
    // The disk is full or failed: that is ours to mend, and the client keeps what it has.
    return refuse_later(type, retry_after_s,
                        "the server cannot do this at the moment; nothing was changed");
  }
  if (error.code == ErrorCode::stale && call.space != nullptr) {
    return refuse_stale(type, call.space->server_ms(), error.message);
  }
  if (status == 503) {
    return refuse_later(type, retry_after_s, error.message);
  }
  return refuse(type, error);
}

HttpAnswer SyncService::healthz() {
  HttpAnswer response;
  response.type = MediaType::text;
  const bool broken = broken_.load();
  response.status = broken ? 503 : 200;
  response.body = broken ? "the disk failed: start the server again\n" : "ok\n";
  return response;
}

HttpAnswer SyncService::metrics_page() {
  MetricsNow now;
  now.uptime_ms = doors_.clock.steady_ms() - started_steady_ms_;
  now.spaces = spaces().size();
  if (look_) look_(now);
  HttpAnswer response;
  response.type = MediaType::text;
  response.body = prometheus_text(metrics_, now);
  return response;
}

}  // namespace rollcall
