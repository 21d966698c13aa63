#include "client-core/replica/replica.h"

#include <algorithm>

#include "client-core/replica/limits.h"
#include "client-core/replica/replica_format.h"
#include "client-core/replica/replica_parts.h"
#include "client-core/replica/tray.h"
#include "client-core/replica/write_buffer.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/revocation.h"
#include "engine/storage/layout.h"
#include "schema/compiled.h"
#include "schema/evolution.h"

namespace rollcall {
namespace {

ConnectionOptions connection_options(const ReplicaOptions& options, bool create) {
  ConnectionOptions wanted;
  wanted.access = Access::exclusive;
  wanted.create = create;
  wanted.application_id = replica_application_id;
  wanted.format_version = replica_format_version;
  wanted.vfs = options.vfs;
  wanted.file_key = options.file_key;
  wanted.hidden_tables = {"_identity", "_fork", "_private"};
  wanted.overwrite_deleted = true;  // rows that leave a kiosk are not to be found in its file
  return wanted;
}

Result<void> create_tables(Connection& connection) {
  for (const auto& statements :
       {Identity::create_statements(), Standing::create_statements(), Grants::create_statements(),
        Outbox::create_statements(), Verdicts::create_statements(),
        PendingWrites::create_statements(), BaseImages::create_statements(),
        UnknownValues::create_statements(), OpenLosers::create_statements(),
        GoneRows::create_statements(), ConflictNumbers::create_statements(),
        Staging::create_statements(), Healing::create_statements(),
        ForkPlan::create_statements()}) {
    for (const std::string& statement : statements) ROLLCALL_TRY(connection.execute(statement));
  }
  ROLLCALL_TRY(connection.execute(PathSets::create_statement()));
  return connection.execute(
      "CREATE TABLE _schema(version INTEGER PRIMARY KEY, bytes BLOB NOT NULL)");
}

// Adds what files of earlier formats lack, all of it or nothing.
Result<void> upgrade_file(Connection& connection) {
  std::int64_t format = 0;
  {
    ROLLCALL_TRY_ASSIGN(Statement version, connection.prepare("PRAGMA user_version"));
    ROLLCALL_TRY(version.step());
    format = version.integer(0);
  }
  if (format >= replica_format_version) return {};
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
  if (format < 2) {
    for (const std::string& statement : ConflictNumbers::create_statements()) {
      ROLLCALL_TRY(connection.execute(statement));
    }
    for (const std::string& statement : ForkPlan::create_statements()) {
      ROLLCALL_TRY(connection.execute(statement));
    }
    ROLLCALL_TRY(Standing::upgrade(connection));
  }
  if (format < 3) ROLLCALL_TRY(Identity::upgrade(connection));
  for (const std::string& statement : GoneRows::create_statements()) {
    ROLLCALL_TRY(connection.execute(statement));
  }
  ROLLCALL_TRY(merge_indexes(connection));
  ROLLCALL_TRY(
      connection.execute("PRAGMA user_version = " + std::to_string(replica_format_version)));
  return transaction.commit();
}

Result<bool> has_tables(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement any, connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1"));
  return any.step();
}

Result<void> keep_schema(Connection& connection, std::uint32_t version, BytesView bytes) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection.prepare("INSERT OR REPLACE INTO _schema VALUES(?, ?)"));
  insert.bind_integer(1, version);
  insert.bind_bytes(2, bytes);
  return insert.run();
}

