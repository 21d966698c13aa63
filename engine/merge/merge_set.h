#pragma once

#include "engine/merge/merge_field.h"

namespace rollcall {

// The rule `set`: add-wins, a stamp per element; see MERGE.md.
MergeEffect merge_set(FieldState& field, const FieldWrite& write, Stamp accepted,
                      const OwnTransactions* own);

}  // namespace rollcall
