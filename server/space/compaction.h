#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/storage/path_index.h"
#include "engine/storage/server_table.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

// What went because nobody with a readable cursor can need it any more.
struct Compacted {
  std::uint64_t rows = 0;      // deleted ones, with their values
  std::uint64_t leavings = 0;  // entries of paths that a row left
  std::uint64_t removals = 0;  // of sets' elements
  [[nodiscard]] bool is_nothing() const { return rows + leavings + removals == 0; }
  Compacted& operator+=(const Compacted& other) {
    rows += other.rows;
    leavings += other.leavings;
    removals += other.removals;
    return *this;
  }
};

// Rows of one collection that were gone through when the log's head stood at `head`: what changed
// last at `through` or before. A replay of the log does the same at the same place, since what
// comes later meets no tombstone any more.
struct CompactedRange {
  Sequence head;
  Sequence through;
  CollectionId collection;
  std::optional<RowId> after;  // nothing: from the first
  RowId upto;
};

// `_compactions`: the ranges where anything went, in their order.
class CompactionTable {
 public:
  explicit CompactionTable(Connection& connection) : connection_(&connection) {}
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  Result<void> add(const CompactedRange& range);
  Result<std::vector<CompactedRange>> all();

 private:
  Connection* connection_;
};

// Goes through rows of a collection and takes out what was superseded at a horizon. In the caller's
// write transaction.
class RowCompactor {
 public:
  // Both must outlive it.
  static Result<RowCompactor> open(Connection& connection, const CollectionDef& collection,
                                   PathIndex& paths);

  struct Step {
    std::optional<RowId> upto;  // the last row that was looked at; nothing: there was none
    bool more = false;          // there may be rows behind it
    Compacted compacted;
  };
  // At most `rows_max` rows behind `after`, none behind `upto`.
  Result<Step> step(Sequence through, const std::optional<RowId>& after,
                    const std::optional<RowId>& upto, std::size_t rows_max);

 private:
  RowCompactor(Connection& connection, PathIndex& paths, ServerTable table)
      : connection_(&connection), paths_(&paths), table_(std::move(table)) {}
  // Whether the row has anything to go, by what is cheap to read.
  Result<bool> is_worth_reading(const ServerImage& row, Sequence through);
  Result<void> compact(std::int64_t key, Sequence through, Compacted& compacted);
  Result<void> erase(const ServerRow& row);

  Connection* connection_;
  PathIndex* paths_;
  ServerTable table_;
  ServerImage image_;
  ServerRow row_;
  std::vector<PathEntry> entries_;
};

}  // namespace rollcall
