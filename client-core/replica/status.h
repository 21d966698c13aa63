#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// Why nothing is shown or written; the outbox is sent in any case but the last.
enum class Lock : std::uint8_t {
  open = 0,
  lease = 1,    // no word from the server for too long: one sync opens it
  revoked = 2,  // for ever
  erased = 3,   // nothing is left here
};

// What a replica says of itself: cheap enough to ask after every step.
struct ReplicaStatus {
  DeviceNumber device;
  std::string space;
  std::string space_title;
  std::string label;
  std::string url;
  Epoch epoch;
  std::uint32_t schema_version = 0;
  std::uint32_t newer_schema_version = 0;  // the server told of it; 0: none. Fetch and adopt it

  std::uint64_t pending = 0;  // transactions that have no verdict yet
  std::uint64_t pending_bytes = 0;
  std::uint64_t unread = 0;     // acknowledged ones that no completed read contains yet
  std::uint64_t conflicts = 0;  // open losers, those of quiet fields left out
  std::uint64_t rejected = 0;   // in the tray
  std::uint64_t parked = 0;     // in the tray, for a person to decide
  std::uint64_t waiting = 0;    // in the tray, for the server to decide
  TxNumber last_tx;             // the last transaction made here

  Lock lock = Lock::open;
  std::int64_t lease_until_ms = 0;  // server time; 0: none of its roles has a lease
  bool forked = false;  // this file was copied or restored, and has yet to go on as another
  // The server (restored from a backup) lacks transactions that this device has sent...
  bool behind = false;  // ...so its rows wait until it has them again, and are sent again,
  bool gap = false;     // ...except that some are not kept here any more: nothing can be pushed
  // The server's log ends before what this device has receipts for, or is of an earlier epoch: an
  // old copy answers. Nothing is read from it.
  bool rolled_back = false;
  std::uint64_t orphans = 0;         // rows that a restored server lacks: table orphaned_by_restore
  bool diverged = false;             // a re-read did not heal a difference; told once an hour
  bool catching_up = false;          // rows come as they come: a first bootstrap is under way
  std::uint64_t bootstrap_rows = 0;  // taken since the bootstrap began
  std::uint64_t bootstrap_bytes = 0;
  std::uint64_t bootstrap_rows_left = 0;  // the server's estimate
  std::int64_t last_synced_ms = 0;        // UTC; 0: never
  std::int64_t skew_ms = 0;               // server time minus this machine's
  std::vector<Grant> grants;
  std::vector<GrantSum> digests;  // of each grant whose rows are complete
  std::uint64_t digest = 0;       // of all of them, as the server combines them
};

// A field's value that lost, and the one that stands.
struct Conflict {
  std::uint64_t number = 0;  // that people call it by (ConflictNumbers)
  CollectionId collection;
  std::string collection_name;
  RowId row;
  FieldId field;
  std::string field_name;
  Value present;
  Stamp present_stamp;
  Value losing;
  Stamp losing_stamp;      // who wrote it (device) and when; names the loser
  bool restorable = true;  // false: the field's rule lets it only be closed
};

// A transaction that the server did not take, or not yet. Its rows show what they would without it.
struct TrayEntry {
  TxNumber number;
  VerdictKind kind = VerdictKind::rejected;  // rejected or parked
  std::uint32_t code = 0;                    // ErrorCode; parked with unknown_row: waiting
  std::string collection;                    // at fault; empty: the whole transaction
  std::string field;
  std::string reason;
  Stamp made;
  std::uint64_t rows = 0;
};

}  // namespace rollcall
