#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/value.h"

namespace rollcall::bench {

inline constexpr std::size_t field_count = 9;
inline constexpr std::array<std::string_view, field_count> field_names{
    "given_name", "family_name", "phone", "email",     "precinct",
    "role",       "status",      "notes", "updated_at"};

// Rows of the benchmark: an id and nine texts each, kept as views into one block of text.
class BenchRows {
 public:
  // Plainly synthetic people; the same seed gives the same rows. Ids are UUIDv7 in order of making.
  static BenchRows generate(std::size_t rows, std::uint64_t seed);
  // JSON lines with "id" and the nine fields; other keys are left out. Ids are kept as they are.
  static Result<BenchRows> read(const std::string& path);

  [[nodiscard]] std::size_t size() const { return ids_.size(); }
  [[nodiscard]] const std::vector<RowId>& ids() const { return ids_; }
  // Row by row, field_count cells each.
  [[nodiscard]] const std::vector<ValueView>& cells() const { return cells_; }
  // The rows as JSON lines: what a hand-written pull would send.
  [[nodiscard]] std::string json_lines() const;

 private:
  void add(const RowId& id, const std::array<std::string, field_count>& fields);
  void settle();

  std::vector<RowId> ids_;
  std::string block_;
  std::vector<std::pair<std::size_t, std::size_t>> places_;  // of each cell in the block
  std::vector<ValueView> cells_;
};

}  // namespace rollcall::bench
