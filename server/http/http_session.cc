#include "server/http/http_session.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "server/http/refusal.h"

namespace rollcall {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t discard_read_bytes = std::size_t{16} * 1024;  // one read of what is unwanted
// A client that waits longer than this for its answer is watched for hanging up.
constexpr std::int64_t watch_after_ms = 50;

std::string_view reason_of(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
  }
}

// Short on purpose: an idle sync is two heads and little else. Time travels in the messages, so
// there is no Date.
std::string head_text(const HttpAnswer& response, bool close) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += reason_of(response.status);
  text += "\r\nContent-Type: ";
  text += media_name(response.type);
  if (response.encoding != Encoding::identity) {
    text += "\r\nContent-Encoding: ";
    text += encoding_name(response.encoding);
  }
  text += "\r\nContent-Length: " + std::to_string(response.body.size());
  if (response.retry_after_s > 0) {
    text += "\r\nRetry-After: " + std::to_string(response.retry_after_s);
  }
  if (!response.allow.empty()) {
    text += "\r\nAllow: ";
    text += response.allow;
  }
  if (close) text += "\r\nConnection: close";
  text += "\r\n\r\n";
  return text;
}

std::int64_t time_for(std::int64_t base_ms, std::size_t bytes) {
  return base_ms + static_cast<std::int64_t>(bytes) / body_bytes_per_ms;
}

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// What to say to a head that the parser gave up on.
HttpAnswer refuse_parse(beast::error_code error) {
  if (error == http::error::bad_version) {
    return refuse(MediaType::json, 505,
                  {ErrorCode::malformed, "only HTTP/1.1 is spoken here: send the request as that"});
  }
  if (error == http::error::header_limit) {
    return refuse(MediaType::json, 431,
                  {ErrorCode::too_large, "the request's head is too large: send at most " +
                                             std::to_string(head_bytes_max) + " bytes"});
  }
  std::string what = "this is not the head of an HTTP/1.1 request: " + error.message();
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length) {
    what = "Content-Length is not one number, given once";
  } else if (error == http::error::bad_transfer_encoding) {
    what = "a request with Transfer-Encoding is not taken: send it with Content-Length";
  }
  return refuse(MediaType::json, 400, {ErrorCode::malformed, std::move(what)});
}

JudgedHead refused(HttpAnswer refusal) {
  JudgedHead judged;
  judged.keep_alive = false;
  judged.refusal = std::move(refusal);
  judged.refusal->close = true;
  return judged;
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, const TlsContext* tls, const House& house,
                         SessionTable::Time& attention_ms, std::optional<AddressKey> stranger,
                         bool turned_away)
    : stream_(std::move(socket), tls),
      attention_ms_(&attention_ms),
      deadline_ms_(steady_ms() + house.options.idle_ms),
      options_(house.options),
      handler_(house.handler),
      gauges_(house.gauges),
      budgets_(house.budgets),
      addresses_(house.addresses),
      stranger_(stranger),
      turned_away_(turned_away) {
  *attention_ms_ = deadline_ms_;
}

void HttpSession::start(std::function<void()> ended) {
  asio::co_spawn(
      stream_.get_executor(), [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this(), ended = std::move(ended)](const std::exception_ptr&) {
        self->close();
        self->no_stranger();
        self->attention_ms_ = &self->nobodys_ms_;
        ended();
      });
}

void HttpSession::drain() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (self->idle_) self->close();
  });
}

void HttpSession::abort() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->draining_ = true;
    self->close();
    self->resume();
  });
}

asio::awaitable<void> HttpSession::run() {
  const bool met = co_await shake_hands();
  if (!met) co_return;
  for (;;) {
    const Step step = co_await serve_one();
    if (step == Step::close || draining_) break;
  }
  co_await close_gently();
}

asio::awaitable<bool> HttpSession::shake_hands() {
  if (!stream_.is_secure()) co_return true;
  set_deadline(options_.handshake_ms);
  idle_ = true;
  const beast::error_code error = co_await stream_.handshake();
  idle_ = false;
  if (!error) co_return true;
  if (timed_out_) {
    gauges_.limits.hit(Limit::handshake_time);
  } else {
    gauges_.handshakes_failed.fetch_add(1, std::memory_order_relaxed);
  }
  co_return false;
}

