#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/codec/archive.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// What a command asks of whoever holds the folder's lock, itself or a running `serve`. Between
// programs of one version: not a part of the protocol.
enum class ControlKind : std::uint8_t {
  add_space = 1,
  invite = 2,
  grant = 3,
  ungrant = 4,
  add_importer = 5,
  push = 6,
  apply_schema = 7,
  revoke = 8,
  decide = 9,
  allow_fork = 10,
  compact = 11,
  erase = 12,
  redact = 13,
  scrub = 14,
  readmit = 15,
  write_health = 16,
};
std::span<const EnumName<ControlKind>> enum_names(ControlKind);

// Where a compaction is, and what it did so far: Space::CompactionPlace.
struct CompactPlace {
  Sequence through;
  CollectionId collection;
  Bytes after;  // a row's id, or empty
  std::uint64_t rows = 0;
  std::uint64_t leavings = 0;
  std::uint64_t removals = 0;
  bool done = false;
};

template <class Archive>
void describe(Archive& a, CompactPlace& m) {
  a.field(1, "through", m.through);
  a.field(2, "collection", m.collection);
  a.bytes(3, "after", m.after);
  a.field(4, "rows", m.rows);
  a.field(5, "leavings", m.leavings);
  a.field(6, "removals", m.removals);
  a.field(7, "done", m.done);
}

struct NamedRow {
  CollectionId collection;
  Bytes id;
};

template <class Archive>
void describe(Archive& a, NamedRow& m) {
  a.field(1, "collection", m.collection);
  a.bytes(2, "id", m.id);
}

struct ControlRequest {
  ControlKind kind{};
  std::string space;
  std::string label;                // of an invitation, an importer; the title of a new space
  std::vector<std::string> scopes;  // of an invitation; one: the path to grant or to end
  DeviceNumber device;
  PublicKey key;                    // of an importer
  Bytes schema;                     // compiled
  std::optional<SyncRequest> push;  // of an importer
  Bytes head;                       // of its chain after the push
  bool erase = false;               // with revoke: at its next contact
  std::int64_t parked = 0;          // to decide about: SpaceReader::parked
  bool accept = false;
  std::int64_t before_ms = 0;          // with compact: what came by then
  std::optional<CompactPlace> place;   // with compact: where to go on
  std::vector<NamedRow> rows;          // to erase; the label says why
  std::vector<TxNumber> transactions;  // to redact: the log's numbers
  Sequence through;                    // with scrub: the last erasure that was redacted whole
};

template <class Archive>
void describe(Archive& a, ControlRequest& m) {
  a.field(1, "kind", m.kind);
  a.field(2, "space", m.space);
  a.field(3, "label", m.label);
  a.field(4, "scopes", m.scopes);
  a.field(5, "device", m.device);
  a.field(6, "key", m.key);
  a.bytes(7, "schema", m.schema);
  a.field(8, "push", m.push);
  a.bytes(9, "head", m.head);
  a.field(10, "erase", m.erase);
  a.field(11, "parked", m.parked);
  a.field(12, "accept", m.accept);
  a.field(13, "before_ms", m.before_ms);
  a.field(14, "place", m.place);
  a.field(15, "rows", m.rows);
  a.field(16, "transactions", m.transactions);
  a.field(17, "through", m.through);
}

struct ControlReply {
  std::uint32_t error = 0;  // ErrorCode
  std::string message;
  Bytes secret;      // of an invitation
  std::string code;  // of an invitation
  std::int64_t expires_ms = 0;
  std::vector<std::string> scopes;
  std::string url;  // where a running `serve` listens
  DeviceNumber device;
  SyncState state{};
  TxNumber known_tx;
  std::vector<Verdict> verdicts;
  std::uint64_t judged_again = 0;  // parked transactions that a new schema gave another verdict
  bool judging = false;            // and there are more, which the space's writer goes on with
  std::optional<CompactPlace> place;
  std::uint64_t changed = 0;  // rows that were erased, transactions that were redacted
};

template <class Archive>
void describe(Archive& a, ControlReply& m) {
  a.field(1, "error", m.error);
  a.field(2, "message", m.message);
  a.bytes(3, "secret", m.secret);
  a.field(4, "code", m.code);
  a.field(5, "expires_ms", m.expires_ms);
  a.field(6, "scopes", m.scopes);
  a.field(7, "url", m.url);
  a.field(8, "device", m.device);
  a.field(9, "state", m.state);
  a.field(10, "known_tx", m.known_tx);
  a.field(11, "verdicts", m.verdicts);
  a.field(12, "judged_again", m.judged_again);
  a.field(13, "judging", m.judging);
  a.field(14, "place", m.place);
  a.field(15, "changed", m.changed);
}

}  // namespace rollcall
