#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/model/value.h"

namespace rollcall {

class Statement;

// A running SQL query over the replica's views and tables: what committed local transactions and
// taken replies have made visible. Cells are views until the next `step`.
//
//   ROLLCALL_TRY_ASSIGN(auto query, replica.query("SELECT id, given_name FROM person", {}));
//   for (;;) { ROLLCALL_TRY_ASSIGN(const bool row, query.step()); if (!row) break; ... }
class QueryRows {
 public:
  QueryRows(QueryRows&&) noexcept;
  QueryRows& operator=(QueryRows&&) noexcept;
  ~QueryRows();

  // True: a row is there; false: that was all.
  Result<bool> step();
  [[nodiscard]] std::size_t columns() const;
  [[nodiscard]] std::string_view name(std::size_t column) const;
  // SQLite's integers (booleans too) come as integers, text as text, blobs as bytes; reals as text.
  [[nodiscard]] ValueView value(std::size_t column) const;

 private:
  friend class Queries;
  struct Running;
  explicit QueryRows(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
};

// Called with a fresh run of an observed query.
using Observer = std::function<void(QueryRows&)>;
using ObserverId = Number<struct ObserverIdMeaning, std::uint64_t>;

}  // namespace rollcall
