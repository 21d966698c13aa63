#pragma once

#include <span>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// What the server hands to clients and takes back, readable only by itself: sealed with the space's
// key, which is in every backup. Opaque and unequal each time, so that no sequence shows.

// Up to where a completed read went.
struct Cursor {
  static constexpr std::size_t commit_mark_bytes = 8;

  Epoch epoch;
  Sequence sequence;
  std::int64_t commit_ms = 0;  // when its last group commit was made
  Bytes commit_mark;           // that commit's 8 random bytes: tells a log from a copied-back one
  // How many revocations the space counted: every request that names the cursor says so, and a
  // restored server that counts fewer forgot some.
  std::uint64_t revocations = 0;
  friend bool operator==(const Cursor&, const Cursor&) = default;
};

template <class Archive>
void describe(Archive& a, Cursor& m) {
  a.field(1, "epoch", m.epoch);
  a.field(2, "sequence", m.sequence);
  a.field(3, "commit_ms", m.commit_ms);
  a.bytes(4, "commit_mark", m.commit_mark);
  a.field(5, "revocations", m.revocations);
}

// Where a tail of several pages goes on: after this row, which last changed at `last`.
struct TailPosition {
  Epoch epoch;
  Sequence last;
  CollectionId collection;
  std::uint64_t row_key = 0;
  friend bool operator==(const TailPosition&, const TailPosition&) = default;
};

template <class Archive>
void describe(Archive& a, TailPosition& m) {
  a.field(1, "epoch", m.epoch);
  a.field(2, "last", m.last);
  a.field(3, "collection", m.collection);
  a.field(4, "row_key", m.row_key);
}

// Where a bootstrap goes on: after this entry of the (path, row) index.
struct BootstrapPosition {
  Epoch epoch;
  GrantId grant;
  Boundary after;
  std::uint64_t rows_done = 0;
  std::uint64_t rows_all = 0;  // counted with the first page
  friend bool operator==(const BootstrapPosition&, const BootstrapPosition&) = default;
};

template <class Archive>
void describe(Archive& a, BootstrapPosition& m) {
  a.field(1, "epoch", m.epoch);
  a.field(2, "grant", m.grant);
  a.field(3, "after", m.after);
  a.field(4, "rows_done", m.rows_done);
  a.field(5, "rows_all", m.rows_all);
}

// Proof of what a push got, for a server that was restored and lacks it.
struct Receipt {
  std::string space;
  Epoch epoch;
  DeviceNumber device;
  TxNumber first;
  TxNumber last;
  Hash head;                      // of the device's chain at `last`
  std::vector<Stamp> accepted;    // of each transaction, in order
  std::vector<Verdict> verdicts;  // those that are not `applied`
};

template <class Archive>
void describe(Archive& a, Receipt& m) {
  a.field(1, "space", m.space);
  a.field(2, "epoch", m.epoch);
  a.field(3, "device", m.device);
  a.field(4, "first", m.first);
  a.field(5, "last", m.last);
  a.field(6, "head", m.head);
  a.field(7, "accepted", m.accepted);
  a.field(8, "verdicts", m.verdicts);
}

// Whom a device was before it forked: their chains are one up to `through`, where the head is
// `head`.
struct EnrolledAncestor {
  DeviceNumber device;
  PublicKey key;
  TxNumber through;
  Hash head;
  std::int64_t forked_ms = 0;  // when they parted
  friend bool operator==(const EnrolledAncestor&, const EnrolledAncestor&) = default;
};

template <class Archive>
void describe(Archive& a, EnrolledAncestor& m) {
  a.field(1, "device", m.device);
  a.field(2, "key", m.key);
  a.field(3, "through", m.through);
  a.field(4, "head", m.head);
  a.field(5, "forked_ms", m.forked_ms);
}

// A device's enrolment as the server remembers it, for a backup that forgot it.
struct Enrolment {
  std::string space;
  DeviceNumber device;
  PublicKey key;
  std::int64_t enrolled_ms = 0;
  std::string label;
  std::vector<Grant> grants;
  std::vector<EnrolledAncestor> ancestors;  // the first device of its family first
};

template <class Archive>
void describe(Archive& a, Enrolment& m) {
  a.field(1, "space", m.space);
  a.field(2, "device", m.device);
  a.field(3, "key", m.key);
  a.field(4, "enrolled_ms", m.enrolled_ms);
  a.field(5, "label", m.label);
  a.field(6, "grants", m.grants);
  a.field(7, "ancestors", m.ancestors);
}

// Seals and opens them. An open that fails is `cursor_unknown` (cursors, positions) or `malformed`.
class Sealer {
 public:
  Sealer(const Cryptography& cryptography, const SealKey& key, Random& random)
      : cryptography_(cryptography), key_(key), random_(random) {}

  [[nodiscard]] Bytes seal(const Cursor& cursor) const;
  [[nodiscard]] Bytes seal(const TailPosition& position) const;
  [[nodiscard]] Bytes seal(const BootstrapPosition& position) const;
  [[nodiscard]] Bytes seal(const Receipt& receipt) const;
  [[nodiscard]] Bytes seal(const Enrolment& enrolment) const;

  [[nodiscard]] Result<Cursor> open_cursor(BytesView sealed) const;
  [[nodiscard]] Result<TailPosition> open_tail_position(BytesView sealed) const;
  [[nodiscard]] Result<BootstrapPosition> open_bootstrap_position(BytesView sealed) const;
  [[nodiscard]] Result<Receipt> open_receipt(BytesView sealed) const;
  [[nodiscard]] Result<Enrolment> open_enrolment(BytesView sealed) const;

 private:
  const Cryptography& cryptography_;
  SealKey key_;
  Random& random_;
};

// 8 bytes that name what a read started from; a reply repeats them, and the client reads the
// reply's rows only if they are those of its present cursor, position and complete grants.
Bytes read_origin(BytesView cursor, BytesView position, std::span<const GrantId> complete);

}  // namespace rollcall
