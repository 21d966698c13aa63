// Rollcall's client core for C++17 and later: a thin, header-only hand on rollcall.h.
//
// Nothing throws. What can fail gives an Outcome: test it, then take its value or its error. What
// the calls do, and their numbered conventions, stand in rollcall.h.
#ifndef ROLLCALL_ROLLCALL_HPP
#define ROLLCALL_ROLLCALL_HPP

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "rollcall/rollcall.h"

namespace rollcall::client {

struct Failure {
  std::int32_t code = ROLLCALL_E_INTERNAL;
  std::string message;
  [[nodiscard]] std::string name() const { return rollcall_error_name(code); }
};

// A value, or why there is none. Asking for the one that is not there aborts.
template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : content_(std::in_place_index<0>, std::move(value)) {}            // NOLINT
  Outcome(Failure failure) : content_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT

  explicit operator bool() const { return content_.index() == 0; }
  T& operator*() { return value(); }
  const T& operator*() const { return const_cast<Outcome*>(this)->value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &const_cast<Outcome*>(this)->value(); }
  T& value() {
    T* there = std::get_if<0>(&content_);
    if (there == nullptr) std::abort();
    return *there;
  }
  [[nodiscard]] const Failure& error() const {
    const Failure* there = std::get_if<1>(&content_);
    if (there == nullptr) std::abort();
    return *there;
  }

 private:
  std::variant<T, Failure> content_;
};

struct Nothing {};
using Done = Outcome<Nothing>;

// A running query: `while (rows.next()) rows.text(0)`.
class Rows {
 public:
  explicit Rows(rollcall_rows* rows) : rows_(rows, &rollcall_rows_close) {}

  // False after the last row, and when reading failed: `failed` tells which.
  bool next() {
    const std::int32_t state = rollcall_rows_next(rows_.get());
    failed_ = state < 0;
    return state == 1;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::int32_t columns() const { return rollcall_rows_columns(rows_.get()); }
  [[nodiscard]] std::string name(std::int32_t column) const {
    return rollcall_rows_name(rows_.get(), column);
  }
  [[nodiscard]] std::int32_t kind(std::int32_t column) const {
    return rollcall_rows_kind(rows_.get(), column);
  }
  [[nodiscard]] bool is_null(std::int32_t column) const { return kind(column) == 0; }
  [[nodiscard]] std::int64_t integer(std::int32_t column) const {
    return rollcall_rows_integer(rows_.get(), column);
  }
  // Text, or the bytes of a blob (an id has 16).
  [[nodiscard]] std::string text(std::int32_t column) const {
    std::size_t length = 0;
    const char* bytes = rollcall_rows_bytes(rows_.get(), column, &length);
    return {bytes, length};
  }

 private:
  std::unique_ptr<rollcall_rows, void (*)(rollcall_rows*)> rows_;
  bool failed_ = false;
};

struct SyncProgress {
  std::uint64_t rows_done = 0;
  std::uint64_t rows_left = 0;
  std::uint64_t wire_bytes = 0;
};

// A local replica. Movable; closes with its last owner.
class Replica {
 public:
  // Shows an invitation's link to its server and makes the file.
  // `file_key`: 32 bytes that encrypt the file, or empty.
  static Outcome<Replica> enroll(const std::string& path, const std::string& link,
                                 const std::string& label = {}, const std::string& file_key = {}) {
    ROLLCALL_OPTIONS(rollcall_enroll_options, options);
    options.path = path.c_str();
    options.link = link.c_str();
    if (!is_key(file_key)) return bad_key();
    if (!file_key.empty()) options.file_key = bytes_of(file_key);
    options.label = label.empty() ? nullptr : label.c_str();
    return enroll(options);
  }
  // The same with eight typed characters.
  static Outcome<Replica> enroll_with_code(const std::string& path, const std::string& url,
                                           const std::string& space, const std::string& code,
                                           const std::string& label = {},
                                           const std::string& file_key = {}) {
    ROLLCALL_OPTIONS(rollcall_enroll_options, options);
    options.path = path.c_str();
    options.url = url.c_str();
    options.space = space.c_str();
    options.code = code.c_str();
    if (!is_key(file_key)) return bad_key();
    if (!file_key.empty()) options.file_key = bytes_of(file_key);
    options.label = label.empty() ? nullptr : label.c_str();
    return enroll(options);
  }
  // `not_conflicts`: "registration.admitted,…", fields whose losing values are no conflicts.
  // `app`: this program and its version, for those who look after devices.
  static Outcome<Replica> open(const std::string& path, const std::string& not_conflicts = {},
                               const std::string& file_key = {}, const std::string& app = {}) {
    ROLLCALL_OPTIONS(rollcall_open_options, options);
    options.path = path.c_str();
    options.app = app.c_str();
    options.not_conflicts = not_conflicts.c_str();
    if (!is_key(file_key)) return bad_key();
    if (!file_key.empty()) options.file_key = bytes_of(file_key);
    rollcall_replica* handle = nullptr;
    rollcall_error error{};
    if (rollcall_open(&options, &handle, &error) != 0) return Failure{error.code, error.message};
    return Replica(handle);
  }

