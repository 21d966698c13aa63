#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace rollcall {

class Connection;
struct ConnectionState;

// When what a transaction wrote is flushed to the disk: before its commit returns, or with whatever
// is flushed next. A power cut may undo the latter, whole and in order: only for what can be had
// again.
enum class Flush : std::uint8_t { at_commit, with_the_next };

// All or nothing. Destroyed while open, it rolls back, silently. One at a time on a connection.
class Transaction {
 public:
  // Takes the write lock at once. `open_elsewhere` when another writer keeps it; `unlinked` when
  // the file at the connection's path is no longer the one that is open.
  static Result<Transaction> write(Connection& connection, Flush flush = Flush::at_commit);
  // A snapshot: what it reads is one moment's, whatever others commit. Ends by destruction.
  static Result<Transaction> read(Connection& connection);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Success: flushed to the disk (see Flush), in the file that its path names. Any error: rolled
  // back - except that after a failed flush nobody knows until the file is opened again (see
  // Connection).
  Result<void> commit();
  void rollback();

 private:
  explicit Transaction(ConnectionState* owner, bool writes) : owner_(owner), writes_(writes) {}
  ConnectionState* owner_;
  bool writes_;
};

// A part of a write transaction that can be taken back alone; they nest. Destroyed while open, it
// rolls back to where it began.
class Savepoint {
 public:
  static Result<Savepoint> begin(Connection& connection);
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  Result<void> release();  // keeps it as a part of the transaction
  void rollback();

 private:
  explicit Savepoint(ConnectionState* owner) : owner_(owner) {}
  ConnectionState* owner_;
};

}  // namespace rollcall
