#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/error.h"
#include "engine/protocol/messages.h"
#include "server/limit_counts.h"

namespace rollcall {

using Counter = std::atomic<std::uint64_t>;

// Counts per bucket of doubling bounds: 1, 2, 4, ... and above.
struct Histogram {
  static constexpr std::size_t bounds = 15;  // the last is 16,384
  std::array<Counter, bounds + 1> buckets{};
  Counter sum{0};
  void add(std::uint64_t value);
};

enum class Route : std::uint8_t { sync, enroll, schema, healthz, metrics, other };
inline constexpr std::size_t route_count = 6;
std::string_view route_name(Route route);

// What the server did since it started. Any thread counts; nobody locks.
struct Metrics {
  static constexpr std::size_t codes = 800;  // ErrorCode's numbers lie below

  std::array<Counter, route_count> requests{};
  std::array<Counter, codes> refusals{};
  LimitCounts limits;
  Counter bytes_in{0};
  Counter bytes_out{0};
  Counter pushes{0};
  std::array<Counter, 5> transactions{};  // by VerdictKind
  Counter rows_out{0};
  Counter pages_out{0};
  Counter commits{0};  // of all kinds; each flushes the write-ahead log once
  Counter polls_woken{0};
  Histogram commit_pushes;        // pushes of one group commit
  Histogram commit_transactions;  // transactions of one group commit
  Histogram commit_ms;            // from taking a group to its being durable
  std::atomic<std::int64_t> polls_waiting{0};
  std::atomic<std::int64_t> reader_queue{0};
  std::atomic<std::int64_t> writer_queue{0};

  void refused(ErrorCode code);
};

// What is not counted but looked at when asked.
struct MetricsNow {
  std::size_t connections = 0;
  std::uint64_t connections_accepted = 0;
  std::uint64_t handshakes_failed = 0;
  const LimitCounts* limits = nullptr;                // hit before a request was framed; null: none
  std::optional<std::int64_t> certificate_expires_s;  // nothing: no TLS
  std::size_t held_bytes = 0;
  std::size_t spaces = 0;
  std::int64_t uptime_ms = 0;
};

// In Prometheus' text format, version 0.0.4.
std::string prometheus_text(const Metrics& metrics, const MetricsNow& now);

}  // namespace rollcall
