#include "server/space/space_reader.h"

#include <algorithm>
#include <utility>

#include "engine/codec/transaction.h"
#include "engine/protocol/judge_push.h"
#include "engine/protocol/limits.h"
#include "server/space/bootstrap_reader.h"
#include "server/space/entry_scan.h"
#include "server/space/epoch_table.h"
#include "server/space/erasure.h"
#include "server/space/limits.h"
#include "server/space/readmission_table.h"
#include "server/space/snapshot.h"
#include "server/space/tail_reader.h"

namespace rollcall {
namespace {

// A call's own snapshot, where the caller opened none.
class SnapshotGuard {
 public:
  explicit SnapshotGuard(Snapshot& snapshot) : snapshot_(snapshot), own_(!snapshot.is_open()) {}
  ~SnapshotGuard() {
    if (own_) snapshot_.end();
  }
  SnapshotGuard(const SnapshotGuard&) = delete;
  SnapshotGuard& operator=(const SnapshotGuard&) = delete;
  Result<void> begin() { return own_ ? snapshot_.begin() : Result<void>(); }

 private:
  Snapshot& snapshot_;
  bool own_;
};

}  // namespace

// One sync request, as it is answered.
struct SpaceReader::State {
  std::unique_ptr<Snapshot> snapshot;
  const Cryptography* cryptography = nullptr;
  PageWriter page;  // keeps its memory from reply to reply

  struct Answer {
    const SyncRequest* request = nullptr;
    SyncReply* reply = nullptr;
    const StoredDevice* device = nullptr;
    Sequence cursor;  // of the request; 0: none
    bool has_cursor = false;
    bool readable = true;  // the cursor and position are of this log
    TxNumber through_tx;
    std::size_t bytes_max = 0;
    bool says_something = false;
    DeviceHealth* health = nullptr;
  };

  Result<void> chain(const ReadRequest& wanted, Answer& a);
  Result<ReadOutcome> open_cursor(const ReadRequest& wanted, Answer& a);
  Result<std::int64_t> restored_ms();
  Result<void> tail(Answer& a);
  Result<void> end_tail(Answer& a, const ScopeView& scope, bool any_rows);
  Result<void> bootstrap(Answer& a);
  Result<void> heal(Answer& a);
  Result<void> heal_rows(Answer& a, const HealWant& want, const GrantRecord& grant);
  Result<Bytes> floor(BytesView asked);
};

SpaceReader::SpaceReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
SpaceReader::~SpaceReader() = default;

Result<std::unique_ptr<SpaceReader>> SpaceReader::open(const std::string& path,
                                                       const Doors& doors) {
  return open(path, doors, nullptr);
}

Result<std::unique_ptr<SpaceReader>> SpaceReader::open(const std::string& path, const Doors& doors,
                                                       std::shared_ptr<DigestBook> book) {
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::open(path, doors.vfs, Access::reader));
  auto state = std::make_unique<State>();
  state->cryptography = &doors.cryptography;
  ROLLCALL_TRY_ASSIGN(state->snapshot, Snapshot::open(std::move(file), doors.cryptography,
                                                      doors.random, doors.clock, std::move(book)));
  return std::unique_ptr<SpaceReader>(new SpaceReader(std::move(state)));
}

Result<void> SpaceReader::begin() { return state_->snapshot->begin(); }
void SpaceReader::end() { state_->snapshot->end(); }

Result<Sequence> SpaceReader::head() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->head().sequence;
}

Result<Epoch> SpaceReader::epoch() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->header().epoch;
}

Result<std::string> SpaceReader::name() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->header().name;
}

Result<std::string> SpaceReader::title() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->header().title;
}

Result<std::shared_ptr<const Schema>> SpaceReader::schema() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->schema();
}

Result<Bytes> SpaceReader::schema_bytes() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return state_->snapshot->file().schema();
}

