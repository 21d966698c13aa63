#include "server/space/transaction_log.h"

#include <algorithm>
#include <utility>

#include "engine/codec/compression.h"
#include "engine/codec/limits.h"
#include "engine/protocol/chain.h"
#include "engine/protocol/limits.h"
#include "engine/storage/connection.h"
#include "server/space/device_digits.h"
#include "server/space/device_table.h"
#include "server/space/limits.h"

namespace rollcall {
namespace {

std::int64_t as_integer(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// The columns that a verdict needs; `read_judgement` and `read_verdict` follow this order.
#define ROLLCALL_JUDGEMENT_COLUMNS \
  "number, kind, code, collection, field, reason, sequence, accepted, clamped, told_before"

constexpr const char* create_gaps_sql =
    "CREATE TABLE _gaps(device INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, "
    "head BLOB NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY(device, first)) WITHOUT ROWID";

constexpr std::string_view log_columns =
    "SELECT " ROLLCALL_JUDGEMENT_COLUMNS
    ", id, device, cursor, cursor_ms, received_ms, request, hash";

Judgement read_judgement(const Statement& from, DeviceNumber device) {
  Judgement judgement;
  judgement.kind = static_cast<VerdictKind>(from.integer(1));
  judgement.code = static_cast<ErrorCode>(from.integer(2));
  judgement.collection = CollectionId(static_cast<std::uint16_t>(from.integer(3)));
  judgement.field = FieldId(static_cast<std::uint16_t>(from.integer(4)));
  judgement.reason = from.text(5);
  judgement.sequence = Sequence(as_unsigned(from.integer(6)));
  judgement.accepted = Stamp{as_unsigned(from.integer(7)), device};
  judgement.clamped = from.integer(8) != 0;
  return judgement;
}

Verdict read_verdict(const Statement& from, DeviceNumber device) {
  Verdict verdict =
      verdict_of(TxNumber(as_unsigned(from.integer(0))), read_judgement(from, device));
  verdict.changed = from.integer(9) != 0;
  return verdict;
}

bool continues(const Verdict& run, const Verdict& next) {
  return run.kind == next.kind && run.code == 0 && next.code == 0 && !run.accepted &&
         !next.accepted && run.repeated == next.repeated && !run.changed && !next.changed &&
         run.number.value + run.more + 1 == next.number.value;
}

Result<LoggedTransaction> read_logged(const Statement& from) {
  LoggedTransaction logged;
  logged.number = TxNumber(as_unsigned(from.integer(0)));
  logged.device = DeviceNumber(static_cast<std::uint32_t>(from.integer(11)));
  logged.judgement = read_judgement(from, logged.device);
  if (const std::int64_t before = from.integer(9); before != 0) {
    logged.told_before = static_cast<VerdictKind>(before);
  }
  logged.id = from.integer(10);
  logged.cursor = Sequence(as_unsigned(from.integer(12)));
  logged.cursor_ms = from.integer(13);
  logged.received_ms = from.integer(14);
  logged.request = from.integer(15);
  if (from.bytes(16).size() != Hash::size_bytes) {
    return failure(ErrorCode::corrupt, "_transactions: a hash is not 32 bytes");
  }
  logged.hash = Hash::from_bytes(from.bytes(16));
  return logged;
}

Result<std::vector<LoggedTransaction>> read_all(Statement& select) {
  std::vector<LoggedTransaction> all;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return all;
    ROLLCALL_TRY_ASSIGN(LoggedTransaction logged, read_logged(select));
    all.push_back(std::move(logged));
  }
}

// In the place of an Encoding: the bytes are gone because a person was erased; or, added to one,
// what they wrote of her is.
constexpr std::int64_t erased_encoding = 255;
constexpr std::int64_t redacted_bit = 128;

Result<Bytes> unpack(std::int64_t encoding, BytesView stored) {
  if (encoding == static_cast<std::int64_t>(Encoding::identity)) return Bytes(stored);
  if (encoding == erased_encoding) return Bytes();
  if (encoding >= redacted_bit) return unpack(encoding - redacted_bit, stored);
  return decompress(static_cast<Encoding>(encoding), stored, transaction_bytes_max);
}

Result<void> each_with_bytes(Statement& select,
                             const std::function<Result<void>(const LoggedTransaction&)>& each) {
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return {};
    ROLLCALL_TRY_ASSIGN(LoggedTransaction logged, read_logged(select));
    logged.erased = select.integer(17) >= redacted_bit;
    const auto bytes = unpack(select.integer(17), select.bytes(18));
    if (!bytes) {
      return failure(ErrorCode::corrupt, "the stored bytes of " + text_of(logged) +
                                             " cannot be read: " + bytes.error().message);
    }
    logged.bytes = *bytes;
    ROLLCALL_TRY(each(logged));
  }
}

}  // namespace

