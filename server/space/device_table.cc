#include "server/space/device_table.h"

#include <algorithm>
#include <utility>

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

std::int64_t as_integer(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t as_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

GrantRecord read_grant(const Statement& from) {
  GrantRecord grant;
  grant.id = GrantId(as_unsigned(from.integer(0)));
  grant.path = from.text(1);
  grant.role = from.text(2);
  grant.given = Sequence(as_unsigned(from.integer(3)));
  grant.ended = Sequence(as_unsigned(from.integer(4)));
  return grant;
}

Result<StoredDevice> read_device(const Statement& from) {
  if (from.bytes(1).size() != PublicKey::size_bytes || from.bytes(7).size() != Hash::size_bytes) {
    return failure(ErrorCode::corrupt, "_devices: a key or head is not 32 bytes");
  }
  StoredDevice device;
  DeviceRecord& record = device.record;
  record.number = DeviceNumber(static_cast<std::uint32_t>(from.integer(0)));
  record.key = PublicKey::from_bytes(from.bytes(1));
  record.label = from.text(2);
  record.enrolled_ms = from.integer(3);
  record.local = from.integer(4) != 0;
  record.grants_version = as_unsigned(from.integer(5));
  record.last_tx = TxNumber(as_unsigned(from.integer(6)));
  record.head = Hash::from_bytes(from.bytes(7));
  const std::uint64_t accepted = as_unsigned(from.integer(8));
  if (accepted != 0) record.last_accepted = Stamp{accepted, record.number};
  record.last_push_ms = from.integer(9);
  device.enrolled = Sequence(as_unsigned(from.integer(10)));
  device.cursor = Sequence(as_unsigned(from.integer(11)));
  device.cursor_ms = from.integer(12);
  const auto family = static_cast<std::uint32_t>(from.integer(13));
  record.family = family == 0 ? record.number : DeviceNumber(family);
  record.revoked = Sequence(as_unsigned(from.integer(14)));
  record.revoked_ms = from.integer(15);
  record.erase = from.integer(16) != 0;
  record.forked_from = DeviceNumber(static_cast<std::uint32_t>(from.integer(17)));
  record.forked_at = TxNumber(as_unsigned(from.integer(18)));
  if (from.bytes(19).size() == Hash::size_bytes)
    record.forked_head = Hash::from_bytes(from.bytes(19));
  record.forked_ms = from.integer(20);
  return device;
}

void note_grants_before(StoredDevice& device) {
  for (const GrantRecord& grant : device.ended) {
    if (grant.ended == device.record.revoked) device.record.grants_before.push_back(grant);
  }
}

}  // namespace

std::vector<std::string> DeviceTable::create_statements() {
  return {
      "CREATE TABLE _devices(number INTEGER PRIMARY KEY, key BLOB NOT NULL, label TEXT NOT NULL, "
      "enrolled_ms INTEGER NOT NULL, local INTEGER NOT NULL, grants_version INTEGER NOT NULL, "
      "last_tx INTEGER NOT NULL, head BLOB NOT NULL, accepted INTEGER NOT NULL, "
      "last_push_ms INTEGER NOT NULL, enrolled INTEGER NOT NULL, cursor INTEGER NOT NULL, "
      "cursor_ms INTEGER NOT NULL, family INTEGER NOT NULL DEFAULT 0, "
      "revoked INTEGER NOT NULL DEFAULT 0, revoked_ms INTEGER NOT NULL DEFAULT 0, "
      "erase INTEGER NOT NULL DEFAULT 0, forked_from INTEGER NOT NULL DEFAULT 0, "
      "forked_at INTEGER NOT NULL DEFAULT 0, forked_head BLOB NOT NULL DEFAULT x'', "
      "forked_ms INTEGER NOT NULL DEFAULT 0, fork_allowed INTEGER NOT NULL DEFAULT 0)",
      "CREATE TABLE _grants(id INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, "
      "path TEXT NOT NULL, role TEXT NOT NULL, given INTEGER NOT NULL, "
      "ended INTEGER NOT NULL DEFAULT 0)",
      "CREATE INDEX _grants_device ON _grants(device)",
      "CREATE INDEX _devices_family ON _devices(family) WHERE family <> 0",
  };
}

std::vector<Upgrade> DeviceTable::upgrades() {
  return {
      {"_devices", "family", "ALTER TABLE _devices ADD COLUMN family INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "revoked", "ALTER TABLE _devices ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "revoked_ms",
       "ALTER TABLE _devices ADD COLUMN revoked_ms INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "erase", "ALTER TABLE _devices ADD COLUMN erase INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "forked_from",
       "ALTER TABLE _devices ADD COLUMN forked_from INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "forked_at",
       "ALTER TABLE _devices ADD COLUMN forked_at INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "forked_head",
       "ALTER TABLE _devices ADD COLUMN forked_head BLOB NOT NULL DEFAULT x''"},
      {"_devices", "forked_ms",
       "ALTER TABLE _devices ADD COLUMN forked_ms INTEGER NOT NULL DEFAULT 0"},
      {"_devices", "fork_allowed",
       "ALTER TABLE _devices ADD COLUMN fork_allowed INTEGER NOT NULL DEFAULT 0"},
      {"_devices_family", "", "CREATE INDEX _devices_family ON _devices(family) WHERE family <> 0"},
  };
}

