#pragma once

#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/row_id.h"

namespace rollcall {

// The ids of a section as one byte string; the first byte says how:
//
//   0  the ids, 16 bytes each
//   1  the first id, then the difference of each to the one before, ascending: LEB128 of 128 bits
//   2  the same for ids in any order: zigzag of the difference modulo 2^128
//
// Ids that were made together lie near each other, so a difference takes 2 or 3 bytes. The writer
// takes what is shortest.
void write_ids(std::span<const RowId> ids, Bytes& out);
// Fills `ids`: at least one, at most `rows_max`.
Result<void> read_ids(BytesView in, std::size_t rows_max, std::vector<RowId>& ids);

}  // namespace rollcall
