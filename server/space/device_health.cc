#include "server/space/device_health.h"

#include "engine/protocol/limits.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr const char* create_health_sql =
    "CREATE TABLE _health(device INTEGER PRIMARY KEY, seen_ms INTEGER NOT NULL, "
    "read INTEGER NOT NULL, read_ms INTEGER NOT NULL, told INTEGER NOT NULL, "
    "told_ms INTEGER NOT NULL, schema_version INTEGER NOT NULL, late_ms INTEGER NOT NULL, "
    "pending INTEGER, skew_ms INTEGER, app TEXT)";

std::int64_t column_of(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t number_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

LogPlace read_place(const Statement& from, int column) {
  return {Sequence(number_of(from.integer(column))), from.integer(column + 1)};
}

}  // namespace

std::vector<std::string> HealthTable::create_statements() { return {create_health_sql}; }
std::vector<Upgrade> HealthTable::upgrades() { return {{"_health", "", create_health_sql}}; }

Result<std::optional<DeviceHealth>> HealthTable::find(DeviceNumber device) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached("SELECT seen_ms, read, read_ms, told, told_ms, schema_version, late_ms, "
                          "pending, skew_ms, app FROM _health WHERE device = ?1"));
  select.bind_integer(1, device.value);
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  if (!found) return std::optional<DeviceHealth>();
  DeviceHealth health;
  health.seen_ms = select.integer(0);
  health.read = read_place(select, 1);
  health.told = read_place(select, 3);
  health.schema_version = static_cast<std::uint32_t>(select.integer(5));
  health.late_ms = select.integer(6);
  if (!select.is_null(7)) {
    health.report =
        DeviceReport{number_of(select.integer(7)), select.integer(8), std::string(select.text(9))};
  }
  return std::optional<DeviceHealth>(std::move(health));
}

Result<void> HealthTable::save(DeviceNumber device, const DeviceHealth& health) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT OR REPLACE INTO _health(device, seen_ms, read, read_ms, told, "
                          "told_ms, schema_version, late_ms, pending, skew_ms, app) "
                          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"));
  insert.bind_integer(1, device.value);
  insert.bind_integer(2, health.seen_ms);
  insert.bind_integer(3, column_of(health.read.sequence.value));
  insert.bind_integer(4, health.read.commit_ms);
  insert.bind_integer(5, column_of(health.told.sequence.value));
  insert.bind_integer(6, health.told.commit_ms);
  insert.bind_integer(7, health.schema_version);
  insert.bind_integer(8, health.late_ms);
  if (health.report) {
    insert.bind_integer(9, column_of(health.report->pending));
    insert.bind_integer(10, health.report->skew_ms);
    insert.bind_text(11, health.report->app);
  } else {
    for (int column = 9; column <= 11; ++column) insert.bind_null(column);
  }
  return insert.run();
}

void HealthBook::note(DeviceNumber device, const DeviceHealth& health) {
  const std::lock_guard lock(mutex_);
  noted_[device] = health;
}

std::vector<HealthBook::Noted> HealthBook::take(std::size_t count_max) {
  const std::lock_guard lock(mutex_);
  std::vector<Noted> taken;
  for (auto at = noted_.begin(); at != noted_.end() && taken.size() < count_max;) {
    taken.emplace_back(at->first, std::move(at->second));
    at = noted_.erase(at);
  }
  return taken;
}

std::vector<HealthBook::Noted> HealthBook::take(const std::vector<DeviceNumber>& devices) {
  const std::lock_guard lock(mutex_);
  std::vector<Noted> taken;
  for (const DeviceNumber device : devices) {
    const auto at = noted_.find(device);
    if (at == noted_.end()) continue;
    taken.emplace_back(at->first, std::move(at->second));
    noted_.erase(at);
  }
  return taken;
}

void HealthBook::put_back(std::vector<Noted> noted) {
  const std::lock_guard lock(mutex_);
  for (Noted& one : noted) noted_.emplace(one.first, std::move(one.second));
}

bool HealthBook::is_empty() {
  const std::lock_guard lock(mutex_);
  return noted_.empty();
}

}  // namespace rollcall
