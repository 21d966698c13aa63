#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// A device that the space does not know, and that showed an enrolment which the space sealed: a
// backup of before was restored. It comes in again if somebody who may decide agrees.
struct Readmission {
  DeviceNumber device;
  Bytes enrolment;  // sealed
  std::int64_t asked_ms = 0;
  bool refused = false;
};

// Table `_readmissions`. Writes belong into the caller's transaction.
class ReadmissionTable {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  explicit ReadmissionTable(Connection& connection) : connection_(&connection) {}

  Result<std::vector<Readmission>> all();  // by the time of asking
  Result<std::size_t> count();
  Result<std::optional<Readmission>> find(DeviceNumber device);
  Result<void> keep(const Readmission& readmission);
  Result<void> forget(DeviceNumber device);

 private:
  Connection* connection_;
};

}  // namespace rollcall