Result<std::shared_ptr<const Schema>> load_schema(Connection& connection,
                                                  const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(
      Statement newest,
      connection.prepare("SELECT bytes FROM _schema ORDER BY version DESC LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(const bool found, newest.step());
  if (!found) return failure(ErrorCode::corrupt, connection.path() + ": the schema is missing");
  ROLLCALL_TRY_ASSIGN(Schema schema, decode_schema(newest.bytes(0), cryptography));
  return std::shared_ptr<const Schema>(std::make_shared<Schema>(std::move(schema)));
}

// The file to make a replica in: missing, empty, or left by a making that was cut short.
Result<Connection> open_new(const std::string& path, const ReplicaOptions& options) {
  auto opened = Connection::open(path, connection_options(options, true));
  if (!opened && opened.error().code == ErrorCode::not_a_replica) {
    return failure(ErrorCode::already_exists, opened.error().message);
  }
  if (!opened) return std::move(opened).error();
  ROLLCALL_TRY_ASSIGN(const bool exists, has_tables(*opened));
  if (exists) {
    return failure(ErrorCode::already_exists,
                   path + ": there is a replica already; name another file");
  }
  return std::move(opened).value();
}

}  // namespace

// ---- Opening

Result<void> Replica::check_place(const std::string& path, const ReplicaOptions& options) {
  bool is_new = false;
  {
    const auto there = Connection::open(path, connection_options(options, false));
    is_new = !there && there.error().code == ErrorCode::not_found;
  }
  {
    const auto usable = open_new(path, options);
    if (!usable) return usable.error();
  }
  if (is_new) Connection::remove(path, options.vfs);
  return {};
}

Result<std::unique_ptr<Replica>> Replica::create(const std::string& path,
                                                 const EnrollReply& enrolled,
                                                 const SecretSeed& secret, const std::string& url,
                                                 const ReplicaDoors& doors,
                                                 const ReplicaOptions& options,
                                                 const Bytes& tls_pin) {
  ROLLCALL_TRY_ASSIGN(Schema decoded, decode_schema(enrolled.schema, doors.cryptography));
  if (enrolled.grants.size() > device_grants_max || enrolled.device.value == 0) {
    return failure(ErrorCode::malformed, "the server's enrolment reply cannot be used");
  }
  auto schema = std::make_shared<const Schema>(std::move(decoded));
  ROLLCALL_TRY_ASSIGN(Connection connection, open_new(path, options));
  {
    ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
    ROLLCALL_TRY(create_tables(connection));
    ROLLCALL_TRY(keep_schema(connection, schema->version, enrolled.schema));
    ROLLCALL_TRY(apply_layout(connection, Flavour::replica, *schema));
    ROLLCALL_TRY(Identity::of(enrolled, secret, url, tls_pin).save(connection));
    Standing standing;
    standing.epoch = enrolled.epoch;
    standing.grants_version = enrolled.grants_version;
    standing.offset_ms = enrolled.server_ms - doors.clock.utc_ms();
    standing.heard_ms = enrolled.server_ms;
    standing.latest_ms = enrolled.server_ms;
    ROLLCALL_TRY(standing.save(connection));
    ROLLCALL_TRY_ASSIGN(const PathSets none, PathSets::open(connection));
    Grants grants(connection, none);
    grants.replace(enrolled.grants);
    ROLLCALL_TRY(grants.save());
    ROLLCALL_TRY(transaction.commit());
  }
  ROLLCALL_TRY_ASSIGN(Identity identity, Identity::load(connection));
  auto parts = std::make_unique<ReplicaParts>(doors, options, std::move(connection),
                                              std::move(identity), std::move(schema));
  ROLLCALL_TRY(parts->reload());
  return std::unique_ptr<Replica>(new Replica(std::move(parts)));
}

Result<std::unique_ptr<Replica>> Replica::open(const std::string& path, const ReplicaDoors& doors,
                                               const ReplicaOptions& options) {
  ROLLCALL_TRY_ASSIGN(Connection connection,
                      Connection::open(path, connection_options(options, false)));
  ROLLCALL_TRY_ASSIGN(const bool exists, has_tables(connection));
  if (!exists) {
    return failure(ErrorCode::not_a_replica,
                   path + ": its making was cut short; delete it and enrol again");
  }
  ROLLCALL_TRY(upgrade_file(connection));
  ROLLCALL_TRY_ASSIGN(Identity identity, Identity::load(connection));
  ROLLCALL_TRY_ASSIGN(auto schema, load_schema(connection, doors.cryptography));
  auto parts = std::make_unique<ReplicaParts>(doors, options, std::move(connection),
                                              std::move(identity), std::move(schema));
  ROLLCALL_TRY(parts->reload());
  auto replica = std::unique_ptr<Replica>(new Replica(std::move(parts)));
  // An erasing that was cut short goes on.
  ROLLCALL_TRY(replica->leave(false));
  // For leases: how late it was at the opening. A file that cannot be written is still read.
  if (replica->clock().now_ms() > replica->parts_->standing.latest_ms + latest_ms_step) {
    static_cast<void>(replica->parts_->write([] { return Result<void>(); }));
  }
  // A program that was ended in between may have left a log with what is not here any more.
  static_cast<void>(replica->parts_->connection.checkpoint());
  return replica;
}

Replica::Replica(std::unique_ptr<ReplicaParts> parts) : parts_(std::move(parts)) {}
Replica::~Replica() = default;

// ---- Who and what

const SecretSeed& Replica::secret() const { return parts_->identity.secret; }
const std::string& Replica::url() const { return parts_->identity.url; }
const Bytes& Replica::tls_pin() const { return parts_->identity.tls_pin; }
const std::string& Replica::space() const { return parts_->identity.space; }
DeviceNumber Replica::device() const { return parts_->identity.device; }
const PublicKey& Replica::server_key() const { return parts_->identity.server_key; }
const std::string& Replica::path() const { return parts_->connection.path(); }
const Schema& Replica::schema() const { return parts_->tables.schema(); }
const HybridClock& Replica::clock() const { return parts_->clock; }

EnrollRequest Replica::readmission() const {
  const Identity& identity = parts_->identity;
  EnrollRequest request;
  request.space = identity.space;
  request.key = parts_->doors.cryptography.public_key(identity.secret);
  request.label = identity.label;
  request.enrolment = identity.enrolment;
  return request;
}

Result<void> Replica::move_to(const std::string& url, const Bytes& tls_pin) {
  Identity moved = parts_->identity;
  moved.url = url;
  moved.tls_pin = tls_pin;
  ROLLCALL_TRY(parts_->write([&] { return moved.save(parts_->connection); }));
  parts_->identity = std::move(moved);
  return {};
}

Result<void> Replica::follow_time(std::int64_t server_ms) {
  return parts_->write([&]() -> Result<void> {
    parts_->clock.follow(server_ms, parts_->doors.clock.utc_ms());
    return {};
  });
}

Result<void> Replica::adopt_schema(BytesView bytes) {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY_ASSIGN(Schema decoded, decode_schema(bytes, parts.doors.cryptography));
  if (decoded.version <= schema().version) return {};
  ROLLCALL_TRY(check_evolution(schema(), decoded));
  ROLLCALL_TRY(parts.check_free());
  const auto next = std::make_shared<const Schema>(std::move(decoded));
  const std::shared_ptr<const Schema> before = parts.tables.shared_schema();
  auto done = parts.write([&]() -> Result<void> {
    ROLLCALL_TRY(keep_schema(parts.connection, next->version, bytes));
    ROLLCALL_TRY(apply_layout(parts.connection, Flavour::replica, *next));
    parts.change_schema(next);
    if (parts.standing.newer_schema <= next->version) parts.standing.newer_schema = 0;
    ROLLCALL_TRY(parts.confirmed.move_known());
    if (before->roles == next->roles && next->roles.empty()) return {};
    // Fields that were unknown counted for every grant.
    for (HeldGrant& held : parts.grants.all()) {
      ROLLCALL_TRY_ASSIGN(held.sum, parts.confirmed.digest(held.grant.id));
    }
    return {};
  });
  if (!done) parts.change_schema(before);
  parts.queries.everything_changed();
  return done;
}

Result<std::optional<Bytes>> Replica::private_value(std::string_view name) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return parts_->private_values.find(name);
}

