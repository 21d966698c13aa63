#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/storage/statement.h"

namespace rollcall {

class Connection;

// The server's paths and which rows lie, or lay, at each: tables `_path`(id, path) and
// `_index`(path, collection, id, key). When a row entered or left is in the row's own `_paths`; the
// entry stays while that does. Path numbers are never given anew.
class PathIndex {
 public:
  static std::vector<std::string> create_statements();
  static Result<PathIndex> open(Connection& connection);

  // The path's number, made if it is new (in a write transaction; forget() after one that was
  // rolled back).
  Result<std::int64_t> intern(std::string_view path);
  // 0 when no row ever lay there.
  Result<std::int64_t> find(std::string_view path);
  // Empty for a number that is none. Valid until the next forget().
  Result<std::string_view> path(std::int64_t number);
  // How many paths were read from the file so far, and one more read that finds none: whoever must
  // not tell by its work whether a row is there evens it out.
  [[nodiscard]] std::uint64_t reads() const { return reads_; }
  Result<void> read_in_vain();
  // Whether rows lie, or lay, at `prefix` or below it, by whole segments.
  Result<bool> any_below(std::string_view prefix);
  // What was looked up is looked up anew.
  void forget();
  // Forgets a path that was made in a savepoint which was rolled back.
  void forget(std::int64_t number);
  // Between two transactions: keeps no more than so many of the paths that were looked up.
  void trim(std::size_t count_max) {
    if (by_path_.size() > count_max) forget();
  }

  // Nothing happens when the entry is there already.
  Result<void> enter(std::int64_t path, CollectionId collection, const RowId& id, std::int64_t key);
  Result<void> erase(std::int64_t path, CollectionId collection, const RowId& id);

 private:
  Result<void> prepare_writing();
  void keep(std::int64_t number, std::string_view path);

  Connection* connection_ = nullptr;
  std::uint64_t reads_ = 0;
  Statement insert_path_;
  Statement find_;
  Statement path_;
  Statement enter_;
  Statement erase_;
  std::map<std::string, std::int64_t, std::less<>> by_path_;
  std::unordered_map<std::int64_t, std::string_view> by_number_;
};

}  // namespace rollcall
