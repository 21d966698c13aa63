#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "server/commands/control_messages.h"
#include "server/commands/limits.h"

namespace rollcall {

// Commands reach a running `serve` over a Unix socket of mode 0600 in its folder: each message is
// its length (4 bytes, big-endian), then CBOR; a reply follows each request.

// The side of a command.
class ControlClient {
 public:
  // `unreachable` when nobody listens there.
  static Result<ControlClient> connect(const std::string& path);
  ControlClient(ControlClient&& other) noexcept;
  ControlClient& operator=(ControlClient&&) = delete;
  ~ControlClient();

  // `unreachable` when the server went away: nobody knows then whether it was done.
  Result<ControlReply> ask(const ControlRequest& request);

 private:
  explicit ControlClient(int socket) : socket_(socket) {}
  int socket_;
};

// How long `serve` waits for a command, in ms: for the rest of a message that has begun, until a
// reply was read, and for the next request.
struct ControlPatience {
  std::int64_t receive_ms = control_receive_ms_max;
  std::int64_t send_ms = control_send_ms_max;
  std::int64_t idle_ms = control_idle_ms_max;
};

// The side of `serve`: a thread that accepts, and one for each command that is connected. A command
// that does not keep up is cut off: it holds up neither the others nor the server's end. The
// caller holds the folder's lock, so a socket that lies there is a dead one's.
class ControlServer {
 public:
  using Perform = std::function<ControlReply(const ControlRequest&)>;

  static Result<std::unique_ptr<ControlServer>> listen(const std::string& path, Perform perform,
                                                       ControlPatience patience = {});
  // Cuts off commands that are connected, and waits for what they asked.
  ~ControlServer();

 private:
  ControlServer(int socket, std::string path, Perform perform, ControlPatience patience);
  void accept_all();
  void serve(int command);

  const int socket_;
  const std::string path_;
  const Perform perform_;
  const ControlPatience patience_;
  std::mutex mutex_;
  std::map<int, std::thread> commands_;  // by socket
  std::vector<std::thread> ended_;       // to be joined
  bool stopping_ = false;
  std::thread accepting_;
};

}  // namespace rollcall
