#include "server/space/space.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/storage/layout.h"
#include "schema/compiled.h"
#include "schema/evolution.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {
namespace {

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > space_name_bytes_max || name.front() == '-') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Bytes fresh_mark(Random& random) {
  Bytes mark(Cursor::commit_mark_bytes, '\0');
  random.fill(mark.data(), mark.size());
  return mark;
}

}  // namespace

Space::Space(std::unique_ptr<State> state) : state_(std::move(state)) {}
Space::~Space() = default;

Result<std::unique_ptr<Space>> Space::create(const std::string& path, std::string_view name,
                                             std::string_view title, const Schema& schema,
                                             const Doors& doors) {
  if (!is_name(name)) {
    return failure(ErrorCode::invalid_argument, "a space is named by up to " +
                                                    std::to_string(space_name_bytes_max) +
                                                    " of a-z 0-9 and -, and does not begin with -");
  }
  if (title.size() > space_title_bytes_max || !is_utf8(title)) {
    return failure(
        ErrorCode::invalid_argument,
        "a space's title is UTF-8 of up to " + std::to_string(space_title_bytes_max) + " bytes");
  }
  FileLock lock;
  if (doors.vfs.empty()) {
    ROLLCALL_TRY_ASSIGN(lock, FileLock::take(path + "-lock"));
  }
  SpaceHeader header;
  header.name = name;
  header.title = title;
  header.epoch = epoch_after(Epoch(), doors.clock.utc_ms(), doors.random);
  doors.random.fill(header.seal_key.bytes.data(), SealKey::size_bytes);
  header.schema_version = schema.version;
  const CommitRecord first{Sequence(), doors.clock.utc_ms(), fresh_mark(doors.random)};
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::create(path, doors.vfs, header, schema, first));
  auto state = std::make_unique<State>(doors, std::move(file));
  state->path = path;
  state->lock = std::move(lock);
  ROLLCALL_TRY(state->load());
  return std::unique_ptr<Space>(new Space(std::move(state)));
}

Result<std::unique_ptr<Space>> Space::open(const std::string& path, const Doors& doors) {
  FileLock lock;
  if (doors.vfs.empty()) {
    ROLLCALL_TRY_ASSIGN(lock, FileLock::take(path + "-lock"));
  }
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::open(path, doors.vfs, Access::writer));
  auto state = std::make_unique<State>(doors, std::move(file));
  state->path = path;
  state->lock = std::move(lock);
  ROLLCALL_TRY(state->load());
  return std::unique_ptr<Space>(new Space(std::move(state)));
}

Result<void> Space::State::load() {
  judge.reset();
  cached_devices.clear();
  Connection& connection = file.connection();
  ROLLCALL_TRY_ASSIGN(header, file.header());
  sealer.emplace(doors.cryptography, header.seal_key, doors.random);
  ROLLCALL_TRY_ASSIGN(const Bytes compiled, file.schema());
  ROLLCALL_TRY_ASSIGN(Schema decoded, decode_schema(compiled, doors.cryptography));
  roles.reset();
  schema = std::make_unique<Schema>(std::move(decoded));
  roles = std::make_unique<SpaceRoles>(*schema);
  ROLLCALL_TRY_ASSIGN(last_commit, file.last_commit());
  ROLLCALL_TRY_ASSIGN(begun, EpochTable(connection).last());
  ROLLCALL_TRY_ASSIGN(PathIndex index, PathIndex::open(connection));
  paths.emplace(std::move(index));
  ROLLCALL_TRY_ASSIGN(DeviceTable device_table, DeviceTable::open(connection));
  devices.emplace(std::move(device_table));
  ROLLCALL_TRY_ASSIGN(TransactionLog transaction_log, TransactionLog::open(connection));
  log.emplace(std::move(transaction_log));
  invitations.emplace(connection);
  if (!book) book = std::make_shared<DigestBook>(last_commit.sequence);
  changes.forget_numbers();
  ROLLCALL_TRY_ASSIGN(past_roles, PastRoles::load(connection, doors.cryptography));
  judge = std::make_unique<TransactionJudge>(connection, *paths, changes, *log, *sealer);
  judge->choose_past(past_roles);
  brought_back.clear();
  ROLLCALL_TRY(refuse_erased());
  ROLLCALL_TRY(judge->open_tables(*schema, *roles));
  ROLLCALL_TRY_ASSIGN(const auto prefixes, devices->granted_prefixes());
  for (const auto& [prefix, role] : prefixes) watch(prefix, role);
  return {};
}

