#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "tests/bench/bench_row.h"

namespace rollcall::bench {

// What SQLite itself needs for the same rows: one plain table of the same columns with 16-byte ids,
// one index on the precinct, WAL, synchronous=FULL, the replica's own SQLite build and page cache.
struct FloorResult {
  double seconds = 0;
  std::uint64_t file_bytes = 0;  // after a checkpoint
};

// Writes the rows in transactions of `rows_per_transaction` to a new file at `path`; checks that
// they are all there before the time counts.
Result<FloorResult> write_floor(const std::string& path, const BenchRows& rows,
                                std::size_t rows_per_transaction);

}  // namespace rollcall::bench
