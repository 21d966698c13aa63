#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/control_messages.h"
#include "server/commands/server_folder.h"
#include "server/space/space.h"

namespace rollcall {

// The spaces of a folder, for whoever holds its lock.
class WritableSpaces {
 public:
  virtual ~WritableSpaces() = default;
  virtual Result<void> with(std::string_view name,
                            const std::function<Result<void>(Space&)>& task) = 0;
  virtual Result<void> add(std::string_view name, std::string_view title) = 0;
  virtual std::vector<std::string> names() = 0;
  // Where devices reach the server, if it is running; empty otherwise.
  virtual std::string url() = 0;
};

// Does what a command asked.
ControlReply perform(const ControlRequest& request, const ServerFolder& folder,
                     WritableSpaces& spaces, const Cryptography& cryptography);

// Whom a command asks for what it wants written. An error in the reply is an error here.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual Result<ControlReply> ask(const ControlRequest& request) = 0;
};

// A running `serve`, by its control socket, or this process itself, holding the lock. Waits a while
// for another command that holds it.
Result<std::unique_ptr<Operator>> reach_operator(const ServerFolder& folder,
                                                 const Space::Doors& doors);

// Has a running `serve` write down what it noted of the space's devices, so that a reader of the
// file sees it. Without one, or if it cannot, nothing: the file says what it says.
void write_down_health(const ServerFolder& folder, const std::string& space);

}  // namespace rollcall
