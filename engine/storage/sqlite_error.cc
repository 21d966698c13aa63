#include <sqlite3.h>

#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

// What the disk holds is unknown from here on: a flush may drop the pages that it could not write
// and succeed the next time.
bool poisons(int code) {
  switch (code) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_CORRUPT:
    case SQLITE_CORRUPT_INDEX:
    case SQLITE_CORRUPT_SEQUENCE:
    case SQLITE_READONLY_DBMOVED: return true;
    default: return false;
  }
}

std::string_view advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::disk_full:
      return "free some space and try again; nothing that was saved is lost";
    case ErrorCode::open_elsewhere: return "close the other program that has it open and try again";
    case ErrorCode::corrupt:
      return "keep a copy of the file, and restore or fetch its content anew";
    case ErrorCode::not_a_replica: return "name another file";
    case ErrorCode::read_only: return "make the file and its folder writable";
    case ErrorCode::io: return "check the disk, then open the file again";
    case ErrorCode::unlinked:
      return "the file was moved or deleted: stop, and open it where it is now";
    default: return {};
  }
}

}  // namespace

ErrorCode error_code_of(int sqlite_code) {
  if (sqlite_code == SQLITE_READONLY_DBMOVED) return ErrorCode::unlinked;
  if (sqlite_code == SQLITE_IOERR_NOMEM) return ErrorCode::out_of_memory;
  if (sqlite_code == SQLITE_CONSTRAINT_UNIQUE || sqlite_code == SQLITE_CONSTRAINT_PRIMARYKEY ||
      sqlite_code == SQLITE_CONSTRAINT_ROWID) {
    return ErrorCode::already_exists;
  }
  switch (sqlite_code & 0xff) {
    case SQLITE_FULL: return ErrorCode::disk_full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::open_elsewhere;
    case SQLITE_CORRUPT: return ErrorCode::corrupt;
    case SQLITE_NOTADB: return ErrorCode::not_a_replica;
    case SQLITE_READONLY:
    case SQLITE_PERM: return ErrorCode::read_only;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return ErrorCode::io;
    case SQLITE_NOMEM: return ErrorCode::out_of_memory;
    case SQLITE_TOOBIG: return ErrorCode::limit;
    default: return ErrorCode::sql;
  }
}

Error ConnectionState::fail(int code, std::string_view doing) {
  // The handle's extended code and message are of the same failure, unless it was out of memory.
  const int extended = db == nullptr ? code : sqlite3_extended_errcode(db);
  const int full = (extended & 0xff) == (code & 0xff) ? extended : code;
  const ErrorCode kind = error_code_of(full);
  std::string message = path + ": " + std::string(doing) + ": ";
  message += db == nullptr ? sqlite3_errstr(full) : sqlite3_errmsg(db);
  if (kind != ErrorCode::sql) message += " (SQLite code " + std::to_string(full) + ")";
  if (const std::string_view next = advice(kind); !next.empty()) {
    message.append("; ").append(next);
  }
  Error error{kind, std::move(message)};
  if (poisons(full) && !poison) poison = error;
  return error;
}

}  // namespace rollcall
