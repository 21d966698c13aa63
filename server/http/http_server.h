#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "server/http/address_book.h"
#include "server/http/byte_budget.h"
#include "server/http/http_handler.h"
#include "server/http/limits.h"
#include "server/http/tls_context.h"

namespace rollcall {

struct HttpOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: any free one
  // Null: plain HTTP, on loopback only, unless nobody but a proxy that ends TLS can come here.
  std::shared_ptr<const TlsContext> tls = nullptr;
  bool behind_proxy = false;
  std::size_t connections_max = rollcall::connections_max;
  // With TLS. Plain HTTP comes from this machine or from a proxy, and then always from its address.
  AddressAllowance address;
  std::size_t body_bytes_max = 8u << 20;  // of a request, as it travels
  std::size_t held_bytes_max = rollcall::held_bytes_max;
  std::int64_t idle_ms = idle_ms_max;
  std::int64_t stranger_idle_ms = stranger_idle_ms_max;  // with TLS, before the first request
  std::int64_t handshake_ms = handshake_ms_max;
  std::int64_t head_ms = head_ms_max;
  std::int64_t body_ms = body_ms_base;
  std::int64_t pace_ms = pace_ms_max;  // for each `pace_bytes_min` of a body
  std::int64_t answer_ms = answer_ms_max;
  std::size_t threads = http_threads;
};

// What can be read of a running server, without a lock.
struct HttpGauges {
  std::atomic<std::size_t> connections = 0;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> handshakes_failed = 0;  // what came was no TLS 1.3, or refused ours
  LimitCounts limits;
};

// HTTP/1.1, by TLS or plain on loopback: one connection, one strand, one coroutine that reads a
// request, has it answered, writes the answer. A deadline on every read and write; a cap on
// connections and on the bytes of all bodies together. What cannot be framed beyond doubt is
// refused and the connection closed. All methods from one thread.
class HttpServer {
 public:
  // Listens and serves from here on. `invalid_argument` for an address that is none, or that may
  // not be listened on without TLS; `io` when it is taken.
  static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options,
                                                   HttpHandler& handler);
  // Whether it would try, without listening.
  static Result<void> check(const HttpOptions& options);
  // Stops at once, if drain() was not called.
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string address() const;  // "127.0.0.1:8080", with the port that it has
  // Connections from now on speak with this certificate. Only of a server that was started so.
  void use_tls(std::shared_ptr<const TlsContext> tls);
  [[nodiscard]] std::shared_ptr<const TlsContext> tls() const;  // null: none
  [[nodiscard]] const HttpGauges& gauges() const;
  [[nodiscard]] const BodyBudgets& budgets() const;

  // Accepts no more, closes what is idle, lets open requests be answered for so long, then closes
  // all. True: nothing had to be cut off.
  bool drain(std::int64_t within_ms = drain_ms_max);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
