#include "server/space/erased_rows.h"

#include <utility>

namespace rollcall {

ErasedRows::ErasedRows(std::set<ErasedRow> rows) : rows_(std::move(rows)) {
  for (const ErasedRow& row : rows_) ids_.emplace(row.id, row.collection);
}

Result<bool> ErasedRows::is_back(const RowId& id, const IsThere& is_there) const {
  const auto [first, last] = ids_.equal_range(id);
  for (auto one = first; one != last; ++one) {
    ROLLCALL_TRY_ASSIGN(const bool found, is_there({one->second, id}));
    if (found) return true;
  }
  return false;
}

Result<bool> ErasedRows::concern(const RowWrite& write, const IsThere& is_there) const {
  if (rows_.contains({write.collection, write.id})) {
    ROLLCALL_TRY_ASSIGN(const bool back, is_back(write.id, is_there));
    if (!back) return true;
  }
  for (const RowId& id : named_rows(write)) {
    if (!knows(id)) continue;
    ROLLCALL_TRY_ASSIGN(const bool back, is_back(id, is_there));
    if (!back) return true;
  }
  return false;
}

Result<std::set<ErasedRow>> ErasedRows::gone(const IsThere& is_there) const {
  std::set<ErasedRow> gone;
  for (const ErasedRow& row : rows_) {
    ROLLCALL_TRY_ASSIGN(const bool back, is_back(row.id, is_there));
    if (!back) gone.insert(row);
  }
  return gone;
}

}  // namespace rollcall
