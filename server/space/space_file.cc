#include "server/space/space_file.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/storage/layout.h"
#include "engine/storage/path_index.h"
#include "engine/storage/transaction.h"
#include "schema/compiled.h"
#include "server/space/compaction.h"
#include "server/space/device_health.h"
#include "server/space/device_table.h"
#include "server/space/durable_file.h"
#include "server/space/epoch_table.h"
#include "server/space/erasure.h"
#include "server/space/invitation_table.h"
#include "server/space/limits.h"
#include "server/space/past_roles.h"
#include "server/space/readmission_table.h"
#include "server/space/space_upgrade.h"
#include "server/space/transaction_log.h"

namespace rollcall {
namespace {

ConnectionOptions options(Access access, const std::string& vfs) {
  ConnectionOptions made;
  made.access = access;
  made.application_id = space_application_id;
  made.format_version = space_format_version;
  made.vfs = vfs;
  made.cache_kib = access == Access::writer ? writer_cache_kib : reader_cache_kib;
  made.hidden_tables = {"_space", "_invitations"};
  return made;
}

constexpr const char* create_space_sql =
    "CREATE TABLE _space(one INTEGER PRIMARY KEY CHECK(one = 1), name TEXT NOT NULL, "
    "title TEXT NOT NULL, epoch INTEGER NOT NULL, seal_key BLOB NOT NULL, "
    "schema_version INTEGER NOT NULL, schema BLOB NOT NULL, "
    "revocations INTEGER NOT NULL DEFAULT 0, horizon INTEGER NOT NULL DEFAULT 0, "
    "revocations_told INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE _commits(sequence INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, "
    "mark BLOB NOT NULL);";

CommitRecord read_commit(const Statement& from) {
  return CommitRecord{Sequence(static_cast<std::uint64_t>(from.integer(0))), from.integer(1),
                      Bytes(from.bytes(2))};
}

Result<void> make_tables(Connection& connection) {
  ROLLCALL_TRY(connection.execute(create_space_sql));
  for (const auto& statements :
       {DeviceTable::create_statements(), InvitationTable::create_statements(),
        TransactionLog::create_statements(), PathIndex::create_statements(),
        EpochTable::create_statements(), HealthTable::create_statements(),
        PastRoles::create_statements(), CompactionTable::create_statements(),
        ErasureTable::create_statements(), ReadmissionTable::create_statements()}) {
    for (const std::string& sql : statements) ROLLCALL_TRY(connection.execute(sql));
  }
  return {};
}

// What files of earlier releases lack.
std::vector<Upgrade> all_upgrades() {
  std::vector<Upgrade> all = {
      {"_space", "revocations",
       "ALTER TABLE _space ADD COLUMN revocations INTEGER NOT NULL DEFAULT 0"},
      {"_space", "horizon", "ALTER TABLE _space ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0"},
      {"_space", "revocations_told",
       "ALTER TABLE _space ADD COLUMN revocations_told INTEGER NOT NULL DEFAULT 0"}};
  for (const auto& upgrades :
       {DeviceTable::upgrades(), InvitationTable::upgrades(), EpochTable::upgrades(),
        TransactionLog::upgrades(), CompactionTable::upgrades(), HealthTable::upgrades(),
        PastRoles::upgrades(), ErasureTable::upgrades(), ReadmissionTable::upgrades()}) {
    all.insert(all.end(), upgrades.begin(), upgrades.end());
  }
  return all;
}

Result<bool> has_tables(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection.prepare("SELECT 1 FROM sqlite_master WHERE name = '_space'"));
  return select.step();
}

}  // namespace

// Under its name it is there whole or not at all, since a server opens whatever has such a name. A
// simulated disk has no names to change, and a file that is there already stays where it is.
Result<SpaceFile> SpaceFile::create(const std::string& path, const std::string& vfs,
                                    const SpaceHeader& header, const Schema& schema,
                                    const CommitRecord& first) {
  std::error_code ignored;
  if (!vfs.empty() || std::filesystem::exists(path, ignored)) {
    return make(path, vfs, header, schema, first);
  }
  const std::string making = path + ".making";
  Connection::remove(making, vfs);  // one that was cut short
  {
    ROLLCALL_TRY_ASSIGN(SpaceFile file, make(making, vfs, header, schema, first));
    ROLLCALL_TRY(file.connection().checkpoint());
  }
  ROLLCALL_TRY(rename_durably(making, path));
  return open(path, vfs, Access::writer);
}