Result<void> Replica::keep_private(std::string_view name, BytesView value) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return parts_->write([&] { return parts_->private_values.keep(name, value); });
}

// ---- Writing and reading

Result<LocalTransaction> Replica::begin() {
  if (parts_->is_writing) {
    return failure(ErrorCode::already_exists, "another local transaction is open");
  }
  ROLLCALL_TRY(parts_->check_unlocked());
  ROLLCALL_TRY_ASSIGN(Transaction sql, Transaction::write(parts_->connection));
  return LocalTransaction(
      std::make_unique<WriteBuffer>(*parts_, std::move(sql), parts_->clock.next()));
}

Result<QueryRows> Replica::query(std::string_view sql, std::span<const ValueView> parameters) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return parts_->queries.run(sql, parameters);
}

Result<std::vector<RowId>> Replica::search(std::string_view collection, std::string_view words,
                                           std::size_t limit) {
  ROLLCALL_TRY(parts_->check_unlocked());
  const CollectionDef* def = schema().find(collection);
  if (def == nullptr) {
    return failure(ErrorCode::unknown_collection,
                   "there is no collection \"" + std::string(collection) + "\"");
  }
  return parts_->queries.search(*def, words, limit);
}

Result<ObserverId> Replica::observe(std::string_view sql, std::span<const ValueView> parameters,
                                    Observer observer) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return parts_->queries.observe(sql, parameters, std::move(observer));
}

void Replica::unobserve(ObserverId id) { parts_->queries.unobserve(id); }