  // Runs `write` inside one transaction and commits: all of it is on the disk, or nothing is.
  // `write` gets this replica and returns Done; a failure rolls back. Gives the transaction's
  // number, 0 when nothing was written.
  template <class Write>
  Outcome<std::uint64_t> transaction(const Write& write) {
    if (const std::int32_t code = rollcall_begin(get()); code != 0) return failure(code);
    if (Done done = write(*this); !done) {
      rollcall_rollback(get());
      return done.error();
    }
    std::uint64_t number = 0;
    if (const std::int32_t code = rollcall_commit(get(), &number); code != 0) return failure(code);
    return number;
  }

  // Inside a transaction. `fields` are JSON objects, ids UUID text.
  Outcome<std::string> put(const std::string& collection, const std::string& fields,
                           const std::string& id = {}) {
    char made[37] = {};
    const std::int32_t code = rollcall_put(get(), collection.c_str(),
                                           id.empty() ? nullptr : id.c_str(), fields.c_str(), made);
    if (code != 0) return failure(code);
    return std::string(made);
  }
  Done set(const std::string& collection, const std::string& id, const std::string& fields) {
    return done(rollcall_set(get(), collection.c_str(), id.c_str(), fields.c_str()));
  }
  Done increment(const std::string& collection, const std::string& id, const std::string& field,
                 std::int64_t by) {
    return done(rollcall_increment(get(), collection.c_str(), id.c_str(), field.c_str(), by));
  }
  Done add(const std::string& collection, const std::string& id, const std::string& field,
           const std::string& element) {
    return done(
        rollcall_add(get(), collection.c_str(), id.c_str(), field.c_str(), element.c_str()));
  }
  Done remove(const std::string& collection, const std::string& id, const std::string& field,
              const std::string& element) {
    return done(
        rollcall_remove(get(), collection.c_str(), id.c_str(), field.c_str(), element.c_str()));
  }
  Done undo(const std::string& collection, const std::string& id, const std::string& field,
            const std::string& value) {
    return done(rollcall_undo(get(), collection.c_str(), id.c_str(), field.c_str(), value.c_str()));
  }
  Done erase(const std::string& collection, const std::string& id) {
    return done(rollcall_delete(get(), collection.c_str(), id.c_str()));
  }

  // `parameters`: a JSON array for ?1, ?2, …
  Outcome<Rows> query(const std::string& sql, const std::string& parameters = "[]") {
    rollcall_rows* rows = nullptr;
    const std::int32_t code = rollcall_query(get(), sql.c_str(), parameters.c_str(), &rows);
    if (code != 0) return failure(code);
    return Rows(rows);
  }
  Outcome<std::string> get(const std::string& collection, const std::string& id) {
    return text(
        [&](char** out) { return rollcall_get(get(), collection.c_str(), id.c_str(), out); });
  }
  Outcome<std::string> search(const std::string& collection, const std::string& words,
                              std::int32_t limit) {
    return text([&](char** out) {
      return rollcall_search(get(), collection.c_str(), words.c_str(), limit, out);
    });
  }
  Outcome<std::string> schema() {
    return text([&](char** out) { return rollcall_schema(get(), out); });
  }
  Outcome<std::string> status() {
    return text([&](char** out) { return rollcall_status(get(), out); });
  }
  Outcome<std::string> conflicts() {
    return text([&](char** out) { return rollcall_conflicts(get(), out); });
  }
  Done restore_conflict(const std::string& conflict) {
    return done(rollcall_conflict_restore(get(), conflict.c_str()));
  }
  Done close_conflict(const std::string& conflict) {
    return done(rollcall_conflict_close(get(), conflict.c_str()));
  }
  Outcome<std::string> tray() {
    return text([&](char** out) { return rollcall_tray(get(), out); });
  }
  Outcome<std::string> tray_export(std::uint64_t number) {
    return text([&](char** out) { return rollcall_tray_export(get(), number, out); });
  }
  Done tray_retry(std::uint64_t number) { return done(rollcall_tray_retry(get(), number)); }
  Done tray_discard(std::uint64_t number) { return done(rollcall_tray_discard(get(), number)); }
  Outcome<std::string> digest(const std::string& scope, bool content) {
    return text([&](char** out) {
      return rollcall_digest(get(), scope.empty() ? nullptr : scope.c_str(), content ? 1 : 0, out);
    });
  }