Result<SpaceFile> SpaceFile::make(const std::string& path, const std::string& vfs,
                                  const SpaceHeader& header, const Schema& schema,
                                  const CommitRecord& first) {
  ConnectionOptions made = options(Access::writer, vfs);
  made.create = true;
  ROLLCALL_TRY_ASSIGN(Connection connection, Connection::open(path, made));
  ROLLCALL_TRY_ASSIGN(const bool exists, has_tables(connection));
  if (exists) {
    return failure(ErrorCode::already_exists, path + " is a space already; open it instead");
  }
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
  ROLLCALL_TRY(make_tables(connection));
  ROLLCALL_TRY(apply_layout(connection, Flavour::server, schema));
  {
    const Bytes compiled = encode_schema(schema);
    ROLLCALL_TRY_ASSIGN(
        Statement insert,
        connection.prepare(
            "INSERT INTO _space(one, name, title, epoch, seal_key, schema_version, schema) "
            "VALUES(1, ?1, ?2, ?3, ?4, ?5, ?6)"));
    insert.bind_text(1, header.name);
    insert.bind_text(2, header.title);
    insert.bind_integer(3, static_cast<std::int64_t>(header.epoch.value));
    insert.bind_bytes(4, header.seal_key.view());
    insert.bind_integer(5, header.schema_version);
    insert.bind_bytes(6, compiled);
    ROLLCALL_TRY(insert.run());
  }
  {
    ROLLCALL_TRY_ASSIGN(
        Statement insert,
        connection.prepare("INSERT INTO _commits(sequence, time_ms, mark) VALUES(?1, ?2, ?3)"));
    insert.bind_integer(1, static_cast<std::int64_t>(first.sequence.value));
    insert.bind_integer(2, first.time_ms);
    insert.bind_bytes(3, first.mark);
    ROLLCALL_TRY(insert.run());
  }
  ROLLCALL_TRY(transaction.commit());
  return prepared(std::move(connection));
}

Result<SpaceFile> SpaceFile::open(const std::string& path, const std::string& vfs, Access access) {
  ROLLCALL_TRY_ASSIGN(Connection connection, Connection::open(path, options(access, vfs)));
  ROLLCALL_TRY_ASSIGN(const bool exists, has_tables(connection));
  if (!exists) {
    // A creation that was cut short leaves an empty database with our mark.
    return failure(ErrorCode::not_found, path + " holds no space yet; create it");
  }
  const std::vector<Upgrade> upgrades = all_upgrades();
  ROLLCALL_TRY_ASSIGN(const bool current, is_current(connection, upgrades));
  if (!current && access == Access::writer)
    ROLLCALL_TRY(upgrade_file(connection, upgrades, space_format_version));
  if (!current && access != Access::writer) {
    // Who only looks comes first after an update of the program: SQLite keeps writers apart.
    ROLLCALL_TRY_ASSIGN(Connection writer, Connection::open(path, options(Access::writer, vfs)));
    ROLLCALL_TRY(upgrade_file(writer, upgrades, space_format_version));
  }
  return prepared(std::move(connection));
}

