#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/storage/statement.h"

namespace rollcall {

class Connection;

// What path a number means, for readers: looked up when first needed, kept while few. A number
// never comes to mean another path.
class PathNames {
 public:
  static Result<PathNames> open(Connection& connection);

  // Empty for a number that is none. Valid until the next call.
  Result<std::string_view> path(std::int64_t number);

  struct NamedPath {
    std::int64_t number = 0;
    std::string path;
  };
  // `prefix` and the paths below it, in byte order, from `from` on and up to `to` (empty: no
  // bound), the first `count_max` of them. An empty prefix: all.
  Result<std::vector<NamedPath>> below(std::string_view prefix, std::string_view from,
                                       std::string_view to, std::size_t count_max);

 private:
  explicit PathNames(Connection& connection) : connection_(&connection) {}

  Connection* connection_;
  Statement select_;
  std::unordered_map<std::int64_t, std::string> names_;
};

}  // namespace rollcall
