#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <vector>

namespace rollcall {

class HttpSession;

// The connections of a server, each with the time (steady, in ms) at which it wants to be looked
// at. The times lie side by side: to find those that are due among ten thousand takes some
// microseconds, twenty times a second. Under the server's lock; the times are also their sessions'.
class SessionTable {
 public:
  using Time = std::atomic<std::int64_t>;
  struct Place {
    std::size_t at = 0;
    Time* attention_ms = nullptr;  // the session's until the place is given back
  };

  Place take() {
    if (free_.empty()) {
      free_.push_back(sessions_.size());
      times_.emplace_back();
      sessions_.emplace_back();
    }
    const std::size_t at = free_.back();
    free_.pop_back();
    times_[at] = std::numeric_limits<std::int64_t>::max();
    return {at, &times_[at]};
  }
  void put(const Place& place, std::shared_ptr<HttpSession> session) {
    sessions_[place.at] = std::move(session);
  }
  void give_back(std::size_t at) {
    sessions_[at].reset();
    free_.push_back(at);
  }

  [[nodiscard]] std::size_t size() const { return sessions_.size() - free_.size(); }
  template <class Each>
  void each(const Each& each) {
    for (const auto& session : sessions_) {
      if (session != nullptr) each(*session);
    }
  }
  template <class Each>
  void each_due(std::int64_t now_ms, const Each& each) {
    for (std::size_t at = 0; at < sessions_.size(); ++at) {
      if (times_[at].load(std::memory_order_relaxed) > now_ms) continue;
      if (sessions_[at] != nullptr) each(*sessions_[at]);
    }
  }
  void clear() {
    sessions_.clear();
    free_.clear();
  }

 private:
  std::deque<Time> times_;  // stay where they are
  std::vector<std::shared_ptr<HttpSession>> sessions_;
  std::vector<std::size_t> free_;
};

}  // namespace rollcall