Result<SpaceFile> SpaceFile::prepared(Connection connection) {
  SpaceFile file(std::move(connection));
  Connection& c = file.connection_;
  ROLLCALL_TRY_ASSIGN(
      file.select_header_,
      c.prepare("SELECT name, title, epoch, seal_key, schema_version, horizon, revocations, "
                "revocations_told FROM _space"));
  ROLLCALL_TRY_ASSIGN(file.select_schema_, c.prepare("SELECT schema FROM _space"));
  ROLLCALL_TRY_ASSIGN(
      file.select_last_,
      c.prepare("SELECT sequence, time_ms, mark FROM _commits ORDER BY sequence DESC LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(
      file.select_commit_,
      c.prepare("SELECT sequence, time_ms, mark FROM _commits WHERE sequence = ?1"));
  return file;
}

Result<SpaceHeader> SpaceFile::header() {
  ROLLCALL_TRY_ASSIGN(const bool found, select_header_.step());
  if (!found) return failure(ErrorCode::corrupt, connection_.path() + ": _space has no row");
  SpaceHeader header;
  header.name = select_header_.text(0);
  header.title = select_header_.text(1);
  header.epoch = Epoch(static_cast<std::uint64_t>(select_header_.integer(2)));
  const BytesView key = select_header_.bytes(3);
  if (key.size() != SealKey::size_bytes) {
    select_header_.reset();
    return failure(ErrorCode::corrupt, connection_.path() + ": its seal key is not 32 bytes");
  }
  header.seal_key = SealKey::from_bytes(key);
  header.schema_version = static_cast<std::uint32_t>(select_header_.integer(4));
  header.horizon = Sequence(static_cast<std::uint64_t>(select_header_.integer(5)));
  header.revocations = static_cast<std::uint64_t>(select_header_.integer(6));
  header.revocations_told = static_cast<std::uint64_t>(select_header_.integer(7));
  select_header_.reset();
  return header;
}

Result<Bytes> SpaceFile::schema() {
  ROLLCALL_TRY_ASSIGN(const bool found, select_schema_.step());
  if (!found) return failure(ErrorCode::corrupt, connection_.path() + ": _space has no row");
  Bytes schema(select_schema_.bytes(0));
  select_schema_.reset();
  return schema;
}

Result<void> SpaceFile::set_schema(std::uint32_t version, BytesView schema) {
  ROLLCALL_TRY_ASSIGN(Statement update,
                      connection_.cached("UPDATE _space SET schema_version = ?1, schema = ?2"));
  update.bind_integer(1, version);
  update.bind_bytes(2, schema);
  return update.run();
}

Result<void> SpaceFile::set_epoch(Epoch epoch) {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_.cached("UPDATE _space SET epoch = ?1"));
  update.bind_integer(1, static_cast<std::int64_t>(epoch.value));
  return update.run();
}

Result<void> SpaceFile::set_revocations(std::uint64_t counted, std::uint64_t told) {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_.cached("UPDATE _space SET revocations = ?1, "
                                                           "revocations_told = ?2"));
  update.bind_integer(1, static_cast<std::int64_t>(counted));
  update.bind_integer(2, static_cast<std::int64_t>(told));
  return update.run();
}

Result<void> SpaceFile::set_horizon(Sequence horizon) {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_.cached("UPDATE _space SET horizon = ?1"));
  update.bind_integer(1, static_cast<std::int64_t>(horizon.value));
  return update.run();
}

// Halving: commits have no index by time, and their times never fall.
Result<Sequence> SpaceFile::last_sequence_before(std::int64_t time_ms) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_.cached("SELECT sequence, time_ms FROM _commits WHERE sequence <= ?1 "
                         "ORDER BY sequence DESC LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(const CommitRecord last, last_commit());
  Sequence found;
  std::uint64_t low = 0;
  std::uint64_t high = last.sequence.value;
  while (low <= high) {
    const std::uint64_t middle = low + (high - low) / 2;
    select.bind_integer(1, static_cast<std::int64_t>(middle));
    ROLLCALL_TRY_ASSIGN(const bool there, select.step());
    if (!there)
      return failure(ErrorCode::corrupt, connection_.path() + ": _commits lacks its first");
    const std::int64_t made_ms = select.integer(1);
    const auto at = static_cast<std::uint64_t>(select.integer(0));
    select.reset();
    if (made_ms <= time_ms) {
      found = Sequence(at);
      low = middle + 1;
    } else {
      if (at == 0) break;
      high = at - 1;
    }
  }
  return found;
}

Result<CommitRecord> SpaceFile::last_commit() {
  ROLLCALL_TRY_ASSIGN(const bool found, select_last_.step());
  if (!found) return failure(ErrorCode::corrupt, connection_.path() + ": _commits has no row");
  CommitRecord commit = read_commit(select_last_);
  select_last_.reset();
  return commit;
}

Result<std::optional<CommitRecord>> SpaceFile::commit(Sequence sequence) {
  select_commit_.bind_integer(1, static_cast<std::int64_t>(sequence.value));
  ROLLCALL_TRY_ASSIGN(const bool found, select_commit_.step());
  std::optional<CommitRecord> commit;
  if (found) commit = read_commit(select_commit_);
  select_commit_.reset();
  return commit;
}

Result<void> SpaceFile::add_commit(const CommitRecord& commit) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_.cached("INSERT INTO _commits(sequence, time_ms, mark) VALUES(?1, ?2, ?3)"));
  insert.bind_integer(1, static_cast<std::int64_t>(commit.sequence.value));
  insert.bind_integer(2, commit.time_ms);
  insert.bind_bytes(3, commit.mark);
  return insert.run();
}

}  // namespace rollcall