std::string text_of(const LoggedTransaction& logged) {
  return "transaction " + std::to_string(logged.number.value) + " of device " +
         device_digits(logged.device);
}

Verdict verdict_of(TxNumber number, const Judgement& judgement) {
  Verdict verdict;
  verdict.number = number;
  verdict.kind = judgement.kind;
  verdict.code = static_cast<std::uint32_t>(judgement.code);
  verdict.collection = judgement.collection;
  verdict.field = judgement.field;
  verdict.reason = judgement.reason;
  if (judgement.clamped) verdict.accepted = judgement.accepted;
  return verdict;
}

void add_to_runs(std::vector<Verdict>& runs, Verdict next) {
  if (!runs.empty() && continues(runs.back(), next)) {
    ++runs.back().more;
  } else {
    runs.push_back(std::move(next));
  }
}

std::vector<Upgrade> TransactionLog::upgrades() { return {{"_gaps", "", create_gaps_sql}}; }

std::vector<std::string> TransactionLog::create_statements() {
  return {
      create_gaps_sql,
      // The bytes stand last: who reads verdicts never walks through them.
      "CREATE TABLE _transactions(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, "
      "number INTEGER NOT NULL, kind INTEGER NOT NULL, code INTEGER NOT NULL, "
      "collection INTEGER NOT NULL, field INTEGER NOT NULL, reason TEXT NOT NULL, "
      "sequence INTEGER NOT NULL, accepted INTEGER NOT NULL, clamped INTEGER NOT NULL, "
      "told_before INTEGER NOT NULL DEFAULT 0, seen INTEGER NOT NULL DEFAULT 0, "
      "cursor INTEGER NOT NULL, cursor_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, "
      "request INTEGER NOT NULL, hash BLOB NOT NULL, encoding INTEGER NOT NULL, "
      "bytes BLOB NOT NULL)",
      "CREATE UNIQUE INDEX _transactions_number ON _transactions(device, number)",
      "CREATE INDEX _transactions_parked ON _transactions(device) WHERE kind = 4",
      "CREATE INDEX _transactions_waiting ON _transactions(id) WHERE kind = 4",
      // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one statement
      "CREATE INDEX _transactions_changed ON _transactions(device, number) "
      "WHERE told_before <> 0 AND seen = 0",
      "CREATE TABLE _requests(id INTEGER PRIMARY KEY, device INTEGER NOT NULL, "
      "received_ms INTEGER NOT NULL, signed_text TEXT NOT NULL, signature BLOB NOT NULL)",
      "CREATE TABLE _parked_inserts(device INTEGER NOT NULL, collection INTEGER NOT NULL, "
      "row BLOB NOT NULL, tx INTEGER NOT NULL, PRIMARY KEY(device, collection, row, tx)) "
      "WITHOUT ROWID",
      "CREATE INDEX _parked_inserts_tx ON _parked_inserts(tx)",
  };
}

