#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/storage/statement.h"
#include "server/space/device.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// All that the file holds of a device.
struct StoredDevice {
  DeviceRecord record;             // with its active grants
  std::vector<GrantRecord> ended;  // grants that its family had, ascending by id
  Sequence enrolled;               // the sequence that its enrolment took
  Sequence cursor;                 // the latest cursor that its transactions named
  std::int64_t cursor_ms = 0;
  // Sequences after `cursor` of its own transactions that were applied, at their first verdict, as
  // their author meant them; ascending. Kept by the writer only.
  std::vector<std::uint64_t> applied;
  // Whom it was before it forked, the latest first: whose chain holds transactions up to `through`.
  struct Ancestor {
    DeviceNumber number;
    TxNumber through;
  };
  std::vector<Ancestor> ancestors;

  // The device under whose number the log holds a transaction of this one's chain.
  [[nodiscard]] DeviceNumber holder_of(TxNumber number) const;
  // Where the log holds this chain's transactions in (after, through], in order.
  struct Stretch {
    DeviceNumber holder;
    TxNumber after;
    TxNumber through;
  };
  [[nodiscard]] std::vector<Stretch> stretches(TxNumber after, TxNumber through) const;
};

// Tables `_devices` and `_grants`. Writes belong into the caller's transaction.
class DeviceTable {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  static Result<DeviceTable> open(Connection& connection);

  Result<std::optional<StoredDevice>> find(DeviceNumber number);
  Result<std::vector<DeviceNumber>> numbers();  // ascending by enrolment

  // A new device, without its grants.
  Result<void> insert(const StoredDevice& device);
  // What transactions change: chain, last accepted stamp, cursor, time of the last push.
  Result<void> save_progress(const StoredDevice& device);
  Result<void> save_grants_version(DeviceNumber device, std::uint64_t version);

  Result<void> save_revocation(const DeviceRecord& device);
  // Those that were revoked, the first revocation's first.
  Result<std::vector<DeviceNumber>> revoked();
  Result<void> save_fork(const DeviceRecord& device);
  // One more fork of this family, whenever it comes.
  Result<void> allow_fork(DeviceNumber family, bool allowed);
  // It is allowed, or there was none after `after_ms`.
  Result<bool> is_fork_allowed(DeviceNumber family, std::int64_t after_ms);
  // The devices of the family but its first one, ascending by enrolment.
  Result<std::vector<DeviceNumber>> offspring(DeviceNumber family);

  // Gives the grant its id. `family`: the first device's number.
  Result<void> insert_grant(DeviceNumber family, GrantRecord& grant);
  Result<void> end_grant(GrantId grant, Sequence ended);
  // Every (prefix, role) that a device has now, ascending, each once.
  Result<std::vector<std::pair<std::string, std::string>>> granted_prefixes();
  // How many active grants have the role.
  Result<std::uint64_t> count_granted(std::string_view role);

 private:
  Result<void> find_ancestors(StoredDevice& device);
  explicit DeviceTable(Connection& connection) : connection_(&connection) {}

  Connection* connection_;
  Statement find_;
  Statement grants_;
  Statement save_;
};

}  // namespace rollcall
