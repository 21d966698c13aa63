#pragma once

#include <functional>
#include <set>
#include <unordered_map>

#include "engine/base/result.h"
#include "engine/model/write.h"
#include "server/space/erasure.h"

namespace rollcall {

// The rows that nobody but the server itself brings back, since they were erased for a person's
// sake. An import may: once a row is there under one of their ids, that id is nobody's to refuse.
class ErasedRows {
 public:
  // Whether the space has such a row. Asked only where an id is one of these.
  using IsThere = std::function<Result<bool>(const ErasedRow&)>;

  ErasedRows() = default;
  explicit ErasedRows(std::set<ErasedRow> rows);

  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] bool knows(const RowId& id) const { return ids_.contains(id); }
  // Whether a write is of one of them, or says to have to do with one.
  Result<bool> concern(const RowWrite& write, const IsThere& is_there) const;
  // Those that are not back.
  Result<std::set<ErasedRow>> gone(const IsThere& is_there) const;

 private:
  Result<bool> is_back(const RowId& id, const IsThere& is_there) const;

  std::set<ErasedRow> rows_;
  std::unordered_multimap<RowId, CollectionId> ids_;
};

}  // namespace rollcall
