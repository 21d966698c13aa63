#include "server/commands/serve.h"

#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <ostream>

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

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
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
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections_max;
  const std::size_t files = static_cast<std::size_t>(limit.rlim_cur);
  constexpr std::size_t others = 512;  // spaces, their readers, commands
  return files > 2 * others ? std::min(connections_max, files - others) : others;
}

}  // namespace

Result<void> serve(const std::string& path, const ServeOptions& options, const Program& program) {
  const sigset_t signals = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // What a service manager sends for a reload: there is nothing to read anew, and no harm in
  // asking.
  std::signal(SIGHUP, SIG_IGN);
  raise_open_files_limit();

  ROLLCALL_TRY_ASSIGN(const ServerFolder folder, ServerFolder::open(path));
  ROLLCALL_TRY_ASSIGN(const FolderLock lock, FolderLock::take(folder));
  if (BackupManifest::read(path)) {
    return failure(ErrorCode::invalid_argument,
                   path + " is a backup: 'rollcall-server restore DIR --from " + path +
                       "' makes a server's folder of it, in a new epoch");
  }
  Log log(options.log);
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
    ROLLCALL_TRY(check_reconciled(**space, path));
    ROLLCALL_TRY(service.add_space(std::move(*space)));
  }

  std::atomic<const HttpServer*> running = nullptr;
  std::atomic<ByteBudget*> bodies = nullptr;
  service.set_gauges([&running, &bodies](MetricsNow& now) {
    const HttpServer* server = running.load();
    if (server == nullptr) return;
    now.connections = server->gauges().connections.load();
    now.connections_accepted = server->gauges().accepted.load();
    now.connections_turned_away = server->gauges().turned_away.load();
    if (const ByteBudget* budget = bodies.load()) now.held_bytes = budget->held();
  });
  HttpOptions http;
  http.listen = options.listen;
  http.connections_max = connections_allowed();
  ROLLCALL_TRY_ASSIGN(const std::unique_ptr<HttpServer> server, HttpServer::start(http, service));
  bodies = &server->budget();
  running = server.get();
  const std::string url = "http://" + server->address();
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
  while (::sigwait(&signals, &signal) != 0) {
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