Result<DeviceTable> DeviceTable::open(Connection& connection) {
  DeviceTable table(connection);
  ROLLCALL_TRY_ASSIGN(
      table.find_,
      connection.prepare(
          "SELECT number, key, label, enrolled_ms, local, grants_version, last_tx, head, accepted, "
          "last_push_ms, enrolled, cursor, cursor_ms, family, revoked, revoked_ms, erase, "
          "forked_from, forked_at, forked_head, forked_ms FROM _devices WHERE number = ?1"));
  ROLLCALL_TRY_ASSIGN(
      table.grants_,
      connection.prepare(
          "SELECT id, path, role, given, ended FROM _grants WHERE device = ?1 ORDER BY id"));
  ROLLCALL_TRY_ASSIGN(table.save_,
                      connection.prepare("UPDATE _devices SET last_tx = ?2, head = ?3, accepted = "
                                         "?4, cursor = ?5, cursor_ms = ?6, "
                                         "last_push_ms = ?7 WHERE number = ?1"));
  return table;
}

DeviceNumber StoredDevice::holder_of(TxNumber number) const {
  DeviceNumber holder = record.number;
  for (const Ancestor& ancestor : ancestors) {
    if (number > ancestor.through) break;
    holder = ancestor.number;
  }
  return holder;
}

std::vector<StoredDevice::Stretch> StoredDevice::stretches(TxNumber after, TxNumber through) const {
  std::vector<Stretch> stretches;
  for (auto ancestor = ancestors.rbegin(); ancestor != ancestors.rend(); ++ancestor) {
    const TxNumber last = std::min(ancestor->through, through);
    if (last <= after) continue;
    stretches.push_back({ancestor->number, after, last});
    after = last;
  }
  if (after < through) stretches.push_back({record.number, after, through});
  return stretches;
}

Result<void> DeviceTable::find_ancestors(StoredDevice& device) {
  DeviceNumber from = device.record.forked_from;
  TxNumber through = device.record.forked_at;
  while (from.value != 0) {
    device.ancestors.push_back({from, through});
    ROLLCALL_TRY_ASSIGN(
        Statement select,
        connection_->cached("SELECT forked_from, forked_at FROM _devices WHERE number = ?1"));
    select.bind_integer(1, from.value);
    ROLLCALL_TRY_ASSIGN(const bool found, select.step());
    if (!found) break;
    from = DeviceNumber(static_cast<std::uint32_t>(select.integer(0)));
    through = TxNumber(as_unsigned(select.integer(1)));
  }
  return {};
}

Result<std::optional<StoredDevice>> DeviceTable::find(DeviceNumber number) {
  find_.bind_integer(1, number.value);
  ROLLCALL_TRY_ASSIGN(const bool found, find_.step());
  if (!found) return std::optional<StoredDevice>();
  auto device = read_device(find_);
  find_.reset();
  if (!device) return std::move(device).error();

  grants_.bind_integer(1, device->record.family.value);
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, grants_.step());
    if (!more) break;
    GrantRecord grant = read_grant(grants_);
    auto& list = grant.is_active() ? device->record.grants : device->ended;
    list.push_back(std::move(grant));
  }
  note_grants_before(*device);
  if (device->record.forked_from.value != 0) ROLLCALL_TRY(find_ancestors(*device));
  return std::optional<StoredDevice>(std::move(*device));
}

Result<std::vector<DeviceNumber>> DeviceTable::numbers() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT number FROM _devices ORDER BY enrolled, number"));
  std::vector<DeviceNumber> numbers;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return numbers;
    numbers.push_back(DeviceNumber(static_cast<std::uint32_t>(select.integer(0))));
  }
}

Result<void> DeviceTable::insert(const StoredDevice& device) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT INTO _devices(number, key, label, enrolled_ms, local, "
                          "grants_version, last_tx, head, "
                          "accepted, last_push_ms, enrolled, cursor, cursor_ms, family) "
                          "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"));
  const DeviceRecord& record = device.record;
  insert.bind_integer(1, record.number.value);
  insert.bind_bytes(2, record.key.view());
  insert.bind_text(3, record.label);
  insert.bind_integer(4, record.enrolled_ms);
  insert.bind_integer(5, record.local ? 1 : 0);
  insert.bind_integer(6, as_integer(record.grants_version));
  insert.bind_integer(7, as_integer(record.last_tx.value));
  insert.bind_bytes(8, record.head.view());
  insert.bind_integer(9, as_integer(record.last_accepted.time));
  insert.bind_integer(10, record.last_push_ms);
  insert.bind_integer(11, as_integer(device.enrolled.value));
  insert.bind_integer(12, as_integer(device.cursor.value));
  insert.bind_integer(13, device.cursor_ms);
  insert.bind_integer(14, record.family == record.number ? 0 : record.family.value);
  return insert.run();
}

