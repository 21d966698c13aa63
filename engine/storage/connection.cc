#include "engine/storage/connection.h"

#include <algorithm>
#include <utility>

#include <sqlite3.h>

#include "engine/base/check.h"
#include "engine/storage/connection_state.h"
#include "engine/storage/file_check.h"

namespace rollcall {
namespace {

// As the VFS names the file; empty when it cannot.
std::string full_name(sqlite3_vfs* vfs, const std::string& path) {
  if (vfs == nullptr) return {};
  Bytes full(static_cast<std::size_t>(vfs->mxPathname) + 1, '\0');
  if (vfs->xFullPathname(vfs, path.c_str(), vfs->mxPathname, full.data()) > SQLITE_OK_SYMLINK) {
    return {};
  }
  return full.substr(0, full.find('\0'));
}

bool exists(const ConnectionState& state, const std::string& path) {
  sqlite3_vfs* vfs = state.vfs();
  const std::string full = full_name(vfs, path);
  if (full.empty()) return false;
  int found = 0;
  return vfs->xAccess(vfs, full.c_str(), SQLITE_ACCESS_EXISTS, &found) == SQLITE_OK && found != 0;
}

Result<std::int64_t> read_pragma(ConnectionState& state, std::string_view name) {
  ROLLCALL_TRY_ASSIGN(sqlite3_stmt * handle,
                      state.prepare("PRAGMA " + std::string(name), 0, nullptr));
  const int code = sqlite3_step(handle);
  const std::int64_t value = code == SQLITE_ROW ? sqlite3_column_int64(handle, 0) : 0;
  if (code != SQLITE_ROW) {
    Error error = state.fail(code, "reading " + std::string(name));
    sqlite3_finalize(handle);
    return error;
  }
  sqlite3_finalize(handle);
  return value;
}

Result<void> configure(ConnectionState& state) {
  const ConnectionOptions& options = state.options;
  sqlite3_extended_result_codes(state.db, 1);
  sqlite3_busy_timeout(state.db, options.access == Access::exclusive ? 0 : busy_ms_max);
  sqlite3_db_config(state.db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // Before 3.41 FTS5 did not call itself harmless, and our own search views would be refused.
  constexpr int harmless_search_since = 3'041'000;
  const int trusted = sqlite3_libversion_number() < harmless_search_since ? 1 : 0;
  sqlite3_db_config(state.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, trusted, nullptr);
  // A plan is made once, not anew for each value that is bound.
  sqlite3_db_config(state.db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
  if (const int code = register_functions(state.db); code != SQLITE_OK) {
    return state.fail(code, "registering functions");
  }
  install_authorizer(state);
  // Before the first read: then the log's index lies in memory, and the lock is kept.
  if (options.access == Access::exclusive) {
    ROLLCALL_TRY(state.execute("PRAGMA locking_mode = EXCLUSIVE"));
  }
  ROLLCALL_TRY(
      state.execute(("PRAGMA cache_size = -" + std::to_string(options.cache_kib)).c_str()));
  return state.execute("PRAGMA temp_store = MEMORY");
}

// A new file gets its owner's mark first, in one transaction of its own and flushed to the last
// directory entry, so that every later state of the file shows whose it is.
Result<void> initialise(ConnectionState& state) {
  const std::string sql =
      "PRAGMA synchronous = EXTRA; BEGIN IMMEDIATE;"
      "PRAGMA application_id = " +
      std::to_string(state.options.application_id) +
      ";PRAGMA user_version = " + std::to_string(state.options.format_version) + "; COMMIT";
  auto done = state.execute(sql.c_str());
  if (!done && sqlite3_get_autocommit(state.db) == 0) {
    sqlite3_exec(state.db, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return done;
}

Result<void> start(ConnectionState& state) {
  const ConnectionOptions& options = state.options;
  ROLLCALL_TRY_ASSIGN(const std::int64_t pages, read_pragma(state, "page_count"));
  if (pages == 0 && options.create && options.access != Access::reader) {
    ROLLCALL_TRY(initialise(state));
  }
  ROLLCALL_TRY_ASSIGN(const std::int64_t application_id, read_pragma(state, "application_id"));
  ROLLCALL_TRY_ASSIGN(const std::int64_t format_version, read_pragma(state, "user_version"));
  ROLLCALL_TRY(check_owner(state, static_cast<std::uint32_t>(application_id),
                           static_cast<std::uint32_t>(format_version)));
  if (options.access == Access::reader) return {};
  ROLLCALL_TRY(state.execute("PRAGMA journal_mode = WAL"));
  ROLLCALL_TRY(state.execute("PRAGMA synchronous = FULL"));
  ROLLCALL_TRY(
      state.execute(("PRAGMA journal_size_limit = " + std::to_string(wal_bytes_kept)).c_str()));
  if (options.overwrite_deleted) ROLLCALL_TRY(state.execute("PRAGMA secure_delete = ON"));
  // Commits fold the log in themselves, so that a flush that fails there is not swallowed.
  sqlite3_wal_autocheckpoint(state.db, 0);
  state.overgrown_pages = overgrown_log_factor * options.checkpoint_pages;
  sqlite3_wal_hook(
      state.db,
      [](void* context, sqlite3*, const char*, int pages_now) {
        static_cast<ConnectionState*>(context)->wal_pages = pages_now;
        return SQLITE_OK;
      },
      &state);
  // Takes the lock for good where it is exclusive, and reads the schema: a file that is cut short
  // shows here.
  return state.execute("BEGIN IMMEDIATE; SELECT count(*) FROM sqlite_schema; ROLLBACK");
}

#ifdef SQLITE3MC_H_
// The name of the VFS that encrypts what the named one stores.
Result<std::string> encrypting_vfs(const ConnectionState& state) {
  const std::string& name = state.options.vfs;
  if (name.empty()) return std::string();  // SQLite3MC's default encrypts
  if (sqlite3mc_vfs_create(name.c_str(), 0) != SQLITE_OK) {
    return failure(ErrorCode::invalid_argument, "the VFS " + name + " cannot be encrypted");
  }
  return "multipleciphers-" + name;
}

// "raw:": the key itself, no passphrase that a key would have to be made of.
Result<void> give_key(ConnectionState& state) {
  Bytes raw = "raw:" + state.options.file_key;
  const int code = sqlite3_key_v2(state.db, "main", raw.data(), static_cast<int>(raw.size()));
  std::fill(raw.begin(), raw.end(), '\0');
  if (code != SQLITE_OK) return state.fail(code, "setting the key");
  // The key opens the file, or the file is left as it was.
  auto opened = read_pragma(state, "schema_version");
  if (opened) return {};
  if (opened.error().code != ErrorCode::not_a_replica) return std::move(opened).error();
  return failure(ErrorCode::wrong_key, state.path +
                                           ": this key does not open it; it is left as it was: "
                                           "give the key with which it was made");
}
#endif

Result<void> check_key(const ConnectionOptions& options) {
  if (options.file_key.empty()) return {};
  if (!Connection::encrypts()) {
    return failure(ErrorCode::invalid_argument,
                   "this build cannot encrypt files, and a key was given: build it with "
                   "-DROLLCALL_SQLITE=encrypted");
  }
  if (options.file_key.size() == Connection::file_key_bytes) return {};
  return failure(ErrorCode::invalid_argument, "a file's key has 32 bytes");
}

}  // namespace

sqlite3_vfs* ConnectionState::vfs() const {
  return sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
}

ConnectionState::~ConnectionState() {
  for (auto& [sql, statements] : cache) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  for (sqlite3_stmt* statement : framing) sqlite3_finalize(statement);
  if (db == nullptr) return;
  // Leave everything as it lies for recovery.
  if (poison) sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  ROLLCALL_CHECK(sqlite3_close(db) == SQLITE_OK);  // a statement outlives its connection
}

Result<void> ConnectionState::execute(const char* sql) {
  if (poison) return *poison;
  const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return fail(code, std::string_view(sql).substr(0, 60));
}

Result<void> ConnectionState::execute(Framing what) {
  if (poison) return *poison;
  static constexpr std::array<const char*, framing_count> sql{
      "BEGIN IMMEDIATE", "BEGIN", "SELECT 1 FROM sqlite_schema LIMIT 1", "COMMIT"};
  const auto index = static_cast<std::size_t>(what);
  if (framing[index] == nullptr) {
    ROLLCALL_TRY_ASSIGN(framing[index], prepare(sql[index], SQLITE_PREPARE_PERSISTENT, nullptr));
  }
  sqlite3_step(framing[index]);
  const int code = sqlite3_reset(framing[index]);  // what the step gave
  if (code == SQLITE_OK) return {};
  return fail(code, sql[index]);
}

Result<void> ConnectionState::set_flush(Flush wanted) {
  if (wanted == flush) return {};
  const bool at_commit = wanted == Flush::at_commit;
  ROLLCALL_TRY(execute(at_commit ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
  flush = wanted;
  return {};
}

Result<sqlite3_stmt*> ConnectionState::prepare(std::string_view sql, unsigned flags,
                                               std::string_view* rest) {
  if (poison) return *poison;
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), flags, &handle, &tail);
  if (code != SQLITE_OK) return fail(code, sql.substr(0, 200));
  if (rest != nullptr) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  return handle;
}

void ConnectionState::give_back(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (cached_statements >= cached_statements_max) {
    sqlite3_finalize(statement);
    return;
  }
  cache[sqlite3_sql(statement)].push_back(statement);
  ++cached_statements;
}

Result<void> ConnectionState::check_still_there(bool expects_wal) {
  int moved = 0;
  // A VFS that does not know the question has files that cannot move.
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK) moved = 0;
  int wal = 1;
  if (moved == 0 && expects_wal) {
    sqlite3_vfs* door = vfs();
    const char* name = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));
    if (door->xAccess(door, name, SQLITE_ACCESS_EXISTS, &wal) != SQLITE_OK) wal = 1;
  }
  if (moved == 0 && wal != 0) return {};
  poison = failure(ErrorCode::unlinked,
                   path + (moved != 0 ? ": the file" : ": its write-ahead log (-wal)") +
                       " was deleted or replaced while it was open; what is written now would be "
                       "lost: stop, put it back and open it again");
  return *poison;
}

bool Connection::forgets_words() {
  constexpr int secure_delete_since = 3'042'000;
  return sqlite3_libversion_number() >= secure_delete_since;
}

bool Connection::encrypts() {
#ifdef SQLITE3MC_H_
  return true;
#else
  return false;
#endif
}

Result<Connection> Connection::open(const std::string& path, const ConnectionOptions& options) {
  ROLLCALL_TRY(check_key(options));
  if (path.empty() || path.find('\0') != std::string::npos) {
    return failure(ErrorCode::invalid_argument, "no path of a file was given");
  }
  auto state = std::make_unique<ConnectionState>();
  state->path = path;
  state->options = options;
  if (state->vfs() == nullptr) {
    return failure(ErrorCode::invalid_argument, "there is no SQLite VFS named " + options.vfs);
  }
  const bool reads = options.access == Access::reader;
  if (!exists(*state, path) && (reads || !options.create)) {
    return failure(ErrorCode::not_found, path + ": no such file, or an empty one");
  }
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
              (reads ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
  if (options.create && !reads) flags |= SQLITE_OPEN_CREATE;
  // "./" keeps a name such as ":memory:" or "file:x" what it is here, a file's name.
  const std::string name = path.front() == ':' ? "./" + path : path;
  std::string vfs_name = options.vfs;
#ifdef SQLITE3MC_H_
  if (!options.file_key.empty()) {
    ROLLCALL_TRY_ASSIGN(vfs_name, encrypting_vfs(*state));
  }
#endif
  const int code = sqlite3_open_v2(name.c_str(), &state->db, flags,
                                   vfs_name.empty() ? nullptr : vfs_name.c_str());
  if (code != SQLITE_OK) return state->fail(code, "opening");
  if (!reads && sqlite3_db_readonly(state->db, "main") == 1) {
    return failure(ErrorCode::read_only,
                   path + ": only readable; make the file and its folder writable");
  }
  const bool is_encrypted = !options.file_key.empty();
  ROLLCALL_TRY(is_encrypted ? check_encrypted(*state) : check_header(*state));
#ifdef SQLITE3MC_H_
  if (is_encrypted) ROLLCALL_TRY(give_key(*state));
#endif
  ROLLCALL_TRY(configure(*state));
  ROLLCALL_TRY(start(*state));
  return Connection(std::move(state));
}

void Connection::remove(const std::string& path, const std::string& vfs_name) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name.empty() ? nullptr : vfs_name.c_str());
  const std::string full = full_name(vfs, path);
  if (full.empty()) return;
  for (const char* suffix : {"-wal", "-journal", ""}) vfs->xDelete(vfs, (full + suffix).c_str(), 1);
}

Connection::Connection(std::unique_ptr<ConnectionState> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Statement> Connection::prepare(std::string_view sql) {
  ROLLCALL_TRY_ASSIGN(sqlite3_stmt * handle,
                      state_->prepare(sql, SQLITE_PREPARE_PERSISTENT, nullptr));
  ROLLCALL_CHECK(handle != nullptr);
  return Statement(state_.get(), handle, false);
}

Result<Statement> Connection::cached(std::string_view sql) {
  const auto found = state_->cache.find(sql);
  if (found != state_->cache.end() && !found->second.empty()) {
    sqlite3_stmt* handle = found->second.back();
    found->second.pop_back();
    --state_->cached_statements;
    return Statement(state_.get(), handle, true);
  }
  ROLLCALL_TRY_ASSIGN(sqlite3_stmt * handle,
                      state_->prepare(sql, SQLITE_PREPARE_PERSISTENT, nullptr));
  ROLLCALL_CHECK(handle != nullptr);
  return Statement(state_.get(), handle, true);
}

Result<void> Connection::execute(const std::string& sql) { return state_->execute(sql.c_str()); }

std::int64_t Connection::last_key() const { return sqlite3_last_insert_rowid(state_->db); }
std::int64_t Connection::changes() const { return sqlite3_changes64(state_->db); }
bool Connection::in_transaction() const { return sqlite3_get_autocommit(state_->db) == 0; }
std::uint64_t Connection::steps() const { return state_->steps; }
bool Connection::is_poisoned() const { return state_->poison.has_value(); }
const std::string& Connection::path() const { return state_->path; }

Result<void> ConnectionState::fold_log() {
  if (wal_pages < options.checkpoint_pages) return {};
  const bool waits = wal_pages >= overgrown_pages;
  const int code = sqlite3_wal_checkpoint_v2(
      db, nullptr, waits ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (waits) {
    // Somebody reads for very long: not waited for again at every commit.
    overgrown_pages =
        code == SQLITE_BUSY ? 2 * wal_pages : overgrown_log_factor * options.checkpoint_pages;
    if (code == SQLITE_BUSY) return {};
  }
  if (code != SQLITE_OK) return fail(code, "folding the log into the file");
  return {};
}

Result<void> Connection::copy_to(const std::string& path) {
  ROLLCALL_TRY_ASSIGN(Statement copy, prepare("VACUUM INTO ?1"));
  copy.bind_text(1, path);
  return copy.run();
}

Result<void> Connection::vacuum() {
  ROLLCALL_TRY(execute("PRAGMA temp_store = FILE"));  // a file may be larger than the memory
  auto done = execute("VACUUM");
  auto back = execute("PRAGMA temp_store = MEMORY");
  return done ? back : done;
}

Result<void> Connection::checkpoint() {
  if (state_->poison) return *state_->poison;
  const int code =
      sqlite3_wal_checkpoint_v2(state_->db, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return state_->fail(code, "folding the log into the file");
  return {};
}

}  // namespace rollcall
