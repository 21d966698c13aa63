#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/storage/limits.h"
#include "engine/storage/statement.h"

namespace rollcall {

enum class Access : std::uint8_t {
  exclusive,  // one process and one connection, locked from open to close: a replica
  writer,     // the one writing and checkpointing connection, readers beside it: a server's space
  reader,     // reads only; sees snapshots while the writer goes on
};

struct ConnectionOptions {
  Access access = Access::exclusive;
  bool create = false;               // make the file if it is missing or empty
  std::uint32_t application_id = 0;  // whose file it is; any other file is refused untouched
  // Greatest format (PRAGMA user_version) that this program reads; a created file gets it.
  std::uint32_t format_version = 1;
  std::string vfs;  // the door to the disk: a registered SQLite VFS; empty: the system's
  int cache_kib = cache_kib_default;
  int checkpoint_pages = checkpoint_pages_default;
  // Encrypts the file, its log and its journal with this key (32 bytes, kept by whoever opens it).
  // Empty: the file is readable. Only where `Connection::encrypts()`.
  Bytes file_key;
  std::vector<std::string> hidden_tables;  // those that query() may not read: keys, say
  bool overwrite_deleted = false;          // what is deleted is overwritten with zeros
};

// A statement that only reads, and the tables that it reads (a view counts as the tables below it).
struct Query {
  Statement statement;
  std::vector<std::string> tables;  // ascending, each once
};

// One SQLite database, open. WAL, synchronous=FULL: what a commit acknowledged is on the disk.
//
// After a flush that failed, or a page that is corrupt, the connection is poisoned: nobody knows
// what the disk holds, so everything answers that error until the file is opened again.
// One thread at a time. Statements, transactions and tables must be gone before it is.
class Connection {
 public:
  // `not_found`: no such file, and not to be created. `not_a_replica`: not SQLite, or another
  // application's. `newer_format`. `open_elsewhere`: another process or connection holds it.
  // `corrupt`, `read_only`, `disk_full`, `io`. `wrong_key`: encrypted with another key, or with
  // none. A refused file is left as it was.
  static Result<Connection> open(const std::string& path, const ConnectionOptions& options);
  // Whether this build can encrypt files: -DROLLCALL_SQLITE=encrypted.
  static bool encrypts();
  // Whether this SQLite's full-text indexes can forget words at once: from 3.42 on.
  static bool forgets_words();
  static constexpr std::size_t file_key_bytes = 32;
  // Deletes a file that nobody has open, and what lies beside it; none there is no error.
  static void remove(const std::string& path, const std::string& vfs);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // Prepared to be kept and run many times.
  Result<Statement> prepare(std::string_view sql);
  // The same, lent from a cache by its text, and given back when it is destroyed.
  Result<Statement> cached(std::string_view sql);
  // One or several statements whose rows do not matter.
  Result<void> execute(const std::string& sql);
  // The read-only door for apps: one statement that neither writes, attaches, opens a transaction
  // nor sets a pragma; `read_only` or `sql` says why not.
  Result<Query> query(std::string_view sql);

  [[nodiscard]] std::int64_t last_key() const;  // of the last insert into a table with integer key
  [[nodiscard]] std::int64_t changes() const;   // rows that the last statement changed
  [[nodiscard]] bool in_transaction() const;
  [[nodiscard]] bool is_poisoned() const;
  // How often a statement of this connection was stepped since it was opened.
  [[nodiscard]] std::uint64_t steps() const;
  [[nodiscard]] const std::string& path() const;

  // Writes what a reader sees now into a new file, which must not be there: whole in itself,
  // without a log beside it, free pages left out. Others may write meanwhile. The caller flushes
  // it.
  Result<void> copy_to(const std::string& path);
  // Writes the file anew, without what was deleted. It goes through a temporary file of the same
  // size, which has no name, in SQLITE_TMPDIR, or else in /var/tmp or /tmp; and through the
  // write-ahead log.
  Result<void> vacuum();

  // Folds the whole write-ahead log into the file and cuts it to nothing, as far as readers let it.
  Result<void> checkpoint();

 private:
  friend class Transaction;
  friend class Savepoint;
  explicit Connection(std::unique_ptr<ConnectionState> state);
  std::unique_ptr<ConnectionState> state_;
};

}  // namespace rollcall
