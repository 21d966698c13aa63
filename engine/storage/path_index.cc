#include "engine/storage/path_index.h"

#include "engine/base/check.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> PathIndex::create_statements() {
  return {
      "CREATE TABLE IF NOT EXISTS _path (\n"
      "  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
      "  path TEXT NOT NULL UNIQUE\n"
      ")",
      "CREATE TABLE IF NOT EXISTS _index (\n"
      "  path INTEGER NOT NULL,\n"
      "  collection INTEGER NOT NULL,\n"
      "  id BLOB NOT NULL,\n"
      "  key INTEGER NOT NULL,\n"
      "  PRIMARY KEY (path, collection, id)\n"
      ") WITHOUT ROWID",
  };
}

Result<PathIndex> PathIndex::open(Connection& connection) {
  PathIndex index;
  index.connection_ = &connection;
  ROLLCALL_TRY_ASSIGN(index.find_, connection.prepare("SELECT id FROM _path WHERE path = ?1"));
  ROLLCALL_TRY_ASSIGN(index.path_, connection.prepare("SELECT path FROM _path WHERE id = ?1"));
  return index;
}

// The writing statements are made when first needed: a reader's connection has none.
Result<void> PathIndex::prepare_writing() {
  if (enter_.is_open()) return {};
  ROLLCALL_TRY_ASSIGN(insert_path_, connection_->prepare("INSERT INTO _path(path) VALUES(?1)"));
  ROLLCALL_TRY_ASSIGN(erase_, connection_->prepare("DELETE FROM _index WHERE path = ?1 AND "
                                                   "collection = ?2 AND id = ?3"));
  ROLLCALL_TRY_ASSIGN(enter_,
                      connection_->prepare("INSERT INTO _index(path, collection, id, key) "
                                           "VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"));
  return {};
}

void PathIndex::forget() {
  by_number_.clear();
  by_path_.clear();
}

void PathIndex::forget(std::int64_t number) {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return;
  const auto place = by_path_.find(found->second);  // the view's text goes with it
  by_number_.erase(found);
  by_path_.erase(place);
}

void PathIndex::keep(std::int64_t number, std::string_view path) {
  const auto place = by_path_.emplace(path, number).first;
  by_number_[number] = place->first;  // a map's keys stay where they are
}

Result<std::int64_t> PathIndex::intern(std::string_view path) {
  ROLLCALL_TRY_ASSIGN(const std::int64_t known, find(path));
  if (known != 0) return known;
  ROLLCALL_TRY(prepare_writing());
  insert_path_.bind_text(1, path);
  ROLLCALL_TRY(insert_path_.run());
  const std::int64_t number = connection_->last_key();
  keep(number, path);
  return number;
}

Result<std::int64_t> PathIndex::find(std::string_view path) {
  if (const auto kept = by_path_.find(path); kept != by_path_.end()) return kept->second;
  find_.bind_text(1, path);
  ROLLCALL_TRY_ASSIGN(const bool found, find_.step());
  if (!found) return std::int64_t{0};
  const std::int64_t number = find_.integer(0);
  find_.reset();
  keep(number, path);
  return number;
}

Result<std::string_view> PathIndex::path(std::int64_t number) {
  if (const auto kept = by_number_.find(number); kept != by_number_.end()) return kept->second;
  ++reads_;
  path_.bind_integer(1, number);
  ROLLCALL_TRY_ASSIGN(const bool found, path_.step());
  if (!found) return std::string_view();
  keep(number, path_.text(0));
  path_.reset();
  return by_number_.at(number);
}

Result<void> PathIndex::read_in_vain() {
  const auto none = path(0);
  return none ? Result<void>() : Result<void>(none.error());
}

Result<bool> PathIndex::any_below(std::string_view prefix) {
  ROLLCALL_TRY_ASSIGN(const std::int64_t itself, find(prefix));
  if (itself != 0) return true;
  // In byte order '0' follows '/': what lies below "unit/nc" stands between "unit/nc/" and
  // "unit/nc0".
  const std::string under = std::string(prefix) + "/";
  const std::string behind = std::string(prefix) + "0";
  ROLLCALL_TRY_ASSIGN(Statement any,
                      connection_->cached("SELECT 1 FROM _path WHERE path > ?1 AND path < ?2"));
  any.bind_text(1, under);
  any.bind_text(2, behind);
  return any.step();
}

Result<void> PathIndex::enter(std::int64_t path, CollectionId collection, const RowId& id,
                              std::int64_t key) {
  ROLLCALL_TRY(prepare_writing());
  enter_.bind_integer(1, path);
  enter_.bind_integer(2, collection.value);
  enter_.bind_id(3, id);
  enter_.bind_integer(4, key);
  return enter_.run();
}

Result<void> PathIndex::erase(std::int64_t path, CollectionId collection, const RowId& id) {
  ROLLCALL_TRY(prepare_writing());
  erase_.bind_integer(1, path);
  erase_.bind_integer(2, collection.value);
  erase_.bind_id(3, id);
  return erase_.run();
}

}  // namespace rollcall
