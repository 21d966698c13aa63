#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall {

// An answer as it came over the socket.
struct RawAnswer {
  unsigned status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;
};

// A plain blocking socket to a port of this machine, which sends any bytes at all. Every wait ends
// after ten seconds, so that a test fails instead of hanging.
class LoopbackClient {
 public:
  // What stands between the socket and the one who speaks: nothing, or TLS.
  class Wire {
   public:
    virtual ~Wire() = default;
    // As ::recv and ::send do.
    virtual ssize_t receive(char* to, std::size_t room) = 0;
    virtual ssize_t send(std::string_view bytes) = 0;
  };

  explicit LoopbackClient(std::uint16_t port);
  LoopbackClient(LoopbackClient&& other) noexcept;
  LoopbackClient& operator=(LoopbackClient&&) = delete;
  ~LoopbackClient();

  // False: the other side is gone.
  bool send(std::string_view bytes);
  void finish_sending();
  // The next answer; nothing when the connection closes instead.
  std::optional<RawAnswer> receive();
  // True when the other side closes and says nothing more.
  bool is_closed();

  std::optional<RawAnswer> ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }

 protected:
  [[nodiscard]] int descriptor() const { return socket_; }
  void speak_by(std::unique_ptr<Wire> wire) { wire_ = std::move(wire); }

 private:
  ssize_t receive_some(char* to, std::size_t room);
  bool fill();
  int socket_ = -1;
  std::unique_ptr<Wire> wire_;
  std::string buffer_;
};

}  // namespace rollcall
