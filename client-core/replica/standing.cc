#include "client-core/replica/standing.h"

#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> Standing::create_statements() {
  return {
      "CREATE TABLE _standing(one INTEGER PRIMARY KEY CHECK(one = 1), epoch INTEGER, cursor BLOB, "
      "floor BLOB, position BLOB, retired INTEGER, grants_version INTEGER, newer_schema INTEGER, "
      "forked INTEGER, regrouped INTEGER, last_synced_ms INTEGER, offset_ms INTEGER, "
      "clock_time INTEGER, bootstrap_rows INTEGER, bootstrap_bytes INTEGER, "
      "bootstrap_rows_left INTEGER, seen INTEGER, read_once INTEGER, "
      "heard_ms INTEGER NOT NULL DEFAULT 0, latest_ms INTEGER NOT NULL DEFAULT 0, "
      "banned INTEGER NOT NULL DEFAULT 0)"};
}

Result<void> Standing::upgrade(Connection& connection) {
  for (const char* column : {"heard_ms", "latest_ms", "banned"}) {
    ROLLCALL_TRY(connection.execute("ALTER TABLE _standing ADD COLUMN " + std::string(column) +
                                    " INTEGER NOT NULL DEFAULT 0"));
  }
  return {};
}

Result<void> Standing::save(Connection& connection) const {
  ROLLCALL_TRY_ASSIGN(Statement save,
                      connection.cached("INSERT OR REPLACE INTO _standing VALUES(1, ?, ?, ?, ?, ?, "
                                        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const auto whole = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  save.bind_integer(1, whole(epoch.value));
  save.bind_bytes(2, cursor);
  save.bind_bytes(3, floor);
  save.bind_bytes(4, position);
  save.bind_integer(5, whole(retired.value));
  save.bind_integer(6, whole(grants_version));
  save.bind_integer(7, newer_schema);
  save.bind_integer(8, forked ? 1 : 0);
  save.bind_integer(9, static_cast<std::int64_t>(regrouped));
  save.bind_integer(10, last_synced_ms);
  save.bind_integer(11, offset_ms);
  save.bind_integer(12, whole(clock_time));
  save.bind_integer(13, whole(bootstrap_rows));
  save.bind_integer(14, whole(bootstrap_bytes));
  save.bind_integer(15, whole(bootstrap_rows_left));
  save.bind_integer(16, whole(seen.value));
  save.bind_integer(17, read_once ? 1 : 0);
  save.bind_integer(18, heard_ms);
  save.bind_integer(19, latest_ms);
  save.bind_integer(20, static_cast<std::int64_t>(banned));
  return save.run();
}

Result<Standing> Standing::load(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement load,
                      connection.cached("SELECT epoch, cursor, floor, position, retired, "
                                        "grants_version, newer_schema, forked, regrouped, "
                                        "last_synced_ms, offset_ms, clock_time, bootstrap_rows, "
                                        "bootstrap_bytes, bootstrap_rows_left, seen, read_once, "
                                        "heard_ms, latest_ms, banned FROM _standing"));
  ROLLCALL_TRY_ASSIGN(const bool found, load.step());
  if (!found) {
    return failure(ErrorCode::corrupt, connection.path() +
                                           ": the replica does not say where it "
                                           "stands");
  }
  const auto whole = [&](int column) { return static_cast<std::uint64_t>(load.integer(column)); };
  Standing standing;
  standing.epoch = Epoch(whole(0));
  standing.cursor = Bytes(load.bytes(1));
  standing.floor = Bytes(load.bytes(2));
  standing.position = Bytes(load.bytes(3));
  standing.retired = TxNumber(whole(4));
  standing.grants_version = whole(5);
  standing.newer_schema = static_cast<std::uint32_t>(load.integer(6));
  standing.forked = load.integer(7) != 0;
  standing.regrouped = static_cast<Regrouped>(load.integer(8));
  standing.last_synced_ms = load.integer(9);
  standing.offset_ms = load.integer(10);
  standing.clock_time = whole(11);
  standing.bootstrap_rows = whole(12);
  standing.bootstrap_bytes = whole(13);
  standing.bootstrap_rows_left = whole(14);
  standing.seen = TxNumber(whole(15));
  standing.read_once = load.integer(16) != 0;
  standing.heard_ms = load.integer(17);
  standing.latest_ms = load.integer(18);
  standing.banned = static_cast<Banned>(load.integer(19));
  load.reset();
  return standing;
}

}  // namespace rollcall
