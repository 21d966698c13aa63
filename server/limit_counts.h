#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rollcall {

// The limits of server/limits.h that somebody outside can run into.
enum class Limit : std::uint8_t {
  connections,
  address_strangers,
  address_connects,
  address_refusals,
  address_held_bytes,
  handshake_time,
  head_time,
  body_time,
  answer_time,
  held_bytes,
  reader_queue,
  writer_queue,
  wrong_codes,
  device_requests,
  device_sent_bytes,
  device_pushed_bytes,
  device_refused_bytes,
};

// As /metrics names them, in the enum's order.
inline constexpr std::array<std::string_view, 17> limit_names = {
    "connections",         "address_strangers", "address_connects",  "address_refusals",
    "address_held_bytes",  "handshake_time",    "head_time",         "body_time",
    "answer_time",         "held_bytes",        "reader_queue",      "writer_queue",
    "wrong_codes",         "device_requests",   "device_sent_bytes", "device_pushed_bytes",
    "device_refused_bytes"};

// How often each was hit. Any thread.
class LimitCounts {
 public:
  void hit(Limit limit) { at(limit).fetch_add(1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t hits(Limit limit) const {
    return counts_[static_cast<std::size_t>(limit)].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>& at(Limit limit) { return counts_[static_cast<std::size_t>(limit)]; }
  std::array<std::atomic<std::uint64_t>, limit_names.size()> counts_{};
};

}  // namespace rollcall
