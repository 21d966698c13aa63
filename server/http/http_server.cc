#include "server/http/http_server.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/base/check.h"
#include "server/http/http_session.h"
#include "server/http/session_table.h"

namespace rollcall {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// "127.0.0.1:8080", "[::1]:8080" or "localhost:8080".
Result<tcp::endpoint> parse_listen(const HttpOptions& options) {
  const std::string& listen = options.listen;
  const auto wrong = [&](const std::string& what) {
    return failure(ErrorCode::invalid_argument,
                   "cannot listen on '" + listen + "': " + what +
                       "; give an address and a port, such as 127.0.0.1:8080");
  };
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong("it has no port");
  std::string host = listen.substr(0, colon);
  const std::string digits = listen.substr(colon + 1);
  if (digits.empty() || digits.size() > 5 ||
      digits.find_first_not_of("0123456789") != std::string::npos || std::stoul(digits) > 65535) {
    return wrong("'" + digits + "' is no port");
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error) return wrong("'" + host + "' is no IP address");
  if (!address.is_loopback() && options.tls == nullptr && !options.behind_proxy) {
    return failure(ErrorCode::invalid_argument,
                   "refusing to listen on " + listen +
                       " without TLS: anybody on the way could read what travels; give --tls-cert "
                       "FILE and --tls-key FILE, or listen on 127.0.0.1 or [::1], or, where nobody "
                       "but a proxy that ends TLS can reach this address, say --behind-proxy");
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(std::stoul(digits)));
}

}  // namespace

struct HttpServer::State {
  State(const HttpOptions& given, HttpHandler& answerer)
      : options(given),
        tls(given.tls),
        handler(answerer),
        budgets(given.held_bytes_max),
        addresses(given.address),
        acceptor(asio::make_strand(io)),
        work(asio::make_work_guard(io)) {}

  Result<void> listen(const tcp::endpoint& endpoint);
  asio::awaitable<void> accept_all();
  asio::awaitable<void> tick_all();
  void take(tcp::socket socket);
  bool enters(const tcp::socket& socket, std::optional<AddressKey>& stranger);
  void stop();

  const HttpOptions options;
  std::shared_ptr<const TlsContext> tls;  // under the mutex
  HttpHandler& handler;
  BodyBudgets budgets;
  HttpGauges gauges;
  AddressBook addresses;
  asio::io_context io;
  tcp::acceptor acceptor;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp::endpoint local;
  std::vector<std::thread> threads;

  std::mutex mutex;
  std::condition_variable all_ended;
  SessionTable sessions;
  bool accepting = true;
  bool stopped = false;
};

Result<void> HttpServer::State::listen(const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  const auto failed = [&](const char* what) {
    return failure(ErrorCode::io, "cannot " + std::string(what) + " " + options.listen + ": " +
                                      error.message() + "; is another server running there?");
  };
  acceptor.open(endpoint.protocol(), error);
  if (error) return failed("open a socket for");
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (error) return failed("prepare");
  acceptor.bind(endpoint, error);
  if (error) return failed("bind");
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on");
  local = acceptor.local_endpoint(error);
  if (error) return failed("listen on");
  return {};
}

asio::awaitable<void> HttpServer::State::accept_all() {
  asio::steady_timer pause(acceptor.get_executor());
  for (;;) {
    const auto strand = asio::make_strand(io);
    auto [error, socket] = co_await acceptor.async_accept(strand, as_result);
    if (!acceptor.is_open()) co_return;
    if (!error) {
      take(tcp::socket(std::move(socket)));
      continue;
    }
    // Out of file descriptors, most likely: those that are open must end first.
    pause.expires_after(std::chrono::milliseconds(50));
    [[maybe_unused]] auto [waited] = co_await pause.async_wait(as_result);
  }
}

asio::awaitable<void> HttpServer::State::tick_all() {
  asio::steady_timer timer(io);
  for (;;) {
    timer.expires_after(std::chrono::milliseconds(tick_ms));
    [[maybe_unused]] auto [waited] = co_await timer.async_wait(as_result);
    const std::int64_t now_ms = steady_ms();
    const std::lock_guard lock(mutex);
    sessions.each_due(now_ms, [](HttpSession& session) { session.tick(); });
  }
}

