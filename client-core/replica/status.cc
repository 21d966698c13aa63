#include "client-core/replica/status.h"

#include <algorithm>

#include "client-core/replica/replica_parts.h"

namespace rollcall {
namespace {

bool is_quiet(const ReplicaOptions& options, const Schema& schema, CollectionId collection,
              FieldId field) {
  const CollectionDef* def = schema.find(collection);
  return def != nullptr &&
         std::any_of(options.quiet.begin(), options.quiet.end(), [&](const QuietField& quiet) {
           const FieldDef* found = quiet.collection == def->name ? def->find(quiet.field) : nullptr;
           return found != nullptr && found->id == field;
         });
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
  for (const OpenLosers::Count& count : losers) {
    if (is_quiet(parts.options, schema(), count.collection, count.field)) continue;
    status.conflicts += count.open;
  }
  ROLLCALL_TRY_ASSIGN(const Verdicts::TrayCounts tray, parts.verdicts.tray_counts());
  status.rejected = tray.rejected;
  status.parked = tray.parked;
  status.waiting = tray.waiting;
  status.forked = standing.forked;
  status.behind = standing.seen < standing.retired || parts.reading.is_behind();
  status.gap = parts.has_gap;
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
  ROLLCALL_TRY(parts.refresh());
  ROLLCALL_TRY_ASSIGN(const auto places, parts.losers.places(limit));
  std::vector<Conflict> conflicts;
  KnownRow row;
  for (const OpenLosers::Place& place : places) {
    if (is_quiet(parts.options, schema(), place.key.collection, place.field)) continue;
    ROLLCALL_TRY(parts.overlay.load(place.key, row));
    if (row.table == nullptr || !row.in_table) continue;
    const auto position = row.def().position(place.field);
    if (!position || *position >= row.state.fields.size()) continue;
    const FieldDef& field = row.def().fields[*position];
    const FieldState& seen = row.seen.state.fields[*position];
    for (const Loser& loser : row.state.fields[*position].losers) {
      if (!OpenLosers::is_open(loser, seen) || conflicts.size() == limit) continue;
      conflicts.push_back({row.def().id, row.def().name, place.key.id, field.id, field.name,
                           seen.value, seen.stamp, loser.value, loser.writer,
                           field.rule != MergeRule::once});
    }
  }
  return conflicts;
}

}  // namespace rollcall
