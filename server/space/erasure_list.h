#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "engine/base/result.h"
#include "server/space/erasure.h"

namespace rollcall {

// The rows that were erased for a person's sake, in a file beside the space's:
// <space>.rollcall-erasures. It is written before the space commits an erasure, and says of nobody
// more than the ids of her rows.
//
//   rollcall erasures 1
//   <utc ms> <collection> <row's id, 32 hex>
class ErasureList {
 public:
  static std::string path_beside(const std::string& space_path) { return space_path + "-erasures"; }
  // A file that is missing is an empty list.
  static Result<std::set<ErasedRow>> read(const std::string& path);
  // Those that it has not.
  static Result<void> add(const std::string& path, std::span<const ErasedRow> rows,
                          std::int64_t now_ms);
};

}  // namespace rollcall