Result<std::optional<DeviceRecord>> SpaceReader::device(DeviceNumber number) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  ROLLCALL_TRY_ASSIGN(std::optional<StoredDevice> stored, state_->snapshot->devices().find(number));
  std::optional<DeviceRecord> record;
  if (stored) record = std::move(stored->record);
  return record;
}

Result<std::vector<DeviceRecord>> SpaceReader::devices() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  DeviceTable& table = state_->snapshot->devices();
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceNumber> numbers, table.numbers());
  std::vector<DeviceRecord> records;
  for (const DeviceNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(std::optional<StoredDevice> stored, table.find(number));
    if (stored) records.push_back(std::move(stored->record));
  }
  return records;
}

Result<std::optional<DeviceHealth>> SpaceReader::health(DeviceNumber number) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return HealthTable(state_->snapshot->file().connection()).find(number);
}

Result<LogPlace> SpaceReader::head_place() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  const CommitRecord& head = state_->snapshot->head();
  return LogPlace{head.sequence, head.time_ms};
}

Result<std::uint64_t> SpaceReader::digest(const std::optional<std::string>& prefix) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  ROLLCALL_TRY_ASSIGN(const Digest digest, state_->snapshot->digest(prefix));
  return digest.sum;
}

Result<std::vector<HistoryEntry>> SpaceReader::history(CollectionId collection, const RowId& id) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return read_history(*state_->snapshot, collection, id);
}

Result<std::vector<WaitingDevice>> SpaceReader::waiting_devices() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  ROLLCALL_TRY_ASSIGN(const std::vector<Readmission> all,
                      ReadmissionTable(state_->snapshot->file().connection()).all());
  std::vector<WaitingDevice> waiting;
  for (const Readmission& one : all) {
    ROLLCALL_TRY_ASSIGN(Enrolment enrolment,
                        state_->snapshot->sealer().open_enrolment(one.enrolment));
    waiting.push_back({std::move(enrolment), one.asked_ms, one.refused});
  }
  return waiting;
}

std::uint64_t SpaceReader::revocations_in(BytesView cursor) const {
  const auto opened = state_->snapshot->sealer().open_cursor(cursor);
  return opened ? opened->revocations : 0;
}

Result<bool> SpaceReader::has_forgotten_revocations(BytesView cursor) {
  const auto opened = state_->snapshot->sealer().open_cursor(cursor);
  if (!opened) return false;
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  const SpaceHeader& header = state_->snapshot->header();
  return opened->epoch <= header.epoch && opened->revocations > header.revocations &&
         opened->revocations <= revocations_max;
}

Result<std::set<ErasedRow>> SpaceReader::erased() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return ErasureTable(state_->snapshot->file().connection()).gone();
}

Result<Sequence> SpaceReader::last_erasure() {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return ErasureTable(state_->snapshot->file().connection()).last();
}

Result<std::vector<std::int64_t>> SpaceReader::transactions_naming(
    const std::set<ErasedRow>& rows) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  std::vector<std::int64_t> found;
  ROLLCALL_TRY(state_->snapshot->log().each([&](const LoggedTransaction& logged) -> Result<void> {
    const auto redacted = without_rows(logged.bytes, rows, redact_of(logged.judgement));
    if (!redacted) return redacted.error();
    if (redacted->changed) found.push_back(logged.id);
    return {};
  }));
  return found;
}

Result<std::set<ErasedRow>> SpaceReader::rows_written_of(const RowId& id) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  std::set<ErasedRow> found;
  ROLLCALL_TRY(state_->snapshot->log().each([&](const LoggedTransaction& logged) -> Result<void> {
    TransactionReader reader;
    if (!reader.open(logged.bytes)) return {};  // refused for it, and of no row that anybody knows
    for (RowWrite write; reader.next(write);) {
      const std::vector<RowId> named = named_rows(write);
      if (write.id == id || std::find(named.begin(), named.end(), id) != named.end()) {
        found.insert({write.collection, write.id});
      }
    }
    return {};
  }));
  return found;
}

Result<std::vector<ParkedEntry>> SpaceReader::parked(std::int64_t after, std::size_t count_max) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  return read_parked(*state_->snapshot, after, count_max);
}