std::int64_t Space::State::server_ms() const {
  return std::max(doors.clock.utc_ms(), last_commit.time_ms);
}

Result<void> Space::State::commit(const std::function<Result<void>()>& work) {
  if (!judge) ROLLCALL_TRY(load());  // an earlier failure left nothing to work with
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(file.connection()));
  now_ms = server_ms();
  next = last_commit.sequence.next();
  news = CommitNews{};
  changes.begin(book->watched());
  paths->trim(writer_paths_max);
  auto done = work();
  // It costs no flush of its own here.
  std::vector<HealthBook::Noted> noted = health.take(news.verdicts);
  if (done) done = save_health(noted);
  if (done) done = finish_commit(transaction);
  if (done) return done;
  health.put_back(std::move(noted));
  // What stands in memory may be of the transaction that is not to be: read it anew. If even that
  // fails, the connection says so at the next call.
  transaction.rollback();
  if (auto again = load(); !again) return done;
  return done;
}

Result<void> Space::State::save_health(const std::vector<HealthBook::Noted>& noted) {
  HealthTable table(file.connection());
  for (const auto& [number, known] : noted) ROLLCALL_TRY(table.save(number, known));
  return {};
}

HealthBook& Space::health() const { return state_->health; }

Result<void> Space::write_health() {
  State& s = *state_;
  std::vector<HealthBook::Noted> noted = s.health.take(health_rows_max);
  if (noted.empty()) return {};
  auto done = s.commit([&] { return s.save_health(noted); });
  if (!done) s.health.put_back(std::move(noted));
  return done;
}

Result<void> Space::State::finish_commit(Transaction& transaction) {
  for (auto& [number, device] : cached_devices) {
    if (!device.moved) continue;
    ROLLCALL_TRY(devices->save_progress(device.stored));
    device.moved = false;
  }
  const bool took_sequences = next != last_commit.sequence.next();
  CommitRecord record = last_commit;
  if (took_sequences) {
    record = CommitRecord{Sequence(next.value - 1), now_ms, fresh_mark(doors.random)};
    ROLLCALL_TRY(file.add_commit(record));
    ROLLCALL_TRY_ASSIGN(std::vector<PathChange> changed, changes.changes(*paths));
    ROLLCALL_TRY(changes.tell(*paths, news));
    book->stage(record.sequence, changes.watch(), std::move(changed));
  }
  if (auto committed = transaction.commit(); !committed) {
    if (took_sequences) book->unstage();
    return committed;
  }
  last_commit = std::move(record);
  news.head = last_commit.sequence;
  news.revocations = header.revocations;
  const auto ascending = [](std::vector<DeviceNumber>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  };
  ascending(news.verdicts);
  ascending(news.grants);
  if (listener != nullptr) listener->committed(news);
  return {};
}

Result<Space::State::CachedDevice*> Space::State::device(DeviceNumber number) {
  if (const auto found = cached_devices.find(number.value); found != cached_devices.end()) {
    return &found->second;
  }
  ROLLCALL_TRY_ASSIGN(std::optional<StoredDevice> stored, devices->find(number));
  if (!stored) return static_cast<CachedDevice*>(nullptr);
  if (!stored->record.local) {
    ROLLCALL_TRY_ASSIGN(stored->applied, log->applied_after(number, stored->cursor));
  }
  CachedDevice& cached = cached_devices[number.value];
  cached.stored = std::move(*stored);
  return &cached;
}

