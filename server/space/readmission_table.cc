#include "server/space/readmission_table.h"

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr const char* create_readmissions_sql =
    "CREATE TABLE _readmissions(device INTEGER PRIMARY KEY, enrolment BLOB NOT NULL, "
    "asked_ms INTEGER NOT NULL, refused INTEGER NOT NULL)";
constexpr std::string_view readmission_columns =
    "SELECT device, enrolment, asked_ms, refused FROM _readmissions ";

Readmission readmission_from(const Statement& from) {
  return {DeviceNumber(static_cast<std::uint32_t>(from.integer(0))), Bytes(from.bytes(1)),
          from.integer(2), from.integer(3) != 0};
}

}  // namespace

std::vector<std::string> ReadmissionTable::create_statements() { return {create_readmissions_sql}; }

std::vector<Upgrade> ReadmissionTable::upgrades() {
  return {{"_readmissions", "", create_readmissions_sql}};
}

Result<std::vector<Readmission>> ReadmissionTable::all() {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_->cached(std::string(readmission_columns) +
                                                            "ORDER BY asked_ms, device"));
  std::vector<Readmission> found;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return found;
    found.push_back(readmission_from(select));
  }
}

Result<std::size_t> ReadmissionTable::count() {
  ROLLCALL_TRY_ASSIGN(Statement count, connection_->cached("SELECT count(*) FROM _readmissions"));
  ROLLCALL_TRY(count.step());
  const auto all = static_cast<std::size_t>(count.integer(0));
  count.reset();
  return all;
}

Result<std::optional<Readmission>> ReadmissionTable::find(DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached(std::string(readmission_columns) + "WHERE device = ?1"));
  select.bind_integer(1, device.value);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<Readmission>();
  std::optional<Readmission> one = readmission_from(select);
  select.reset();
  return one;
}

Result<void> ReadmissionTable::keep(const Readmission& readmission) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT OR REPLACE INTO _readmissions(device, enrolment, "
                                          "asked_ms, refused) VALUES(?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, readmission.device.value);
  insert.bind_bytes(2, readmission.enrolment);
  insert.bind_integer(3, readmission.asked_ms);
  insert.bind_integer(4, readmission.refused ? 1 : 0);
  return insert.run();
}

Result<void> ReadmissionTable::forget(DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _readmissions WHERE device = ?1"));
  erase.bind_integer(1, device.value);
  return erase.run();
}

}  // namespace rollcall