Result<std::optional<RowState>> SpaceReader::row(CollectionId collection, const RowId& id) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  auto& tables = state_->snapshot->tables();
  const auto table = tables.find(collection);
  std::optional<RowState> found;
  if (table == tables.end()) return found;
  ServerRow row;
  ROLLCALL_TRY_ASSIGN(const bool exists, table->second.rows.read(id, row));
  if (exists) found = std::move(row.state);
  return found;
}

Result<void> SpaceReader::rows(CollectionId collection,
                               const std::function<Result<void>(const RowView&)>& each) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  Snapshot& snapshot = *state_->snapshot;
  const auto table = snapshot.tables().find(collection);
  if (table == snapshot.tables().end()) {
    return failure(ErrorCode::unknown_collection, "the schema has no such collection");
  }
  const ServerTable& rows = table->second.rows;
  ROLLCALL_TRY_ASSIGN(Statement select,
                      snapshot.file().connection().cached(rows.select("ORDER BY r._key")));
  ServerRow row;
  std::vector<std::string> paths;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return {};
    ROLLCALL_TRY(rows.read(select, row));
    paths.clear();
    for (const PathEntry& entry : row.paths) {
      if (entry.left.value != 0) continue;
      ROLLCALL_TRY_ASSIGN(const std::string_view path, snapshot.paths().path(entry.path));
      paths.emplace_back(path);
    }
    std::sort(paths.begin(), paths.end());
    ROLLCALL_TRY(each({&rows.collection(), row.id, &row.state, paths}));
  }
}

Result<ReadOutcome> SpaceReader::read(const ReadRequest& wanted, SyncReply& reply) {
  SnapshotGuard guard(*state_->snapshot);
  ROLLCALL_TRY(guard.begin());
  Snapshot& snapshot = *state_->snapshot;
  const SyncRequest& request = *wanted.request;
  ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> device,
                      snapshot.devices().find(wanted.device));
  if (!device) {
    return failure(ErrorCode::unknown_key, "no such device in this space; enrol it");
  }
  State::Answer a;
  a.request = &request;
  a.reply = &reply;
  a.device = &*device;
  a.health = wanted.health;
  a.bytes_max = reply_bytes_max;
  if (request.budget_bytes != 0) {
    a.bytes_max = std::min<std::size_t>(a.bytes_max, request.budget_bytes);
  }

  reply = SyncReply{};
  reply.epoch = snapshot.header().epoch;
  reply.server_ms = snapshot.server_ms();
  reply.from = read_origin(request.cursor, request.position, request.complete);
  reply.schema_version = snapshot.header().schema_version;
  reply.grants_version = device->record.grants_version;
  reply.revoked = device->record.is_revoked();
  reply.erase = device->record.erase;
  ROLLCALL_TRY(state_->chain(wanted, a));
  ROLLCALL_TRY_ASSIGN(const ReadOutcome opened, state_->open_cursor(wanted, a));
  if (opened == ReadOutcome::copied_back) return opened;

  if (request.grants_version != device->record.grants_version) {
    auto& grants = reply.grants.emplace();
    for (const GrantRecord& grant : device->record.grants) {
      grants.push_back({grant.id, grant.path, grant.role});
    }
    a.says_something = true;
  }
  if (request.schema_version < reply.schema_version) a.says_something = true;
  if (request.tail && a.readable) ROLLCALL_TRY(state_->tail(a));
  if (request.bootstrap) ROLLCALL_TRY(state_->bootstrap(a));
  if (request.heal) ROLLCALL_TRY(state_->heal(a));
  if (reply.state != SyncState::ok || !reply.verdicts.empty()) a.says_something = true;
  return a.says_something ? ReadOutcome::answered : ReadOutcome::nothing_new;
}

