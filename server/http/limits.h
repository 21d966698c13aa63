#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// A request's head, in bytes: ours takes about 400; no proxy adds more than a few hundred.
inline constexpr std::size_t head_bytes_max = std::size_t{8} * 1024;
// Connections at a time: a state's devices with a long poll open each, ten thousand at most.
inline constexpr std::size_t connections_max = 10'000;
// Connections beyond that which are still told 503; what comes beyond these is closed unread.
inline constexpr std::size_t connections_refused_max = 64;
// Bodies of requests and replies that are in memory, all connections together, in bytes.
inline constexpr std::size_t held_bytes_max = std::size_t{256} << 20;
// Silence between two requests of a connection, in ms: above a client's long poll and its pauses.
inline constexpr std::int64_t idle_ms_max = 75'000;
// A TLS handshake, from the connection's first moment, in ms: two round trips of a slow phone.
inline constexpr std::int64_t handshake_ms_max = 10'000;
// A TLS ticket lets a device come back without the certificate for so long, in s.
inline constexpr long tls_ticket_s_max = 7'200;
// One read while a connection is silent and while its head comes, in bytes: a head of ours fits in
// the first, and a silent connection holds no more.
inline constexpr std::size_t first_read_bytes = 1024;
inline constexpr std::size_t head_read_bytes = std::size_t{4} * 1024;
// From a head's first byte to its last, in ms.
inline constexpr std::int64_t head_ms_max = 10'000;
// A body, either way, may take so long, in ms, and another ms for each so many bytes (64 kbit/s).
inline constexpr std::int64_t body_ms_base = 30'000;
inline constexpr std::int64_t body_bytes_per_ms = 8;
// A request's body is held from so many bytes on and doubled as it fills up, so that a head which
// promises a body and does not send it takes next to nothing: all connections at once 80 MiB.
inline constexpr std::size_t body_bytes_first = std::size_t{8} * 1024;
// So many bytes of it have to come within each so many ms (500 bytes/s): the slowest phone has
// twice that, and who sends nothing more does not hold what has come for minutes.
inline constexpr std::size_t pace_bytes_min = 15'000;
inline constexpr std::int64_t pace_ms_max = 30'000;
// The longest that the answer to a request that is in may take, in ms: a long poll, and more.
inline constexpr std::int64_t answer_ms_max = 120'000;
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
