#pragma once

#include <string>

#include "client-core/replica/replica.h"
#include "client-core/sync/sync_session.h"

namespace rollcall {

// What the C ABI tells as JSON; rollcall.h names the keys, which are only ever added to.

std::string status_json(const Replica& replica, const ReplicaStatus& status,
                        std::optional<std::int64_t> next_try_ms,
                        const std::optional<Error>& last_error);
std::string conflicts_json(const Replica& replica, const std::vector<Conflict>& conflicts);
std::string tray_json(const std::vector<TrayEntry>& tray);
std::string schema_json(const Schema& schema);
std::string sync_json(const SyncTraffic& traffic, const ReplicaStatus& status, std::int64_t ms);

// "<collection>/<row id>/<field>/<writer stamp, hex>": names one open loser.
std::string conflict_name(const Conflict& conflict);
struct NamedConflict {
  std::string collection;
  RowId row;
  std::string field;
  Stamp writer;
  static Result<NamedConflict> parse(std::string_view name);
};

// 16 hex digits.
std::string digest_text(std::uint64_t digest);
// 8 hex digits.
std::string device_text(DeviceNumber device);

}  // namespace rollcall
