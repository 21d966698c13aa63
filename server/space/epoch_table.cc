#include "server/space/epoch_table.h"

#include <algorithm>

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr const char* create_epochs_sql =
    "CREATE TABLE _epochs(epoch INTEGER PRIMARY KEY, begun_ms INTEGER NOT NULL, "
    "head INTEGER NOT NULL, reconciled INTEGER NOT NULL)";

}  // namespace

std::vector<std::string> EpochTable::create_statements() { return {create_epochs_sql}; }
std::vector<Upgrade> EpochTable::upgrades() { return {{"_epochs", "", create_epochs_sql}}; }

Result<void> EpochTable::add(const EpochRecord& record) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT INTO _epochs(epoch, begun_ms, head, reconciled) "
                                          "VALUES(?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, static_cast<std::int64_t>(record.epoch.value));
  insert.bind_integer(2, record.begun_ms);
  insert.bind_integer(3, static_cast<std::int64_t>(record.head.value));
  insert.bind_integer(4, record.reconciled ? 1 : 0);
  return insert.run();
}

Result<std::optional<EpochRecord>> EpochTable::last() {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT epoch, begun_ms, head, reconciled FROM _epochs ORDER BY epoch DESC LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<EpochRecord>();
  EpochRecord record;
  record.epoch = Epoch(static_cast<std::uint64_t>(select.integer(0)));
  record.begun_ms = select.integer(1);
  record.head = Sequence(static_cast<std::uint64_t>(select.integer(2)));
  record.reconciled = select.integer(3) != 0;
  return std::optional<EpochRecord>(record);
}

Result<bool> EpochTable::is_reconciled() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT 1 FROM _epochs WHERE reconciled = 0"));
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  return !found;
}

Result<void> EpochTable::set_reconciled() {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_->cached("UPDATE _epochs SET reconciled = 1"));
  return update.run();
}

Epoch epoch_after(Epoch epoch, std::int64_t utc_ms, Random& random) {
  constexpr unsigned chance_bits = 16;
  const std::uint64_t seconds =
      static_cast<std::uint64_t>(std::max<std::int64_t>(utc_ms, 0)) / 1000;
  return Epoch(std::max(epoch.value + 1, seconds << chance_bits) +
               random.below(std::uint64_t{1} << chance_bits));
}

}  // namespace rollcall
