#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <zlib.h>

#include "tests/bench/bench_device.h"
#include "tests/bench/floor.h"
#include "tests/bench/server_process.h"
#include "tests/bench/stopwatch.h"
#include "tests/bench/workloads.h"

namespace rollcall::bench {
namespace {

constexpr std::size_t batch_rows = 1'000;

Error wrong(std::string what) { return failure(ErrorCode::internal, std::move(what)); }

// Bytes of the rows as JSON lines under gzip -6: what a hand-written pull would send.
std::size_t gzip_bytes(const std::string& plain) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, plain.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  const std::size_t size = stream.total_out;
  deflateEnd(&stream);
  return size;
}

// What a bootstrap in a process of its own found: its memory is its own, too.
struct BootstrapSample {
  double seconds = 0;
  double wire_bytes = 0;
  double rows = 0;
  double idle_bytes = 0;
  double peak_mb = 0;        // greatest resident memory until the bootstrap was complete
  std::uint64_t digest = 0;  // recomputed from the rows, after the measuring
};

// VmHWM, not getrusage: that one also counts the image before exec, which was this program's with
// all of its rows.
double peak_resident_mb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double kib = 0;
    if (word == "VmHWM:" && status >> kib) return kib / 1024;
  }
  return 0;
}

Result<BootstrapSample> bootstrap_here(const std::string& path, const std::string& link) {
  BootstrapSample sample;
  {
    ROLLCALL_TRY_ASSIGN(auto device, BenchDevice::enroll(path, link));
    const Stopwatch watch;
    ROLLCALL_TRY(device->catch_up());
    sample.seconds = watch.seconds();
    sample.wire_bytes = static_cast<double>(device->session().traffic().received_bytes);
    sample.peak_mb = peak_resident_mb();
    ROLLCALL_TRY_ASSIGN(const std::uint64_t rows, device->count());
    sample.rows = static_cast<double>(rows);
    const SyncTraffic before = device->session().traffic();
    ROLLCALL_TRY(device->catch_up());
    const SyncTraffic& after = device->session().traffic();
    ROLLCALL_TRY_ASSIGN(sample.digest, device->replica().content_digest());
    ROLLCALL_TRY(device->replica().checkpoint());
    sample.idle_bytes = static_cast<double>(after.sent_bytes - before.sent_bytes +
                                            after.received_bytes - before.received_bytes);
  }
  return sample;
}

// The same in a process of its own, so that the rows in this one do not count as its memory.
Result<BootstrapSample> bootstrap_apart(const std::string& path, const std::string& link) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return wrong("no pipe");
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  const pid_t child = fork();
  if (child < 0) return wrong("no process");
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    // A fresh image: the parent's rows do not count as the client's memory.
    execl(self.c_str(), self.c_str(), "--bootstrap-into", path.c_str(), "--link", link.c_str(),
          nullptr);
    _exit(127);
  }
  close(ends[1]);
  BootstrapSample sample;
  const ssize_t got = read(ends[0], &sample, sizeof sample);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (got != static_cast<ssize_t>(sizeof sample) || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0) {
    return wrong("the bootstrap failed");
  }
  return sample;
}

}  // namespace

int bootstrap_main(const std::string& path, const std::string& link) {
  const auto sample = bootstrap_here(path, link);
  if (!sample) {
    fmt::print(stderr, "bench: {}\n", sample.error().message);
    return 1;
  }
  return write(STDOUT_FILENO, &*sample, sizeof *sample) == sizeof *sample ? 0 : 1;
}

// Seconds until every transaction is durable at the server and has its verdict.
static Result<double> push_all(BenchDevice& author) {
  const Stopwatch watch;
  author.session().start(ClientSync::Mode::catch_up);
  for (;;) {
    ROLLCALL_TRY(author.session().step(1000));
    if (!author.replica().facts().unsent) break;
  }
  const double seconds = watch.seconds();
  author.session().stop();
  return seconds;
}

