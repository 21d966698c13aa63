#pragma once

#include <cstddef>
#include <cstdint>

#include "server/limits.h"

namespace rollcall {

// Threads that check, decode, read and encode; each has a connection of its own to each space.
inline constexpr std::size_t reader_threads = 2;
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
// What devices say of themselves is written at the latest after so many ms, all in one commit.
inline constexpr std::int64_t write_health_ms = 60'000;
// Parked transactions whose wait may be over are looked at so often, in ms.
inline constexpr std::int64_t judge_waiting_ms = 3'600'000;

}  // namespace rollcall
