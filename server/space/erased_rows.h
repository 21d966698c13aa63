#pragma once

#include <set>
#include <unordered_set>

#include "engine/model/write.h"
#include "server/space/erasure.h"

namespace rollcall {

// The rows that nobody but the server itself brings back, since they were erased for a person's
// sake.
class ErasedRows {
 public:
  ErasedRows() = default;
  explicit ErasedRows(std::set<ErasedRow> rows);

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] bool knows(const RowId& id) const { return ids_.contains(id); }
  // Whether a write is of one of them, or says to have to do with one.
  [[nodiscard]] bool concern(const RowWrite& write) const;

 private:
  std::set<ErasedRow> rows_;
  std::unordered_set<RowId> ids_;
};

}  // namespace rollcall