Result<void> measure_bulk(const BenchSetup& setup, const BenchRows& rows, int repeats,
                          Measurements& out) {
  std::vector<double> floor_s, floor_batched_s, write_s, push_s, bootstrap_s, wire, peak_mb, idle;
  double size_floor = 0;
  double size_replica = 0;
  double fsyncs = 0;
  for (int round = 0; round < repeats; ++round) {
    const std::string folder = fmt::format("{}/bulk{}", setup.folder, round);
    std::filesystem::create_directories(folder);
    ROLLCALL_TRY_ASSIGN(const auto floor, write_floor(folder + "/floor.db", rows, rows.size()));
    floor_s.push_back(floor.seconds);
    size_floor = static_cast<double>(floor.file_bytes);
    ROLLCALL_TRY_ASSIGN(const auto batched,
                        write_floor(folder + "/floor-batched.db", rows, batch_rows));
    floor_batched_s.push_back(batched.seconds);

    ROLLCALL_TRY_ASSIGN(const auto server,
                        ServerProcess::start(setup.server, folder + "/server", setup.schema));
    ROLLCALL_TRY_ASSIGN(const std::string author_link, server->invite());
    ROLLCALL_TRY_ASSIGN(const auto author, BenchDevice::enroll(folder + "/author.db", author_link));
    ROLLCALL_TRY(author->catch_up());
    {
      const Stopwatch watch;
      ROLLCALL_TRY(author->write(rows, batch_rows));
      write_s.push_back(watch.seconds());
    }
    ROLLCALL_TRY_ASSIGN(const double fsyncs_before, server->metric("rollcall_fsyncs_total"));
    ROLLCALL_TRY_ASSIGN(const double pushes_before, server->metric("rollcall_pushes_total"));
    ROLLCALL_TRY_ASSIGN(const double pushed_s, push_all(*author));
    push_s.push_back(pushed_s);
    ROLLCALL_TRY_ASSIGN(const double fsyncs_after, server->metric("rollcall_fsyncs_total"));
    ROLLCALL_TRY_ASSIGN(const double pushes_after, server->metric("rollcall_pushes_total"));
    fsyncs = (fsyncs_after - fsyncs_before) / std::max(1.0, pushes_after - pushes_before);
    ROLLCALL_TRY(author->catch_up());

    ROLLCALL_TRY_ASSIGN(const std::string link, server->invite());
    const std::string path = folder + "/reader.db";
    ROLLCALL_TRY_ASSIGN(const BootstrapSample sample, bootstrap_apart(path, link));
    if (static_cast<std::size_t>(sample.rows) != rows.size()) {
      return wrong(fmt::format("bootstrap brought {} of {} rows", sample.rows, rows.size()));
    }
    bootstrap_s.push_back(sample.seconds);
    wire.push_back(sample.wire_bytes);
    peak_mb.push_back(sample.peak_mb);
    idle.push_back(sample.idle_bytes);

    ROLLCALL_TRY_ASSIGN(out.server_digest, server->digest());
    out.replica_digest = fmt::format("{:016x}", sample.digest);
    ROLLCALL_TRY_ASSIGN(const std::string author_digest, author->digest());
    if (out.replica_digest != out.server_digest || author_digest != out.server_digest) {
      return wrong(fmt::format("digests differ: server {}, reader {}, author {}", out.server_digest,
                               out.replica_digest, author_digest));
    }
    size_replica = static_cast<double>(std::filesystem::file_size(path));
  }
  out.rows = rows.size();
  out.verified_rows = rows.size();
  out.floor_s = quantile(floor_s, 0.5);
  out.floor_batched_s = quantile(floor_batched_s, 0.5);
  out.local_write_ratio = quantile(write_s, 0.5) / out.floor_batched_s;
  out.push_ratio = quantile(push_s, 0.5) / out.floor_s;
  out.bootstrap_ratio = quantile(bootstrap_s, 0.5) / out.floor_s;
  out.wire_ratio = quantile(wire, 0.5) / static_cast<double>(gzip_bytes(rows.json_lines()));
  out.client_peak_mb = quantile(peak_mb, 0.5);
  out.idle_sync_bytes = quantile(idle, 0.5);
  out.size_ratio = size_replica / size_floor;
  out.fsyncs_per_push = fsyncs;
  return {};
}

