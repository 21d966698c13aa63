#include "engine/storage/transaction.h"

#include <utility>

#include <sqlite3.h>

#include "engine/base/check.h"
#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

Result<Transaction> failed(ConnectionState& state, Error error) {
  if (sqlite3_get_autocommit(state.db) == 0) static_cast<void>(state.execute("ROLLBACK"));
  return error;
}

}  // namespace

Result<Transaction> Transaction::write(Connection& connection, Flush flush) {
  ConnectionState& state = *connection.state_;
  ROLLCALL_CHECK(sqlite3_get_autocommit(state.db) != 0);
  if (state.poison) return *state.poison;
  ROLLCALL_TRY(state.check_still_there(false));
  ROLLCALL_TRY(state.set_flush(flush));
  if (auto begun = state.execute(Framing::begin_write); !begun) {
    return failed(state, std::move(begun).error());
  }
  return Transaction(&state, true);
}

Result<Transaction> Transaction::read(Connection& connection) {
  ConnectionState& state = *connection.state_;
  ROLLCALL_CHECK(sqlite3_get_autocommit(state.db) != 0);
  if (state.poison) return *state.poison;
  if (auto begun = state.execute(Framing::begin_read); !begun) {
    return failed(state, std::move(begun).error());
  }
  // BEGIN alone takes no snapshot: the first read does.
  if (auto read = state.execute(Framing::take_snapshot); !read) {
    return failed(state, std::move(read).error());
  }
  return Transaction(&state, false);
}

Transaction::Transaction(Transaction&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), writes_(other.writes_) {}

Transaction::~Transaction() { rollback(); }

Result<void> Transaction::commit() {
  ROLLCALL_CHECK(owner_ != nullptr);
  ConnectionState& state = *owner_;
  if (state.poison) {
    rollback();
    return *state.poison;
  }
  state.wal_pages = 0;
  if (auto done = state.execute(Framing::commit); !done) {
    rollback();
    return std::move(done).error();
  }
  owner_ = nullptr;
  if (!writes_) return {};
  const bool wrote = state.wal_pages > 0;
  if (wrote) ROLLCALL_TRY(state.check_still_there(true));
  // The commit stands whatever becomes of this; a flush that fails here poisons what follows.
  static_cast<void>(state.fold_log());
  return {};
}

void Transaction::rollback() {
  if (owner_ == nullptr) return;
  // After some failures SQLite has rolled back by itself.
  if (sqlite3_get_autocommit(owner_->db) == 0) {
    sqlite3_exec(owner_->db, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  owner_ = nullptr;
}

Result<Savepoint> Savepoint::begin(Connection& connection) {
  ConnectionState& state = *connection.state_;
  ROLLCALL_CHECK(sqlite3_get_autocommit(state.db) == 0);
  ROLLCALL_TRY(state.execute("SAVEPOINT part"));
  return Savepoint(&state);
}

Savepoint::Savepoint(Savepoint&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}

Savepoint::~Savepoint() { rollback(); }

Result<void> Savepoint::release() {
  ROLLCALL_CHECK(owner_ != nullptr);
  ROLLCALL_TRY(owner_->execute("RELEASE part"));
  owner_ = nullptr;
  return {};
}

void Savepoint::rollback() {
  if (owner_ == nullptr) return;
  if (sqlite3_get_autocommit(owner_->db) == 0) {
    sqlite3_exec(owner_->db, "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr);
  }
  owner_ = nullptr;
}

}  // namespace rollcall
