#include "server/space/entry_scan.h"

#include <utility>

#include "engine/storage/connection.h"
#include "server/space/limits.h"

namespace rollcall {

EntryScan::~EntryScan() {
  if (table_ != nullptr) table_->at_path.reset();
}

Result<void> EntryScan::start(const std::optional<Boundary>& after,
                              const std::optional<Boundary>& through) {
  after_ = after;
  through_ = through;
  at_ = 0;
  filter_ = shown_filter(snapshot_, role_);
  ROLLCALL_TRY_ASSIGN(paths_, paths_from(after ? after->path : ""));
  return {};
}

std::string EntryScan::shown_filter(Snapshot& snapshot, std::optional<RoleBits> role) {
  if (!role || (*role != 0 && snapshot.roles().book().read_all(*role))) return "";
  std::string list;
  for (const CollectionDef& collection : snapshot.schema()->collections) {
    if ((snapshot.roles().book().showing(collection.id) & *role) == 0) continue;
    list += (list.empty() ? "" : ",") + std::to_string(collection.id.value);
  }
  return " AND collection IN (" + list + ")";
}

Result<std::vector<PathNames::NamedPath>> EntryScan::paths_from(std::string_view from) {
  return snapshot_.paths().below(prefix_, from, through_ ? through_->path : "", scanned_paths_max);
}

Result<bool> EntryScan::next_paths(std::vector<PathNames::NamedPath>& paths) {
  if (paths.size() < scanned_paths_max) return false;
  // The first string behind the last path.
  const std::string behind = paths.back().path + '\0';
  ROLLCALL_TRY_ASSIGN(paths, paths_from(behind));
  return !paths.empty();
}

Result<std::uint64_t> EntryScan::count(std::uint64_t enough) {
  ROLLCALL_TRY_ASSIGN(
      Statement count,
      snapshot_.file().connection().cached(
          "SELECT count(*) FROM (SELECT 1 FROM _index WHERE path = ?1 AND (collection, id) > (?2, "
          "?3) AND (collection, id) <= (?4, ?5)" +
          filter_ + " LIMIT ?6)"));
  std::uint64_t entries = 0;
  std::vector<PathNames::NamedPath> paths = paths_;
  do {
    for (const PathNames::NamedPath& named : paths) {
      if (entries >= enough) return entries;
      // Collections are 16 bits wide: -1 and 65536 stand before and behind all of them.
      const bool from_inside = after_ && after_->path == named.path;
      const bool to_inside = through_ && through_->path == named.path;
      count.bind_integer(1, named.number);
      count.bind_integer(2, from_inside ? after_->collection.value : -1);
      count.bind_bytes(3, from_inside ? after_->row.view() : BytesView());
      count.bind_integer(4, to_inside ? through_->collection.value : 65536);
      count.bind_bytes(5, to_inside ? through_->row.view() : BytesView());
      count.bind_integer(6, static_cast<std::int64_t>(enough - entries));
      ROLLCALL_TRY(count.step());
      entries += static_cast<std::uint64_t>(count.integer(0));
      count.reset();
    }
    ROLLCALL_TRY_ASSIGN(const bool more, next_paths(paths));
    if (!more) return entries;
  } while (true);
}

Result<std::optional<Boundary>> EntryScan::last() {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      snapshot_.file().connection().cached("SELECT collection, id FROM _index WHERE path = ?1" +
                                           filter_ + " ORDER BY collection DESC, id DESC LIMIT 1"));
  std::optional<Boundary> last;
  std::vector<PathNames::NamedPath> paths = paths_;
  do {
    for (auto named = paths.rbegin(); named != paths.rend(); ++named) {
      select.bind_integer(1, named->number);
      ROLLCALL_TRY_ASSIGN(const bool found, select.step());
      if (!found) continue;
      const CollectionId collection(static_cast<std::uint16_t>(select.integer(0)));
      ROLLCALL_TRY_ASSIGN(const RowId id, select.id(1));
      select.reset();
      last = Boundary{named->path, collection, id};
      break;
    }
    ROLLCALL_TRY_ASSIGN(const bool more, next_paths(paths));
    if (!more) return last;
  } while (true);
}

Result<bool> EntryScan::next() {
  while (true) {
    if (table_ != nullptr) {
      ROLLCALL_TRY_ASSIGN(const bool found, table_->at_path.step());
      if (found) {
        ROLLCALL_TRY(table_->rows.read_image(table_->at_path, row_));
        if (row_.id.size() != RowId::size_bytes) {
          return failure(ErrorCode::corrupt, "a row's id is not 16 bytes");
        }
        if (!is_beyond()) return true;
        table_->at_path.reset();
        table_ = nullptr;
        return false;
      }
    }
    ROLLCALL_TRY_ASSIGN(const bool more, next_collection());
    if (!more) return false;
  }
}

// The next collection that has rows at the present path, or the next path's first.
Result<bool> EntryScan::next_collection() {
  ROLLCALL_TRY_ASSIGN(Statement find,
                      snapshot_.file().connection().cached(
                          "SELECT collection FROM _index WHERE path = ?1 AND collection >= ?2" +
                          filter_ + " ORDER BY collection LIMIT 1"));
  std::int64_t from = table_ != nullptr ? table_->rows.collection().id.value + 1 : 0;
  table_ = nullptr;
  for (;; ++at_, from = 0) {
    if (at_ >= paths_.size()) {
      ROLLCALL_TRY_ASSIGN(const bool more, next_paths(paths_));
      if (!more) return false;
      at_ = 0;
    }
    const bool resumes = after_ && after_->path == paths_[at_].path;
    if (resumes && from < after_->collection.value) from = after_->collection.value;
    find.bind_integer(1, paths_[at_].number);
    find.bind_integer(2, from);
    ROLLCALL_TRY_ASSIGN(const bool found, find.step());
    if (!found) continue;
    const CollectionId collection(static_cast<std::uint16_t>(find.integer(0)));
    find.reset();
    const auto table = snapshot_.tables().find(collection);
    if (table == snapshot_.tables().end()) {
      return failure(ErrorCode::corrupt, "_index names a collection that the schema does not have");
    }
    table_ = &table->second;
    view_ = role_ ? &snapshot_.roles().book().view(collection, *role_) : nullptr;
    Statement& select = table_->at_path;
    select.bind_integer(1, paths_[at_].number);
    select.bind_integer(2, collection.value);
    select.bind_bytes(
        3, resumes && collection == after_->collection ? after_->row.view() : BytesView());
    return true;
  }
}

bool EntryScan::is_beyond() const {
  if (!through_ || through_->path != path()) return false;
  const CollectionId collection = table_->rows.collection().id;
  if (collection != through_->collection) return collection > through_->collection;
  return row_.id > through_->row.view();
}

Boundary EntryScan::boundary() const {
  return Boundary{std::string(path()), table_->rows.collection().id, RowId::from_bytes(row_.id)};
}

Result<Digest> EntryScan::digest() {
  if (row_.place.deleted) return Digest{};
  const RowId id = RowId::from_bytes(row_.id);
  std::span<const std::uint8_t> mask;
  if (view_ != nullptr && !view_->all) mask = view_->mask;
  if (row_.extra.empty()) {
    return hasher_.plain_row(path(), id, table_->fields, row_.cells, row_.stamps, mask);
  }
  ROLLCALL_TRY(table_->rows.read(table_->at_path, unpacked_));
  return hasher_.row(path(), id, table_->rows.collection(), unpacked_.state, mask);
}

}  // namespace rollcall
