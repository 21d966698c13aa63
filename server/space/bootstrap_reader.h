#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/codec/page_writer.h"
#include "engine/protocol/messages.h"
#include "server/space/entry_scan.h"
#include "server/space/limits.h"
#include "server/space/row_packer.h"
#include "server/space/scope_view.h"
#include "server/space/snapshot.h"

namespace rollcall {

// Reads the rows below a prefix by range, whole: a page of a bootstrap, or the rows of one range of
// a drill-down. A row with several entries in the range comes once; one with entries in the ranges
// of two pages comes with both, for the pages are of different snapshots: between them a row may
// gain an entry in a range that was read before, and would be in neither page if its first entry
// decided.
class BootstrapReader {
 public:
  BootstrapReader(Snapshot& snapshot, ScopeView& scope) : snapshot_(snapshot), scope_(scope) {}

  struct Want {
    std::string prefix;
    RoleBits role = 0;  // of the grant: rows that it does not show are passed over
    std::optional<Boundary> after;
    std::optional<Boundary> through;
    std::size_t rows_max = 0;
    std::size_t bytes_max = 0;
    std::size_t scan_rows_max = bootstrap_scan_rows_max;  // entries looked at
  };
  // Fills `page`. The last entry that it reaches to; nothing: it reaches the range's end.
  Result<std::optional<Boundary>> read(const Want& want, PageWriter& page);

 private:
  // Whether the row has an earlier entry in the range, that carried it.
  Result<bool> came_before(const Want& want, const EntryScan& scan);

  Snapshot& snapshot_;
  ScopeView& scope_;
  std::vector<PathEntry> entries_;
};

// Cuts a range of what a grant shows into parts of equal entry count and sums each. Of a range that
// is longer than `scan_rows_max` the rest comes as one more part, with `unsummed` in the place of
// its sum and "at least so many" as its rows: whoever compares finds it different, and descends
// into it.
inline constexpr std::uint64_t unsummed = 1;
Result<HealRanges> read_heal_ranges(Snapshot& snapshot, const GrantRecord& grant,
                                    const std::optional<Boundary>& after,
                                    const std::optional<Boundary>& through,
                                    std::size_t scan_rows_max = heal_scan_rows_max);

}  // namespace rollcall
