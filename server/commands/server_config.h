#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "server/commands/serve.h"

namespace rollcall {

// What a server's settings file says, in TOML; what it leaves out keeps its default.
//
//   folder = "/var/lib/rollcall"          where `init` made it: commands may leave out DIR
//
//   [serve]
//   listen = "127.0.0.1:8080"             address and port
//   behind_proxy = false                  plain HTTP, though not on loopback
//   log = "info"                          debug, info, warn, error or off
//   drain_seconds = 10                    for what is under way at SIGTERM
//
//   [tls]
//   certificate = "/…/fullchain.pem"      the server's, then its chain
//   key = "/…/privkey.pem"
//   pin = true                            invitations name the key
//
//   [limits]                              server/limits.h has the defaults
//   connections = 10000
//   address_strangers = 512
//   address_connects = 1000
//   address_connects_a_minute = 3000
//   address_refusals = 200
//   address_refusals_a_minute = 120
//
//   [backup]
//   to = "/var/lib/rollcall-backups"
//   keep = 14
struct ServerConfig {
  std::string folder;  // empty: none is named
  ServeOptions serve;
  std::string backup_to;
  std::optional<std::size_t> backup_keep;

  // `not_found`, or `invalid_argument` with file, line and column: no TOML, a key that does not
  // exist, a value that it cannot have.
  static Result<ServerConfig> read(const std::string& file);
};

// Reads the file and tries what it names: the folder, the certificate, the address; prints what
// counts, with the defaults.
Result<void> config_check_command(const std::string& file, const Program& program);

}  // namespace rollcall
