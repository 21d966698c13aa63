#pragma once

#include <compare>
#include <functional>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"

namespace rollcall {

// Which row: in a space no two rows of one collection share an id.
struct RowKey {
  CollectionId collection;
  RowId id;
  friend bool operator==(const RowKey&, const RowKey&) = default;
  friend std::strong_ordering operator<=>(const RowKey& a, const RowKey& b) {
    if (a.collection != b.collection) return a.collection.value <=> b.collection.value;
    return a.id <=> b.id;
  }
};

}  // namespace rollcall

template <>
struct std::hash<rollcall::RowKey> {
  std::size_t operator()(const rollcall::RowKey& key) const noexcept {
    return std::hash<rollcall::RowId>()(key.id) ^ (key.collection.value * 0x9e3779b97f4a7c15ULL);
  }
};
