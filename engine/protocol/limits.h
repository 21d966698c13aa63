#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// One request's uncompressed body, in bytes: a full push of large transactions fits, memory stays
// small.
inline constexpr std::size_t request_bytes_max = 8u << 20;
// One reply's uncompressed body: a bootstrap page of 20,000 rows of a few hundred bytes fits twice.
inline constexpr std::size_t reply_bytes_max = 16u << 20;
// Transactions in one push.
inline constexpr std::size_t push_transactions_max = 5'000;
// What a client puts into one push, in bytes, once there is one transaction in it.
inline constexpr std::size_t push_bytes_target = 2u << 20;
// Rows of one bootstrap page: large enough that columns compress, small enough for a phone.
inline constexpr std::size_t bootstrap_page_rows = 20'000;
inline constexpr std::size_t bootstrap_page_bytes = 4u << 20;
// Rows and bytes of one tail page.
inline constexpr std::size_t tail_page_rows = 10'000;
inline constexpr std::size_t tail_page_bytes = 2u << 20;
// Verdicts that one reply carries at most; more wait for the next (rows are cut first).
inline constexpr std::size_t reply_verdicts_max = 10'000;
// A request's time may differ so far from the server's, either way.
inline constexpr std::int64_t request_skew_ms_max = 120'000;
// Accepted stamps lie at most so far ahead of the server's time.
inline constexpr std::int64_t stamp_ahead_ms_max = 60'000;
// A long poll is answered at the latest after this time, in ms: below common proxies' 60 s.
inline constexpr std::uint32_t wait_ms_max = 50'000;
// Digest drill-down: ranges of one reply, and rows that a range may have to be re-read whole.
inline constexpr std::size_t heal_ranges_max = 256;
inline constexpr std::size_t heal_rows_max = 256;
// Devices' grants: more than a person needs, few enough to walk for each row.
inline constexpr std::size_t device_grants_max = 64;
// An enrolment code: lifetime, and wrong tries before all typed codes of the space rest.
inline constexpr std::int64_t invitation_ms = std::int64_t{15} * 60'000;
// Backoff of a client after a failure: full jitter between 0 and base * 2^n, at most the cap.
inline constexpr std::int64_t backoff_base_ms = 250;
inline constexpr std::int64_t backoff_cap_ms = 60'000;
// A request without wait is given up after this time; with wait, this much after wait_ms.
inline constexpr std::int64_t request_deadline_ms = 30'000;
// The client asks a live lane to wait so long.
inline constexpr std::uint32_t live_wait_ms = 30'000;

// What a program calls itself and its version in a device's report, in bytes.
inline constexpr std::size_t app_bytes_max = 64;

// Hashes of a chain that a forked device is told at once, 32 bytes each: it goes on from there.
inline constexpr std::size_t fork_chain_max = 4'096;

}  // namespace rollcall