Result<TransactionLog> TransactionLog::open(Connection& connection) {
  TransactionLog log(connection);
  ROLLCALL_TRY_ASSIGN(
      log.append_,
      connection.prepare(
          "INSERT INTO _transactions(device, number, kind, code, collection, field, reason, "
          "sequence, "
          "accepted, clamped, cursor, cursor_ms, received_ms, request, hash, encoding, bytes) "
          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"));
  ROLLCALL_TRY_ASSIGN(
      log.hash_,
      connection.prepare("SELECT hash FROM _transactions WHERE device = ?1 AND number = ?2"));
  ROLLCALL_TRY_ASSIGN(
      log.accepted_,
      connection.prepare(
          "SELECT accepted FROM _transactions WHERE device = ?1 AND number = ?2 AND kind <> 3"));
  ROLLCALL_TRY_ASSIGN(
      log.verdicts_,
      connection.prepare("SELECT " ROLLCALL_JUDGEMENT_COLUMNS " FROM _transactions "
                         "WHERE device = ?1 AND number > ?2 AND number <= ?3 ORDER BY number "
                         "LIMIT ?4"));
  ROLLCALL_TRY_ASSIGN(
      log.changed_,
      connection.prepare(
          "SELECT " ROLLCALL_JUDGEMENT_COLUMNS " FROM _transactions "
          "WHERE device = ?1 AND number <= ?2 AND told_before <> 0 AND seen = 0 ORDER BY number"));
  return log;
}

Result<std::int64_t> TransactionLog::add_request(DeviceNumber device, std::int64_t received_ms,
                                                 std::string_view signed_text,
                                                 BytesView signature) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT INTO _requests(device, received_ms, signed_text, signature) "
                          "VALUES(?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, device.value);
  insert.bind_integer(2, received_ms);
  insert.bind_text(3, signed_text);
  insert.bind_bytes(4, signature);
  ROLLCALL_TRY(insert.run());
  return connection_->last_key();
}

Result<std::int64_t> TransactionLog::append(const LoggedTransaction& transaction) {
  const Judgement& judgement = transaction.judgement;
  const bool packs = transaction.bytes.size() >= stored_plain_bytes_max;
  Bytes packed;
  if (packs) packed = compress(Encoding::zstd, transaction.bytes);
  append_.bind_integer(1, transaction.device.value);
  append_.bind_integer(2, as_integer(transaction.number.value));
  append_.bind_integer(3, static_cast<std::int64_t>(judgement.kind));
  append_.bind_integer(4, static_cast<std::int64_t>(judgement.code));
  append_.bind_integer(5, judgement.collection.value);
  append_.bind_integer(6, judgement.field.value);
  append_.bind_text(7, judgement.reason);
  append_.bind_integer(8, as_integer(judgement.sequence.value));
  append_.bind_integer(9, as_integer(judgement.accepted.time));
  append_.bind_integer(10, judgement.clamped ? 1 : 0);
  append_.bind_integer(11, as_integer(transaction.cursor.value));
  append_.bind_integer(12, transaction.cursor_ms);
  append_.bind_integer(13, transaction.received_ms);
  append_.bind_integer(14, transaction.request);
  append_.bind_bytes(15, transaction.hash.view());
  append_.bind_integer(16, static_cast<std::int64_t>(packs ? Encoding::zstd : Encoding::identity));
  append_.bind_bytes(17, packs ? BytesView(packed) : transaction.bytes);
  ROLLCALL_TRY(append_.run());
  return connection_->last_key();
}

Result<void> TransactionLog::decide(std::int64_t id, const Judgement& judgement,
                                    VerdictKind before) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _transactions SET kind = ?2, code = ?3, collection = ?4, field = "
                          "?5, reason = ?6, "
                          "sequence = ?7, told_before = ?8, seen = 0 WHERE id = ?1"));
  update.bind_integer(1, id);
  update.bind_integer(2, static_cast<std::int64_t>(judgement.kind));
  update.bind_integer(3, static_cast<std::int64_t>(judgement.code));
  update.bind_integer(4, judgement.collection.value);
  update.bind_integer(5, judgement.field.value);
  update.bind_text(6, judgement.reason);
  update.bind_integer(7, as_integer(judgement.sequence.value));
  update.bind_integer(8, static_cast<std::int64_t>(before));
  return update.run();
}

Result<void> TransactionLog::note_seen(DeviceNumber device, const SeenVerdict& seen) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _transactions SET seen = 1 WHERE device = ?1 AND "
                          "number = ?2 AND kind = ?3 AND code = ?4 AND told_before <> 0"));
  update.bind_integer(1, device.value);
  update.bind_integer(2, as_integer(seen.number.value));
  update.bind_integer(3, static_cast<std::int64_t>(seen.kind));
  update.bind_integer(4, seen.code);
  return update.run();
}

Result<std::optional<Hash>> TransactionLog::hash(DeviceNumber device, TxNumber number) {
  hash_.bind_integer(1, device.value);
  hash_.bind_integer(2, as_integer(number.value));
  ROLLCALL_TRY_ASSIGN(const bool found, hash_.step());
  if (!found) return std::optional<Hash>();
  std::optional<Hash> hash;
  if (hash_.bytes(0).size() == Hash::size_bytes) hash = Hash::from_bytes(hash_.bytes(0));
  hash_.reset();
  return hash;
}

Result<std::optional<Stamp>> TransactionLog::accepted(DeviceNumber device, TxNumber number) {
  accepted_.bind_integer(1, device.value);
  accepted_.bind_integer(2, as_integer(number.value));
  ROLLCALL_TRY_ASSIGN(const bool found, accepted_.step());
  if (!found) return std::optional<Stamp>();
  const Stamp stamp{as_unsigned(accepted_.integer(0)), device};
  accepted_.reset();
  return std::optional<Stamp>(stamp);
}

