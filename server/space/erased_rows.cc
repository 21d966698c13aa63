#include "server/space/erased_rows.h"

#include <algorithm>
#include <utility>

namespace rollcall {

ErasedRows::ErasedRows(std::set<ErasedRow> rows) : rows_(std::move(rows)) {
  for (const ErasedRow& row : rows_) ids_.insert(row.id);
}

bool ErasedRows::concern(const RowWrite& write) const {
  if (covers(rows_, write.collection, write.id)) return true;
  const std::vector<RowId> named = named_rows(write);
  return std::any_of(named.begin(), named.end(), [&](const RowId& id) { return knows(id); });
}

}  // namespace rollcall
