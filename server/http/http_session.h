#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "server/http/byte_budget.h"
#include "server/http/http_handler.h"
#include "server/http/http_server.h"
#include "server/http/request_head.h"

namespace rollcall {

// The one stream type. TLS will be a stream that does both, chosen here. (Not Beast's own, which
// closes the socket when a deadline passes: the client would not learn why.)
using HttpStream = boost::asio::ip::tcp::socket;

// One connection: a coroutine on a strand of its own that reads a request, has it answered, writes
// the answer, and begins again. Every read and write has a deadline. What it waits for from outside
// - the answer - comes back to the strand. Lives until the coroutine ends.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // `turned_away`: over the cap; its first request is answered 503.
  HttpSession(boost::asio::ip::tcp::socket socket, const HttpOptions& options, HttpHandler& handler,
              ByteBudget& budget, bool turned_away);

  // `ended` is called once, on the strand, after the socket is closed.
  void start(std::function<void()> ended);
  // From any thread. After the present request, if there is one, the connection closes.
  void drain();
  // From any thread. The connection closes now.
  void abort();

 private:
  enum class Step : std::uint8_t { go_on, close };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<Step> serve_one();
  boost::asio::awaitable<bool> await_first_byte();
  // Nothing: the connection is to be closed without a word.
  boost::asio::awaitable<std::optional<JudgedHead>> read_head();
  // Nothing, and `refusal` says why, or is nothing too when there is nobody to tell.
  boost::asio::awaitable<std::optional<Bytes>> read_body(const HttpHead& head,
                                                         std::optional<HttpAnswer>& refusal);
  // Nothing: the client hung up before its answer.
  boost::asio::awaitable<std::optional<HttpAnswer>> answer(ReceivedRequest request);
  boost::asio::awaitable<bool> write(const HttpHead* head, HttpAnswer response);
  boost::asio::awaitable<Step> refuse_unread(const JudgedHead& judged, HttpAnswer refusal);
  boost::asio::awaitable<bool> discard(std::size_t bytes);
  boost::asio::awaitable<void> close_gently();
  boost::asio::awaitable<std::size_t> read_some();
  // Whatever is under way on the stream `after` this ends, with `timed_out_`.
  void set_deadline(std::chrono::milliseconds after);
  void clear_deadline();
  void arm(std::chrono::milliseconds after);
  void watch_for_goodbye(const std::shared_ptr<HttpExchange>& exchange);
  void deliver(HttpAnswer response);
  void close();

  HttpStream stream_;
  boost::asio::steady_timer deadline_;
  std::uint64_t deadlines_set_ = 0;
  bool timed_out_ = false;
  const HttpOptions& options_;
  HttpHandler& handler_;
  ByteBudget& budget_;
  const bool turned_away_;

  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer answer_timer_;
  std::optional<HttpAnswer> response_;
  boost::system::error_code error_;  // of the last read
  std::size_t request_bytes_ = 0;    // of the present request, for the counters
  bool idle_ = false;                // between two requests
  bool gone_ = false;                // the client hung up
  bool draining_ = false;
};

}  // namespace rollcall
