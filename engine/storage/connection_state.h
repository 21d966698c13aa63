#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_vfs;

namespace rollcall {

// Statements that every transaction runs, prepared at first use.
enum class Framing : std::uint8_t { begin_write, begin_read, take_snapshot, commit };
inline constexpr std::size_t framing_count = 4;

// What a connection, its statements and its transactions share. Inside this folder only.
struct ConnectionState {
  ConnectionState() = default;
  ConnectionState(const ConnectionState&) = delete;
  ConnectionState& operator=(const ConnectionState&) = delete;
  ~ConnectionState();

  sqlite3* db = nullptr;
  std::string path;
  ConnectionOptions options;
  std::optional<Error> poison;  // set once: everything answers it from then on
  Flush flush = Flush::at_commit;
  std::uint64_t steps = 0;  // of statements
  int wal_pages = 0;        // in the write-ahead log after the last commit
  // From so many pages on the log is begun anew though readers have to be waited for.
  int overgrown_pages = 0;
  // Folds the log into the file when it is long enough for that.
  Result<void> fold_log();

  // The authorizer's: while an app's statement is prepared.
  bool app_statement = false;
  std::string refusal;
  std::set<std::string> tables_read;

  std::map<std::string, std::vector<sqlite3_stmt*>, std::less<>> cache;
  int cached_statements = 0;
  std::array<sqlite3_stmt*, framing_count> framing{};

  // The door to the disk; null when none of that name is registered.
  [[nodiscard]] sqlite3_vfs* vfs() const;
  // The error of a SQLite code just returned; poisons where it must.
  Error fail(int code, std::string_view doing);
  Result<void> execute(const char* sql);
  Result<void> execute(Framing what);
  Result<void> set_flush(Flush wanted);
  Result<sqlite3_stmt*> prepare(std::string_view sql, unsigned flags, std::string_view* rest);
  void give_back(sqlite3_stmt* statement);
  // `unlinked`, and poisoned, when the path names another file than the open one, or the
  // write-ahead log with a commit in it is gone.
  Result<void> check_still_there(bool expects_wal);
};

// The code that stands for a SQLite (extended) result code.
ErrorCode error_code_of(int sqlite_code);

// Registers uuid(blob) -> text, uuid_blob(text) -> blob and localized_texts(text) -> text.
int register_functions(sqlite3* db);
// Installs the authorizer behind Connection::query.
void install_authorizer(ConnectionState& state);

}  // namespace rollcall
