#include "client-core/replica/conflict_numbers.h"

#include <unordered_set>

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

// Binds what a conflict is known by, from parameter 1 on. `writer` must outlive the statement.
void bind_key(Statement& statement, const Conflict& conflict, const Bytes& writer) {
  statement.bind_integer(1, conflict.collection.value);
  statement.bind_id(2, conflict.row);
  statement.bind_integer(3, conflict.field.value);
  statement.bind_bytes(4, writer);
}

}  // namespace

std::vector<std::string> ConflictNumbers::create_statements() {
  // AUTOINCREMENT: never a number that another conflict had.
  return {
      "CREATE TABLE IF NOT EXISTS _conflicts(number INTEGER PRIMARY KEY AUTOINCREMENT, collection "
      "INTEGER NOT "
      "NULL, id BLOB NOT NULL, field INTEGER NOT NULL, writer BLOB NOT NULL, "
      "UNIQUE(collection, id, field, writer))"};
}

Result<bool> ConflictNumbers::find(std::vector<Conflict>& conflicts) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT number FROM _conflicts WHERE collection = ? AND "
                                          "id = ? AND field = ? AND writer = ?"));
  bool all = true;
  for (Conflict& conflict : conflicts) {
    const Bytes writer = conflict.losing_stamp.bytes();
    bind_key(select, conflict, writer);
    ROLLCALL_TRY_ASSIGN(const bool found, select.step());
    if (found) conflict.number = static_cast<std::uint64_t>(select.integer(0));
    all = all && found;
    select.reset();
  }
  return all;
}

Result<void> ConflictNumbers::give(std::vector<Conflict>& conflicts) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT INTO _conflicts(collection, id, field, writer) "
                                          "VALUES(?, ?, ?, ?)"));
  for (Conflict& conflict : conflicts) {
    if (conflict.number != 0) continue;
    const Bytes writer = conflict.losing_stamp.bytes();
    bind_key(insert, conflict, writer);
    ROLLCALL_TRY(insert.run());
    conflict.number = static_cast<std::uint64_t>(connection_->last_key());
  }
  return {};
}

Result<void> ConflictNumbers::keep_only(const std::vector<Conflict>& open) {
  std::unordered_set<std::int64_t> kept;
  for (const Conflict& conflict : open) kept.insert(static_cast<std::int64_t>(conflict.number));
  std::vector<std::int64_t> gone;
  ROLLCALL_TRY_ASSIGN(Statement all, connection_->cached("SELECT number FROM _conflicts"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, all.step());
    if (!more) break;
    if (!kept.contains(all.integer(0))) gone.push_back(all.integer(0));
  }
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _conflicts WHERE number = ?"));
  for (const std::int64_t number : gone) {
    erase.bind_integer(1, number);
    ROLLCALL_TRY(erase.run());
  }
  return {};
}

Result<std::uint64_t> ConflictNumbers::count() {
  ROLLCALL_TRY_ASSIGN(Statement count, connection_->cached("SELECT count(*) FROM _conflicts"));
  ROLLCALL_TRY(count.step());
  const auto counted = static_cast<std::uint64_t>(count.integer(0));
  count.reset();
  return counted;
}

}  // namespace rollcall
