#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/protocol/messages.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// A place in the log, as sealed cursors name it.
struct LogPlace {
  Sequence sequence;  // 0: none
  std::int64_t commit_ms = 0;
};

// How a device was when it last asked: for people, nothing is decided by it.
struct DeviceHealth {
  std::int64_t seen_ms = 0;
  LogPlace read;  // the completed read that it named: it surely has that
  LogPlace told;  // where the answer's last page reached; at least `read`
  std::uint32_t schema_version = 0;
  // The time that it named when it signed, minus the server's when that came: wrong clocks follow
  // the server's, so this is small unless the network is slow or the device does not follow.
  std::int64_t late_ms = 0;
  std::optional<DeviceReport> report;  // none: a client of an earlier release
};

// Table `_health`: what devices were like when it was last written, at most a minute before a
// crash. Writes belong into the caller's transaction.
class HealthTable {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  explicit HealthTable(Connection& connection) : connection_(&connection) {}

  Result<std::optional<DeviceHealth>> find(DeviceNumber device);
  Result<void> save(DeviceNumber device, const DeviceHealth& health);

 private:
  Connection* connection_;
};

// What devices said of themselves and is not in the table yet: one entry a device. Any thread.
class HealthBook {
 public:
  using Noted = std::pair<DeviceNumber, DeviceHealth>;

  void note(DeviceNumber device, const DeviceHealth& health);
  // Takes out those that were noted, at most `count_max`...
  std::vector<Noted> take(std::size_t count_max);
  // ...or those of these devices.
  std::vector<Noted> take(const std::vector<DeviceNumber>& devices);
  // They could not be written: what was noted since is newer.
  void put_back(std::vector<Noted> noted);
  [[nodiscard]] bool is_empty();

 private:
  std::mutex mutex_;
  std::map<DeviceNumber, DeviceHealth> noted_;
};

}  // namespace rollcall
