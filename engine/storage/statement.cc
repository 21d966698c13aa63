#include "engine/storage/statement.h"

#include <utility>

#include <sqlite3.h>

#include "engine/base/check.h"
#include "engine/storage/connection_state.h"

namespace rollcall {
namespace {

// SQLite takes a null pointer for NULL; an empty text or blob needs some address.
const char* address_of(BytesView bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

// False when there is no such parameter, or the statement is in the middle of its rows: a bug.
bool is_at_home(int code) { return code != SQLITE_RANGE && code != SQLITE_MISUSE; }

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : owner_(other.owner_),
      handle_(std::exchange(other.handle_, nullptr)),
      bind_failure_(other.bind_failure_),
      lent_(other.lent_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    release();
    owner_ = other.owner_;
    handle_ = std::exchange(other.handle_, nullptr);
    bind_failure_ = other.bind_failure_;
    lent_ = other.lent_;
  }
  return *this;
}

Statement::~Statement() { release(); }

void Statement::release() {
  if (handle_ == nullptr) return;
  if (lent_) {
    owner_->give_back(handle_);
  } else {
    sqlite3_finalize(handle_);
  }
  handle_ = nullptr;
}

void Statement::bind(int at, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return bind_null(at);
    case ValueKind::boolean:
    case ValueKind::integer: return bind_integer(at, value.integer);
    case ValueKind::text: return bind_text(at, value.bytes);
    case ValueKind::bytes: return bind_bytes(at, value.bytes);
  }
}

void Statement::bind_null(int at) {
  const int code = sqlite3_bind_null(handle_, at);
  ROLLCALL_CHECK(is_at_home(code));
}

void Statement::bind_integer(int at, std::int64_t value) {
  const int code = sqlite3_bind_int64(handle_, at, value);
  ROLLCALL_CHECK(is_at_home(code));
}

void Statement::bind_text(int at, std::string_view text) {
  const int code =
      sqlite3_bind_text64(handle_, at, address_of(text), text.size(), SQLITE_STATIC, SQLITE_UTF8);
  ROLLCALL_CHECK(is_at_home(code));
  if (code != SQLITE_OK && bind_failure_ == 0) bind_failure_ = code;
}

void Statement::bind_bytes(int at, BytesView bytes) {
  const int code = sqlite3_bind_blob64(handle_, at, address_of(bytes), bytes.size(), SQLITE_STATIC);
  ROLLCALL_CHECK(is_at_home(code));
  if (code != SQLITE_OK && bind_failure_ == 0) bind_failure_ = code;
}

void Statement::clear_bindings() {
  sqlite3_clear_bindings(handle_);
  bind_failure_ = 0;
}

Result<bool> Statement::step() {
  ROLLCALL_CHECK(handle_ != nullptr);
  if (owner_->poison) [[unlikely]]
    return *owner_->poison;
  if (bind_failure_ != 0) [[unlikely]] {
    return owner_->fail(std::exchange(bind_failure_, 0), "binding a value");
  }
  ++owner_->steps;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(handle_);
    return false;
  }
  Error error = owner_->fail(code, "running a statement");
  sqlite3_reset(handle_);
  return error;
}

Result<void> Statement::run() {
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, step());
    if (!more) return {};
  }
}

void Statement::reset() { sqlite3_reset(handle_); }

int Statement::parameters() const { return sqlite3_bind_parameter_count(handle_); }

int Statement::columns() const { return sqlite3_column_count(handle_); }

std::string_view Statement::column_name(int column) const {
  const char* name = sqlite3_column_name(handle_, column);
  return name == nullptr ? std::string_view() : std::string_view(name);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

ValueView Statement::value(int column) const {
  switch (sqlite3_column_type(handle_, column)) {
    case SQLITE_NULL: return ValueView::null();
    case SQLITE_INTEGER: return ValueView::of_integer(sqlite3_column_int64(handle_, column));
    case SQLITE_BLOB: return ValueView::of_bytes(bytes(column));
    default: return ValueView::of_text(text(column));
  }
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

std::string_view Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

BytesView Statement::bytes(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Result<RowId> Statement::id(int column) const {
  const BytesView found = bytes(column);
  if (found.size() != RowId::size_bytes) {
    return failure(ErrorCode::corrupt, owner_->path + ": a row id of " +
                                           std::to_string(found.size()) +
                                           " bytes where 16 are due; somebody changed the file");
  }
  return RowId::from_bytes(found);
}

}  // namespace rollcall
