#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include "server/http/byte_budget.h"
#include "server/http/http_handler.h"
#include "server/http/http_server.h"
#include "server/http/http_stream.h"
#include "server/http/request_head.h"
#include "server/http/session_table.h"

namespace rollcall {

// One connection: a coroutine on a strand of its own that shakes hands where there is TLS, reads a
// request, has it answered, writes the answer, and begins again. Every read and write has a
// deadline. What it waits for from outside
// - the answer - comes back to the strand. Lives until the coroutine ends.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  // What all connections of a server share.
  struct House {
    const HttpOptions& options;
    HttpHandler& handler;
    HttpGauges& gauges;
    BodyBudgets& budgets;
    AddressBook& addresses;
  };
  // `stranger`: the address that is charged for it until it shows who it is. `turned_away`: over
  // the cap; its first request is answered 503.
  HttpSession(boost::asio::ip::tcp::socket socket, const TlsContext* tls, const House& house,
              SessionTable::Time& attention_ms, std::optional<AddressKey> stranger,
              bool turned_away);

  // `ended` is called once, on the strand, after the socket is closed.
  void start(std::function<void()> ended);
  // From any thread. After the present request, if there is one, the connection closes.
  void drain();
  // From any thread. The connection closes now.
  void abort();
  // From any thread, when its attention is due, which is looked for every `tick_ms`. Deadlines are
  // kept so, and not by a timer each, since a request would set a timer four times.
  void tick();
  // After all threads have ended: lets go of a coroutine that nobody will resume.
  void let_go() { waiting_ = nullptr; }

 private:
  enum class Step : std::uint8_t { go_on, close };

  boost::asio::awaitable<void> run();
  boost::asio::awaitable<bool> shake_hands();
  boost::asio::awaitable<Step> serve_one();
  boost::asio::awaitable<bool> await_first_byte();
  // Nothing: the connection is to be closed without a word.
  boost::asio::awaitable<std::optional<JudgedHead>> read_head();
  // A body as far as it has come. Not whole: `refusal` says why, or is nothing when there is
  // nobody to tell.
  struct Arriving {
    Bytes bytes;  // in front the `have` that came, then room
    std::size_t have = 0;
    ByteBudget::Hold hold;  // of all of `bytes`
    bool whole = false;
    std::optional<HttpAnswer> refusal;
  };
  boost::asio::awaitable<void> read_body(const HttpHead& head, Arriving& body);
  // Room for more of it; false: the memory is taken.
  static bool make_room(Arriving& body, std::size_t whole_bytes);
  // Nothing: the client hung up before its answer.
  boost::asio::awaitable<std::optional<HttpAnswer>> answer(ReceivedRequest request);
  boost::asio::awaitable<bool> write(const HttpHead* head, HttpAnswer response);
  // `unread`: what has not come of its body.
  boost::asio::awaitable<Step> refuse_unread(const JudgedHead& judged, std::size_t unread,
                                             HttpAnswer refusal);
  void no_stranger();
  // What a stranger promises to send counts against its address until the next request.
  bool promise(std::size_t bytes);
  void give_back();
  // Whether who asks proved who they are; a stranger's refused requests are counted.
  void note_sender(const HttpAnswer& response);
  // One whose address was refused much of late; who names a known device, and briefly, is heard.
  std::optional<HttpAnswer> refuse_stranger(const HttpHead& head, bool is_refused);
  HttpAnswer no_memory(MediaType type, Limit limit);
  boost::asio::awaitable<bool> discard(std::size_t bytes);
  boost::asio::awaitable<void> close_gently();
  boost::asio::awaitable<std::size_t> read_some(std::size_t room);
  // What is under way on the stream ends after so many ms, with `timed_out_`.
  void set_deadline(std::int64_t after_ms);
  void attend();
  void watch_for_goodbye(const std::shared_ptr<HttpExchange>& exchange);
  boost::asio::awaitable<void> await_answer();
  void resume();
  void close();

  HttpStream stream_;
  // Steady time at which the strand has to look at this connection; the rest of these is the
  // strand's own.
  SessionTable::Time* attention_ms_;   // its place in the table
  SessionTable::Time nobodys_ms_ = 0;  // in place of it when that was given back
  std::int64_t deadline_ms_;
  bool timed_out_ = false;
  const HttpOptions& options_;
  HttpHandler& handler_;
  HttpGauges& gauges_;
  BodyBudgets& budgets_;
  AddressBook& addresses_;
  std::optional<AddressKey> stranger_;
  std::size_t promised_ = 0;
  const bool turned_away_;

  boost::beast::flat_buffer buffer_;
  std::function<void()> waiting_;         // goes on with the coroutine that waits for its answer
  std::weak_ptr<HttpExchange> exchange_;  // that it waits for
  std::optional<HttpAnswer> response_;
  boost::system::error_code error_;  // of the last read
  std::size_t request_bytes_ = 0;    // of the present request, for the counters
  bool idle_ = false;                // between two requests, or before the first
  bool gone_ = false;                // the client hung up
  bool draining_ = false;
};

}  // namespace rollcall
