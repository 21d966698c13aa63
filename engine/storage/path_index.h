#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
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
  // Reads all paths.
  static Result<PathIndex> open(Connection& connection);

  // The path's number, made if it is new (in a write transaction; forget() after one that was
  // rolled back).
  Result<std::int64_t> intern(std::string_view path);
  // 0 when no row ever lay there.
  [[nodiscard]] std::int64_t find(std::string_view path) const;
  // Empty for a number that is none.
  [[nodiscard]] std::string_view path(std::int64_t number) const;
  // The numbers of `prefix` itself and of all paths below it, by path, whole segments.
  [[nodiscard]] std::vector<std::int64_t> below(std::string_view prefix) const;
  // Reads all paths anew.
  Result<void> forget();
  // Forgets a path that was made in a savepoint which was rolled back.
  void forget(std::int64_t number);

  // Nothing happens when the entry is there already.
  Result<void> enter(std::int64_t path, CollectionId collection, const RowId& id, std::int64_t key);
  Result<void> erase(std::int64_t path, CollectionId collection, const RowId& id);

 private:
  Result<void> prepare_writing();
  void keep(std::int64_t number, std::string_view path);

  Connection* connection_ = nullptr;
  Statement insert_path_;
  Statement select_paths_;
  Statement enter_;
  Statement erase_;
  std::map<std::string, std::int64_t, std::less<>> by_path_;
  std::map<std::int64_t, std::string_view> by_number_;
};

}  // namespace rollcall