// What the push got, or what a request without one is told of its chain.
Result<void> SpaceReader::State::chain(const ReadRequest& wanted, Answer& a) {
  const SyncRequest& request = *a.request;
  SyncReply& reply = *a.reply;
  const DeviceRecord& record = a.device->record;
  TxNumber told = request.seen_tx;
  if (wanted.push != nullptr) {
    reply.state = wanted.push->state;
    reply.known_tx = wanted.push->known_tx;
    reply.known_head = wanted.push->known_head;
    reply.verdicts = wanted.push->verdicts;
    reply.chain = wanted.push->chain;
    reply.receipt = wanted.push->receipt;
    a.says_something = true;
  } else {
    reply.known_tx = record.last_tx;
    if (wanted.signed_head) {
      reply.state = judge_push(*cryptography, {record.last_tx, record.head}, request,
                               *wanted.signed_head, [](TxNumber) { return std::nullopt; })
                        .state;
    }
    if (reply.state != SyncState::ok) {
      reply.known_head = Bytes(record.head.view());
    }
    if (reply.state == SyncState::forked) {
      ROLLCALL_TRY_ASSIGN(reply.chain,
                          snapshot->log().hashes(*a.device, request.seen_tx, fork_chain_max));
      ROLLCALL_TRY(snapshot->log().verdicts_to_compare(*a.device, request.seen_tx, reply.verdicts));
    } else if (reply.state == SyncState::ok) {
      ROLLCALL_TRY(snapshot->log().changed_verdicts(*a.device, request.seen_tx, reply.verdicts));
      ROLLCALL_TRY(snapshot->log().verdicts(*a.device,
                                            {request.seen_tx, record.last_tx, record.last_tx},
                                            reply_verdicts_max, reply.verdicts));
      // Which chain they are about: a copied file has other transactions under these numbers.
      if (!reply.verdicts.empty()) reply.known_head = Bytes(record.head.view());
    }
  }
  // Of a forked device, nobody knows yet which verdicts are about its own transactions.
  for (const Verdict& verdict : reply.verdicts) {
    if (reply.state == SyncState::forked) break;
    told = std::max(told, TxNumber(verdict.number.value + verdict.more));
  }
  a.through_tx = std::min(told, record.last_tx);
  // Verdicts are never cut, but rows are, by what verdicts take.
  std::size_t taken = reply.receipt.size() + reply.chain.size();
  for (const Verdict& verdict : reply.verdicts) {
    taken += verdict_bytes_estimate + verdict.reason.size();
  }
  a.bytes_max -= std::min(a.bytes_max, taken);
  return {};
}

// The end of the log that the present epoch goes on from; 0: it is the first.
Result<std::int64_t> SpaceReader::State::restored_ms() {
  ROLLCALL_TRY_ASSIGN(const std::optional<EpochRecord> begun,
                      EpochTable(snapshot->file().connection()).last());
  if (!begun) return std::int64_t{0};
  ROLLCALL_TRY_ASSIGN(const std::optional<CommitRecord> head, snapshot->file().commit(begun->head));
  return head ? head->time_ms : std::int64_t{0};
}

// Changes the reply's state when rows cannot be read from what the request names.
Result<ReadOutcome> SpaceReader::State::open_cursor(const ReadRequest& wanted, Answer& a) {
  const SyncRequest& request = *a.request;
  if (request.cursor.empty()) return ReadOutcome::answered;
  const auto unreadable = [&](SyncState state) {
    a.reply->state = state;
    a.readable = false;
    return ReadOutcome::answered;
  };
  const auto cursor = snapshot->sealer().open_cursor(request.cursor);
  if (!cursor) return unreadable(SyncState::cursor_unknown);
  if (cursor->epoch != snapshot->header().epoch) {
    ROLLCALL_TRY_ASSIGN(a.reply->restored_ms, restored_ms());
    return unreadable(SyncState::new_epoch);
  }
  ROLLCALL_TRY_ASSIGN(const std::optional<CommitRecord> made,
                      snapshot->file().commit(cursor->sequence));
  if (!made || made->mark != cursor->commit_mark || made->time_ms != cursor->commit_ms) {
    // A push was checked by the writer before it was applied.
    if (wanted.push == nullptr) return ReadOutcome::copied_back;
    return unreadable(SyncState::new_epoch);
  }
  // What left or was deleted since then may be forgotten.
  if (cursor->sequence < snapshot->header().horizon) return unreadable(SyncState::cursor_unknown);
  a.cursor = cursor->sequence;
  a.has_cursor = true;
  if (a.health != nullptr) {
    a.health->read = {cursor->sequence, cursor->commit_ms};
    a.health->told = a.health->read;
  }
  return ReadOutcome::answered;
}

