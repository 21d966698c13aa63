#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/storage/statement.h"

namespace rollcall {

class Connection;

// A replica's path sets, interned: most rows share one of a few hundred. Table `_path_sets`(id,
// paths), where `paths` is each path in ascending order followed by a line feed. Set 0 is "not in
// confirmed state", set 1 the empty one, which no table row stands for. Sets are kept until
// their owner deletes those that no row has.
class PathSets {
 public:
  static constexpr std::int64_t not_confirmed = 0;
  static constexpr std::int64_t empty_set = 1;

  static std::string create_statement();
  // Reads them all.
  static Result<PathSets> open(Connection& connection);

  // `paths` ascending, each once, or `malformed`. In a write transaction, if the set is new;
  // forget() after one that was rolled back.
  Result<std::int64_t> intern(std::span<const std::string_view> paths);
  // The set's paths, ascending; empty for a number that is none.
  [[nodiscard]] const std::vector<std::string>& paths(std::int64_t set) const;
  // All numbers, ascending.
  [[nodiscard]] std::vector<std::int64_t> sets() const;
  [[nodiscard]] std::size_t size() const { return by_number_.size(); }
  // Reads them anew.
  Result<void> forget();

 private:
  void keep(std::int64_t number, std::string_view text);

  Statement insert_;
  Statement select_;
  std::map<std::string, std::int64_t, std::less<>> by_text_;
  std::map<std::int64_t, std::vector<std::string>> by_number_;
  std::string text_;
};

}  // namespace rollcall
