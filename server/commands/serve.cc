#include "server/commands/serve.h"

#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <ostream>

#include "engine/clock/utc_time.h"
#include "server/commands/backup_manifest.h"
#include "server/commands/control_socket.h"
#include "server/commands/restore_commands.h"
#include "server/http/http_server.h"
#include "server/sync/sync_service.h"

namespace rollcall {
namespace {

// The spaces of a running server: each is written by its own thread.
class ServedSpaces final : public WritableSpaces {
 public:
  ServedSpaces(const ServerFolder& folder, const Space::Doors& doors, SyncService& service,
               std::string url)
      : folder_(folder), doors_(doors), service_(service), url_(std::move(url)) {}

  Result<void> with(std::string_view name,
                    const std::function<Result<void>(Space&)>& task) override {
    HostedSpace* hosted = service_.space(name);
    if (hosted != nullptr) return hosted->writer().call(task);
    const auto path = folder_.existing_space_path(name);
    if (!path) return path.error();
    return failure(ErrorCode::not_found, "the space '" + std::string(name) +
                                             "' came into the folder after the server started: "
                                             "start it again");
  }
  Result<void> add(std::string_view name, std::string_view title) override {
    const std::lock_guard lock(adding_);
    ROLLCALL_TRY_ASSIGN(const Schema schema, folder_.schema(doors_.cryptography));
    ROLLCALL_TRY_ASSIGN(std::unique_ptr<Space> space,
                        Space::create(folder_.space_path(name), name, title, schema, doors_));
    return service_.add_space(std::move(space));
  }
  std::vector<std::string> names() override {
    std::vector<std::string> names;
    for (HostedSpace* hosted : service_.spaces()) names.push_back(hosted->writer().name());
    return names;
  }
  std::string url() override { return url_; }

