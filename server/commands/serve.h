#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "server/commands/program.h"
#include "server/http/http_server.h"
#include "server/sync/log.h"

namespace rollcall {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate;  // PEM files; both or none
  std::string tls_key;
  bool pins_tls = true;       // invitations name the TLS key
  bool behind_proxy = false;  // plain, though not on loopback
  Log::Level log = Log::Level::info;
  std::int64_t drain_ms = drain_ms_max;
  std::size_t connections_max = rollcall::connections_max;
  AddressAllowance address;
  std::int64_t stranger_idle_ms = stranger_idle_ms_max;
  bool operator==(const ServeOptions&) const = default;
};

// With the certificate read. Errors: what cannot go together, what cannot be read.
Result<HttpOptions> http_options(const ServeOptions& options, const Clock& clock);

// Serves every space of the folder until SIGTERM or SIGINT, then answers what is open and ends.
// Prints "listening on http://..." (or https) when it is ready. SIGHUP asks for the settings again
// and reads the certificate anew, for new connections; what cannot be used is told, and all stays
// as it was; what takes a new start is told. Blocks those signals for the whole program: call it
// from the main thread, before others are started.
Result<void> serve(const std::string& path, const std::function<Result<ServeOptions>()>& settings,
                   const Program& program);

}  // namespace rollcall