Result<void> DeviceTable::save_progress(const StoredDevice& device) {
  const DeviceRecord& record = device.record;
  save_.bind_integer(1, record.number.value);
  save_.bind_integer(2, as_integer(record.last_tx.value));
  save_.bind_bytes(3, record.head.view());
  save_.bind_integer(4, as_integer(record.last_accepted.time));
  save_.bind_integer(5, as_integer(device.cursor.value));
  save_.bind_integer(6, device.cursor_ms);
  save_.bind_integer(7, record.last_push_ms);
  return save_.run();
}

Result<void> DeviceTable::save_grants_version(DeviceNumber device, std::uint64_t version) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _devices SET grants_version = ?2 WHERE number = ?1"));
  update.bind_integer(1, device.value);
  update.bind_integer(2, as_integer(version));
  return update.run();
}

Result<void> DeviceTable::save_revocation(const DeviceRecord& device) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _devices SET revoked = ?2, revoked_ms = ?3, erase = ?4 "
                          "WHERE number = ?1"));
  update.bind_integer(1, device.number.value);
  update.bind_integer(2, as_integer(device.revoked.value));
  update.bind_integer(3, device.revoked_ms);
  update.bind_integer(4, device.erase ? 1 : 0);
  return update.run();
}

Result<std::vector<DeviceNumber>> DeviceTable::revoked() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT number FROM _devices WHERE revoked > 0 "
                                          "ORDER BY revoked, number"));
  std::vector<DeviceNumber> numbers;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return numbers;
    numbers.push_back(DeviceNumber(static_cast<std::uint32_t>(select.integer(0))));
  }
}

Result<void> DeviceTable::save_fork(const DeviceRecord& device) {
  ROLLCALL_TRY_ASSIGN(
      Statement update,
      connection_->cached("UPDATE _devices SET forked_from = ?2, forked_at = ?3, forked_head = ?4, "
                          "forked_ms = ?5 WHERE number = ?1"));
  update.bind_integer(1, device.number.value);
  update.bind_integer(2, device.forked_from.value);
  update.bind_integer(3, as_integer(device.forked_at.value));
  update.bind_bytes(4, device.forked_head.view());
  update.bind_integer(5, device.forked_ms);
  return update.run();
}

Result<void> DeviceTable::allow_fork(DeviceNumber family, bool allowed) {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_->cached("UPDATE _devices SET fork_allowed = ?2 "
                                                            "WHERE number = ?1"));
  update.bind_integer(1, family.value);
  update.bind_integer(2, allowed ? 1 : 0);
  return update.run();
}

Result<bool> DeviceTable::is_fork_allowed(DeviceNumber family, std::int64_t after_ms) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached("SELECT (SELECT fork_allowed FROM _devices WHERE number = ?1), (SELECT "
                          "count(*) FROM _devices WHERE family = ?1 AND family <> 0 AND forked_ms "
                          "> ?2)"));
  select.bind_integer(1, family.value);
  select.bind_integer(2, after_ms);
  ROLLCALL_TRY(select.step());
  return select.integer(0) != 0 || select.integer(1) == 0;
}

Result<std::vector<DeviceNumber>> DeviceTable::offspring(DeviceNumber family) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached("SELECT number FROM _devices WHERE family = ?1 AND family <> 0 "
                          "ORDER BY enrolled, number"));
  select.bind_integer(1, family.value);
  std::vector<DeviceNumber> numbers;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return numbers;
    numbers.push_back(DeviceNumber(static_cast<std::uint32_t>(select.integer(0))));
  }
}

Result<void> DeviceTable::insert_grant(DeviceNumber family, GrantRecord& grant) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT INTO _grants(device, path, role, given) VALUES(?1, ?2, ?3, ?4)"));
  insert.bind_integer(1, family.value);
  insert.bind_text(2, grant.path);
  insert.bind_text(3, grant.role);
  insert.bind_integer(4, as_integer(grant.given.value));
  ROLLCALL_TRY(insert.run());
  grant.id = GrantId(as_unsigned(connection_->last_key()));
  return {};
}

Result<void> DeviceTable::end_grant(GrantId grant, Sequence ended) {
  ROLLCALL_TRY_ASSIGN(Statement update,
                      connection_->cached("UPDATE _grants SET ended = ?2 WHERE id = ?1"));
  update.bind_integer(1, as_integer(grant.value));
  update.bind_integer(2, as_integer(ended.value));
  return update.run();
}

Result<std::vector<std::pair<std::string, std::string>>> DeviceTable::granted_prefixes() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT DISTINCT path, role FROM _grants WHERE ended = 0 "
                                          "ORDER BY path, role"));
  std::vector<std::pair<std::string, std::string>> prefixes;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return prefixes;
    prefixes.emplace_back(select.text(0), select.text(1));
  }
}

Result<std::uint64_t> DeviceTable::count_granted(std::string_view role) {
  ROLLCALL_TRY_ASSIGN(
      Statement count,
      connection_->cached("SELECT count(*) FROM _grants WHERE ended = 0 AND role = ?1"));
  count.bind_text(1, role);
  ROLLCALL_TRY(count.step());
  return static_cast<std::uint64_t>(count.integer(0));
}

}  // namespace rollcall