// What is locked shows nothing new: once it is open again, all that changed meanwhile is due.
Result<void> Replica::deliver() {
  if (!parts_->check_unlocked()) return {};
  return parts_->queries.deliver();
}

// ---- Syncing

bool Replica::is_erased() const { return parts_->standing.banned == Banned::erased; }

ReplicaFacts Replica::facts() const {
  const Standing& standing = parts_->standing;
  ReplicaFacts facts;
  facts.unsent = parts_->outbox.last() > standing.seen;
  facts.last_tx = parts_->outbox.last();
  // A fork that is decided is asked for where transactions would be pushed.
  const bool forks = parts_->fork.due().has_value();
  facts.unsent = facts.unsent || forks;
  facts.push_stopped = (standing.forked && !forks) || parts_->has_gap;
  // A restored server that has not everything back yet has nothing to be read.
  facts.read_complete = parts_->reading.is_complete() && standing.retired <= standing.seen;
  facts.unread_own = standing.retired < standing.seen;
  if (standing.banned == Banned::no) return facts;
  // It reads nothing any more, and what it sends is all that keeps it from being erased.
  facts.read_complete = true;
  facts.unread_own = false;
  return facts;
}

Result<PreparedRequest> Replica::prepare(const RequestPlan& plan) {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY(parts.refresh());
  PreparedRequest prepared;
  SyncRequest& request = prepared.request;
  if (plan.push && parts.fork.due()) {
    const ForkPlan::Step& step = *parts.fork.due();
    request.fork = ForkWant{parts.doors.cryptography.public_key(step.secret), step.common};
    request.last_tx = parts.outbox.last();
    prepared.head = parts.outbox.head();
    return prepared;
  }
  request.schema_version = schema().version;
  parts.reading.ask(request, plan.read);
  request.last_tx = parts.outbox.last();
  prepared.head = parts.outbox.head();
  request.seen_tx = parts.standing.seen;
  ROLLCALL_TRY_ASSIGN(request.seen_changed, parts.verdicts.changed());
  request.wait_ms = plan.wait_ms;
  request.report = DeviceReport{
      parts.outbox.last().value - std::min(parts.standing.seen, parts.outbox.last()).value,
      parts.clock.offset_ms(), app_name(parts.options.app)};
  const bool may_push = !parts.standing.forked && !parts.has_gap;
  if (plan.push && may_push && parts.outbox.last() > parts.standing.seen) {
    const std::size_t count = plan.push_one ? 1 : push_transactions_max;
    TxNumber after = parts.standing.seen;
    ROLLCALL_TRY_ASSIGN(const auto next, parts.outbox.find(after.next()));
    if (!next) {
      ROLLCALL_TRY_ASSIGN(const auto resumes, parts.outbox.resumes_after(after));
      after = resumes.value_or(after);
    }
    ROLLCALL_TRY_ASSIGN(prepared.head, parts.outbox.fill(after, !next.has_value(), count,
                                                         push_bytes_target, request));
  }
  return prepared;
}

namespace {

// News of others over a live connection is flushed with the next commit: after a power cut it is
// asked for again from the cursor of before. What the server hears of (verdicts seen) or may not be
// told twice never waits.
Flush flush_for(const SyncRequest& asked, const SyncReply& reply, Epoch epoch) {
  const bool only_news =
      asked.wait_ms > 0 && asked.transactions.empty() && asked.seen_changed.empty() &&
      reply.verdicts.empty() && reply.receipt.empty() && !reply.grants && !reply.bootstrap &&
      !reply.heal && reply.state == SyncState::ok && reply.epoch == epoch && !reply.revoked;
  return only_news ? Flush::with_the_next : Flush::at_commit;
}

}  // namespace

Result<Taken> Replica::take_reply(const SyncRequest& asked, const SyncReply& reply) {
  Taken taken;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(taken, take(asked, reply));
    return {};
  };
  ROLLCALL_TRY(parts_->write(work, flush_for(asked, reply, parts_->standing.epoch)));
  ROLLCALL_TRY(leave(reply.erase && is_order_to_leave(reply)));
  // What left is overwritten where it lay. While somebody reads this waits for the next reply.
  if (parts_->overlay.owes_fold()) {
    const auto merged =
        Connection::forgets_words() ? Result<void>() : merge_indexes(parts_->connection);
    if (merged && parts_->connection.checkpoint()) parts_->overlay.has_folded();
  }
  return taken;
}