Result<void> Space::State::begin_epoch() {
  header.epoch = epoch_after(header.epoch, now_ms, doors.random);
  ROLLCALL_TRY(file.set_epoch(header.epoch));
  begun = EpochRecord{header.epoch, now_ms, last_commit.sequence};
  ROLLCALL_TRY(EpochTable(file.connection()).add(*begun));
  news.epoch = true;
  return {};
}

Result<bool> Space::State::is_copied_back(BytesView cursor) {
  const auto opened = sealer->open_cursor(cursor);
  if (!opened || opened->epoch != header.epoch) return false;
  ROLLCALL_TRY_ASSIGN(const std::optional<CommitRecord> made, file.commit(opened->sequence));
  return !made || made->mark != opened->commit_mark || made->time_ms != opened->commit_ms;
}

Result<std::size_t> Space::apply_schema(const Schema& next) {
  State& s = *state_;
  if (next.hash == s.schema->hash) return std::size_t{0};
  ROLLCALL_TRY(check_evolution(*s.schema, next));
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY(apply_layout(s.file.connection(), Flavour::server, next));
    const Bytes compiled = encode_schema(next);
    ROLLCALL_TRY(s.file.set_schema(next.version, compiled));
    ROLLCALL_TRY_ASSIGN(Schema decoded, decode_schema(compiled, s.doors.cryptography));
    // The tables of the old one point into it: it goes last.
    auto fresh = std::make_unique<Schema>(std::move(decoded));
    auto fresh_roles = std::make_unique<SpaceRoles>(*fresh);
    if (s.roles->book().roles() != fresh_roles->book().roles()) {
      ROLLCALL_TRY(s.past_roles.add(s.file.connection(), s.next, *s.schema, s.doors.cryptography));
    }
    ROLLCALL_TRY(s.renew_grants(*fresh));
    ROLLCALL_TRY(s.judge->open_tables(*fresh, *fresh_roles));
    s.roles = std::move(fresh_roles);
    s.schema = std::move(fresh);
    s.header.schema_version = next.version;
    s.news.schema = true;
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  judge_waiting();
  return judge_next();
}

Result<void> Space::note_seen(DeviceNumber device, std::span<const SeenVerdict> changed) {
  return state_->commit([&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const State::CachedDevice* teller, state_->device(device));
    if (teller == nullptr) return {};
    for (const SeenVerdict& seen : changed) {
      ROLLCALL_TRY(state_->log->note_seen(teller->stored.holder_of(seen.number), seen));
    }
    return {};
  });
}

Result<void> Space::start_epoch() {
  return state_->commit([&] { return state_->begin_epoch(); });
}

Result<bool> Space::check_cursor(BytesView cursor) {
  ROLLCALL_TRY_ASSIGN(const bool copied_back, state_->is_copied_back(cursor));
  if (copied_back) ROLLCALL_TRY(start_epoch());
  return copied_back;
}

Result<std::unique_ptr<SpaceReader>> Space::open_reader(Random& random) const {
  return SpaceReader::open(
      state_->path, {state_->doors.clock, random, state_->doors.cryptography, state_->doors.vfs},
      state_->book);
}

void Space::set_listener(CommitListener* listener) { state_->listener = listener; }
const std::string& Space::name() const { return state_->header.name; }
const std::string& Space::title() const { return state_->header.title; }
Epoch Space::epoch() const { return state_->header.epoch; }
Sequence Space::head() const { return state_->last_commit.sequence; }
const Schema& Space::schema() const { return *state_->schema; }
std::int64_t Space::server_ms() const { return state_->server_ms(); }
std::uint64_t Space::storage_reads() const { return state_->file.connection().steps(); }
bool Space::is_poisoned() const { return state_->file.connection().is_poisoned(); }

}  // namespace rollcall
