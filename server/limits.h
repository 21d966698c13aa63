#pragma once

#include <cstddef>
#include <cstdint>

// What strangers and devices may make the server do. What is over a limit is refused, and counted
// in `rollcall_limited_total` of /metrics under the limit's name (server/limit_counts.h).
namespace rollcall {

// A request's head, in bytes: ours takes about 400; no proxy adds more than a few hundred.
inline constexpr std::size_t head_bytes_max = std::size_t{8} * 1024;
// Connections at a time: a state's devices with a long poll open each, ten thousand at most.
inline constexpr std::size_t connections_max = 10'000;
// Connections beyond that which are still told 503; what comes beyond these is closed unread.
inline constexpr std::size_t connections_refused_max = 64;
// Connections of one address (IPv6: of one /64) on which nobody has proved yet who they are. Phones
// behind one hall's address do so with their first request; who only holds connections never does.
inline constexpr std::size_t address_strangers_max = 512;
// New connections of one address at once, and how fast that comes back: a hall of 2,000 phones
// whose Wi-Fi returns is in within 40 s. A TLS handshake takes about a millisecond.
inline constexpr std::int64_t address_connects_max = 1'000;
inline constexpr std::int64_t address_connects_a_minute = 3'000;
// Requests of strangers of one address that were refused - wrong keys, guessed codes, what is no
// request -, at once, and how fast that comes back. Beyond, its strangers are told to wait.
inline constexpr std::int64_t address_refusals_max = 200;
inline constexpr std::int64_t address_refusals_a_minute = 120;
// Addresses that are remembered, some 100 bytes each. One is forgotten when its rates are full
// again; where no more fit, those that wait for nothing go first, then rates begin anew.
inline constexpr std::size_t addresses_max = 100'000;
// Bodies of requests that are in memory, all connections together, in bytes; replies have as much
// of their own, so that who holds requests keeps nobody from an answer.
inline constexpr std::size_t held_bytes_max = std::size_t{256} << 20;
// Of these, what connections may hold on which nobody has proved yet who they are.
inline constexpr std::size_t stranger_share = 4;
// And what those of one address may promise of it together: a hall's 1,000 phones with a day's work
// each, and still a quarter of what all strangers have.
inline constexpr std::size_t address_held_bytes_max = std::size_t{16} << 20;
// A body that is read on behalf of a known device's number although its address was refused much of
// late, in bytes: so that a hall's phones are heard whatever one of them does.
inline constexpr std::size_t heard_body_bytes_max = std::size_t{64} << 10;
// Silence between two requests of a connection, in ms: above a client's long poll and its pauses.
inline constexpr std::int64_t idle_ms_max = 75'000;
// The same before a connection's first request, over TLS: who comes says something at once.
inline constexpr std::int64_t stranger_idle_ms_max = 10'000;
// A TLS handshake, from the connection's first moment, in ms: two round trips of a slow phone.
inline constexpr std::int64_t handshake_ms_max = 10'000;
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

// The body of a request that nobody signs (an enrolment), in bytes: a name, a key, a secret, a
// label; or, of a device that a restored server forgot, its sealed enrolment with all its grants
// and those whom it was before it forked.
inline constexpr std::size_t enroll_bytes_max = std::size_t{96} << 10;
// A signed request that pushes nothing, unpacked, in bytes: the most that a client has to say.
inline constexpr std::size_t bare_request_bytes_max = std::size_t{512} << 10;
// Requests that wait for a reader: at 1 ms each, the last waits two seconds.
inline constexpr std::size_t reader_queue_max = 2'000;
// Requests that wait for a space's writer: pushes, enrolments, verdicts that were seen. Their
// bodies count against the held bytes besides.
inline constexpr std::size_t writer_queue_max = 1'000;
// Requests of one device under way at a time: two lanes, a retry of each, and some grace.
inline constexpr std::size_t device_requests_max = 8;
// Bytes of replies that one device gets at once, before compression, and how fast that comes back:
// the largest scope several times over, then 22 GB a day. Who asks for everything in a loop waits.
inline constexpr std::int64_t device_sent_bytes_max = std::int64_t{512} << 20;
inline constexpr std::int64_t device_sent_bytes_per_s = std::int64_t{256} << 10;
// Bytes of transactions that one device pushes in a day: a week's work of 100,000 transactions is a
// tenth of it.
inline constexpr std::int64_t device_pushed_bytes_a_day = std::int64_t{512} << 20;
// Of these, bytes of transactions that are rejected: they are kept as all are, and nobody needs
// more of them.
inline constexpr std::int64_t device_refused_bytes_a_day = std::int64_t{32} << 20;
// The longest that a device over such a limit is told to wait, in seconds: it asks again then.
inline constexpr std::int64_t limited_wait_s_max = 3'600;

// Wrong tries that an invitation's typed code survives; its link (128 bits) has no such limit.
inline constexpr std::uint32_t code_tries_max = 5;
// Wrong typed codes that a whole space takes before typed codes rest, and how long one of them
// counts, in ms: a guesser gets 20 a minute, a church basement full of typing errors gets along.
inline constexpr std::size_t wrong_tries_max = 20;
inline constexpr std::int64_t wrong_try_ms = 60'000;

// Invitations of one space that are open at once: each is a door.
inline constexpr std::size_t open_invitations_max = 10'000;

}  // namespace rollcall
