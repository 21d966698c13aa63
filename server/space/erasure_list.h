#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "server/space/erasure.h"

namespace rollcall {

// The rows that were erased for a person's sake, in a file beside the space's:
// <space>.rollcall-erasures. It is written before the space commits an erasure, and says of nobody
// more than the ids of her rows. Where an import brings one back, it says that too: a restored
// file still loses what it held of before, and then takes what is written of her since.
//
//   rollcall erasures 1
//   <utc ms> <collection; 0: any> <row's id, 32 hex>
//   <utc ms> back <row's id, 32 hex>
class ErasureList {
 public:
  static std::string path_beside(const std::string& space_path) { return space_path + "-erasures"; }
  // A file that is missing is an empty list.
  static Result<ErasureList> read(const std::string& path);

  [[nodiscard]] const std::set<ErasedRow>& all() const { return all_; }
  // Ids whose last word is that they are back.
  [[nodiscard]] const std::set<RowId>& back() const { return back_; }

  // Those that it has not, or that were back. `limit`: the list is full.
  Result<void> add(const std::string& path, std::span<const ErasedRow> rows, std::int64_t now_ms);
  Result<void> add_back(const std::string& path, const std::set<RowId>& ids, std::int64_t now_ms);

 private:
  bool take(std::string_view line);
  Result<void> write(const std::string& path, const std::string& more);

  std::string text_;
  std::set<ErasedRow> all_;
  std::set<RowId> back_;
};

}  // namespace rollcall
