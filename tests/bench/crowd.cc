#include "tests/bench/crowd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>

#include <openssl/ssl.h>

namespace rollcall::bench {
namespace {

// Of one address: below what the server takes of strangers.
constexpr std::size_t address_connections = 400;
// Closed connections are looked for so often, in ms.
constexpr int look_ms = 50;

struct SslFree {
  void operator()(SSL* tls) const { SSL_free(tls); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, SslFree>;
using Tls = std::unique_ptr<SSL, SslFree>;

// A socket connected from the address for the connection of this number; -1: it cannot be had.
int connect_as(std::size_t number, std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr =
      htonl(0x7f010001u + static_cast<std::uint32_t>(number / address_connections));
  sockaddr_in to = from;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  const auto* from_at = reinterpret_cast<const sockaddr*>(&from);
  const auto* to_at = reinterpret_cast<const sockaddr*>(&to);
  if (::bind(socket, from_at, sizeof from) == 0 && ::connect(socket, to_at, sizeof to) == 0) {
    return socket;
  }
  ::close(socket);
  return -1;
}

// Which of these the other side has closed.
std::vector<bool> closed_of(const std::vector<int>& sockets, int wait_ms) {
  std::vector<pollfd> asked;
  asked.reserve(sockets.size());
  for (const int socket : sockets) asked.push_back({socket, POLLRDHUP, 0});
  ::poll(asked.data(), asked.size(), 0);
  ::poll(nullptr, 0, wait_ms);
  std::vector<bool> closed;
  for (const pollfd& one : asked) closed.push_back(one.fd >= 0 && one.revents != 0);
  return closed;
}

// Whoever is not let in does not wait for ever.
void limit_waits(int socket) {
  const timeval wait{5, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

Tls shake_hands(SSL_CTX* context, int socket) {
  limit_waits(socket);
  Tls tls(SSL_new(context));
  SSL_set_fd(tls.get(), socket);
  if (SSL_connect(tls.get()) != 1) return nullptr;
  return tls;
}

constexpr std::string_view health_request = "GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n";
constexpr std::string_view slow_head = "GET /healthz HTTP/1.1\r\nHost: bench\r\nX: aaaaaaaaaaaaaaa";

// One that says next to nothing.
struct Dawdler {
  int socket = -1;
  Tls tls;
  std::size_t said = 0;
};

}  // namespace

Crowd::~Crowd() {
  stop();
  for (const int socket : held_) ::close(socket);
}

Result<void> Crowd::hold(std::size_t count) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  for (std::size_t i = 0; i < count; ++i) {
    const int socket = connect_as(held_.size(), port_);
    if (socket < 0) return failure(ErrorCode::io, "a connection of the crowd was refused");
    held_.push_back(socket);
    const Tls tls = shake_hands(context.get(), socket);
    char answer[512];
    if (tls == nullptr ||
        SSL_write(tls.get(), health_request.data(), static_cast<int>(health_request.size())) <= 0 ||
        SSL_read(tls.get(), answer, sizeof answer) <= 0) {
      return failure(ErrorCode::io, "a connection of the crowd was not answered");
    }
    // Our side's keys go; the socket stays, and the server knows nothing of it.
    SSL_set_quiet_shutdown(tls.get(), 1);
  }
  return {};
}

std::size_t Crowd::held() const {
  const std::vector<bool> closed = closed_of(held_, 0);
  return static_cast<std::size_t>(std::count(closed.begin(), closed.end(), false));
}

void Crowd::dawdle(std::size_t count) {
  stop();
  stop_ = false;
  thread_ = std::thread([this, count] { dawdle_on(count); });
}

void Crowd::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Crowd::dawdle_on(std::size_t count) {
  const Context context(SSL_CTX_new(TLS_client_method()));
  // Elsewhere it would have a machine of its own.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without saying that it wants none
  std::vector<Dawdler> all(count);
  std::vector<int> sockets(count, -1);
  auto next_byte = std::chrono::steady_clock::now();
  while (!stop_) {
    const bool speaks = std::chrono::steady_clock::now() >= next_byte;
    if (speaks) next_byte += std::chrono::seconds(1);
    std::size_t open = 0;
    const std::vector<bool> closed = closed_of(sockets, look_ms);
    for (std::size_t i = 0; i < count && !stop_; ++i) {
      Dawdler& one = all[i];
      if (closed[i]) {
        one.tls.reset();
        ::close(one.socket);
        one = Dawdler();
      }
      if (one.socket < 0) {
        one.socket = sockets[i] = connect_as(i, port_);
        if (one.socket < 0) continue;
        ++dawdled_;
        if (i % 3 == 1) ::send(one.socket, "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL);
        if (i % 3 == 2) one.tls = shake_hands(context.get(), one.socket);
      }
      ++open;
      if (speaks && one.tls != nullptr && one.said < slow_head.size()) {
        SSL_write(one.tls.get(), &slow_head[one.said++], 1);
      }
    }
    dawdling_ = open;
  }
  for (const Dawdler& one : all) {
    if (one.socket >= 0) ::close(one.socket);
  }
}

}  // namespace rollcall::bench