// A new incarnation of the log: whatever was staged is of the old one, and a server that was
// restored may lack transactions that it acknowledged.
Result<void> Replica::begin_epoch(const SyncReply& reply) {
  Standing& standing = parts_->standing;
  standing.epoch = reply.epoch;
  standing.seen = std::min(standing.seen, reply.known_tx);
  parts_->rolled_back = false;
  if (reply.restored_ms > 0) ROLLCALL_TRY(parts_->orphans.begin(reply.restored_ms));
  standing.grants_version = 0;  // a restored server counts from where its backup stood
  // Where the files part is to be looked for anew: the restored log may end before it.
  ROLLCALL_TRY(parts_->fork.done());
  standing.forked = false;
  return parts_->reading.lose_cursor();
}

Result<bool> Replica::take_chain(const SyncReply& reply) {
  Standing& standing = parts_->standing;
  if (reply.state == SyncState::gap) standing.seen = std::min(standing.seen, reply.known_tx);
  if (reply.known_head.empty()) return true;
  // An answer to a request of before a push that went through names a place on our own chain.
  ROLLCALL_TRY_ASSIGN(const auto head, parts_->outbox.head_at(reply.known_tx));
  const bool is_ours = reply.known_tx <= parts_->outbox.last() && head &&
                       head->view() == BytesView(reply.known_head);
  // A head that is no longer kept proves nothing, unless the server says that it is another one.
  const bool is_unknown = !head && reply.known_tx <= parts_->outbox.last();
  if (is_ours || (is_unknown && reply.state != SyncState::forked)) {
    // An earlier answer may have been of a request that a push had overtaken.
    if (is_ours && reply.state == SyncState::ok && !parts_->fork.due()) standing.forked = false;
    return true;
  }
  standing.forked = true;
  return false;
}

Result<bool> Replica::take_verdicts(const SyncRequest& asked, const SyncReply& reply) {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY(parts.verdicts.named(asked.seen_changed));
  const TxNumber seen_before = parts.standing.seen;
  // A restored server went on beyond what is not kept here: what became of that stands.
  if (!asked.receipts.empty() && reply.state == SyncState::ok && asked.first_tx.value > 1 &&
      reply.known_tx >= asked.first_tx) {
    parts.standing.seen = std::max(parts.standing.seen, TxNumber(asked.first_tx.value - 1));
  }
  ROLLCALL_TRY_ASSIGN(const Verdicts::News news,
                      parts.verdicts.take(reply.verdicts, parts.outbox.last(), parts.standing));
  ROLLCALL_TRY(parts.take_out_of_sight(news.out));
  const bool any_changed = std::any_of(reply.verdicts.begin(), reply.verdicts.end(),
                                       [](const Verdict& verdict) { return verdict.changed; });
  if (any_changed) ROLLCALL_TRY(parts.drop_unwanted_copies());
  if (!reply.receipt.empty() && !asked.transactions.empty()) {
    const TxNumber last(asked.first_tx.value + asked.transactions.size() - 1);
    ROLLCALL_TRY(
        parts.outbox.keep_receipt(asked.first_tx, last, reply.receipt, parts.clock.now_ms()));
  }
  // The server took the last transaction at an earlier time: this device's clock ran ahead. While
  // others are pending it goes on above their stamps.
  const TxNumber last = parts.outbox.last();
  if (parts.standing.seen != seen_before && parts.standing.seen == last) {
    const StoredVerdict* verdict = parts.verdicts.recent(last);
    if (verdict != nullptr && verdict->accepted) parts.clock.reset_to(*verdict->accepted);
  }
  return news.any;
}