Result<void> SpaceReader::State::tail(Answer& a) {
  const SyncRequest& request = *a.request;
  SyncReply& reply = *a.reply;
  TailWant want;
  want.cursor = a.cursor;
  want.bytes_max = std::min(tail_page_bytes, a.bytes_max);
  if (!request.position.empty()) {
    auto position = snapshot->sealer().open_tail_position(request.position);
    if (!position || position->epoch != snapshot->header().epoch) {
      reply.state = SyncState::cursor_unknown;
      return {};
    }
    want.position = *position;
  }
  if (!request.no_echo && a.through_tx > request.retired) {
    ROLLCALL_TRY(snapshot->log().echo_sequences(a.device->record.number, request.retired,
                                                a.through_tx, want.own));
  }
  ScopeView scope(snapshot->paths(), snapshot->roles().book(), a.device->record.grants,
                  request.complete);
  page.clear();
  TailReader reader(*snapshot, scope);
  ROLLCALL_TRY_ASSIGN(const std::optional<TailPosition> position, reader.read(want, page));
  const bool any_rows = page.rows() > 0;
  reply.has_tail = true;
  reply.through_tx = a.through_tx;
  if (any_rows) ROLLCALL_TRY(page.write_to(reply.page));
  a.bytes_max -= std::min(a.bytes_max, reply.page.size());
  if (any_rows || position || a.through_tx > request.retired) a.says_something = true;
  if (position) {
    reply.position = snapshot->sealer().seal(*position);
    return {};
  }
  return end_tail(a, scope, any_rows || !request.position.empty());
}

// The page reaches the head: a completed read goes on from here.
Result<void> SpaceReader::State::end_tail(Answer& a, const ScopeView& scope, bool any_rows) {
  SyncReply& reply = *a.reply;
  const bool moved = !a.has_cursor || a.cursor != snapshot->head().sequence;
  if (moved) reply.cursor = snapshot->cursor();
  if (a.health != nullptr) a.health->told = {snapshot->head().sequence, snapshot->head().time_ms};
  // What is not known yet is left out: another read will carry it, and no reader waits for a scan
  // that another does.
  std::uint64_t combined = 0;
  bool all_known = true;
  for (const GrantRecord& grant : scope.complete()) {
    ROLLCALL_TRY_ASSIGN(const std::optional<Digest> digest, snapshot->known_digest(grant));
    all_known = all_known && digest.has_value();
    if (!digest) continue;
    reply.digests.push_back({grant.id, digest->sum});
    combined += digest->sum * (2 * grant.id.value + 1);
  }
  if (!any_rows && !moved) {
    reply.digests.clear();
    if (all_known) reply.digest = combined;
  }
  return {};
}

