#include "client-core/abi/json_report.h"

#include <nlohmann/json.hpp>

#include "engine/codec/json_value.h"

namespace rollcall {
namespace {

using nlohmann::json;

const FieldDef* field_of(const Schema& schema, CollectionId collection, FieldId field) {
  const CollectionDef* def = schema.find(collection);
  if (def == nullptr) return nullptr;
  const auto position = def->position(field);
  return position ? &def->fields[*position] : nullptr;
}

json choices_of(const FieldDef& field) {
  json choices = json::array();
  for (const std::string& choice : field.choices) choices.push_back(choice);
  return choices;
}

// The worst of what is so.
const char* state_of(const ReplicaStatus& status) {
  switch (status.lock) {
    case Lock::open: break;
    case Lock::lease: return "locked";
    case Lock::revoked: return "revoked";
    case Lock::erased: return "erased";
  }
  if (status.forked) return "forked";
  if (status.rolled_back) return "rolled_back";
  if (status.gap) return "gap";
  if (status.behind) return "behind";
  if (status.diverged) return "diverged";
  return status.catching_up ? "catching_up" : "ok";
}

}  // namespace

std::string digest_text(std::uint64_t digest) {
  Bytes bytes;
  put_u64(bytes, digest);
  return to_hex(bytes);
}

std::string device_text(DeviceNumber device) {
  Bytes bytes;
  put_u32(bytes, device.value);
  return to_hex(bytes);
}

std::string status_json(const Replica& replica, const ReplicaStatus& status,
                        std::optional<std::int64_t> next_try_ms,
                        const std::optional<Error>& last_error) {
  json grants = json::array();
  for (const Grant& grant : status.grants) {
    json entry = {{"id", grant.id.value}, {"path", grant.path}, {"role", grant.role}};
    for (const GrantSum& sum : status.digests) {
      if (sum.grant == grant.id) entry["digest"] = digest_text(sum.sum);
    }
    grants.push_back(std::move(entry));
  }
  const json report = {
      {"device", device_text(status.device)},
      {"space", status.space},
      {"space_title", status.space_title},
      {"label", status.label},
      {"url", status.url},
      {"path", replica.path()},
      {"state", state_of(status)},
      {"pending", status.pending},
      {"pending_bytes", status.pending_bytes},
      {"unread", status.unread},
      {"rejected", status.rejected},
      {"parked", status.parked},
      {"waiting", status.waiting},
      {"conflicts", status.conflicts},
      {"orphans", status.orphans},
      {"last_tx", status.last_tx.value},
      {"epoch", status.epoch.value},
      {"schema_version", status.schema_version},
      {"newer_schema_version", status.newer_schema_version},
      {"last_sync_ms", status.last_synced_ms == 0 ? json() : json(status.last_synced_ms)},
      {"next_try_ms", next_try_ms ? json(*next_try_ms) : json()},
      {"last_error", last_error ? json(last_error->message) : json()},
      {"skew_ms", status.skew_ms},
      {"lease_until_ms", status.lease_until_ms == 0 ? json() : json(status.lease_until_ms)},
      {"digest", digest_text(status.digest)},
      {"bootstrap",
       {{"rows", status.bootstrap_rows},
        {"bytes", status.bootstrap_bytes},
        {"rows_left", status.bootstrap_rows_left}}},
      {"grants", std::move(grants)},
  };
  return report.dump();
}

std::string conflict_name(const Conflict& conflict) {
  return conflict.collection_name + "/" + conflict.row.text() + "/" + conflict.field_name + "/" +
         to_hex(conflict.losing_stamp.bytes());
}

Result<NamedConflict> NamedConflict::parse(std::string_view name) {
  const auto refuse = [] {
    return failure(ErrorCode::invalid_argument,
                   "a conflict is named <collection>/<row>/<field>/<stamp>, as the list shows it");
  };
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t end = name.find('/');
    if ((end == std::string_view::npos) != (i + 1 == parts.size())) return refuse();
    parts[i] = name.substr(0, end);
    if (end != std::string_view::npos) name.remove_prefix(end + 1);
  }
  NamedConflict named;
  named.collection = parts[0];
  const auto row = RowId::parse(parts[1]);
  const auto stamp = from_hex(parts[3]);
  if (!row || !stamp || stamp->size() != Stamp::size_bytes) return refuse();
  named.row = *row;
  named.field = parts[2];
  named.writer = Stamp::from_bytes(*stamp);
  return named;
}