Result<void> TransactionLog::verdicts(const StoredDevice& device, const Told& told,
                                      std::size_t count_max, std::vector<Verdict>& out) {
  std::size_t left = count_max;
  for (const StoredDevice::Stretch& stretch : device.stretches(told.after, told.through)) {
    verdicts_.bind_integer(1, stretch.holder.value);
    verdicts_.bind_integer(2, as_integer(stretch.after.value));
    verdicts_.bind_integer(3, as_integer(stretch.through.value));
    verdicts_.bind_integer(4, static_cast<std::int64_t>(left));
    while (true) {
      ROLLCALL_TRY_ASSIGN(const bool more, verdicts_.step());
      if (!more) break;
      Verdict verdict = read_verdict(verdicts_, stretch.holder);
      verdict.repeated = verdict.number <= told.repeated_through;
      add_to_runs(out, std::move(verdict));
      --left;
    }
  }
  return {};
}

Result<void> TransactionLog::verdicts_to_compare(const StoredDevice& device, TxNumber after,
                                                 std::vector<Verdict>& out) {
  const TxNumber through(after.value + reply_verdicts_max);
  return verdicts(device, {after, through, through}, reply_verdicts_max, out);
}

Result<void> TransactionLog::changed_verdicts(const StoredDevice& device, TxNumber through,
                                              std::vector<Verdict>& out) {
  ROLLCALL_TRY(changed_verdicts(device.record.number, through, out));
  for (const StoredDevice::Ancestor& ancestor : device.ancestors) {
    ROLLCALL_TRY(changed_verdicts(ancestor.number, std::min(through, ancestor.through), out));
  }
  return {};
}

Result<void> TransactionLog::changed_verdicts(DeviceNumber device, TxNumber through,
                                              std::vector<Verdict>& out) {
  changed_.bind_integer(1, device.value);
  changed_.bind_integer(2, as_integer(through.value));
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, changed_.step());
    if (!more) return {};
    Verdict verdict = read_verdict(changed_, device);
    verdict.repeated = true;
    out.push_back(std::move(verdict));
    if (out.size() == reply_verdicts_max) {  // the rest once these are named as seen
      changed_.reset();
      return {};
    }
  }
}

Result<void> TransactionLog::echo_sequences(DeviceNumber device, TxNumber after, TxNumber through,
                                            std::vector<std::uint64_t>& out) {
  if (through.value - std::min(after, through).value > echo_transactions_max) return {};
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT sequence FROM _transactions WHERE device = ?1 AND number > ?2 AND number <= ?3 "
          "AND kind = 1 AND told_before = 0 ORDER BY number"));
  select.bind_integer(1, device.value);
  select.bind_integer(2, as_integer(after.value));
  select.bind_integer(3, as_integer(through.value));
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return {};
    out.push_back(as_unsigned(select.integer(0)));
  }
}

Result<std::vector<std::uint64_t>> TransactionLog::applied_after(DeviceNumber device,
                                                                 Sequence after) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT sequence FROM _transactions WHERE device = ?1 AND kind = 1 AND told_before = 0 "
          "ORDER BY number DESC"));
  select.bind_integer(1, device.value);
  // Sequences rise with numbers here: from the newest back, it ends where they are old enough.
  std::vector<std::uint64_t> sequences;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more || as_unsigned(select.integer(0)) <= after.value) break;
    sequences.push_back(as_unsigned(select.integer(0)));
  }
  std::reverse(sequences.begin(), sequences.end());
  return sequences;
}

Result<void> TransactionLog::park_insert(std::int64_t id, DeviceNumber device,
                                         CollectionId collection, const RowId& row) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT OR IGNORE INTO _parked_inserts(device, collection, row, tx) "
                          "VALUES(?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, device.value);
  insert.bind_integer(2, collection.value);
  insert.bind_id(3, row);
  insert.bind_integer(4, id);
  return insert.run();
}

Result<void> TransactionLog::forget_parked_inserts(std::int64_t id) {
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _parked_inserts WHERE tx = ?1"));
  erase.bind_integer(1, id);
  return erase.run();
}

Result<bool> TransactionLog::is_insert_parked(DeviceNumber device, CollectionId collection,
                                              const RowId& row) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT 1 FROM _parked_inserts WHERE device = ?1 AND collection = ?2 AND row = ?3"));
  select.bind_integer(1, device.value);
  select.bind_integer(2, collection.value);
  select.bind_id(3, row);
  return select.step();
}

