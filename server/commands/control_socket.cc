#include "server/commands/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/codec/cbor_archive.h"
#include "server/commands/limits.h"

namespace rollcall {
namespace {

Error gone() {
  return failure(ErrorCode::unreachable,
                 "the running server went away: see whether it was done, then try again");
}

using SteadyClock = std::chrono::steady_clock;
using Deadline = std::optional<SteadyClock::time_point>;  // nothing: as long as it takes

Deadline in_ms(std::int64_t ms) { return SteadyClock::now() + std::chrono::milliseconds(ms); }

// False when the deadline passed first.
bool wait_for(int socket, short event, const Deadline& deadline) {
  for (;;) {
    int timeout_ms = -1;
    if (deadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - SteadyClock::now()).count();
      timeout_ms = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    pollfd waits{socket, event, 0};
    const int ready = ::poll(&waits, 1, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0;
  }
}

bool send_all(int socket, BytesView bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    if (!wait_for(socket, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive_all(int socket, char* out, std::size_t count, const Deadline& deadline) {
  while (count > 0) {
    if (!wait_for(socket, POLLIN, deadline)) return false;
    const ssize_t got = ::recv(socket, out, count, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return false;
    out += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

template <class M>
Result<void> send_message(int socket, const M& message, const Deadline& deadline) {
  const Bytes body = to_cbor(message);
  Bytes bytes;
  put_u32(bytes, static_cast<std::uint32_t>(body.size()));
  bytes += body;
  if (!send_all(socket, bytes, deadline)) return gone();
  return {};
}

template <class M>
Result<M> receive_message(int socket, const Deadline& deadline) {
  char length[4];
  if (!receive_all(socket, length, sizeof length, deadline)) return gone();
  const std::uint32_t size = get_u32({length, sizeof length});
  if (size > control_message_bytes_max) {
    return failure(ErrorCode::too_large, "a control message is too long");
  }
  Bytes body(size, '\0');
  if (!receive_all(socket, body.data(), body.size(), deadline)) return gone();
  return from_cbor<M>(body);
}

// A Unix socket's path may be at most 107 bytes long.
Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return failure(ErrorCode::invalid_argument,
                   path + " is too long for a socket: give a shorter or a relative folder");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

}  // namespace

Result<ControlClient> ControlClient::connect(const std::string& path) {
  ROLLCALL_TRY_ASSIGN(const sockaddr_un address, address_of(path));
  ControlClient client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (client.socket_ < 0 ||
      ::connect(client.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failure(ErrorCode::unreachable, "no server runs on this folder");
  }
  return client;
}

ControlClient::ControlClient(ControlClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}

ControlClient::~ControlClient() {
  if (socket_ >= 0) ::close(socket_);
}

Result<ControlReply> ControlClient::ask(const ControlRequest& request) {
  ROLLCALL_TRY(send_message(socket_, request, std::nullopt));
  return receive_message<ControlReply>(socket_, std::nullopt);
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::string& path,
                                                             Perform perform,
                                                             ControlPatience patience) {
  ROLLCALL_TRY_ASSIGN(const sockaddr_un address, address_of(path));
  ::unlink(path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const mode_t before = ::umask(0177);  // nobody else may connect, not even for a moment
  const bool bound = socket >= 0 && ::bind(socket, reinterpret_cast<const sockaddr*>(&address),
                                           sizeof address) == 0;
  ::umask(before);
  if (!bound || ::listen(socket, static_cast<int>(control_connections_max)) != 0) {
    const std::string why = std::generic_category().message(errno);
    if (socket >= 0) ::close(socket);
    return failure(ErrorCode::io, "cannot listen on " + path + ": " + why);
  }
  return std::unique_ptr<ControlServer>(
      new ControlServer(socket, path, std::move(perform), patience));
}

ControlServer::ControlServer(int socket, std::string path, Perform perform,
                             ControlPatience patience)
    : socket_(socket),
      path_(std::move(path)),
      perform_(std::move(perform)),
      patience_(patience),
      accepting_([this] { accept_all(); }) {}

ControlServer::~ControlServer() {
  ::unlink(path_.c_str());
  std::map<int, std::thread> commands;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    for (auto& [command, thread] : commands_) ::shutdown(command, SHUT_RD);
    commands = std::move(commands_);
    commands_.clear();
  }
  accepting_.join();
  for (auto& [command, thread] : commands) thread.join();
  for (std::thread& thread : ended_) thread.join();
  ::close(socket_);
}

void ControlServer::accept_all() {
  for (;;) {
    const int command = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    for (std::thread& thread : ended_) thread.join();
    ended_.clear();
    if (stopping_) {
      if (command >= 0) ::close(command);
      return;
    }
    if (command < 0) {
      ::usleep(50'000);  // out of file descriptors, most likely
      continue;
    }
    if (commands_.size() >= control_connections_max) {
      ::close(command);
      continue;
    }
    commands_.emplace(command, std::thread([this, command] { serve(command); }));
  }
}

void ControlServer::serve(int command) {
  for (;;) {
    if (!wait_for(command, POLLIN, in_ms(patience_.idle_ms))) break;
    auto request = receive_message<ControlRequest>(command, in_ms(patience_.receive_ms));
    if (!request) break;
    const ControlReply reply = perform_(*request);
    if (!send_message(command, reply, in_ms(patience_.send_ms))) break;
  }
  const std::lock_guard lock(mutex_);
  const auto at = commands_.find(command);
  if (at != commands_.end()) {
    ended_.push_back(std::move(at->second));
    commands_.erase(at);
  }
  ::close(command);
}

}  // namespace rollcall
