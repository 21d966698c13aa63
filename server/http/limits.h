#pragma once

#include <cstddef>
#include <cstdint>

#include "server/limits.h"

namespace rollcall {

// A TLS ticket lets a device come back without the certificate for so long, in s.
inline constexpr long tls_ticket_s_max = 7'200;
// One read while a connection is silent and while its head comes, in bytes: a head of ours fits in
// the first, and a silent connection holds no more.
inline constexpr std::size_t first_read_bytes = 1024;
inline constexpr std::size_t head_read_bytes = std::size_t{4} * 1024;
// A refused request's body is read and thrown away up to this size, so that the answer arrives.
inline constexpr std::size_t discarded_bytes_max = std::size_t{256} * 1024;
inline constexpr std::int64_t discard_ms_max = 2'000;
// Open requests may go on for so long after SIGTERM, in ms.
inline constexpr std::int64_t drain_ms_max = 10'000;
// Deadlines are looked at so often, in ms.
inline constexpr std::int64_t tick_ms = 50;
// What a refused client is told to wait before it comes back, in seconds.
inline constexpr std::uint32_t retry_after_s = 2;
// Threads that frame requests and write replies; the work behind them has its own.
inline constexpr std::size_t http_threads = 2;

}  // namespace rollcall
