#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <utility>

#include "server/limits.h"

namespace rollcall {

// A number of bytes that many may hold parts of, and no more: what bounds the memory of bodies.
// Thread-safe. Must outlive its holds.
class ByteBudget {
 public:
  // A part; given back when it is destroyed. One that was made of nothing is of no budget.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    Hold& operator=(Hold&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Hold() {
      if (budget_ != nullptr) budget_->held_.fetch_sub(bytes_, std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    // Holds so many more; false, and nothing changes, when they are not there.
    bool grow(std::size_t more) {
      if (budget_ == nullptr) return true;
      std::optional<Hold> added = budget_->hold(more);
      if (!added) return false;
      bytes_ += std::exchange(added->bytes_, 0);
      return true;
    }

   private:
    friend class ByteBudget;
    Hold(ByteBudget* budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}
    ByteBudget* budget_ = nullptr;
    std::size_t bytes_ = 0;
  };

  explicit ByteBudget(std::size_t bytes_max) : max_(bytes_max) {}

  // Nothing when they are not there.
  std::optional<Hold> hold(std::size_t bytes) {
    std::size_t held = held_.load(std::memory_order_relaxed);
    do {
      if (bytes > max_ - held) return std::nullopt;
    } while (!held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed));
    return Hold(this, bytes);
  }
  [[nodiscard]] std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t max_;
  std::atomic<std::size_t> held_ = 0;
};

// What the bodies of one server may take: requests, those of strangers out of a share of it, and
// replies.
struct BodyBudgets {
  explicit BodyBudgets(std::size_t bytes_max)
      : requests(bytes_max), strangers(bytes_max / stranger_share), replies(bytes_max) {}
  [[nodiscard]] std::size_t held() const {
    return requests.held() + strangers.held() + replies.held();
  }
  ByteBudget requests;
  ByteBudget strangers;
  ByteBudget replies;
};

}  // namespace rollcall
