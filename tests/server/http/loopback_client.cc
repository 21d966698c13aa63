#include "tests/server/http/loopback_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace rollcall {

LoopbackClient::LoopbackClient(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{10, 0};
  const int yes = 1;
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
}

LoopbackClient::LoopbackClient(LoopbackClient&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      wire_(std::move(other.wire_)),
      buffer_(std::move(other.buffer_)) {}

LoopbackClient::~LoopbackClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool LoopbackClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        wire_ ? wire_->send(bytes) : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void LoopbackClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

ssize_t LoopbackClient::receive_some(char* to, std::size_t room) {
  return wire_ ? wire_->receive(to, room) : ::recv(socket_, to, room, 0);
}

bool LoopbackClient::fill() {
  char chunk[16384];
  const ssize_t got = receive_some(chunk, sizeof chunk);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::optional<RawAnswer> LoopbackClient::receive() {
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawAnswer answer;
  std::string head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size()) {
    const std::size_t line_end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    answer.fields[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (answer.status == 100) return answer;
  const std::size_t length = std::stoul(answer.fields["content-length"]);
  while (buffer_.size() < length) {
    if (!fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return answer;
}

bool LoopbackClient::is_closed() {
  if (!buffer_.empty()) return false;
  char byte;
  const ssize_t got = receive_some(&byte, 1);
  if (got > 0) buffer_.push_back(byte);
  return got == 0 || (got < 0 && errno == ECONNRESET);
}

}  // namespace rollcall
