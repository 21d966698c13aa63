#include "client-core/replica/status.h"

#include <algorithm>
#include <utility>

#include "client-core/replica/replica_parts.h"

namespace rollcall {
namespace {

// The fields whose losers are no conflicts, as far as the schema has them.
OpenLosers::Fields quiet_fields(const ReplicaOptions& options, const Schema& schema) {
  OpenLosers::Fields fields;
  for (const QuietField& quiet : options.quiet) {
    const CollectionDef* def = schema.find(quiet.collection);
    const FieldDef* field = def != nullptr ? def->find(quiet.field) : nullptr;
    if (field != nullptr) fields.emplace_back(def->id, field->id);
  }
  return fields;
}

}  // namespace

Result<ReplicaStatus> Replica::status() {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY(parts.refresh());
  const Standing& standing = parts.standing;
  ReplicaStatus status;
  status.device = parts.identity.device;
  status.space = parts.identity.space;
  status.space_title = parts.identity.space_title;
  status.label = parts.identity.label;
  status.url = parts.identity.url;
  status.epoch = standing.epoch;
  status.schema_version = schema().version;
  status.newer_schema_version = standing.newer_schema;
  status.last_tx = parts.outbox.last();
  status.pending = status.last_tx.value - std::min(standing.seen, status.last_tx).value;
  ROLLCALL_TRY_ASSIGN(status.pending_bytes, parts.outbox.bytes_after(standing.seen));
  status.unread = standing.seen.value - std::min(standing.retired, standing.seen).value;
  ROLLCALL_TRY_ASSIGN(const auto losers, parts.losers.counts());
  const OpenLosers::Fields quiet = quiet_fields(parts.options, schema());
  for (const OpenLosers::Count& count : losers) {
    if (std::find(quiet.begin(), quiet.end(), std::pair(count.collection, count.field)) ==
        quiet.end()) {
      status.conflicts += count.open;
    }
  }
  ROLLCALL_TRY_ASSIGN(const Verdicts::TrayCounts tray, parts.verdicts.tray_counts());
  status.rejected = tray.rejected;
  status.parked = tray.parked;
  status.waiting = tray.waiting;
  status.lock = parts.lock();
  status.lease_until_ms = parts.lease_until_ms();
  status.forked = standing.forked;
  status.behind = standing.seen < standing.retired || parts.reading.is_behind();
  status.gap = parts.has_gap;
  status.rolled_back = parts.rolled_back;
  ROLLCALL_TRY_ASSIGN(status.orphans, parts.orphans.count());
  status.catching_up = !standing.read_once;
  status.bootstrap_rows = standing.bootstrap_rows;
  status.bootstrap_bytes = standing.bootstrap_bytes;
  status.bootstrap_rows_left = standing.bootstrap_rows_left;
  status.last_synced_ms = standing.last_synced_ms;
  status.skew_ms = parts.clock.offset_ms();
  for (const HeldGrant& held : parts.grants.all()) {
    status.grants.push_back(held.grant);
    status.diverged = status.diverged || held.diverged_until_ms != 0;
    if (held.state == GrantState::complete) status.digests.push_back({held.grant.id, held.sum});
  }
  status.digest = parts.grants.combined();
  return status;
}

Result<std::vector<Conflict>> Replica::conflicts(std::size_t limit) {
  ReplicaParts& parts = *parts_;
  ROLLCALL_TRY(parts.check_unlocked());
  ROLLCALL_TRY_ASSIGN(const auto places,
                      parts.losers.places(quiet_fields(parts.options, schema()), limit + 1));
  std::vector<Conflict> conflicts;
  KnownRow row;
  for (const OpenLosers::Place& place : places) {
    ROLLCALL_TRY(parts.overlay.load(place.key, row));
    if (row.table == nullptr || !row.in_table) continue;
    const auto position = row.def().position(place.field);
    if (!position || *position >= row.state.fields.size()) continue;
    const FieldDef& field = row.def().fields[*position];
    const FieldState& seen = row.seen.state.fields[*position];
    for (const Loser& loser : row.state.fields[*position].losers) {
      if (!OpenLosers::is_open(loser, seen)) continue;
      conflicts.push_back({0, row.def().id, row.def().name, place.key.id, field.id, field.name,
                           seen.value, seen.stamp, loser.value, loser.writer,
                           field.rule != MergeRule::once});
    }
  }
  // The numbers of those that are not listed must stay theirs.
  const bool is_all = places.size() <= limit && conflicts.size() <= limit;
  if (conflicts.size() > limit) conflicts.resize(limit);
  ROLLCALL_TRY(parts.number(conflicts, is_all));
  std::sort(conflicts.begin(), conflicts.end(),
            [](const Conflict& a, const Conflict& b) { return a.number < b.number; });
  return conflicts;
}

}  // namespace rollcall