 private:
  const ServerFolder& folder_;
  const Space::Doors doors_;
  SyncService& service_;
  const std::string url_;
  std::mutex adding_;
};

sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// As many connections as we take need as many file descriptors, and the rest some.
void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t connections_allowed() {
  rlimit limit{};
  constexpr std::size_t others = 512;  // spaces, their readers, commands
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return others;
  const std::size_t files = static_cast<std::size_t>(limit.rlim_cur);
  return files > 2 * others ? files - others : others;
}

// What invitations will name from now on.
Result<void> keep_pin(const ServerFolder& folder, const ServeOptions& options,
                      const TlsContext* tls) {
  return folder.keep_tls_pin(tls != nullptr && options.pins_tls ? tls->pin() : Bytes());
}

// What a reload cannot change.
bool needs_restart(ServeOptions was, const ServeOptions& is) {
  const bool tls_comes_or_goes = was.tls_certificate.empty() != is.tls_certificate.empty();
  was.tls_certificate = is.tls_certificate;
  was.tls_key = is.tls_key;
  was.pins_tls = is.pins_tls;
  was.log = is.log;
  return tls_comes_or_goes || was != is;
}

// On SIGHUP.
void reload(const ServerFolder& folder, const ServeOptions& running,
            const Result<ServeOptions>& settings, const Clock& clock, HttpServer& server,
            Log& log) {
  if (!settings) return log.error("settings_kept", {{"why", settings.error().message}});
  log.show_from(settings->log);
  if (needs_restart(running, *settings)) {
    log.warn("restart_needed", {{"why",
                                 "only the certificate, its pin and the log's level change "
                                 "while the server runs"}});
  }
  if (running.tls_certificate.empty() || settings->tls_certificate.empty()) {
    return log.info("reloaded", {});
  }
  auto http = http_options(*settings, clock);
  if (!http) return log.error("certificate_kept", {{"why", http.error().message}});
  const auto kept = keep_pin(folder, *settings, http->tls.get());
  if (!kept) log.error("pin_kept", {{"why", kept.error().message}});
  log.info("certificate_reloaded",
           {{"pin", to_hex(http->tls->pin())}, {"expires", utc_text(http->tls->expires_ms())}});
  server.use_tls(std::move(http->tls));
}

}  // namespace

Result<HttpOptions> http_options(const ServeOptions& options, const Clock& clock) {
  HttpOptions http;
  http.listen = options.listen;
  http.behind_proxy = options.behind_proxy;
  http.connections_max = options.connections_max;
  http.address = options.address;
  http.stranger_idle_ms = options.stranger_idle_ms;
  if (options.tls_certificate.empty() != options.tls_key.empty()) {
    return failure(ErrorCode::invalid_argument,
                   "the TLS certificate and its key belong together: give both or none");
  }
  if (options.tls_certificate.empty()) return http;
  if (options.behind_proxy) {
    return failure(ErrorCode::invalid_argument,
                   "behind a proxy that ends TLS the server has no certificate: leave out one of "
                   "the two");
  }
  ROLLCALL_TRY_ASSIGN(http.tls,
                      TlsContext::load(options.tls_certificate, options.tls_key, clock.utc_ms()));
  return http;
}

Result<void> serve(const std::string& path, const std::function<Result<ServeOptions>()>& settings,
                   const Program& program) {
  ROLLCALL_TRY_ASSIGN(const ServeOptions options, settings());
  const sigset_t signals = awaited_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  raise_open_files_limit();

  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder));
  if (BackupManifest::read(path)) {
    return failure(ErrorCode::invalid_argument,
                   path + " is a backup: 'rollcall-server restore DIR --from " + path +
                       "' makes a server's folder of it, in a new epoch");
  }
  ROLLCALL_TRY_ASSIGN(HttpOptions http, http_options(options, program.clock));
  Log log(options.log);
  if (const std::size_t allowed = connections_allowed(); allowed < http.connections_max) {
    log.warn("fewer_connections",
             {{"wanted", http.connections_max},
              {"allowed", allowed},
              {"why", "each takes an open file: raise LimitNOFILE or ulimit -n"}});
    http.connections_max = allowed;
  }
  Metrics metrics;
  std::atomic<bool> disk_failed = false;
  SyncService service({program.clock, program.cryptography,
                       [] { return std::make_unique<SystemRandom>(); }, folder.seed(), metrics, log,
                       [&] {
                         disk_failed = true;
                         ::kill(::getpid(), SIGTERM);
                       }});
  // The spaces' writers share this door; the system's randomness is safe to share.
  for (const std::string& name : folder.space_names()) {
    auto space = Space::open(folder.space_path(name), program.space_doors());
    if (!space) {
      return failure(space.error().code, "the space '" + name + "': " + space.error().message);
    }
    ROLLCALL_TRY_ASSIGN(const CaughtUp caught_up, catch_up_with_lists(**space, folder, program));
    if (caught_up.erased_rows > 0) {
      log.warn("erased_again", {{"space", name}, {"rows", caught_up.erased_rows}});
    }
    for (const Revocation& one : caught_up.revoked) {
      log.warn("revoked_again", {{"space", name},
                                 {"label", one.label},
                                 {"why", "the list beside the space names it, the file did not"}});
    }
    ROLLCALL_TRY(service.add_space(std::move(*space)));
  }

  std::atomic<const HttpServer*> running = nullptr;
  std::atomic<const BodyBudgets*> bodies = nullptr;
  service.set_gauges([&running, &bodies](MetricsNow& now) {
    const HttpServer* server = running.load();
    if (server == nullptr) return;
    now.connections = server->gauges().connections.load();
    now.connections_accepted = server->gauges().accepted.load();
    now.handshakes_failed = server->gauges().handshakes_failed.load();
    now.limits = &server->gauges().limits;
    if (const auto used = server->tls()) now.certificate_expires_s = used->expires_ms() / 1000;
    if (const BodyBudgets* budgets = bodies.load()) now.held_bytes = budgets->held();
  });
  ROLLCALL_TRY(keep_pin(folder, options, http.tls.get()));
  ROLLCALL_TRY_ASSIGN(const std::unique_ptr<HttpServer> server, HttpServer::start(http, service));
  bodies = &server->budgets();
  running = server.get();
  const std::string url = (http.tls != nullptr ? "https://" : "http://") + server->address();
  ServedSpaces spaces(folder, program.space_doors(), service, url);
  auto control = ControlServer::listen(folder.control_path(), [&](const ControlRequest& request) {
    return perform(request, folder, spaces, program.cryptography);
  });
  if (!control) {
    server->drain(0);
    service.stop();
    return control.error();
  }
  program.out << "listening on " << url << std::endl;
  log.info("listening", {{"url", url}, {"spaces", folder.space_names().size()}});

  int signal = 0;
  while (::sigwait(&signals, &signal) != 0 || signal == SIGHUP) {
    if (signal == SIGHUP) reload(folder, options, settings(), program.clock, *server, log);
    signal = 0;
  }
  log.info("ending", {{"signal", signal}});
  service.drain();
  const bool clean = server->drain(options.drain_ms);
  control->reset();
  service.stop();
  log.info("ended", {{"clean", clean ? "yes" : "no"}});
  if (disk_failed) {
    return failure(ErrorCode::io, "the disk failed: see the log, mend it, and serve again");
  }
  return {};
}

}  // namespace rollcall
