#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include <gtest/gtest.h>

#include "server/http/http_handler.h"
#include "server/http/refusal.h"

namespace rollcall {

// Answers with the body that came; or, on /wait, when the test says so.
class Echo final : public HttpHandler {
 public:
  std::optional<HttpAnswer> judge_head(const HttpHead& head) override {
    if (head.target != "/refused") return std::nullopt;
    return refuse_stale(head.answer_type, 1234, "too old");
  }
  [[nodiscard]] bool is_signed(const HttpHead& head) const override {
    return head.target == "/proved";
  }
  void handle(ReceivedRequest request, std::shared_ptr<HttpExchange> exchange) override {
    if (request.head.target == "/wait") {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(exchange));
      changed_.notify_all();
      return;
    }
    if (request.head.target == "/lost") return;
    HttpAnswer response;
    response.type = request.head.answer_type;
    response.proved = request.head.target == "/proved";
    response.body = std::move(request.body);
    exchange->respond(std::move(response));
  }
  void gone(const std::shared_ptr<HttpExchange>& exchange) override {
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, exchange);
    ++gone_;
    changed_.notify_all();
  }
  void answering(const HttpHead*, const HttpAnswer&, std::size_t, std::size_t) override {}

  // Waits until so many requests wait, or went away.
  void await_waiting(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return waiting_.size() == count; }));
  }
  void await_gone(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return gone_ == count; }));
  }
  void answer_all() {
    const std::lock_guard lock(mutex_);
    for (const auto& exchange : waiting_) exchange->respond({});
    waiting_.clear();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<HttpExchange>> waiting_;
  std::size_t gone_ = 0;
};

}  // namespace rollcall
