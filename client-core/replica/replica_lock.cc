// When a replica shows nothing and takes nothing more: leases and revocation.
#include <algorithm>

#include "client-core/replica/replica_parts.h"

namespace rollcall {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

// Everything but who this was, where it stood and the schema, by which the file is read.
constexpr const char* emptied_tables =
    "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', "
    "'virtual') AND name NOT LIKE 'sqlite_%' AND name NOT IN ('_standing', '_identity', '_schema')";

struct NamedTable {
  std::string name;
  bool is_search_index = false;
};

Result<std::vector<NamedTable>> tables_to_empty(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement select, connection.prepare(emptied_tables));
  std::vector<NamedTable> tables;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return tables;
    tables.push_back({std::string(select.text(0)), select.text(1) == "virtual"});
  }
}

Result<void> empty(Connection& connection, const NamedTable& table) {
  const std::string quoted = "\"" + table.name + "\"";
  if (!table.is_search_index) return connection.execute("DELETE FROM " + quoted);
  // https://www.sqlite.org/fts5.html, section 6.3: for indexes of external content.
  return connection.execute("INSERT INTO " + quoted + "(" + quoted + ") VALUES('delete-all')");
}

}  // namespace

std::int64_t ReplicaParts::known_now_ms() const {
  const std::int64_t steady_ms = doors.clock.steady_ms();
  if (latest_seen_ms_ != standing.latest_ms) {
    latest_seen_ms_ = standing.latest_ms;
    latest_seen_at_ms_ = steady_ms;
  }
  return std::max(clock.now_ms(), latest_seen_ms_ + (steady_ms - latest_seen_at_ms_));
}

// The clock may have been set back: it is at least as late as this device ever knew it to be.
Lock ReplicaParts::lock() const {
  if (standing.banned == Banned::erased) return Lock::erased;
  if (standing.banned == Banned::revoked) return Lock::revoked;
  const std::int64_t until = lease_until_ms();
  const std::int64_t now = known_now_ms();
  return until != 0 && now > until ? Lock::lease : Lock::open;
}

std::int64_t ReplicaParts::lease_until_ms() const {
  const std::uint32_t hours = grants.lease_hours();
  if (hours == 0 || standing.heard_ms == 0) return 0;
  return standing.heard_ms + hours * hour_ms;
}

Result<void> ReplicaParts::check_unlocked() {
  ROLLCALL_TRY(refresh());
  switch (lock()) {
    case Lock::open: return {};
    case Lock::lease:
      return failure(ErrorCode::locked,
                     "this device has not reached its server for " +
                         std::to_string(grants.lease_hours()) +
                         " hours: sync once to open it again; what is not sent yet is kept");
    case Lock::revoked:
      return failure(ErrorCode::locked,
                     "this device was shut out: what is not sent yet is kept until the server has "
                     "it; ask an organizer for a new invitation");
    case Lock::erased: break;
  }
  return failure(ErrorCode::locked,
                 "this device was shut out and its data erased: ask an organizer for a new "
                 "invitation, and enrol into a new file");
}

Result<void> ReplicaParts::erase() {
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::vector<NamedTable> named, tables_to_empty(connection));
    for (const NamedTable& table : named) ROLLCALL_TRY(empty(connection, table));
    identity.secret = SecretSeed();
    identity.enrolment.clear();
    ROLLCALL_TRY(identity.save(connection));
    Standing left;
    left.epoch = standing.epoch;
    left.banned = Banned::erased;
    standing = left;
    for (const CollectionDef& collection : tables.schema().collections) {
      overlay.touched().insert(collection.id.value);
    }
    return {};
  };
  ROLLCALL_TRY(write(work));
  must_reload();
  ROLLCALL_TRY(refresh());
  // The log still holds what the file does not.
  return connection.checkpoint();
}

}  // namespace rollcall
