#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// The body of a request that nobody signs (an enrolment), in bytes: a name, a key, a secret, a
// label.
inline constexpr std::size_t enroll_bytes_max = 4096;

// Threads that check, decode, read and encode; each has a connection of its own to each space.
inline constexpr std::size_t reader_threads = 2;
// Requests that wait for one of them: at 1 ms each, the last waits two seconds.
inline constexpr std::size_t reader_queue_max = 2'000;
// Requests that wait for a space's writer: pushes, enrolments, verdicts that were seen. Their
// bodies count against the held bytes besides.
inline constexpr std::size_t writer_queue_max = 1'000;
// Requests of one device under way at a time: two lanes, a retry of each, and some grace.
inline constexpr std::size_t device_requests_max = 8;
// Requests of a space that are remembered so that none is taken twice: 1,000 a second. Two
// generations are kept, 16 bytes and a bucket each.
inline constexpr std::size_t replay_entries_max = 250'000;
// Of these, one device's: 40 a second, more than a client that works ever sends for minutes.
inline constexpr std::size_t replay_device_entries_max = 10'000;
// A long poll whose snapshot grew old before it could wait is read again so often; then it is
// answered as it is.
inline constexpr int park_tries_max = 4;
// Commits whose paths the hub remembers, to judge a poll that was read just before them, and the
// most paths that one may have to be remembered.
inline constexpr std::size_t recent_news_max = 64;
inline constexpr std::size_t recent_news_paths_max = 256;
// Parked transactions whose wait may be over are looked at so often, in ms.
inline constexpr std::int64_t judge_waiting_ms = 3'600'000;

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

}  // namespace rollcall