Result<void> SpaceReader::State::bootstrap(Answer& a) {
  const BootstrapWant& want = *a.request->bootstrap;
  const auto& grants = a.device->record.grants;
  const auto grant = std::find_if(grants.begin(), grants.end(),
                                  [&](const GrantRecord& held) { return held.id == want.grant; });
  if (grant == grants.end()) return {};  // the list of grants tells
  BootstrapReader::Want range;
  range.prefix = grant->path;
  range.role = snapshot->roles().book().bit(grant->role);
  range.rows_max = bootstrap_page_rows;
  range.bytes_max = std::min(bootstrap_page_bytes, a.bytes_max);
  std::uint64_t rows_done = 0;
  std::uint64_t rows_all = 0;
  if (!want.position.empty()) {
    auto position = snapshot->sealer().open_bootstrap_position(want.position);
    if (!position || position->epoch != snapshot->header().epoch || position->grant != want.grant) {
      a.reply->state = SyncState::cursor_unknown;
      return {};
    }
    range.after = position->after;
    rows_done = position->rows_done;
    rows_all = position->rows_all;
  }
  ScopeView scope(snapshot->paths(), snapshot->roles().book(), grants, a.request->complete);
  page.clear();
  BootstrapReader reader(*snapshot, scope);
  ROLLCALL_TRY_ASSIGN(const std::optional<Boundary> reached, reader.read(range, page));
  rows_done += page.rows();

  BootstrapPage& answer = a.reply->bootstrap.emplace();
  answer.grant = want.grant;
  answer.after = range.after;
  answer.through_tx = a.device->record.last_tx;
  if (page.rows() > 0) ROLLCALL_TRY(page.write_to(answer.page));
  ROLLCALL_TRY_ASSIGN(answer.floor, floor(want.floor));
  if (reached) {
    answer.through = reached;
    if (rows_all == 0) {
      ROLLCALL_TRY_ASSIGN(rows_all, snapshot->count_entries(*grant));
    }
    // Rows may have come since they were counted.
    rows_all = std::max(rows_all, rows_done + 1);
    answer.position = snapshot->sealer().seal(
        BootstrapPosition{snapshot->header().epoch, want.grant, *reached, rows_done, rows_all});
    answer.rows_left = rows_all - rows_done;
  }
  a.says_something = true;
  return {};
}

Result<void> SpaceReader::State::heal(Answer& a) {
  const HealWant& want = *a.request->heal;
  const auto& grants = a.device->record.grants;
  const auto grant = std::find_if(grants.begin(), grants.end(),
                                  [&](const GrantRecord& held) { return held.id == want.grant; });
  if (grant == grants.end()) return {};
  a.says_something = true;
  if (want.rows) return heal_rows(a, want, *grant);
  ROLLCALL_TRY_ASSIGN(HealRanges ranges,
                      read_heal_ranges(*snapshot, *grant, want.after, want.through));
  ROLLCALL_TRY_ASSIGN(ranges.floor, floor(want.floor));
  a.reply->heal = std::move(ranges);
  return {};
}

Result<void> SpaceReader::State::heal_rows(Answer& a, const HealWant& want,
                                           const GrantRecord& grant) {
  BootstrapReader::Want range;
  range.prefix = grant.path;
  range.role = snapshot->roles().book().bit(grant.role);
  range.after = want.after;
  range.through = want.through;
  range.rows_max = heal_page_rows_max;
  range.bytes_max = std::min(bootstrap_page_bytes, a.bytes_max);
  ScopeView scope(snapshot->paths(), snapshot->roles().book(), a.device->record.grants,
                  a.request->complete);
  page.clear();
  BootstrapReader reader(*snapshot, scope);
  ROLLCALL_TRY_ASSIGN(const std::optional<Boundary> reached, reader.read(range, page));
  BootstrapPage& answer = a.reply->bootstrap.emplace();
  answer.grant = want.grant;
  answer.after = want.after;
  answer.through = reached ? reached : want.through;
  answer.through_tx = a.device->record.last_tx;
  if (page.rows() > 0) ROLLCALL_TRY(page.write_to(answer.page));
  ROLLCALL_TRY_ASSIGN(answer.floor, floor(want.floor));
  return {};
}

// The earlier of the read's floor so far and this snapshot.
Result<Bytes> SpaceReader::State::floor(BytesView asked) {
  if (!asked.empty()) {
    const auto cursor = snapshot->sealer().open_cursor(asked);
    if (cursor && cursor->epoch == snapshot->header().epoch &&
        cursor->sequence <= snapshot->head().sequence) {
      return Bytes(asked);
    }
  }
  return snapshot->cursor();
}

}  // namespace rollcall