Result<std::vector<LoggedTransaction>> TransactionLog::waiting(std::int64_t after,
                                                               std::size_t count_max) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(std::string(log_columns) +
                          " FROM _transactions WHERE kind = 4 AND id > ?1 AND code IN (?2, ?3, ?4) "
                          "ORDER BY id LIMIT ?5"));
  select.bind_integer(1, after);
  select.bind_integer(2, static_cast<std::int64_t>(ErrorCode::unknown_field));
  select.bind_integer(3, static_cast<std::int64_t>(ErrorCode::unknown_collection));
  select.bind_integer(4, static_cast<std::int64_t>(ErrorCode::unknown_row));
  select.bind_integer(5, static_cast<std::int64_t>(count_max));
  return read_all(select);
}

Result<std::vector<LoggedTransaction>> TransactionLog::parked(std::int64_t after,
                                                              std::size_t count_max) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(std::string(log_columns) +
                          " FROM _transactions WHERE kind = 4 AND id > ?1 ORDER BY id LIMIT ?2"));
  select.bind_integer(1, after);
  select.bind_integer(2, static_cast<std::int64_t>(count_max));
  return read_all(select);
}

Result<std::optional<LoggedTransaction>> TransactionLog::find(std::int64_t id) {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_->cached(std::string(log_columns) +
                                                            " FROM _transactions WHERE id = ?1"));
  select.bind_integer(1, id);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<LoggedTransaction>();
  ROLLCALL_TRY_ASSIGN(LoggedTransaction logged, read_logged(select));
  return std::optional<LoggedTransaction>(std::move(logged));
}

Result<std::optional<LoggedTransaction>> TransactionLog::find(DeviceNumber device,
                                                              TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached(std::string(log_columns) +
                                          " FROM _transactions WHERE device = ?1 AND number = ?2"));
  select.bind_integer(1, device.value);
  select.bind_integer(2, as_integer(number.value));
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<LoggedTransaction>();
  ROLLCALL_TRY_ASSIGN(LoggedTransaction logged, read_logged(select));
  return std::optional<LoggedTransaction>(std::move(logged));
}

Result<TxNumber> TransactionLog::append_hashes(DeviceNumber holder, TxNumber after,
                                               TxNumber through, Bytes& hashes) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT number, hash FROM _transactions WHERE device = "
                                          "?1 AND number > ?2 AND number <= ?3 ORDER BY number"));
  select.bind_integer(1, holder.value);
  select.bind_integer(2, as_integer(after.value));
  select.bind_integer(3, as_integer(through.value));
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more || as_unsigned(select.integer(0)) != after.next().value) return after;
    if (select.bytes(1).size() != Hash::size_bytes) {
      return failure(ErrorCode::corrupt, "_transactions: a hash is not 32 bytes");
    }
    hashes.append(select.bytes(1));
    after = after.next();
  }
}

Result<Bytes> TransactionLog::hashes(const StoredDevice& device, TxNumber after,
                                     std::size_t count_max) {
  Bytes hashes;
  const TxNumber last(after.value + count_max);
  for (const StoredDevice::Stretch& stretch : device.stretches(after, last)) {
    ROLLCALL_TRY_ASSIGN(const TxNumber reached,
                        append_hashes(stretch.holder, stretch.after, stretch.through, hashes));
    if (reached != stretch.through) break;
  }
  return hashes;
}

Result<Hash> TransactionLog::head_at(const Cryptography& cryptography, const DeviceRecord& device,
                                     TxNumber number) {
  if (number == device.last_tx) return device.head;
  TxNumber from = device.forked_at;
  Hash head = device.forked_head;
  ROLLCALL_TRY_ASSIGN(const std::vector<Gap> passed, gaps(device.number));
  for (const Gap& gap : passed) {
    if (gap.last > number) break;
    from = gap.last;
    head = gap.head;
  }
  while (from < number) {
    const TxNumber last = std::min(number, TxNumber(from.value + fork_chain_max));
    Bytes some;
    ROLLCALL_TRY_ASSIGN(const TxNumber reached, append_hashes(device.number, from, last, some));
    if (reached == from) {
      return failure(ErrorCode::gap, "the log does not hold transaction " +
                                         std::to_string(from.next().value) + " of device " +
                                         device_digits(device.number));
    }
    for (std::size_t at = 0; at < some.size(); at += Hash::size_bytes) {
      head = next_head(cryptography, head,
                       Hash::from_bytes(BytesView(some).substr(at, Hash::size_bytes)));
    }
    from = reached;
  }
  return head;
}

