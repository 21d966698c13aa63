#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/merge/merge_field.h"

namespace rollcall {

struct RowContext {
  bool may_open_generation = true;
  const OwnTransactions* own = nullptr;
  // The server's: the sequence at which each field last changed, by position, and that of the
  // transaction's cursor. A delete keeps what others wrote between. A replica leaves them empty:
  // which losers a delete made, the server will tell.
  std::span<const Sequence> sequences;
  Sequence cursor;
};

// What merging a row did; reused from row to row, so that nothing is allocated.
struct RowEffect {
  std::vector<std::uint16_t> changed;  // positions whose sequence moves, ascending
  bool stored = false;                 // anything at all to write down
  bool merged = false;                 // verdict `merged` rather than `applied`
  void clear();
};

// Merges one transaction's write of one row into `row`, which is as it stands: without fields when
// there is no such row yet. Fields that `collection` does not have are left out.
void merge_row(const CollectionDef& collection, RowState& row, const RowWrite& write,
               Stamp accepted, const RowContext& context, RowEffect& effect);

// The greatest base of `write` that is its field's present stamp: what the clamp rule must lift the
// accepted stamp above (engine/merge/clamp.h). None when there is none.
Stamp seen_base(const CollectionDef& collection, const RowState& row, const RowWrite& write);

// True for an insert that, when there is no row yet, gives each field exactly its value under the
// transaction's stamp: the caller may bind the cells and skip the merge.
bool is_plain_insert(const RowWrite& write);

}  // namespace rollcall
