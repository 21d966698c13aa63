#pragma once

#include <cstdint>

namespace rollcall {

// Page cache of one connection, in KiB. A bootstrap of 100,000 rows writes its pages through it in
// order, so more buys nothing there; a phone's whole budget is 64 MB.
inline constexpr int cache_kib_default = 16 * 1024;
// The write-ahead log is folded into the file after a commit that leaves it this long, in pages of
// 4 KiB: 16 MiB. Shorter means more flushes in a bulk write, longer a longer recovery.
inline constexpr int checkpoint_pages_default = 4096;
// Where readers always overlap, folding alone never lets the log begin anew. So many times longer
// than that, a commit waits for those who still read from it (`busy_ms_max` at most).
inline constexpr int overgrown_log_factor = 8;
// A log that once grew longer (one huge transaction) is cut back to this, in bytes.
inline constexpr std::int64_t wal_bytes_kept = std::int64_t{16} << 20;
// How long a server's connection waits for another one's lock (a shell, a command beside `serve`).
// A replica never waits: whoever else has it open keeps it.
inline constexpr int busy_ms_max = 5000;
// Idle statements kept by text for `Connection::cached`; beyond it one is finalised.
inline constexpr int cached_statements_max = 256;
// Longest statement text that `query()` takes, in bytes.
inline constexpr int query_bytes_max = 1 << 20;
// Columns that SQLite allows in a table, less those that start with `_`.
inline constexpr int table_fields_max = 1900;

}  // namespace rollcall
