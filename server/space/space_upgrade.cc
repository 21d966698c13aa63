#include "server/space/space_upgrade.h"

#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"

namespace rollcall {
namespace {

Result<bool> has(Connection& connection, const Upgrade& upgrade) {
  if (upgrade.column.empty()) {
    ROLLCALL_TRY_ASSIGN(Statement select,
                        connection.cached("SELECT 1 FROM sqlite_schema WHERE name = ?1"));
    select.bind_text(1, upgrade.table);
    return select.step();
  }
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection.cached("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2"));
  select.bind_text(1, upgrade.table);
  select.bind_text(2, upgrade.column);
  return select.step();
}

}  // namespace

Result<bool> is_current(Connection& connection, const std::vector<Upgrade>& upgrades) {
  for (const Upgrade& upgrade : upgrades) {
    ROLLCALL_TRY_ASSIGN(const bool there, has(connection, upgrade));
    if (!there) return false;
  }
  return true;
}

Result<void> upgrade_file(Connection& connection, const std::vector<Upgrade>& upgrades,
                          std::uint32_t format) {
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
  for (const Upgrade& upgrade : upgrades) {
    ROLLCALL_TRY_ASSIGN(const bool there, has(connection, upgrade));
    if (!there) ROLLCALL_TRY(connection.execute(upgrade.sql));
  }
  ROLLCALL_TRY(connection.execute("PRAGMA user_version = " + std::to_string(format)));
  return transaction.commit();
}

}  // namespace rollcall
