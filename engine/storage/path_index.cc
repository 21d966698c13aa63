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
  ROLLCALL_TRY_ASSIGN(index.select_paths_, connection.prepare("SELECT id, path FROM _path"));
  ROLLCALL_TRY(index.forget());
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

Result<void> PathIndex::forget() {
  by_path_.clear();
  by_number_.clear();
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select_paths_.step());
    if (!more) return {};
    keep(select_paths_.integer(0), select_paths_.text(1));
  }
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
  if (const auto found = by_path_.find(path); found != by_path_.end()) return found->second;
  ROLLCALL_TRY(prepare_writing());
  insert_path_.bind_text(1, path);
  ROLLCALL_TRY(insert_path_.run());
  const std::int64_t number = connection_->last_key();
  keep(number, path);
  return number;
}

std::int64_t PathIndex::find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? 0 : found->second;
}

std::string_view PathIndex::path(std::int64_t number) const {
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? std::string_view() : found->second;
}

std::vector<std::int64_t> PathIndex::below(std::string_view prefix) const {
  std::vector<std::int64_t> numbers;
  if (const std::int64_t itself = find(prefix); itself != 0) numbers.push_back(itself);
  // Between `prefix` and `prefix/` other paths may stand ("unit/nc-1"): begin after the slash.
  const std::string under = std::string(prefix) + "/";
  for (auto place = by_path_.lower_bound(under);
       place != by_path_.end() && place->first.starts_with(under); ++place) {
    numbers.push_back(place->second);
  }
  return numbers;
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