  // Sealed fields: see rollcall.h and SEALING.md.
  Done begin_sealing(const std::string& admin) {
    return done(rollcall_sealing_begin(get(), admin.c_str()));
  }
  Outcome<std::string> sealing() {
    return text([&](char** out) { return rollcall_sealing(get(), out); });
  }
  Done take_team(const std::string& list) {
    return done(rollcall_sealing_take(get(), list.c_str()));
  }
  struct Sealed {
    std::string id;     // of the row to put
    std::string value;  // of its field
  };
  Outcome<Sealed> seal(const std::string& collection, const std::string& field,
                       const std::string& words, bool author_copy = true,
                       const std::string& id = {}) {
    char made[37] = {};
    auto value = text([&](char** out) {
      return rollcall_seal(get(), collection.c_str(), id.empty() ? nullptr : id.c_str(),
                           field.c_str(), words.c_str(), author_copy ? 1 : 0, made, out);
    });
    if (!value) return value.error();
    return Sealed{made, *value};
  }
  Outcome<std::string> unseal(const std::string& collection, const std::string& id,
                              const std::string& field, const std::string& recovery = {}) {
    return text([&](char** out) {
      return rollcall_unseal(get(), collection.c_str(), id.c_str(), field.c_str(),
                             recovery.empty() ? nullptr : recovery.c_str(), out);
    });
  }
  Outcome<std::string> sign_team(const std::string& change) {
    return text([&](char** out) { return rollcall_sealing_sign(get(), change.c_str(), out); });
  }

  // One complete catch-up. `progress` may be empty; false from it stops. `summary`, if not null,
  // takes the JSON summary, after a failure too.
  Done sync(const std::function<bool(const SyncProgress&)>& progress = {},
            std::string* summary = nullptr, std::int32_t attempts = 0) {
    ROLLCALL_OPTIONS(rollcall_sync_options, options);
    options.attempts = attempts;
    options.context = const_cast<std::function<bool(const SyncProgress&)>*>(&progress);
    if (progress) options.progress = &Replica::tell_progress;
    char* told = nullptr;
    const std::int32_t code = rollcall_sync(get(), &options, &told);
    if (summary != nullptr && told != nullptr) *summary = told;
    rollcall_free(told);
    return done(code);
  }
  // Stays in sync; gives how many milliseconds may pass before the next call (-1: until an event).
  Outcome<std::int64_t> sync_step(std::int32_t budget_ms, std::int64_t budget_bytes = 0) {
    std::int64_t wait_ms = 0;
    const std::int32_t code = rollcall_sync_step(get(), budget_ms, budget_bytes, &wait_ms);
    if (code != 0) return failure(code);
    return wait_ms;
  }
  void wake() { rollcall_wake(get()); }
  Done start_background() { return done(rollcall_background_start(get())); }
  void stop_background() { rollcall_background_stop(get()); }

  // For what rollcall.h has and this does not.
  [[nodiscard]] rollcall_replica* get() const { return handle_.get(); }

 private:
  static bool is_key(const std::string& text) { return text.empty() || text.size() == 32; }
  static Failure bad_key() { return {ROLLCALL_E_INVALID_ARGUMENT, "a file's key has 32 bytes"}; }
  static const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  }
  explicit Replica(rollcall_replica* handle) : handle_(handle, &rollcall_close) {}

  static Outcome<Replica> enroll(const rollcall_enroll_options& options) {
    rollcall_replica* handle = nullptr;
    rollcall_error error{};
    if (rollcall_enroll(&options, &handle, &error) != 0) return Failure{error.code, error.message};
    return Replica(handle);
  }
  static std::int32_t tell_progress(void* context, std::uint64_t rows_done, std::uint64_t rows_left,
                                    std::uint64_t wire_bytes) {
    const auto& progress = *static_cast<std::function<bool(const SyncProgress&)>*>(context);
    return progress({rows_done, rows_left, wire_bytes}) ? 0 : 1;
  }
  [[nodiscard]] Failure failure(std::int32_t code) const {
    return {code, rollcall_last_error(get())};
  }
  [[nodiscard]] Done done(std::int32_t code) const {
    if (code != 0) return failure(code);
    return Nothing{};
  }
  template <class Call>
  Outcome<std::string> text(const Call& call) {
    char* told = nullptr;
    const std::int32_t code = call(&told);
    if (code != 0) return failure(code);
    std::string copy(told);
    rollcall_free(told);
    return copy;
  }

  std::unique_ptr<rollcall_replica, void (*)(rollcall_replica*)> handle_;
};

}  // namespace rollcall::client

#endif  // ROLLCALL_ROLLCALL_HPP