asio::awaitable<HttpSession::Step> HttpSession::serve_one() {
  request_bytes_ = 0;
  give_back();
  const bool begun = co_await await_first_byte();
  if (!begun) co_return Step::close;
  std::optional<JudgedHead> judged = co_await read_head();
  if (!judged) co_return Step::close;
  if (judged->refusal) {
    co_await write(nullptr, std::move(*judged->refusal));
    co_return Step::close;
  }
  judged->head.is_local = stream_.is_local();
  const HttpHead head = judged->head;
  if (turned_away_) {
    HttpAnswer full = refuse_later(head.answer_type, retry_after_s,
                                   "the server has as many connections as it can take");
    full.close = true;
    co_await write(&head, std::move(full));
    co_return Step::close;
  }
  std::optional<HttpAnswer> early = handler_.judge_head(head);
  if (auto wait = refuse_stranger(head, early.has_value())) early = std::move(wait);
  if (early) {
    const Step step = co_await refuse_unread(*judged, head.body_bytes, std::move(*early));
    co_return step;
  }
  if (!promise(head.body_bytes)) {
    const Step step = co_await refuse_unread(
        *judged, head.body_bytes, no_memory(head.answer_type, Limit::address_held_bytes));
    co_return step;
  }
  Arriving body;
  body.hold = *(stranger_ ? budgets_.strangers : budgets_.requests).hold(0);
  if (!make_room(body, head.body_bytes)) {
    const Step step = co_await refuse_unread(*judged, head.body_bytes,
                                             no_memory(head.answer_type, Limit::held_bytes));
    co_return step;
  }
  if (judged->expects_continue) {
    set_deadline(options_.body_ms);
    const beast::error_code error = co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n", {});
    if (error) co_return Step::close;
  }
  co_await read_body(head, body);
  if (!body.whole) {
    if (!body.refusal) co_return Step::close;
    const std::size_t unread = head.body_bytes - body.have;
    HttpAnswer refusal = std::move(*body.refusal);
    body = Arriving();  // given back before the answer goes out
    const Step step = co_await refuse_unread(*judged, unread, std::move(refusal));
    co_return step;
  }
  ReceivedRequest request{head, std::move(body.bytes), std::move(body.hold)};
  std::optional<HttpAnswer> response = co_await answer(std::move(request));
  if (!response) co_return Step::close;
  if (!judged->keep_alive) response->close = true;
  const bool close = response->close;
  const bool written = co_await write(&head, std::move(*response));
  co_return written && !close ? Step::go_on : Step::close;
}

asio::awaitable<bool> HttpSession::await_first_byte() {
  if (buffer_.size() > 0) co_return true;
  if (draining_) co_return false;
  set_deadline(stranger_ ? std::min(options_.idle_ms, options_.stranger_idle_ms)
                         : options_.idle_ms);
  idle_ = true;
  buffer_.shrink_to_fit();  // gives back what the last request took
  const std::size_t count = co_await read_some(first_read_bytes);
  idle_ = false;
  co_return count > 0;
}

asio::awaitable<std::optional<JudgedHead>> HttpSession::read_head() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(head_bytes_max));
  parser.body_limit(boost::none);
  set_deadline(options_.head_ms);
  std::size_t seen = 0;
  for (;;) {
    beast::error_code error;
    const std::size_t used = parser.put(buffer_.data(), error);
    buffer_.consume(used);
    seen += used;
    if (parser.is_header_done()) break;
    if (error && error != http::error::need_more) co_return refused(refuse_parse(error));
    if (seen + buffer_.size() > head_bytes_max) {
      co_return refused(refuse_parse(http::error::header_limit));
    }
    const std::size_t count = co_await read_some(head_read_bytes);
    if (count > 0) continue;
    if (timed_out_) {
      gauges_.limits.hit(Limit::head_time);
      co_return refused(refuse(MediaType::json, 408,
                               {ErrorCode::timed_out, "the request's head took too long to come"}));
    }
    if (error_ == asio::error::eof) {
      co_return refused(refuse(MediaType::json, 400,
                               {ErrorCode::truncated, "the request's head ends too early"}));
    }
    co_return std::nullopt;
  }
  request_bytes_ += seen;
  const auto& message = parser.get();
  std::vector<HeadField> fields;
  for (const auto& field : message) {
    const auto name = field.name_string();
    const auto value = field.value();
    fields.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
  }
  const auto method = message.method_string();
  const auto target = message.target();
  co_return judge_request_head(
      {{method.data(), method.size()}, {target.data(), target.size()}, message.version(), fields},
      options_.body_bytes_max);
}

bool HttpSession::make_room(Arriving& body, std::size_t whole_bytes) {
  const std::size_t had = body.bytes.size();
  const std::size_t bytes = std::min(whole_bytes, std::max(body_bytes_first, 2 * had));
  if (!body.hold.grow(bytes - had)) return false;
  Bytes larger;
  larger.reserve(bytes);  // a string that grows by itself takes more than was held
  larger.assign(body.bytes, 0, body.have);
  larger.resize(bytes);
  body.bytes = std::move(larger);
  return true;
}