Result<std::size_t> TransactionLog::count_parked(DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(
      Statement count,
      connection_->cached("SELECT count(*) FROM _transactions WHERE kind = 4 AND device = ?1"));
  count.bind_integer(1, device.value);
  ROLLCALL_TRY(count.step());
  return static_cast<std::size_t>(count.integer(0));
}

Result<Bytes> TransactionLog::bytes(std::int64_t id) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached("SELECT encoding, bytes FROM _transactions WHERE id = ?1"));
  select.bind_integer(1, id);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return failure(ErrorCode::not_found, "no such transaction");
  return unpack(select.integer(0), select.bytes(1));
}

Result<void> TransactionLog::redact(std::int64_t id, BytesView bytes) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _transactions SET encoding = ?2, bytes = ?3 WHERE id = ?1"));
  update.bind_integer(1, id);
  update.bind_integer(2, bytes.empty() ? erased_encoding : redacted_bit);
  update.bind_bytes(3, bytes);
  return update.run();
}

Result<void> TransactionLog::each(
    const std::function<Result<void>(const LoggedTransaction&)>& each) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->prepare(std::string(log_columns) +
                                           ", encoding, bytes FROM _transactions ORDER BY id"));
  return each_with_bytes(select, each);
}

Result<void> TransactionLog::each_of(
    DeviceNumber device, const std::function<Result<void>(const LoggedTransaction&)>& each) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached(std::string(log_columns) +
                                          ", encoding, bytes FROM _transactions WHERE device = ?1 "
                                          "ORDER BY number"));
  select.bind_integer(1, device.value);
  return each_with_bytes(select, each);
}

Result<void> TransactionLog::each_applied(
    const std::function<Result<void>(const LoggedTransaction&)>& each) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(std::string(log_columns) +
                          " FROM _transactions WHERE sequence > 0 ORDER BY sequence"));
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return {};
    ROLLCALL_TRY_ASSIGN(const LoggedTransaction logged, read_logged(select));
    ROLLCALL_TRY(each(logged));
  }
}

Result<std::vector<DeviceNumber>> TransactionLog::authors() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT DISTINCT device FROM _transactions "
                                          "ORDER BY device"));
  std::vector<DeviceNumber> authors;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return authors;
    authors.push_back(DeviceNumber(static_cast<std::uint32_t>(select.integer(0))));
  }
}

Result<std::optional<LoggedRequest>> TransactionLog::request(std::int64_t id) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT device, received_ms, signed_text, signature FROM _requests WHERE id = ?1"));
  select.bind_integer(1, id);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<LoggedRequest>();
  LoggedRequest request;
  request.device = DeviceNumber(static_cast<std::uint32_t>(select.integer(0)));
  request.received_ms = select.integer(1);
  request.signed_text = select.text(2);
  request.signature = select.bytes(3);
  return std::optional<LoggedRequest>(std::move(request));
}

Result<std::uint64_t> TransactionLog::count_requests() {
  ROLLCALL_TRY_ASSIGN(Statement count, connection_->cached("SELECT count(*) FROM _requests"));
  ROLLCALL_TRY(count.step());
  return as_unsigned(count.integer(0));
}

Result<void> TransactionLog::add_gap(const Gap& gap) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT INTO _gaps(device, first, last, head, at_ms) "
                                          "VALUES(?1, ?2, ?3, ?4, ?5)"));
  insert.bind_integer(1, gap.device.value);
  insert.bind_integer(2, as_integer(gap.first.value));
  insert.bind_integer(3, as_integer(gap.last.value));
  insert.bind_bytes(4, gap.head.view());
  insert.bind_integer(5, gap.at_ms);
  return insert.run();
}

Result<std::vector<Gap>> TransactionLog::gaps(DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT first, last, head, at_ms FROM _gaps WHERE device = ?1 ORDER BY first"));
  select.bind_integer(1, device.value);
  std::vector<Gap> gaps;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return gaps;
    if (select.bytes(2).size() != Hash::size_bytes) {
      return failure(ErrorCode::corrupt, "_gaps: a head is not 32 bytes");
    }
    gaps.push_back({device, TxNumber(as_unsigned(select.integer(0))),
                    TxNumber(as_unsigned(select.integer(1))), Hash::from_bytes(select.bytes(2)),
                    select.integer(3)});
  }
}

}  // namespace rollcall
