#include "client-core/replica/private_values.h"

#include "engine/storage/connection.h"

namespace rollcall {

Result<bool> PrivateValues::has_table() {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_->cached("SELECT 1 FROM sqlite_schema WHERE "
                                                            "type = 'table' AND name = "
                                                            "'_private'"));
  return select.step();
}

Result<std::optional<Bytes>> PrivateValues::find(std::string_view name) {
  ROLLCALL_TRY_ASSIGN(const bool has_any, has_table());
  if (!has_any) return std::optional<Bytes>();
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT value FROM _private WHERE name = ?"));
  select.bind_text(1, name);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<Bytes>();
  return std::optional<Bytes>(Bytes(select.bytes(0)));
}

Result<void> PrivateValues::keep(std::string_view name, BytesView value) {
  ROLLCALL_TRY(connection_->execute(
      "CREATE TABLE IF NOT EXISTS _private(name TEXT PRIMARY KEY, value BLOB NOT NULL) "
      "WITHOUT ROWID"));
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT OR REPLACE INTO _private VALUES(?, ?)"));
  insert.bind_text(1, name);
  insert.bind_bytes(2, value);
  return insert.run();
}

}  // namespace rollcall