Result<Taken> Replica::take(const SyncRequest& asked, const SyncReply& reply) {
  ReplicaParts& parts = *parts_;
  Standing& standing = parts.standing;
  Taken taken;
  if (is_rolled_back(asked, reply)) {
    parts.rolled_back = true;
    return taken;
  }
  parts.rolled_back = false;
  if (standing.banned == Banned::erased) return taken;
  if (reply.server_ms < 0 || reply.server_ms >= static_cast<std::int64_t>(Stamp::ms_max)) {
    return failure(ErrorCode::malformed, "the server tells a time that no clock can show");
  }
  parts.clock.follow(reply.server_ms, parts.doors.clock.utc_ms());
  standing.heard_ms = reply.server_ms;
  standing.latest_ms = reply.server_ms;
  if (is_order_to_leave(reply)) {
    standing.banned = std::max(standing.banned, Banned::revoked);
    if (reply.erase) return taken;  // with what it has not sent
  }
  if (reply.epoch != standing.epoch) {
    ROLLCALL_TRY(begin_epoch(reply));
    ROLLCALL_TRY(parts.look_for_gap());
    return taken;
  }
  const bool lost = reply.state == SyncState::new_epoch || reply.state == SyncState::cursor_unknown;
  const bool is_of_now = asked.cursor == standing.cursor || asked.cursor == standing.floor;
  if (lost && is_of_now) {
    ROLLCALL_TRY(parts.reading.lose_cursor());
  }
  if (reply.fork && asked.fork) {
    ROLLCALL_TRY(become(*asked.fork, *reply.fork));
    return taken;
  }
  if (asked.fork) {  // it has no such place to go on from
    ROLLCALL_TRY(parts.fork.done());
    taken.behind = true;
    return taken;
  }
  // Verdicts on the transactions of another copy of this file are not about ours.
  ROLLCALL_TRY_ASSIGN(const bool is_ours, take_chain(reply));
  if (!is_ours) ROLLCALL_TRY(find_fork(asked, reply));
  if (is_ours) {
    ROLLCALL_TRY_ASSIGN(taken.verdicts, take_verdicts(asked, reply));
  }
  ROLLCALL_TRY(parts.look_for_gap());
  if (reply.schema_version > schema().version) {
    standing.newer_schema = reply.schema_version;
    taken.newer_schema = true;
  }
  if (reply.grants) ROLLCALL_TRY(parts.reading.take_grants(reply.grants_version, *reply.grants));
  if (!lost) {
    ROLLCALL_TRY_ASSIGN(const Reading::Read read,
                        parts.reading.take(asked, reply, parts.clock.now_ms()));
    taken.completed = read.completed;
    if (read.completed) ROLLCALL_TRY(parts.orphans.end_read());
    taken.behind = read.behind;
  }
  taken.rows_changed = !parts.overlay.touched().empty();
  return taken;
}

// A log that ends earlier than what this device was told of it: one from before a restore, or of
// this epoch and without transactions that it gave receipts for. Nothing is read from it. A late
// reply may look so, once: the next one says otherwise.
bool Replica::is_rolled_back(const SyncRequest& asked, const SyncReply& reply) const {
  const Standing& standing = parts_->standing;
  if (reply.epoch < standing.epoch) return true;
  return reply.epoch == standing.epoch && asked.seen_tx <= standing.seen &&
         reply.known_tx < asked.seen_tx;
}

// Nobody but the server that enrolled this device makes it forget anything.
bool Replica::is_order_to_leave(const SyncReply& reply) const {
  if (!reply.revoked || reply.revocation.size() != Signature::size_bytes) return false;
  const Identity& identity = parts_->identity;
  return parts_->doors.cryptography.verify(
      identity.server_key, revocation_text(identity.space, identity.device, reply.erase),
      Signature::from_bytes(reply.revocation));
}

// A revoked replica that has nothing more to send, or is told not to wait, erases itself.
Result<void> Replica::leave(bool at_once) {
  ReplicaParts& parts = *parts_;
  if (parts.standing.banned != Banned::revoked) return {};
  if (!at_once && parts.outbox.last() > parts.standing.seen) return {};
  ROLLCALL_TRY(parts.erase());
  parts.queries.everything_changed();
  return {};
}

Result<TxNumber> Replica::void_oldest(std::optional<TxNumber> refused) {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY(parts.refresh());
  const TxNumber number = parts.standing.seen.next();
  ROLLCALL_TRY_ASSIGN(const auto entry, parts.outbox.find(number));
  if (!entry || entry->is_void || (refused && *refused != number)) {
    return failure(ErrorCode::not_found, "no unsent transaction is there to be voided");
  }
  auto done = parts.write([&]() -> Result<void> {
    ROLLCALL_TRY(parts.outbox.make_void(number));
    ROLLCALL_TRY(parts.verdicts.reject_unsent(number, static_cast<std::uint32_t>(ErrorCode::voided),
                                              "the server cannot read it"));
    return parts.take_out_of_sight(std::span(&number, 1));
  });
  ROLLCALL_TRY(std::move(done));
  return number;
}

// ---- State

Result<std::uint64_t> Replica::content_digest(std::string_view scope) {
  ROLLCALL_TRY(parts_->refresh());
  return parts_->confirmed.digest(scope);
}

Result<void> Replica::checkpoint() { return parts_->connection.checkpoint(); }

}  // namespace rollcall
