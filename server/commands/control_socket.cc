#include "server/commands/control_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "engine/codec/cbor_archive.h"
#include "server/commands/limits.h"

namespace rollcall {
namespace {

Error gone() {
  return failure(ErrorCode::unreachable,
                 "the running server went away: see whether it was done, then try again");
}

bool send_all(int socket, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool receive_all(int socket, char* out, std::size_t count) {
  while (count > 0) {
    const ssize_t got = ::recv(socket, out, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

template <class M>
Result<void> send_message(int socket, const M& message) {
  const Bytes body = to_cbor(message);
  Bytes bytes;
  put_u32(bytes, static_cast<std::uint32_t>(body.size()));
  bytes += body;
  if (!send_all(socket, bytes)) return gone();
  return {};
}

template <class M>
Result<M> receive_message(int socket) {
  char length[4];
  if (!receive_all(socket, length, sizeof length)) return gone();
  const std::uint32_t size = get_u32({length, sizeof length});
  if (size > control_message_bytes_max) {
    return failure(ErrorCode::too_large, "a control message is too long");
  }
  Bytes body(size, '\0');
  if (!receive_all(socket, body.data(), body.size())) return gone();
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
  ROLLCALL_TRY(send_message(socket_, request));
  return receive_message<ControlReply>(socket_);
}

Result<std::unique_ptr<ControlServer>> ControlServer::listen(const std::string& path,
                                                             Perform perform) {
  ROLLCALL_TRY_ASSIGN(const sockaddr_un address, address_of(path));
  ::unlink(path.c_str());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const mode_t before = ::umask(0177);  // nobody else may connect, not even for a moment
  const bool bound = socket >= 0 && ::bind(socket, reinterpret_cast<const sockaddr*>(&address),
                                           sizeof address) == 0;
  ::umask(before);
  if (!bound || ::listen(socket, static_cast<int>(control_connections_max)) != 0) {
    const std::string why = std::strerror(errno);
    if (socket >= 0) ::close(socket);
    return failure(ErrorCode::io, "cannot listen on " + path + ": " + why);
  }
  return std::unique_ptr<ControlServer>(new ControlServer(socket, path, std::move(perform)));
}

ControlServer::ControlServer(int socket, std::string path, Perform perform)
    : socket_(socket),
      path_(std::move(path)),
      perform_(std::move(perform)),
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
    const timeval patience{control_send_s_max, 0};
    ::setsockopt(command, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    commands_.emplace(command, std::thread([this, command] { serve(command); }));
  }
}

void ControlServer::serve(int command) {
  for (;;) {
    auto request = receive_message<ControlRequest>(command);
    if (!request) break;
    const ControlReply reply = perform_(*request);
    if (!send_message(command, reply)) break;
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