// False: its address has as much as it may have.
bool HttpServer::State::enters(const tcp::socket& socket, std::optional<AddressKey>& stranger) {
  if (tls == nullptr) return true;
  boost::system::error_code error;
  const tcp::endpoint from = socket.remote_endpoint(error);
  if (error) return false;  // gone already
  const AddressKey address = AddressKey::of(from.address());
  if (const auto over = addresses.enter(address, steady_ms())) {
    gauges.limits.hit(*over);
    return false;
  }
  stranger = address;
  return true;
}

void HttpServer::State::take(tcp::socket socket) {
  std::unique_lock lock(mutex);
  if (!accepting) return;  // closes it
  if (sessions.size() >= options.connections_max + connections_refused_max) {
    return gauges.limits.hit(Limit::connections);
  }
  std::optional<AddressKey> stranger;
  if (!enters(socket, stranger)) return;
  const bool turned_away = sessions.size() >= options.connections_max;
  if (turned_away) {
    gauges.limits.hit(Limit::connections);
  } else {
    gauges.accepted.fetch_add(1, std::memory_order_relaxed);
  }
  const SessionTable::Place place = sessions.take();
  auto session = std::make_shared<HttpSession>(
      std::move(socket), tls.get(),
      HttpSession::House{options, handler, gauges, budgets, addresses}, *place.attention_ms,
      stranger, turned_away);
  sessions.put(place, session);
  gauges.connections.store(sessions.size(), std::memory_order_relaxed);
  // Outside the lock: it may get as far as the handler, and that may look at this server.
  lock.unlock();
  session->start([this, at = place.at] {
    const std::lock_guard ended(mutex);
    sessions.give_back(at);
    gauges.connections.store(sessions.size(), std::memory_order_relaxed);
    if (sessions.size() == 0) all_ended.notify_all();
  });
}

void HttpServer::State::stop() {
  if (stopped) return;
  stopped = true;
  work.reset();
  io.stop();
  for (std::thread& thread : threads) thread.join();
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options,
                                                      HttpHandler& handler) {
  ROLLCALL_TRY_ASSIGN(const tcp::endpoint endpoint, parse_listen(options));
  auto state = std::make_unique<State>(options, handler);
  ROLLCALL_TRY(state->listen(endpoint));
  asio::co_spawn(
      state->acceptor.get_executor(), [raw = state.get()] { return raw->accept_all(); },
      [](const std::exception_ptr& problem) { ROLLCALL_CHECK(problem == nullptr); });
  asio::co_spawn(
      state->io, [raw = state.get()] { return raw->tick_all(); },
      [](const std::exception_ptr& problem) { ROLLCALL_CHECK(problem == nullptr); });
  for (std::size_t i = 0; i < options.threads; ++i) {
    state->threads.emplace_back([raw = state.get()] { raw->io.run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

Result<void> HttpServer::check(const HttpOptions& options) {
  const auto endpoint = parse_listen(options);
  if (!endpoint) return endpoint.error();
  return {};
}

HttpServer::~HttpServer() {
  if (!state_->stopped) drain(0);
}

std::uint16_t HttpServer::port() const { return state_->local.port(); }

std::string HttpServer::address() const {
  const std::string host = state_->local.address().to_string();
  const bool is_v6 = state_->local.address().is_v6();
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port());
}

void HttpServer::use_tls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(state_->mutex);
  ROLLCALL_CHECK(state_->tls != nullptr && tls != nullptr);
  state_->tls = std::move(tls);
}

std::shared_ptr<const TlsContext> HttpServer::tls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tls;
}

const HttpGauges& HttpServer::gauges() const { return state_->gauges; }

const BodyBudgets& HttpServer::budgets() const { return state_->budgets; }

bool HttpServer::drain(std::int64_t within_ms) {
  State& state = *state_;
  if (state.stopped) return true;
  asio::post(state.acceptor.get_executor(), [&state] {
    boost::system::error_code ignored;
    state.acceptor.close(ignored);
  });
  std::unique_lock lock(state.mutex);
  state.accepting = false;
  state.sessions.each([](HttpSession& session) { session.drain(); });
  const auto none = [&state] { return state.sessions.size() == 0; };
  const bool clean = state.all_ended.wait_for(lock, std::chrono::milliseconds(within_ms), none);
  if (!clean) {
    state.sessions.each([](HttpSession& session) { session.abort(); });
    state.all_ended.wait_for(lock, std::chrono::seconds(2), none);
  }
  lock.unlock();
  state.stop();
  lock.lock();
  state.sessions.each([](HttpSession& session) { session.let_go(); });
  state.sessions.clear();
  return clean;
}

}  // namespace rollcall
