#include "server/space/compaction.h"

#include <utility>

#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr const char* create_compactions_sql =
    "CREATE TABLE _compactions(id INTEGER PRIMARY KEY, head INTEGER NOT NULL, "
    "through INTEGER NOT NULL, collection INTEGER NOT NULL, after BLOB, upto BLOB NOT NULL)";

}  // namespace

std::vector<std::string> CompactionTable::create_statements() { return {create_compactions_sql}; }
std::vector<Upgrade> CompactionTable::upgrades() {
  return {{"_compactions", "", create_compactions_sql}};
}

Result<void> CompactionTable::add(const CompactedRange& range) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT INTO _compactions(head, through, collection, after, upto) "
                          "VALUES(?1, ?2, ?3, ?4, ?5)"));
  insert.bind_integer(1, static_cast<std::int64_t>(range.head.value));
  insert.bind_integer(2, static_cast<std::int64_t>(range.through.value));
  insert.bind_integer(3, range.collection.value);
  if (range.after) {
    insert.bind_id(4, *range.after);
  } else {
    insert.bind_null(4);
  }
  insert.bind_id(5, range.upto);
  return insert.run();
}

Result<std::vector<CompactedRange>> CompactionTable::all() {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached(
          "SELECT head, through, collection, after, upto FROM _compactions ORDER BY id"));
  std::vector<CompactedRange> ranges;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return ranges;
    CompactedRange range;
    range.head = Sequence(static_cast<std::uint64_t>(select.integer(0)));
    range.through = Sequence(static_cast<std::uint64_t>(select.integer(1)));
    range.collection = CollectionId(static_cast<std::uint16_t>(select.integer(2)));
    const BytesView after = select.bytes(3);
    if (after.size() == RowId::size_bytes) range.after = RowId::from_bytes(after);
    const BytesView upto = select.bytes(4);
    if (upto.size() != RowId::size_bytes) {
      return failure(ErrorCode::corrupt, "_compactions: a row's id is not 16 bytes");
    }
    range.upto = RowId::from_bytes(upto);
    ranges.push_back(range);
  }
}

Result<RowCompactor> RowCompactor::open(Connection& connection, const CollectionDef& collection,
                                        PathIndex& paths) {
  ROLLCALL_TRY_ASSIGN(ServerTable table, ServerTable::open(connection, collection));
  return RowCompactor(connection, paths, std::move(table));
}

Result<RowCompactor::Step> RowCompactor::step(Sequence through, const std::optional<RowId>& after,
                                              const std::optional<RowId>& upto,
                                              std::size_t rows_max) {
  Step step;
  std::vector<std::int64_t> keys;
  {
    ROLLCALL_TRY_ASSIGN(
        Statement select,
        connection_->cached(table_.select("WHERE r._id > ?1 AND r._id <= ?2 ORDER BY r._id")));
    // Of bytes, the empty ones come first and a 17th 0xff last.
    const Bytes first = after ? Bytes(after->view()) : Bytes();
    const Bytes last = upto ? Bytes(upto->view()) : Bytes(RowId::size_bytes + 1, '\xff');
    select.bind_bytes(1, first);
    select.bind_bytes(2, last);
    for (std::size_t looked = 0;; ++looked) {
      ROLLCALL_TRY_ASSIGN(const bool found, select.step());
      if (!found) break;
      if (looked == rows_max) {
        step.more = true;
        break;
      }
      ROLLCALL_TRY(table_.read_image(select, image_));
      step.upto = RowId::from_bytes(image_.id);
      ROLLCALL_TRY_ASSIGN(const bool worth, is_worth_reading(image_, through));
      if (worth) keys.push_back(image_.place.key);
    }
  }
  for (const std::int64_t key : keys) ROLLCALL_TRY(compact(key, through, step.compacted));
  return step;
}

Result<bool> RowCompactor::is_worth_reading(const ServerImage& row, Sequence through) {
  if (row.place.deleted && row.place.last <= through) return true;
  if (!row.extra.empty()) return true;
  ROLLCALL_TRY(unpack_paths(row.paths, entries_));
  for (const PathEntry& entry : entries_) {
    if (entry.left.value != 0 && entry.left <= through) return true;
  }
  return false;
}

Result<void> RowCompactor::erase(const ServerRow& row) {
  for (const PathEntry& entry : row.paths) {
    if (entry.left.value != 0) continue;  // the index forgot it then
    ROLLCALL_TRY(paths_->erase(entry.path, table_.collection().id, row.id));
  }
  return table_.erase(row.place.key);
}

Result<void> RowCompactor::compact(std::int64_t key, Sequence through, Compacted& compacted) {
  ROLLCALL_TRY_ASSIGN(const bool found, table_.read(key, row_));
  if (!found) return {};
  if (row_.place.deleted && row_.place.last <= through) {
    ++compacted.rows;
    return erase(row_);
  }
  const std::uint64_t before = compacted.leavings + compacted.removals;
  std::vector<PathEntry> kept;
  for (const PathEntry& entry : row_.paths) {
    if (entry.left.value == 0 || entry.left > through) {
      kept.push_back(entry);
      continue;
    }
    ++compacted.leavings;
  }
  row_.paths = std::move(kept);
  for (std::size_t i = 0; i < row_.state.fields.size(); ++i) {
    std::vector<SetElement>& removals = row_.state.fields[i].removals;
    if (removals.empty() || row_.sequences[i] > through) continue;
    compacted.removals += removals.size();
    removals.clear();
  }
  if (compacted.leavings + compacted.removals == before) return {};
  return table_.update(row_, {});
}

}  // namespace rollcall
