#pragma once

#include <cstddef>
#include <cstdint>

#include "server/limits.h"

namespace rollcall {

// A label of a device or an invitation, in bytes.
inline constexpr std::size_t label_bytes_max = 200;
// A space's name (in links and file names) and its title, in bytes.
inline constexpr std::size_t space_name_bytes_max = 63;
inline constexpr std::size_t space_title_bytes_max = 200;

// Transactions in one group commit, all devices together: bounds how long the first one waits.
inline constexpr std::size_t group_transactions_max = 10'000;
// Page cache of the writer and of one reader, in KiB.
inline constexpr int writer_cache_kib = 64 * 1024;
inline constexpr int reader_cache_kib = 16 * 1024;
// Paths that a space's writer keeps in memory from commit to commit, some 200 bytes each.
inline constexpr std::size_t writer_paths_max = 262'144;
// Paths whose text one reader keeps in memory; beyond, it begins anew.
inline constexpr std::size_t cached_paths_max = 65'536;
// Paths that a walk through a prefix looks up at a time: a page rarely needs more.
inline constexpr std::size_t scanned_paths_max = 4'096;
// Rows that one transaction changes and that are kept in memory between the look at their stamps
// and their merge; those of a larger one are read twice.
inline constexpr std::size_t judged_rows_kept = 64;
// A transaction shorter than this is stored as it is: compressing it would not save a byte.
inline constexpr std::size_t stored_plain_bytes_max = 512;

// What a verdict takes in a reply besides its reason, in bytes, at most.
inline constexpr std::size_t verdict_bytes_estimate = 64;

// Rows that one tail page looks at: a device that sees few of many is answered in time, with a
// position to go on from.
inline constexpr std::size_t tail_scan_rows_max = 200'000;

// Own transactions whose sequences are looked up so that their rows need not come back: a device
// that names more as not contained yet gets all rows whole, which is always right.
inline constexpr std::size_t echo_transactions_max = 20'000;

// Path prefixes whose digest is kept, some 200 bytes each: as many as the grants of a county's
// devices. Beyond, the one that was not asked for the longest is forgotten.
inline constexpr std::size_t watched_prefixes_max = 16'384;
// Group commits, and changes of a path's sum in them, that the digest book remembers for readers
// whose snapshot is not the newest.
inline constexpr std::size_t book_commits_max = 256;
inline constexpr std::size_t book_changes_max = 262'144;

// Paths that the news of one commit names; a commit that touches more says "everywhere".
inline constexpr std::size_t news_paths_max = 10'000;

// A parked transaction whose row may still come waits so long, in ms.
inline constexpr std::int64_t waiting_ms_max = std::int64_t{14} * 24 * 3600 * 1000;
// Parked transactions that are judged again in one commit: others write between two of them.
inline constexpr std::size_t judged_again_max = 500;
// Parked transactions of one device: what it pushes beyond is rejected, so that no more wait than
// somebody can decide.
inline constexpr std::size_t parked_transactions_max = 100'000;

// Entries of one drill-down range that is re-read are `heal_rows_max`; a caller that asks for the
// rows of a longer range gets it cut at this many.
inline constexpr std::size_t heal_page_rows_max = 4'096;
// Entries that one drill-down request sums up, some tenths of a second: what lies behind them comes
// as one range without a sum, and the device descends into it.
inline constexpr std::size_t heal_scan_rows_max = 200'000;
// Entries that one bootstrap page looks at: those whose rows came at an earlier path take no room
// in the page, but time.
inline constexpr std::size_t bootstrap_scan_rows_max = 200'000;
// Rows that one commit of a compaction goes through: others write between two of them.
inline constexpr std::size_t compacted_rows_max = 5'000;
// Devices that ask to be let in again after a restore, at a time.
inline constexpr std::size_t readmissions_max = 10'000;
// Revocations that a space counts: what a cursor says beyond that was made up.
inline constexpr std::uint64_t revocations_max = 1'000'000;
// The list of a space's revocations, in bytes: 100,000 of them.
inline constexpr std::size_t revocation_list_bytes_max = 32u << 20;
// The list of a space's erased rows, in bytes: 500,000 of them.
inline constexpr std::size_t erasure_list_bytes_max = 32u << 20;

// Schemas of before whose roles are remembered, some tens of KiB each: who was offline through more
// changes is judged by the oldest of them.
inline constexpr std::size_t past_schemas_max = 16;

// Devices whose state is written in one commit of its own, some 20 us each; the rest a minute
// later.
inline constexpr std::size_t health_rows_max = 5'000;

// Forks in a row, each from the one before, that end in one device: its enrolment names them all.
inline constexpr std::size_t ancestors_max = 256;
// A family of devices forks once in so many ms without anybody's consent: a phone that is restored
// now and then goes on by itself, a copied key does not multiply.
inline constexpr std::int64_t fork_rest_ms = std::int64_t{24} * 3600 * 1000;

}  // namespace rollcall
