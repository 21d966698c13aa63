#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// Acknowledged transactions and receipts are kept so long, and so many bytes of them, to be offered
// to a server that was restored from a backup.
inline constexpr std::int64_t outbox_kept_ms = std::int64_t{90} * 24 * 3600 * 1000;
inline constexpr std::size_t outbox_kept_bytes = 64u << 20;
// Receipts that go with one push to a server that was restored.
inline constexpr std::size_t push_receipts_max = 1'000;
// How often their age is looked at.
inline constexpr std::int64_t outbox_prune_ms = std::int64_t{3600} * 1000;
// Rows of decoded pending transactions that are held in memory for replays, beside the transaction
// that is in use: a transaction of ten thousand rows fits once.
inline constexpr std::size_t decoded_rows_max = 10'000;
// And so many transactions: a reader's memory is some kilobytes, whatever it reads.
inline constexpr std::size_t decoded_transactions_max = 16;
// A range of rows that was re-read to heal a difference rests so long before it is re-read again.
inline constexpr std::int64_t heal_rest_ms = std::int64_t{3600} * 1000;
// The measured difference of the clocks is written down when it has changed by more than this.
inline constexpr std::int64_t offset_jitter_ms = 500;
// Path sets that lie in memory, used or not, before those that no row has are looked for: a few
// hundred are in use, and looking takes a walk over all rows.
inline constexpr std::size_t path_sets_max = 10'000;
// Conflicts, tray entries and search results that one call gives at most.
inline constexpr std::size_t listed_rows_max = 100'000;

// How often the file notes how late it is by its device's clock, in ms: somebody who sets the clock
// back gains no more for a lease.
inline constexpr std::int64_t latest_ms_step = 60'000;

}  // namespace rollcall