std::string conflicts_json(const Replica& replica, const std::vector<Conflict>& conflicts) {
  json list = json::array();
  for (const Conflict& conflict : conflicts) {
    const FieldDef* field = field_of(replica.schema(), conflict.collection, conflict.field);
    list.push_back({
        {"number", conflict.number},
        {"conflict", conflict_name(conflict)},
        {"collection", conflict.collection_name},
        {"id", conflict.row.text()},
        {"field", conflict.field_name},
        {"value", value_to_json(field, conflict.present)},
        {"value_by", device_text(conflict.present_stamp.device)},
        {"value_at_ms", conflict.present_stamp.ms()},
        {"losing", value_to_json(field, conflict.losing)},
        {"by", device_text(conflict.losing_stamp.device)},
        {"at_ms", conflict.losing_stamp.ms()},
        {"may_restore", conflict.restorable},
    });
  }
  return list.dump();
}

std::string tray_json(const std::vector<TrayEntry>& tray) {
  json list = json::array();
  for (const TrayEntry& entry : tray) {
    const auto code = static_cast<ErrorCode>(entry.code);
    std::string verdict = entry.kind == VerdictKind::rejected ? "rejected" : "parked";
    if (entry.kind == VerdictKind::parked && code == ErrorCode::unknown_row) verdict = "waiting";
    list.push_back({
        {"number", entry.number.value},
        {"verdict", verdict},
        {"code", std::string(error_name(code))},
        {"collection", entry.collection},
        {"field", entry.field},
        {"reason", entry.reason},
        {"at_ms", entry.made.ms()},
        {"rows", entry.rows},
    });
  }
  return list.dump();
}

std::string schema_json(const Schema& schema) {
  json collections = json::array();
  for (const CollectionDef& collection : schema.collections) {
    json fields = json::array();
    for (const FieldDef& field : collection.fields) {
      if (field.id.value == 0) continue;
      fields.push_back({{"id", field.id.value},
                        {"name", field.name},
                        {"type", std::string(type_name(field.type))},
                        {"rule", std::string(rule_name(field.rule))},
                        {"required", field.required},
                        {"search", field.search},
                        {"choices", choices_of(field)}});
    }
    json paths = json::array();
    for (const PathTemplate& path : collection.paths) paths.push_back(path.text);
    collections.push_back({{"id", collection.id.value},
                           {"name", collection.name},
                           {"append_only", collection.append_only},
                           {"paths", std::move(paths)},
                           {"fields", std::move(fields)}});
  }
  const json report = {{"name", schema.name},
                       {"version", schema.version},
                       {"hash", to_hex(schema.hash.view())},
                       {"collections", std::move(collections)}};
  return report.dump();
}

std::string sync_json(const SyncTraffic& traffic, const ReplicaStatus& status, std::int64_t ms) {
  const json report = {{"state", state_of(status)},
                       {"requests", traffic.requests},
                       {"sent", traffic.sent_bytes},
                       {"received", traffic.received_bytes},
                       {"pushed", traffic.pushed},
                       {"pending", status.pending},
                       {"rejected", status.rejected},
                       {"parked", status.parked},
                       {"waiting", status.waiting},
                       {"conflicts", status.conflicts},
                       {"digest", digest_text(status.digest)},
                       {"ms", ms}};
  return report.dump();
}

}  // namespace rollcall
