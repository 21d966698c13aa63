#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/codec/archive.h"

namespace rollcall {

// The messages of the protocol, each described once for both CBOR and JSON
// (engine/codec/archive.h): a number and a name a field, never reused. PROTOCOL.md tells what they
// mean.

// A pushed transaction: its bytes, or, in the place of one that could not be sent, its hash.
struct PushedTransaction {
  Bytes bytes;      // as engine/codec/transaction.h; empty: a void
  Bytes void_hash;  // BLAKE2b-256 of the bytes that are not sent; empty: not a void
};

template <class Archive>
void describe(Archive& a, PushedTransaction& m) {
  a.bytes(1, "bytes", m.bytes);
  a.bytes(2, "void_hash", m.void_hash);
}

// Asks for the next page of a grant's rows.
struct BootstrapWant {
  GrantId grant;
  Bytes position;  // of the last page's reply; empty: from the start
  Bytes floor;     // the earliest of this read's bootstrap snapshots so far; empty: none yet
};

template <class Archive>
void describe(Archive& a, BootstrapWant& m) {
  a.field(1, "grant", m.grant);
  a.bytes(2, "position", m.position);
  a.bytes(3, "floor", m.floor);
}

// A place among the (path, collection, row) entries of a grant, in that order.
struct Boundary {
  std::string path;
  CollectionId collection;
  RowId row;
  friend bool operator==(const Boundary&, const Boundary&) = default;
  friend std::strong_ordering operator<=>(const Boundary& a, const Boundary& b) {
    if (const int by_path = a.path.compare(b.path); by_path != 0) return by_path <=> 0;
    if (a.collection != b.collection) return a.collection.value <=> b.collection.value;
    return a.row <=> b.row;
  }
};

template <class Archive>
void describe(Archive& a, Boundary& m) {
  a.field(1, "path", m.path);
  a.field(2, "collection", m.collection);
  a.field(3, "row", m.row);
}

// Asks for the sums of a grant's entries in (after, through], or, with `rows`, for the rows.
struct HealWant {
  GrantId grant;
  std::optional<Boundary> after;    // nothing: from the first
  std::optional<Boundary> through;  // nothing: to the last
  bool rows = false;
  Bytes floor;  // as in BootstrapWant
};

template <class Archive>
void describe(Archive& a, HealWant& m) {
  a.field(1, "grant", m.grant);
  a.field(2, "after", m.after);
  a.field(3, "through", m.through);
  a.field(4, "rows", m.rows);
  a.bytes(5, "floor", m.floor);
}

enum class VerdictKind : std::uint8_t { applied = 1, merged = 2, rejected = 3, parked = 4 };
std::span<const EnumName<VerdictKind>> enum_names(VerdictKind);

// A changed verdict that a device took. It says which: a verdict may change again before the server
// hears of this.
struct SeenVerdict {
  TxNumber number;
  VerdictKind kind{};
  std::uint32_t code = 0;
};

template <class Archive>
void describe(Archive& a, SeenVerdict& m) {
  a.field(1, "number", m.number);
  a.field(2, "kind", m.kind);
  a.field(3, "code", m.code);
}

// A device that was told `forked` asks to go on as another device of its family: its own
// transactions after `common` are made anew under that one's number. Such a request carries nothing
// else, and is signed by the old key.
struct ForkWant {
  PublicKey key;    // of the new device
  TxNumber common;  // the last transaction that both chains have
};

template <class Archive>
void describe(Archive& a, ForkWant& m) {
  a.field(1, "key", m.key);
  a.field(2, "common", m.common);
}

// Whom a device goes on as. Its chain begins after `common`, with the head that stands there.
struct ForkReply {
  DeviceNumber device;
  Bytes enrolment;  // sealed by the server, as at enrolment
  Bytes head;       // of the chain after `common`: the device may not keep that one any more
};

template <class Archive>
void describe(Archive& a, ForkReply& m) {
  a.field(1, "device", m.device);
  a.bytes(2, "enrolment", m.enrolment);
  a.bytes(3, "head", m.head);
}

// A receipt (SyncReply::receipt) that a device shows to a server which was restored.
struct OfferedReceipt {
  Bytes receipt;
};

template <class Archive>
void describe(Archive& a, OfferedReceipt& m) {
  a.bytes(1, "receipt", m.receipt);
}

// How a device stands, for those who look after it. Nothing is decided by it.
struct DeviceReport {
  std::uint64_t pending = 0;  // own transactions that have no verdict yet, this push's included
  std::int64_t skew_ms = 0;   // the server's time minus its own clock, as it last heard it
  std::string app;            // the program and its version, at most app_bytes_max
};

// The name as it is told: cut to app_bytes_max, without what a terminal would act on.
std::string app_name(std::string_view app);

template <class Archive>
void describe(Archive& a, DeviceReport& m) {
  a.field(1, "pending", m.pending);
  a.field(2, "skew_ms", m.skew_ms);
  a.field(3, "app", m.app);
}

// POST /v1/sync: everything that a device says.
struct SyncRequest {
  std::uint32_t schema_version = 0;
  // What to read from.
  Bytes cursor;                   // of the last completed read; empty: none
  Bytes position;                 // inside a tail of several pages; empty: its start
  std::vector<GrantId> complete;  // grants whose bootstrap is complete, ascending
  TxNumber retired;               // own transactions that the replica's rows contain
  std::uint64_t grants_version = 0;
  bool tail = false;     // wants tail rows
  bool no_echo = false;  // wants all rows as such: this read applies bootstrap pages
  std::optional<BootstrapWant> bootstrap;
  std::optional<HealWant> heal;
  // What to write.
  TxNumber last_tx;  // the transaction whose head is signed: the last pushed here, or the last made
  TxNumber first_tx;  // number of transactions[0]
  std::vector<PushedTransaction> transactions;
  TxNumber seen_tx;                       // verdicts up to this number were seen
  std::vector<SeenVerdict> seen_changed;  // changed verdicts that were seen
  std::optional<ForkWant> fork;
  // Of transactions that an earlier epoch acknowledged: what they got then. With one that ends
  // right before `first_tx`, the chain goes on there beyond what the device does not keep any more.
  std::vector<OfferedReceipt> receipts;
  std::optional<DeviceReport> report;
  // How to answer.
  std::uint32_t wait_ms = 0;       // hold the answer so long while there is nothing to say
  std::uint32_t budget_bytes = 0;  // uncompressed reply; 0: the server's own limit
};

template <class Archive>
void describe(Archive& a, SyncRequest& m) {
  a.field(1, "schema_version", m.schema_version);
  a.bytes(2, "cursor", m.cursor);
  a.bytes(3, "position", m.position);
  a.field(4, "complete", m.complete);
  a.field(5, "retired", m.retired);
  a.field(6, "grants_version", m.grants_version);
  a.field(7, "tail", m.tail);
  a.field(8, "no_echo", m.no_echo);
  a.field(9, "bootstrap", m.bootstrap);
  a.field(10, "heal", m.heal);
  a.field(11, "last_tx", m.last_tx);
  a.field(12, "first_tx", m.first_tx);
  a.field(13, "transactions", m.transactions);
  a.field(14, "seen_tx", m.seen_tx);
  // 15 was a list of numbers: they cannot say which verdict was seen, and are passed over.
  a.field(16, "wait_ms", m.wait_ms);
  a.field(17, "budget_bytes", m.budget_bytes);
  a.field(18, "seen_changed", m.seen_changed);
  a.field(19, "fork", m.fork);
  a.field(20, "receipts", m.receipts);
  a.field(21, "report", m.report);
}

// What became of a transaction, and perhaps of some after it.
struct Verdict {
  TxNumber number;
  std::uint64_t more = 0;  // so many after it got the same
  VerdictKind kind{};
  std::uint32_t code = 0;   // ErrorCode, for rejected and parked
  CollectionId collection;  // of the field or row that is at fault; 0: the whole transaction
  FieldId field;
  std::string reason;
  std::optional<Stamp> accepted;  // when the server did not take the transaction's own stamp
  bool repeated = false;          // stored earlier, told again
  bool changed = false;           // another verdict was told before: decided later
};

template <class Archive>
void describe(Archive& a, Verdict& m) {
  a.field(1, "number", m.number);
  a.field(2, "more", m.more);
  a.field(3, "kind", m.kind);
  a.field(4, "code", m.code);
  a.field(5, "collection", m.collection);
  a.field(6, "field", m.field);
  a.field(7, "reason", m.reason);
  a.field(8, "accepted", m.accepted);
  a.field(9, "repeated", m.repeated);
  a.field(10, "changed", m.changed);
}

struct Grant {
  GrantId id;
  std::string path;
  std::string role;
  friend bool operator==(const Grant&, const Grant&) = default;
};

template <class Archive>
void describe(Archive& a, Grant& m) {
  a.field(1, "id", m.id);
  a.field(2, "path", m.path);
  a.field(3, "role", m.role);
}

struct GrantSum {
  GrantId grant;
  std::uint64_t sum = 0;
};

template <class Archive>
void describe(Archive& a, GrantSum& m) {
  a.field(1, "grant", m.grant);
  a.field(2, "sum", m.sum);
}

// Rows of one grant, of one snapshot: they replace what the grant shows in (after, through].
struct BootstrapPage {
  GrantId grant;
  Bytes page;  // engine/codec/page.h; kinds: whole
  std::optional<Boundary> after;
  std::optional<Boundary> through;  // nothing: to the grant's end
  Bytes position;                   // where to go on; empty: this was the last page
  Bytes floor;                      // cursor at the earliest snapshot of this read's pages
  TxNumber through_tx;              // own transactions that these rows contain
  std::uint64_t rows_left = 0;      // estimate, for a progress bar
};

template <class Archive>
void describe(Archive& a, BootstrapPage& m) {
  a.field(1, "grant", m.grant);
  a.bytes(2, "page", m.page);
  a.field(3, "after", m.after);
  a.field(4, "through", m.through);
  a.bytes(5, "position", m.position);
  a.bytes(6, "floor", m.floor);
  a.field(7, "through_tx", m.through_tx);
  a.field(8, "rows_left", m.rows_left);
}

// One range of a drill-down: entries after the range before it, up to and with `through`.
struct RangeSum {
  Boundary through;
  std::uint64_t rows = 0;
  std::uint64_t sum = 0;
};

template <class Archive>
void describe(Archive& a, RangeSum& m) {
  a.field(1, "through", m.through);
  a.field(2, "rows", m.rows);
  a.field(3, "sum", m.sum);
}

struct HealRanges {
  GrantId grant;
  std::uint64_t sum = 0;         // of the grant's whole asked range
  std::vector<RangeSum> ranges;  // at most heal_ranges_max; beyond the last there is nothing
  Bytes floor;
};

template <class Archive>
void describe(Archive& a, HealRanges& m) {
  a.field(1, "grant", m.grant);
  a.field(2, "sum", m.sum);
  a.field(3, "ranges", m.ranges);
  a.bytes(4, "floor", m.floor);
}

enum class SyncState : std::uint8_t {
  ok = 0,
  gap = 1,             // the push does not begin after `known_tx`; nothing of it was applied
  forked = 2,          // the chain does not continue the server's; nothing was applied
  new_epoch = 3,       // the cursor is of another epoch: read by drill-down
  cursor_unknown = 4,  // the cursor or position does not open: read by drill-down
};
std::span<const EnumName<SyncState>> enum_names(SyncState);

// The answer: everything that the server says.
struct SyncReply {
  Epoch epoch;
  std::int64_t server_ms = 0;
  Bytes from;  // 8 bytes: read_origin() of the request's cursor, position and complete grants
  SyncState state = SyncState::ok;
  TxNumber known_tx;  // the device's last transaction that the server holds
  Bytes known_head;   // its chain head, with gap and forked
  std::vector<Verdict> verdicts;
  Bytes receipt;  // sealed proof of what this request's push got
  std::uint32_t schema_version = 0;
  std::uint64_t grants_version = 0;
  std::optional<std::vector<Grant>> grants;  // complete list, when the version is not the request's
  // A tail page.
  bool has_tail = false;
  Bytes page;      // kinds: whole, changed, echo, evict; may be empty
  Bytes position;  // where to go on; empty: this page reaches the head
  Bytes cursor;    // with the last page: a completed read continues from here; empty: as asked
  TxNumber through_tx;
  std::vector<GrantSum> digests;        // with the last page, of the complete grants
  std::optional<std::uint64_t> digest;  // instead, when nothing changed: their sum
  std::optional<BootstrapPage> bootstrap;
  std::optional<HealRanges> heal;
  // The device was revoked: it reads nothing any more, and what it pushes is parked. It locks, and
  // erases itself when its transactions are acknowledged...
  bool revoked = false;
  bool erase = false;  // ...or at once
  // With forked: the hashes of the stored transactions after the request's seen_tx, 32 bytes each,
  // as many as go; the verdicts are about these.
  Bytes chain;
  std::optional<ForkReply> fork;
  // With new_epoch: when the last commit was made of the log that this epoch goes on from.
  std::int64_t restored_ms = 0;
  Bytes revocation;  // the server's signature over revocation_text(); without it nobody obeys
};

template <class Archive>
void describe(Archive& a, SyncReply& m) {
  a.field(1, "epoch", m.epoch);
  a.field(2, "server_ms", m.server_ms);
  a.bytes(3, "from", m.from);
  a.field(4, "state", m.state);
  a.field(5, "known_tx", m.known_tx);
  a.bytes(6, "known_head", m.known_head);
  a.field(7, "verdicts", m.verdicts);
  a.bytes(8, "receipt", m.receipt);
  a.field(9, "schema_version", m.schema_version);
  a.field(10, "grants_version", m.grants_version);
  a.field(11, "grants", m.grants);
  a.field(12, "has_tail", m.has_tail);
  a.bytes(13, "page", m.page);
  a.bytes(14, "position", m.position);
  a.bytes(15, "cursor", m.cursor);
  a.field(16, "through_tx", m.through_tx);
  a.field(17, "digests", m.digests);
  a.field(18, "digest", m.digest);
  a.field(19, "bootstrap", m.bootstrap);
  a.field(20, "heal", m.heal);
  a.field(21, "revoked", m.revoked);
  a.field(22, "erase", m.erase);
  a.bytes(23, "revocation", m.revocation);
  a.bytes(24, "chain", m.chain);
  a.field(25, "fork", m.fork);
  a.field(26, "restored_ms", m.restored_ms);
}

// POST /v1/enroll: a new device shows an invitation and its public key.
struct EnrollRequest {
  std::string space;
  Bytes secret;      // 16 bytes from the invitation's link; empty when a code was typed
  std::string code;  // 8 typed characters, upper case, without dashes
  PublicKey key;
  std::string label;  // what the device calls itself; the invitation's label wins
  // What the space sealed at an enrolment of before (EnrollReply::enrolment), in place of a secret
  // or a code: a device that a restored server does not know asks to be let in again.
  Bytes enrolment;
};

template <class Archive>
void describe(Archive& a, EnrollRequest& m) {
  a.field(1, "space", m.space);
  a.bytes(2, "secret", m.secret);
  a.field(3, "code", m.code);
  a.field(4, "key", m.key);
  a.field(5, "label", m.label);
  a.bytes(6, "enrolment", m.enrolment);
}

struct EnrollReply {
  DeviceNumber device;
  std::string space;
  std::string space_title;
  Epoch epoch;
  std::int64_t server_ms = 0;
  PublicKey server_key;
  std::uint32_t schema_version = 0;
  Bytes schema;  // canonical CBOR of the compiled schema
  std::uint64_t grants_version = 0;
  std::vector<Grant> grants;
  Bytes enrolment;  // sealed by the server: re-admits this device after a restore
  std::string label;
};

template <class Archive>
void describe(Archive& a, EnrollReply& m) {
  a.field(1, "device", m.device);
  a.field(2, "space", m.space);
  a.field(3, "space_title", m.space_title);
  a.field(4, "epoch", m.epoch);
  a.field(5, "server_ms", m.server_ms);
  a.field(6, "server_key", m.server_key);
  a.field(7, "schema_version", m.schema_version);
  a.bytes(8, "schema", m.schema);
  a.field(9, "grants_version", m.grants_version);
  a.field(10, "grants", m.grants);
  a.bytes(11, "enrolment", m.enrolment);
  a.field(12, "label", m.label);
}

// The reply as it travels: signed with the server's key, so that an invitation's pin can check it.
struct SignedEnrollReply {
  Bytes reply;      // an EnrollReply, encoded
  Bytes signature;  // Ed25519 over enroll_signed_text()
};

template <class Archive>
void describe(Archive& a, SignedEnrollReply& m) {
  a.bytes(1, "reply", m.reply);
  a.bytes(2, "signature", m.signature);
}

// GET /v1/schema.
struct SchemaReply {
  std::uint32_t schema_version = 0;
  Bytes schema;
};

template <class Archive>
void describe(Archive& a, SchemaReply& m) {
  a.field(1, "schema_version", m.schema_version);
  a.bytes(2, "schema", m.schema);
}

// The body of every answer that is not 200.
struct Refusal {
  std::uint32_t code = 0;  // ErrorCode
  std::string name;
  std::string message;
  std::int64_t server_ms = 0;  // with `stale`
  std::uint32_t retry_ms = 0;  // with `later`
};

template <class Archive>
void describe(Archive& a, Refusal& m) {
  a.field(1, "code", m.code);
  a.field(2, "name", m.name);
  a.field(3, "message", m.message);
  a.field(4, "server_ms", m.server_ms);
  a.field(5, "retry_ms", m.retry_ms);
}

}  // namespace rollcall
