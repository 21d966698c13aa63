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
  const CollectionDef& collection = walk.table->rows.collection();
  const RoleBits showing = scope_.showing(collection.id);
  if (showing == 0) return {};
  ROLLCALL_TRY(unpack_paths(row.paths, entries_));
  bool seen = false;
  bool left = false;
  bool paths_changed = false;
  RoleBits before = 0;  // that showed it to somebody at the cursor
  RoleBits now = 0;
  for (const PathEntry& entry : entries_) {
    ROLLCALL_TRY_ASSIGN(const ScopeView::PathView* path, scope_.of(entry.path));
    const bool is_there = entry.left.value == 0;
    const bool is_news = std::max(entry.entered, entry.left) > want.cursor;
    if ((path->roles & showing) != 0 && is_news) paths_changed = true;
    const RoleBits complete = path->complete & showing;
    if (complete == 0) continue;
    if (entry.entered <= want.cursor && (is_there || entry.left > want.cursor)) before |= complete;
    if (is_there) {
      now |= complete;
      if (entry.entered <= want.cursor) seen = true;
    } else if (entry.left > want.cursor && path->left_since(showing, entry.left)) {
      left = true;
    }
  }
  if (now == 0) {
    if (left) packer.add_evict(*walk.table, row);
    return {};
  }

  const FieldView& view = scope_.view(collection.id, now);
  ROLLCALL_TRY(unpack_sequences(row.sequences, sequences_));
  if (!want.own.empty()) {
    ROLLCALL_TRY_ASSIGN(const bool echo, is_echo(want, collection, view, seen));
    if (echo) return packer.add_echo(*walk.table, row, entries_);
  }
  // What it shows may have grown or shrunk with the paths that it lies at.
  if (!seen || &scope_.view(collection.id, before) != &view) {
    return packer.add_whole(*walk.table, row, entries_, view);
  }
  changed_.clear();
  for (const FieldSequence& field : sequences_) {
    if (field.sequence <= want.cursor) continue;
    const auto position = collection.position(field.field);
    if (!position) return failure(ErrorCode::corrupt, "_sequences names an unknown field");
    if (view.mask[*position] != 0) changed_.push_back(static_cast<std::uint16_t>(*position));
  }
  if (changed_.empty() && !paths_changed) return {};
  return packer.add_changed(*walk.table, row, entries_, changed_);
}

// Everything that its device sees of the row and that changed after the cursor was done by the
// device's own transactions; one that it does not have yet, it must have made itself. What it wrote
// and may not read never comes back to it: such a row is sent as others see it.
Result<bool> TailReader::is_echo(const TailWant& want, const CollectionDef& collection,
                                 const FieldView& view, bool seen) {
  bool any = false;
  const auto is_own = [&](Sequence sequence) {
    return std::binary_search(want.own.begin(), want.own.end(), sequence.value);
  };
  for (const FieldSequence& field : sequences_) {
    const auto position = collection.position(field.field);
    if (!position) return failure(ErrorCode::corrupt, "_sequences names an unknown field");
    const bool is_seen = view.mask[*position] != 0;
    if (field.sequence <= want.cursor) {
      if (is_seen && !seen) return false;
      continue;
    }
    const bool own = is_own(field.sequence);
    if (own != is_seen) return false;
    any = any || own;
  }
  const RoleBits showing = scope_.showing(collection.id);
  for (const PathEntry& entry : entries_) {
    ROLLCALL_TRY_ASSIGN(const ScopeView::PathView* path, scope_.of(entry.path));
    if ((path->roles & showing) == 0) continue;
    const Sequence last = std::max(entry.entered, entry.left);
    if (last <= want.cursor) {
      if (!seen) return false;
      continue;
    }
    if (!is_own(last)) return false;
    any = true;
  }
  return any;
}

}  // namespace rollcall
