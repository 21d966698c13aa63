#include <poll.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "tests/bench/bench_device.h"
#include "tests/bench/crowd.h"
#include "tests/bench/server_process.h"
#include "tests/bench/stopwatch.h"
#include "tests/bench/workloads.h"
#include "tests/server/http/test_certificate.h"

namespace rollcall::bench {
namespace {

constexpr std::size_t silent_connections = 10'000;
constexpr std::size_t slow_connections = 5'000;
constexpr std::size_t syncs = 1'000;
constexpr double patience_s = 60;
constexpr int look_ms = 100;

Error wrong(std::string what) { return failure(ErrorCode::internal, std::move(what)); }

// p99 of an idle sync, in ms.
Result<double> sync_p99_ms(BenchDevice& device) {
  std::vector<double> took_ms;
  for (std::size_t i = 0; i < syncs; ++i) {
    const Stopwatch watch;
    ROLLCALL_TRY(device.catch_up());
    took_ms.push_back(watch.seconds() * 1000);
  }
  return quantile(took_ms, 0.99);
}

// Waits until the server has as many connections as `is_right` wants.
template <class IsRight>
Result<void> await_connections(const ServerProcess& server, const IsRight& is_right) {
  const Stopwatch watch;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const double open, server.metric("rollcall_connections"));
    if (is_right(static_cast<std::size_t>(open))) return {};
    if (watch.seconds() > patience_s) return wrong(fmt::format("{} connections", open));
    ::poll(nullptr, 0, look_ms);  // each look is a new connection, and these have a rate
  }
}

}  // namespace

Result<void> measure_crowd(const BenchSetup& setup, Measurements& out) {
  const std::string folder = setup.folder + "/crowd";
  std::filesystem::create_directories(folder);
  const TestCertificate authority = TestCertificate::authority();
  const TestCertificate certificate = authority.issue();
  std::ofstream(folder + "/authority.pem") << authority.certificate_pem();
  std::ofstream(folder + "/certificate.pem") << certificate.certificate_pem();
  std::ofstream(folder + "/key.pem") << certificate.key_pem();
  std::ofstream(folder + "/server.toml") << "[limits]\nconnections = 16000\n"
                                            "stranger_idle_seconds = 600\n";
  const std::string ca_file = folder + "/authority.pem";
  ROLLCALL_TRY_ASSIGN(const auto server,
                      ServerProcess::start(setup.server, folder + "/server", setup.schema,
                                           {{"--config", folder + "/server.toml", "--tls-cert",
                                             folder + "/certificate.pem", "--tls-key",
                                             folder + "/key.pem", "--log", "warn"},
                                            ca_file}));
  ROLLCALL_TRY_ASSIGN(const std::string link, server->invite());
  ROLLCALL_TRY_ASSIGN(const auto device, BenchDevice::enroll(folder + "/device.db", link, ca_file));
  ROLLCALL_TRY(sync_p99_ms(*device));  // warm
  std::vector<double> alone_ms;
  const auto measure_alone = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const double p99, sync_p99_ms(*device));
    alone_ms.push_back(p99);
    return {};
  };
  ROLLCALL_TRY(measure_alone());

  double crowded_ms = 0;
  {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t before_kib, server->resident_kib());
    Crowd crowd(server->port());
    ROLLCALL_TRY(crowd.hold(silent_connections));
    ROLLCALL_TRY_ASSIGN(const std::uint64_t after_kib, server->resident_kib());
    ROLLCALL_TRY_ASSIGN(crowded_ms, sync_p99_ms(*device));
    if (crowd.held() != silent_connections) {
      return wrong(
          fmt::format("{} of {} silent connections stayed", crowd.held(), silent_connections));
    }
    out.tls_connection_kib =
        static_cast<double>(after_kib - before_kib) / static_cast<double>(silent_connections);
  }
  ROLLCALL_TRY(await_connections(*server, [](std::size_t open) { return open < 100; }));
  ROLLCALL_TRY(measure_alone());

  double slow_ms = 0;
  {
    Crowd crowd(server->port());
    crowd.dawdle(slow_connections);
    ROLLCALL_TRY(await_connections(
        *server, [](std::size_t open) { return open > slow_connections * 9 / 10; }));
    // The first of them are closed, and come again, while this goes on.
    ROLLCALL_TRY_ASSIGN(slow_ms, sync_p99_ms(*device));
    if (crowd.dawdling() < slow_connections * 9 / 10) return wrong("the dawdlers gave up");
  }
  ROLLCALL_TRY(await_connections(*server, [](std::size_t open) { return open < 100; }));
  ROLLCALL_TRY(measure_alone());

  const double alone = quantile(alone_ms, 0.5);
  fmt::print(stderr,
             "a sync's p99: {:.2f} ms alone, {:.2f} among silent ones, {:.2f} among dawdlers\n",
             alone, crowded_ms, slow_ms);
  out.crowd_p99_ratio = crowded_ms / alone;
  out.slowloris_p99_ratio = slow_ms / alone;
  return {};
}

}  // namespace rollcall::bench
