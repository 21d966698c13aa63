#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "server/http/http_message.h"

namespace rollcall {

// The place where one request's answer goes. Any thread may answer, once: what comes second is
// dropped. One that is destroyed unanswered answers 500, so that no client waits for nothing.
class HttpExchange {
 public:
  using Deliver = std::function<void(HttpAnswer)>;

  explicit HttpExchange(MediaType answer_type, Deliver deliver)
      : answer_type_(answer_type), deliver_(std::move(deliver)) {}
  HttpExchange(const HttpExchange&) = delete;
  HttpExchange& operator=(const HttpExchange&) = delete;
  ~HttpExchange();

  void respond(HttpAnswer response);
  // The client closed its end: nobody will read an answer. What waits for something may stop.
  [[nodiscard]] bool is_gone() const { return gone_.load(std::memory_order_relaxed); }
  void set_gone() { gone_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] MediaType answer_type() const { return answer_type_; }

 private:
  const MediaType answer_type_;
  const Deliver deliver_;
  std::atomic<bool> answered_ = false;
  std::atomic<bool> gone_ = false;
};

// What an HTTP server asks for its answers. All of it is called on the server's own threads,
// several at a time, and must return soon: work goes elsewhere.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // The head has come and the body has not been asked for: an answer here ends the request.
  virtual std::optional<HttpAnswer> judge_head(const HttpHead& head) = 0;
  // Whether a head that `judge_head` let pass names somebody whom the handler knows; it is to be
  // proved by what follows.
  [[nodiscard]] virtual bool is_signed(const HttpHead& /*head*/) const { return false; }
  virtual void handle(ReceivedRequest request, std::shared_ptr<HttpExchange> exchange) = 0;
  // The client of this exchange went away before its answer.
  virtual void gone(const std::shared_ptr<HttpExchange>& exchange) = 0;
  // An answer is about to leave, the handler's or the server's own (`head` null: not even framed).
  virtual void answering(const HttpHead* head, const HttpAnswer& response,
                         std::size_t request_bytes, std::size_t response_bytes) = 0;
};

}  // namespace rollcall
