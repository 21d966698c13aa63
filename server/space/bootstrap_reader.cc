#include "server/space/bootstrap_reader.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/model/path.h"
#include "engine/protocol/limits.h"

namespace rollcall {

Result<std::optional<Boundary>> BootstrapReader::read(const Want& want, PageWriter& page) {
  RowPacker packer(page, scope_);
  EntryScan scan(snapshot_, want.prefix, want.role);
  ROLLCALL_TRY(scan.start(want.after, want.through));
  std::optional<Boundary> reached;
  for (std::size_t looked_at = 1;; ++looked_at) {
    ROLLCALL_TRY_ASSIGN(const bool more, scan.next());
    if (!more) return std::optional<Boundary>();
    // One row more than fits: only now is it known that the page does not reach the end.
    if (reached) return reached;
    ROLLCALL_TRY(unpack_paths(scan.row().paths, entries_));
    ROLLCALL_TRY_ASSIGN(const bool before, came_before(want, scan));
    if (!before) {
      const CollectionId collection = scan.table().rows.collection().id;
      ROLLCALL_TRY_ASSIGN(const FieldView* view, scope_.view_of(collection, entries_));
      ROLLCALL_TRY(packer.add_whole(scan.table(), scan.row(), entries_, *view));
    }
    if (page.is_full() || page.rows() >= want.rows_max || page.size_estimate() >= want.bytes_max ||
        looked_at >= want.scan_rows_max) {
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
                                    const std::optional<Boundary>& through,
                                    std::size_t scan_rows_max) {
  HealRanges healed;
  healed.grant = grant.id;
  EntryScan scan(snapshot, grant.path, snapshot.roles().book().bit(grant.role));
  ROLLCALL_TRY(scan.start(after, through));
  // A rest so small that it would be re-read whole is summed along.
  const std::size_t enough = scan_rows_max + heal_rows_max + 1;
  ROLLCALL_TRY_ASSIGN(const std::uint64_t counted, scan.count(enough));
  const bool is_cut = counted == enough;
  const std::uint64_t entries = is_cut ? scan_rows_max : counted;
  const std::uint64_t parts = is_cut ? heal_ranges_max - 1 : heal_ranges_max;
  const std::uint64_t each = std::max<std::uint64_t>(1, (entries + parts - 1) / parts);
  Digest sum;
  RangeSum range;
  for (std::uint64_t summed = 1; summed <= entries; ++summed) {
    ROLLCALL_TRY_ASSIGN(const bool more, scan.next());
    if (!more) return failure(ErrorCode::corrupt, "_index names rows that are not there");
    ROLLCALL_TRY_ASSIGN(const Digest digest, scan.digest());
    sum += digest;
    ++range.rows;
    if (range.rows < each && summed < entries) continue;
    range.through = scan.boundary();
    range.sum = sum.sum;
    healed.sum += range.sum;
    healed.ranges.push_back(range);
    sum = Digest{};
    range = RangeSum{};
  }
  if (!is_cut) return healed;
  std::optional<Boundary> end = through;
  if (!end) {
    ROLLCALL_TRY_ASSIGN(end, scan.last());
  }
  ROLLCALL_CHECK(end.has_value());
  healed.sum += unsummed;
  healed.ranges.push_back({*end, counted - entries, unsummed});
  return healed;
}

}  // namespace rollcall
