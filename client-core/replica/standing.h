#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"

namespace rollcall {

class Connection;

// How the list of grants changed since the last completed read.
enum class Regrouped : std::uint8_t {
  no = 0,
  grown = 1,   // none was lost: but pages may hold paths that none covers
  shrunk = 2,  // rows may have lost their last path, or fields that no other grant shows
};

// What the server said of this device.
enum class Banned : std::uint8_t {
  no = 0,
  revoked = 1,  // locked; it erases itself once everything that it has to send is acknowledged
  erased = 2,   // nothing is left here
};

// Where a replica stands towards its server, apart from rows, grants and transactions: the one row
// of table `_standing`.
struct Standing {
  Epoch epoch;
  Bytes cursor;      // of the last completed read; empty: none yet
  Bytes floor;       // the earliest snapshot of the pages taken since; empty: none
  Bytes position;    // inside a tail of several pages; empty: at its start
  TxNumber retired;  // own transactions that the confirmed rows contain
  TxNumber seen;     // own transactions up to this one have their verdict
  std::uint64_t grants_version = 0;
  std::uint32_t newer_schema = 0;  // a version that the server told of; 0: none
  bool forked = false;
  bool read_once = false;  // a read was completed: what is in sight never goes back to half
  Regrouped regrouped = Regrouped::no;
  std::int64_t last_synced_ms = 0;
  std::int64_t heard_ms = 0;   // server time of the last reply that was taken; 0: before leases
  std::int64_t latest_ms = 0;  // the latest that this device ever knew it to be; never falls
  Banned banned = Banned::no;
  std::int64_t offset_ms = 0;    // server time minus this machine's
  std::uint64_t clock_time = 0;  // of the greatest stamp made or seen
  std::uint64_t bootstrap_rows = 0;
  std::uint64_t bootstrap_bytes = 0;
  std::uint64_t bootstrap_rows_left = 0;

  friend bool operator==(const Standing&, const Standing&) = default;

  static std::vector<std::string> create_statements();
  // Adds the columns that files of the format before lack.
  static Result<void> upgrade(Connection& connection);
  static Result<Standing> load(Connection& connection);
  Result<void> save(Connection& connection) const;
};

}  // namespace rollcall
