#include "server/space/bootstrap_reader.h"

#include <algorithm>

#include "engine/model/path.h"
#include "engine/protocol/limits.h"

namespace rollcall {

Result<std::optional<Boundary>> BootstrapReader::read(const Want& want, PageWriter& page) {
  RowPacker packer(page, scope_);
  EntryScan scan(snapshot_, want.prefix);
  ROLLCALL_TRY(scan.start(want.after, want.through));
  std::optional<Boundary> reached;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, scan.next());
    if (!more) return std::optional<Boundary>();
    // One row more than fits: only now is it known that the page does not reach the end.
    if (reached) return reached;
    ROLLCALL_TRY(unpack_paths(scan.row().paths, entries_));
    ROLLCALL_TRY_ASSIGN(const bool before, came_before(want, scan));
    if (!before) ROLLCALL_TRY(packer.add_whole(scan.table(), scan.row(), entries_));
    if (page.is_full() || page.rows() >= want.rows_max || page.size_estimate() >= want.bytes_max) {
      reached = scan.boundary();
    }
  }
}

Result<bool> BootstrapReader::came_before(const Want& want, const EntryScan& scan) {
  if (entries_.size() < 2) return false;
  const CollectionId collection = scan.table().rows.collection().id;
  const RowId id = RowId::from_bytes(scan.row().id);
  const std::string here(scan.path());
  for (const PathEntry& entry : entries_) {
    if (entry.left.value != 0 || entry.path == scan.path_number()) continue;
    ROLLCALL_TRY_ASSIGN(const std::string_view other, snapshot_.paths().path(entry.path));
    if (other >= here || !covers(want.prefix, other)) continue;
    if (!want.after) return true;
    if (Boundary{std::string(other), collection, id} > *want.after) return true;
  }
  return false;
}

Result<HealRanges> read_heal_ranges(Snapshot& snapshot, const GrantRecord& grant,
                                    const std::optional<Boundary>& after,
                                    const std::optional<Boundary>& through) {
  HealRanges healed;
  healed.grant = grant.id;
  EntryScan scan(snapshot, grant.path);
  ROLLCALL_TRY(scan.start(after, through));
  ROLLCALL_TRY_ASSIGN(const std::uint64_t entries, scan.count());
  const std::uint64_t each =
      std::max<std::uint64_t>(1, (entries + heal_ranges_max - 1) / heal_ranges_max);
  Digest total;
  Digest sum;
  RangeSum range;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, scan.next());
    if (!more) break;
    ROLLCALL_TRY_ASSIGN(const Digest digest, scan.digest());
    sum += digest;
    ++range.rows;
    if (range.rows % each != 0 && healed.ranges.size() * each + range.rows != entries) continue;
    range.through = scan.boundary();
    range.sum = sum.sum;
    healed.ranges.push_back(range);
    total += sum;
    sum = Digest{};
    range = RangeSum{};
  }
  healed.sum = total.sum;
  return healed;
}

}  // namespace rollcall
