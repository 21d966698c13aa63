#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/value.h"

struct sqlite3_stmt;

namespace rollcall {

struct ConnectionState;

// One prepared SQL statement. Positions of parameters count from 1, of columns from 0, as in
// SQLite.
//
// Text and bytes are bound as views: they must live until the statement is reset, stepped to its
// end by run(), or bound anew. A binding that fails (too big, no memory) is told by the next step.
// Views that a column gives live until the next step or reset.
// Not for several threads; must not outlive its connection.
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  void bind(int at, const ValueView& value);  // boolean: as integer 0 or 1
  void bind_null(int at);
  void bind_integer(int at, std::int64_t value);
  void bind_text(int at, std::string_view text);
  void bind_bytes(int at, BytesView bytes);
  void clear_bindings();  // every parameter is null again
  void bind_id(int at, const RowId& id) { bind_bytes(at, id.view()); }

  // True: a row is there. False: the statement is done, and reset.
  Result<bool> step();
  // For statements without rows (or whose rows do not matter): steps to the end, resets.
  Result<void> run();
  void reset();

  [[nodiscard]] int parameters() const;
  [[nodiscard]] int columns() const;
  [[nodiscard]] std::string_view column_name(int column) const;
  [[nodiscard]] bool is_null(int column) const;
  // What SQLite stored: null, integer, text or bytes; a real number comes as its text.
  [[nodiscard]] ValueView value(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] BytesView bytes(int column) const;
  // `corrupt` when the column does not hold 16 bytes.
  [[nodiscard]] Result<RowId> id(int column) const;

  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }

 private:
  friend class Connection;
  Statement(ConnectionState* owner, sqlite3_stmt* handle, bool lent)
      : owner_(owner), handle_(handle), lent_(lent) {}
  void release();

  ConnectionState* owner_ = nullptr;
  sqlite3_stmt* handle_ = nullptr;
  int bind_failure_ = 0;  // the first SQLite code of a binding that failed
  bool lent_ = false;     // goes back to the connection's cache instead of being finalised
};

}  // namespace rollcall
