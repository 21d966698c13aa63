#include "server/space/tail_reader.h"

#include <algorithm>
#include <limits>

#include "engine/protocol/limits.h"
#include "server/space/limits.h"

namespace rollcall {

TailReader::~TailReader() {
  for (const Walk& walk : walks_) walk.table->changed.reset();
}

Result<void> TailReader::start(const TailWant& want) {
  constexpr std::int64_t behind_all = std::numeric_limits<std::int64_t>::max();
  walks_.clear();
  for (auto& [collection, table] : snapshot_.tables()) {
    std::int64_t last = static_cast<std::int64_t>(want.cursor.value);
    std::int64_t key = behind_all;
    if (want.position) {
      last = static_cast<std::int64_t>(want.position->last.value);
      if (collection == want.position->collection) {
        key = static_cast<std::int64_t>(want.position->row_key);
      } else if (collection > want.position->collection) {
        key = 0;  // keys begin at 1: all rows of that sequence are still to come
      }
    }
    table.changed.bind_integer(1, last);
    table.changed.bind_integer(2, key);
    Walk& walk = walks_.emplace_back();
    walk.table = &table;
    ROLLCALL_TRY(step(walk));
  }
  return {};
}

Result<void> TailReader::step(Walk& walk) {
  ROLLCALL_TRY_ASSIGN(const bool found, walk.table->changed.step());
  walk.done = !found;
  if (!found) return {};
  ROLLCALL_TRY(walk.table->rows.read_image(walk.table->changed, walk.row));
  if (walk.row.id.size() == RowId::size_bytes) return {};
  return failure(ErrorCode::corrupt, "a row's id is not 16 bytes");
}

TailReader::Walk* TailReader::first() {
  Walk* first = nullptr;
  for (Walk& walk : walks_) {
    if (walk.done) continue;
    if (first == nullptr || walk.row.place.last < first->row.place.last) first = &walk;
  }
  return first;
}

Result<std::optional<TailPosition>> TailReader::read(const TailWant& want, PageWriter& page) {
  ROLLCALL_TRY(start(want));
  RowPacker packer(page, scope_);
  for (std::size_t looked_at = 0;; ++looked_at) {
    Walk* walk = first();
    if (walk == nullptr) return std::optional<TailPosition>();
    ROLLCALL_TRY(add(want, *walk, packer));
    const bool full = page.is_full() || page.rows() >= tail_page_rows ||
                      page.size_estimate() >= want.bytes_max || looked_at >= tail_scan_rows_max;
    const TailPosition here{snapshot_.header().epoch, walk->row.place.last,
                            walk->table->rows.collection().id,
                            static_cast<std::uint64_t>(walk->row.place.key)};
    ROLLCALL_TRY(step(*walk));
    if (full && first() != nullptr) return std::optional<TailPosition>(here);
  }
}

Result<void> TailReader::add(const TailWant& want, const Walk& walk, RowPacker& packer) {
  const ServerImage& row = walk.row;
  ROLLCALL_TRY(unpack_paths(row.paths, entries_));
  bool seen = false;
  bool present = false;
  bool left = false;
  bool paths_changed = false;
  for (const PathEntry& entry : entries_) {
    ROLLCALL_TRY_ASSIGN(const ScopeView::PathView* view, scope_.of(entry.path));
    const bool is_there = entry.left.value == 0;
    if (view->visible && std::max(entry.entered, entry.left) > want.cursor) paths_changed = true;
    if (!view->complete) continue;
    if (is_there) {
      present = true;
      if (entry.entered <= want.cursor) seen = true;
    } else if (entry.left > want.cursor && entry.left > view->since) {
      left = true;
    }
  }
  if (!present) {
    if (left) packer.add_evict(*walk.table, row);
    return {};
  }

  ROLLCALL_TRY(unpack_sequences(row.sequences, sequences_));
  if (!want.own.empty() && is_echo(want, seen)) {
    return packer.add_echo(*walk.table, row, entries_);
  }
  if (!seen) return packer.add_whole(*walk.table, row, entries_);
  changed_.clear();
  const CollectionDef& collection = walk.table->rows.collection();
  for (const FieldSequence& field : sequences_) {
    if (field.sequence <= want.cursor) continue;
    const auto position = collection.position(field.field);
    if (!position) return failure(ErrorCode::corrupt, "_sequences names an unknown field");
    changed_.push_back(static_cast<std::uint16_t>(*position));
  }
  if (changed_.empty() && !paths_changed) return {};
  return packer.add_changed(*walk.table, row, entries_, changed_);
}

// Everything that changed in the row after the cursor was done by the device's own transactions;
// one that it does not have yet, it must have made itself.
bool TailReader::is_echo(const TailWant& want, bool seen) const {
  bool any = false;
  const auto is_own = [&](Sequence sequence) {
    if (sequence <= want.cursor) return seen;
    any = true;
    return std::binary_search(want.own.begin(), want.own.end(), sequence.value);
  };
  return std::all_of(sequences_.begin(), sequences_.end(),
                     [&](const FieldSequence& field) { return is_own(field.sequence); }) &&
         std::all_of(
             entries_.begin(), entries_.end(),
             [&](const PathEntry& entry) { return is_own(std::max(entry.entered, entry.left)); }) &&
         any;
}

}  // namespace rollcall
