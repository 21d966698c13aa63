#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"

namespace rollcall::bench {

// Connections to a server on a loopback port, from many addresses of 127.0.0.0/8, so that no
// address has more of them than the server takes.
class Crowd {
 public:
  explicit Crowd(std::uint16_t port) : port_(port) {}
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // So many connections that shake hands, ask once for /healthz, have their answer, and stay.
  Result<void> hold(std::size_t count);
  // How many of them the server has not closed.
  [[nodiscard]] std::size_t held() const;

  // Until `stop`: so many connections that say next to nothing, each opened anew when it is closed:
  // a third silent, a third in the middle of a ClientHello, a third that shook hands and sends a
  // byte of a head each second.
  void dawdle(std::size_t count);
  void stop();
  // Connections that the dawdlers have open, and how often one was opened.
  [[nodiscard]] std::size_t dawdling() const { return dawdling_; }
  [[nodiscard]] std::size_t dawdled() const { return dawdled_; }

 private:
  void dawdle_on(std::size_t count);

  const std::uint16_t port_;
  std::vector<int> held_;
  std::atomic<bool> stop_ = false;
  std::atomic<std::size_t> dawdling_ = 0;
  std::atomic<std::size_t> dawdled_ = 0;
  std::thread thread_;
};

}  // namespace rollcall::bench