Result<void> measure_full_text(const BenchSetup& setup, const BenchRows& rows, int repeats,
                               Measurements& out) {
  std::vector<double> bootstrap_s;
  for (int round = 0; round < repeats; ++round) {
    const std::string folder = fmt::format("{}/fts{}", setup.folder, round);
    std::filesystem::create_directories(folder);
    ROLLCALL_TRY_ASSIGN(const auto server,
                        ServerProcess::start(setup.server, folder + "/server", setup.schema_fts));
    ROLLCALL_TRY_ASSIGN(const std::string author_link, server->invite());
    ROLLCALL_TRY_ASSIGN(const auto author, BenchDevice::enroll(folder + "/author.db", author_link));
    ROLLCALL_TRY(author->write(rows, batch_rows));
    ROLLCALL_TRY(author->catch_up());
    ROLLCALL_TRY_ASSIGN(const std::string link, server->invite());
    ROLLCALL_TRY_ASSIGN(const BootstrapSample sample, bootstrap_apart(folder + "/reader.db", link));
    if (static_cast<std::size_t>(sample.rows) != rows.size()) {
      return wrong("the bootstrap with full-text search lacks rows");
    }
    bootstrap_s.push_back(sample.seconds);
  }
  out.bootstrap_fts_ratio = quantile(bootstrap_s, 0.5) / out.floor_s;
  return {};
}

namespace {

struct Authorized {
  double push_s = 0;
  double bootstrap_s = 0;
};

Result<Authorized> run_under(const BenchSetup& setup, const BenchRows& rows,
                             const std::string& folder, const std::string& schema,
                             const std::vector<std::string>& author_scopes,
                             const std::vector<std::string>& reader_scopes) {
  std::filesystem::create_directories(folder);
  ROLLCALL_TRY_ASSIGN(const auto server,
                      ServerProcess::start(setup.server, folder + "/server", schema));
  ROLLCALL_TRY_ASSIGN(const std::string author_link, server->invite(author_scopes));
  ROLLCALL_TRY_ASSIGN(const auto author, BenchDevice::enroll(folder + "/author.db", author_link));
  ROLLCALL_TRY(author->catch_up());
  ROLLCALL_TRY(author->write(rows, batch_rows));
  Authorized took;
  ROLLCALL_TRY_ASSIGN(took.push_s, push_all(*author));
  ROLLCALL_TRY(author->catch_up());
  ROLLCALL_TRY_ASSIGN(const std::string link, server->invite(reader_scopes));
  ROLLCALL_TRY_ASSIGN(const BootstrapSample sample, bootstrap_apart(folder + "/reader.db", link));
  if (static_cast<std::size_t>(sample.rows) != rows.size()) {
    return wrong("the bootstrap under a role lacks rows");
  }
  took.bootstrap_s = sample.seconds;
  std::filesystem::remove_all(folder);
  return took;
}

}  // namespace

Result<void> measure_authority(const BenchSetup& setup, const BenchRows& rows, int repeats,
                               Measurements& out) {
  // The one that covers the rows stands last: every path is held against all of them.
  std::vector<std::string> twenty;
  for (int i = 0; i < 19; ++i) twenty.push_back(fmt::format("a/{:02}=writer", i));
  twenty.emplace_back("bench=writer");
  std::vector<double> push_ratio, bootstrap_ratio;
  for (int round = 0; round < repeats; ++round) {
    const std::string folder = fmt::format("{}/authority{}", setup.folder, round);
    ROLLCALL_TRY_ASSIGN(const Authorized plain, run_under(setup, rows, folder + "-plain",
                                                          setup.schema, {"bench"}, {"bench"}));
    ROLLCALL_TRY_ASSIGN(
        const Authorized roles,
        run_under(setup, rows, folder + "-roles", setup.schema_roles, twenty, {"bench=viewer"}));
    push_ratio.push_back(roles.push_s / plain.push_s);
    bootstrap_ratio.push_back(roles.bootstrap_s / plain.bootstrap_s);
  }
  out.authority_push_ratio = quantile(push_ratio, 0.5);
  out.authority_bootstrap_ratio = quantile(bootstrap_ratio, 0.5);
  return {};
}

}  // namespace rollcall::bench