asio::awaitable<void> HttpSession::read_body(const HttpHead& head, Arriving& body) {
  const std::int64_t end_ms = steady_ms() + time_for(options_.body_ms, head.body_bytes);
  std::size_t due = 0;  // bytes that have to have come when the deadline passes
  while (body.have < head.body_bytes) {
    if (body.have == body.bytes.size() && !make_room(body, head.body_bytes)) {
      body.refusal = no_memory(head.answer_type, Limit::held_bytes);
      co_return;
    }
    if (body.have >= due) {
      due = body.have + pace_bytes_min;
      set_deadline(std::min(options_.pace_ms, end_ms - steady_ms()));
    }
    char* const to = body.bytes.data() + body.have;
    const std::size_t room = body.bytes.size() - body.have;
    if (const std::size_t early = std::min(buffer_.size(), room); early > 0) {
      std::copy_n(static_cast<const char*>(buffer_.data().data()), early, to);
      buffer_.consume(early);
      body.have += early;
      continue;
    }
    const HttpStream::Moved moved = co_await stream_.read_some(to, room);
    body.have += moved.bytes;
    if (!moved.error) continue;
    const std::string reached =
        " after " + std::to_string(body.have) + " of " + std::to_string(head.body_bytes) + " bytes";
    if (moved.error == asio::error::eof) {
      body.refusal = refuse(head.answer_type, {ErrorCode::truncated, "the body ends" + reached});
    } else if (timed_out_) {
      gauges_.limits.hit(Limit::body_time);
      body.refusal = refuse(head.answer_type, 408,
                            {ErrorCode::timed_out, "the body comes too slowly: stopped" + reached});
    }
    if (body.refusal) body.refusal->close = true;
    co_return;
  }
  request_bytes_ += body.have;
  body.whole = true;
}

asio::awaitable<std::optional<HttpAnswer>> HttpSession::answer(ReceivedRequest request) {
  const MediaType type = request.head.answer_type;
  response_.reset();
  {
    auto exchange =
        std::make_shared<HttpExchange>(type, [self = shared_from_this()](HttpAnswer response) {
          asio::post(self->stream_.get_executor(),
                     [self, response = std::move(response)]() mutable {
                       self->response_ = std::move(response);
                       self->resume();
                     });
        });
    exchange_ = exchange;
    set_deadline(options_.answer_ms);
    *attention_ms_ = steady_ms() + watch_after_ms;
    handler_.handle(std::move(request), std::move(exchange));
  }
  co_await await_answer();
  const std::shared_ptr<HttpExchange> unanswered = std::exchange(exchange_, {}).lock();
  stream_.cancel();  // stops watching
  if (!response_ && !gone_ && unanswered) {
    unanswered->set_gone();
    handler_.gone(unanswered);
  }
  if (gone_ || !stream_.is_open()) co_return std::nullopt;
  if (response_) co_return std::exchange(response_, std::nullopt);
  gauges_.limits.hit(Limit::answer_time);
  HttpAnswer late =
      refuse_later(type, retry_after_s, "the server could not answer this in time: send it again");
  late.close = true;
  co_return late;
}

// Until somebody calls `resume`.
asio::awaitable<void> HttpSession::await_answer() {
  // Shared, since a function must be able to be copied and a coroutine cannot.
  auto keep = [this](auto coroutine) {
    waiting_ = [kept = std::make_shared<decltype(coroutine)>(std::move(coroutine))] {
      std::move (*kept)();
    };
  };
  auto resumed =
      asio::async_initiate<const asio::use_awaitable_t<>&, void()>(keep, asio::use_awaitable);
  co_await std::move(resumed);
}

void HttpSession::resume() {
  if (!waiting_) return;
  const std::function<void()> go_on = std::exchange(waiting_, nullptr);
  go_on();
}

void HttpSession::close() { stream_.close(); }

void HttpSession::set_deadline(std::int64_t after_ms) {
  timed_out_ = false;
  deadline_ms_ = steady_ms() + after_ms;
  *attention_ms_ = deadline_ms_;
}

void HttpSession::tick() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->attend(); });
}

// On the strand. Asked again at the next tick while a deadline is past: between two parts of one
// write there may have been nothing to cancel.
void HttpSession::attend() {
  if (steady_ms() >= deadline_ms_) {
    timed_out_ = true;
    stream_.cancel();
    resume();
  } else if (const auto exchange = exchange_.lock()) {
    *attention_ms_ = deadline_ms_;
    watch_for_goodbye(exchange);
  }
}

