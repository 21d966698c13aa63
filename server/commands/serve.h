#pragma once

#include <cstdint>
#include <string>

#include "server/commands/program.h"
#include "server/sync/log.h"

namespace rollcall {

struct ServeOptions {
  std::string listen = "127.0.0.1:8080";
  std::string tls_certificate;  // PEM files; both or none
  std::string tls_key;
  bool pins_tls = true;       // invitations name the TLS key
  bool behind_proxy = false;  // plain, though not on loopback
  Log::Level log = Log::Level::info;
  std::int64_t drain_ms = 10'000;
};

// Serves every space of the folder until SIGTERM or SIGINT, then answers what is open and ends.
// Prints "listening on http://..." (or https) when it is ready. SIGHUP reads the certificate anew,
// for new connections; one that cannot be used is told, and the old one stays. Blocks those signals
// for the whole program: call it from the main thread, before others are started.
Result<void> serve(const std::string& path, const ServeOptions& options, const Program& program);

}  // namespace rollcall
