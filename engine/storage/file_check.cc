#include "engine/storage/file_check.h"

#include <algorithm>
#include <cstddef>

#include <sqlite3.h>

#include "engine/base/check.h"
#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

// The database header (sqlite.org/fileformat2.html, section 1.3).
constexpr std::size_t header_bytes = 100;
constexpr std::string_view magic{"SQLite format 3\0", 16};
constexpr std::size_t page_bytes_at = 16;
constexpr std::size_t changes_at = 24;
constexpr std::size_t pages_at = 28;
constexpr std::size_t user_version_at = 60;
constexpr std::size_t application_id_at = 68;
constexpr std::size_t pages_valid_for_at = 92;
// A rollback journal's header (section 3): magic, then how many pages the database had before.
constexpr std::string_view journal_magic{"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7", 8};
constexpr std::size_t journal_header_bytes = 20;
constexpr std::size_t journal_pages_at = 16;

// The first bytes of an open file, as many as there are; nothing is locked or changed.
Bytes first_bytes(sqlite3_file* file, std::size_t count) {
  sqlite3_int64 size = 0;
  if (file->pMethods == nullptr || file->pMethods->xFileSize(file, &size) != SQLITE_OK) return {};
  Bytes bytes(std::min<std::size_t>(count, static_cast<std::size_t>(size)), '\0');
  if (bytes.empty()) return {};
  const int code = file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), 0);
  return code == SQLITE_OK ? bytes : Bytes();
}

bool has_beside(const ConnectionState& state, std::string_view suffix) {
  sqlite3_vfs* vfs = state.vfs();
  const std::string name = std::string(sqlite3_db_filename(state.db, "main")).append(suffix);
  int found = 0;
  return vfs->xAccess(vfs, name.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

// True when the file is shorter than its header says, and no log or journal beside it explains
// that.
bool was_cut_short(const ConnectionState& state, sqlite3_file* file, BytesView header) {
  if (get_u32(header.substr(changes_at)) != get_u32(header.substr(pages_valid_for_at)))
    return false;
  const std::uint16_t page_bytes = get_u16(header.substr(page_bytes_at));
  const std::uint64_t due =
      get_u32(header.substr(pages_at)) * std::uint64_t{page_bytes == 1 ? 65536u : page_bytes};
  sqlite3_int64 size = 0;
  if (file->pMethods->xFileSize(file, &size) != SQLITE_OK) return false;
  return static_cast<std::uint64_t>(size) < due && !has_beside(state, "-wal") &&
         !has_beside(state, "-journal");
}

// True when the rollback journal beside the file says that the file was empty before: its creation
// was cut short, and SQLite will empty it again.
bool creation_was_cut_short(const ConnectionState& state) {
  if (!has_beside(state, "-journal")) return false;
  sqlite3_vfs* vfs = state.vfs();
  const std::string journal = std::string(sqlite3_db_filename(state.db, "main")) + "-journal";
  std::vector<std::max_align_t> memory(
      static_cast<std::size_t>(vfs->szOsFile) / sizeof(std::max_align_t) + 1);
  auto* file = reinterpret_cast<sqlite3_file*>(memory.data());
  file->pMethods = nullptr;
  const int code = vfs->xOpen(vfs, journal.c_str(), file,
                              SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_JOURNAL, nullptr);
  const Bytes header = code == SQLITE_OK ? first_bytes(file, journal_header_bytes) : Bytes();
  if (file->pMethods != nullptr) file->pMethods->xClose(file);
  return header.size() == journal_header_bytes && header.starts_with(journal_magic) &&
         get_u32(BytesView(header).substr(journal_pages_at)) == 0;
}

Error not_ours(const ConnectionState& state, std::string_view what) {
  return failure(ErrorCode::not_a_replica, state.path + ": " + std::string(what) +
                                               "; it is left as it was: name another file");
}

}  // namespace

Result<void> check_owner(const ConnectionState& state, std::uint32_t application_id,
                         std::uint32_t format_version) {
  if (application_id != state.options.application_id) {
    return not_ours(state, "this database belongs to another program");
  }
  if (format_version > state.options.format_version) {
    return failure(ErrorCode::newer_format, state.path + ": format " +
                                                std::to_string(format_version) +
                                                ", and this program reads up to " +
                                                std::to_string(state.options.format_version) +
                                                "; it is left as it was: use a newer program");
  }
  return {};
}

Result<void> check_header(const ConnectionState& state) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(state.db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  ROLLCALL_CHECK(file != nullptr);
  const Bytes header = first_bytes(file, header_bytes);
  if (header.empty()) {
    if (state.options.create) return {};
    return not_ours(state, "the file is empty");
  }
  if (header.size() == header_bytes && header.starts_with(magic)) {
    const BytesView view(header);
    ROLLCALL_TRY(check_owner(state, get_u32(view.substr(application_id_at)),
                             get_u32(view.substr(user_version_at))));
    if (!was_cut_short(state, file, view)) return {};
    return failure(ErrorCode::corrupt,
                   state.path +
                       ": the file was cut short: its end is missing; it is left as it was: keep a "
                       "copy, and restore or fetch its content anew");
  }
  if (state.options.create && creation_was_cut_short(state)) return {};
  return not_ours(state, "this is not a database, or it is encrypted and no key was given");
}

Result<void> check_encrypted(const ConnectionState& state) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(state.db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  ROLLCALL_CHECK(file != nullptr);
  const Bytes header = first_bytes(file, header_bytes);
  if (header.empty() && !state.options.create) return not_ours(state, "the file is empty");
  if (!header.starts_with(magic)) return {};
  return failure(ErrorCode::wrong_key,
                 state.path +
                     ": this file is not encrypted, and a key was given; it is left as it was: "
                     "open it without a key, or enrol anew into another file");
}

}  // namespace rollcall