// While an answer is made, the socket becomes readable for one of two reasons: the next request
// comes early, which waits, or the client hung up. (Or for none: what made it readable was read
// before the wait began.) Most answers are made before anybody looks.
void HttpSession::watch_for_goodbye(const std::shared_ptr<HttpExchange>& exchange) {
  if (buffer_.size() > 0) return;
  stream_.when_readable(
      [self = shared_from_this(), weak = std::weak_ptr(exchange)](beast::error_code error) {
        const auto waiting = weak.lock();
        if (error || waiting == nullptr || self->response_) return;
        const HttpStream::Peeked peeked = self->stream_.peek();
        if (peeked == HttpStream::Peeked::more) return;
        if (peeked == HttpStream::Peeked::nothing) return self->watch_for_goodbye(waiting);
        self->gone_ = true;
        waiting->set_gone();
        self->handler_.gone(waiting);
        self->resume();
      });
}

asio::awaitable<bool> HttpSession::write(const HttpHead* head, HttpAnswer response) {
  const bool close = response.close || draining_;
  std::optional<ByteBudget::Hold> hold = budgets_.replies.hold(response.body.size());
  if (!hold) {
    response = no_memory(response.type, Limit::held_bytes);
  }
  const std::string text = head_text(response, close);
  set_deadline(time_for(options_.body_ms, response.body.size()));
  note_sender(response);
  // Counted before it leaves: who has its answer finds it in the metrics.
  handler_.answering(head, response, request_bytes_, text.size() + response.body.size());
  const beast::error_code error = co_await stream_.write(text, response.body);
  co_return !error && !close;
}

// The answer goes out before the rest of the body is read, if ever.
asio::awaitable<HttpSession::Step> HttpSession::refuse_unread(const JudgedHead& judged,
                                                              std::size_t unread,
                                                              HttpAnswer refusal) {
  const bool may_follow =
      judged.keep_alive && !judged.expects_continue && unread <= discarded_bytes_max;
  if (!may_follow) refusal.close = true;
  const bool written = co_await write(&judged.head, std::move(refusal));
  if (!written) co_return Step::close;
  const bool thrown_away = co_await discard(unread);
  co_return thrown_away ? Step::go_on : Step::close;
}

asio::awaitable<bool> HttpSession::discard(std::size_t bytes) {
  set_deadline(discard_ms_max);
  for (;;) {
    const std::size_t now = std::min(buffer_.size(), bytes);
    buffer_.consume(now);
    bytes -= now;
    if (bytes == 0) co_return true;
    const std::size_t count = co_await read_some(discard_read_bytes);
    if (count == 0) co_return false;
  }
}

bool HttpSession::promise(std::size_t bytes) {
  if (!stranger_) return true;
  if (!addresses_.hold(*stranger_, bytes)) return false;
  promised_ = bytes;
  return true;
}

void HttpSession::give_back() {
  if (stranger_) addresses_.give_back(*stranger_, promised_);
  promised_ = 0;
}

void HttpSession::no_stranger() {
  give_back();
  if (stranger_) addresses_.leave(*stranger_);
  stranger_.reset();
}

void HttpSession::note_sender(const HttpAnswer& response) {
  if (!stranger_) return;
  if (response.proved) return no_stranger();
  if (response.refused && response.status < 500) addresses_.refused(*stranger_, steady_ms());
}

std::optional<HttpAnswer> HttpSession::refuse_stranger(const HttpHead& head, bool is_refused) {
  const bool is_heard = !stranger_ || (!is_refused && handler_.is_signed(head) &&
                                       head.body_bytes <= heard_body_bytes_max);
  const std::int64_t wait_ms = is_heard ? 0 : addresses_.wait_ms(*stranger_, steady_ms());
  if (wait_ms == 0) return std::nullopt;
  gauges_.limits.hit(Limit::address_refusals);
  HttpAnswer wait =
      refuse_later(head.answer_type, static_cast<std::uint32_t>((wait_ms + 999) / 1000),
                   "too many requests from this address were refused of late");
  wait.close = true;
  return wait;
}

HttpAnswer HttpSession::no_memory(MediaType type, Limit limit) {
  gauges_.limits.hit(limit);
  return refuse_later(type, retry_after_s, "the server's memory is taken");
}

// Closing with bytes unread would reset the connection, and our last answer might be lost with it.
asio::awaitable<void> HttpSession::close_gently() {
  if (stream_.finish()) co_return;
  set_deadline(discard_ms_max);
  for (std::size_t thrown = 0; thrown < discarded_bytes_max;) {
    buffer_.clear();
    const std::size_t count = co_await read_some(discard_read_bytes);
    if (count == 0) break;
    thrown += count;
  }
}

// Reads what is there into `buffer_`; 0 when nothing will come, and `error_` says why.
asio::awaitable<std::size_t> HttpSession::read_some(std::size_t room) {
  const asio::mutable_buffer free = buffer_.prepare(room);
  const HttpStream::Moved moved =
      co_await stream_.read_some(static_cast<char*>(free.data()), free.size());
  error_ = moved.error;
  buffer_.commit(moved.bytes);
  co_return moved.bytes;
}

}  // namespace rollcall
