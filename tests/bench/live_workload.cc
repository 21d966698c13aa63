#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "tests/bench/bench_device.h"
#include "tests/bench/server_process.h"
#include "tests/bench/stopwatch.h"
#include "tests/bench/workloads.h"

namespace rollcall::bench {
namespace {

constexpr std::size_t live_samples = 200;
constexpr std::size_t live_writes = 1'000;
constexpr std::size_t merge_edits = 5'000;
constexpr double patience_s = 60;

Error wrong(std::string what) { return failure(ErrorCode::internal, std::move(what)); }

// Steps a live session until `done`; an error when it takes too long.
template <class Done>
Result<void> step_until(BenchDevice& device, const Done& done) {
  const Stopwatch watch;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool is_done, done());
    if (is_done) return {};
    if (watch.seconds() > patience_s) return wrong("a live write did not arrive");
    ROLLCALL_TRY(device.session().step(1));
  }
}

// A replica that stays in sync on a thread of its own and notes when it shows how many rows.
class LiveReader {
 public:
  LiveReader(BenchDevice& device, const Stopwatch& watch) : device_(device), watch_(watch) {
    device_.session().start(ClientSync::Mode::live);
    thread_ = std::thread([this] { run(); });
  }
  ~LiveReader() {
    stop_ = true;
    thread_.join();
    device_.session().stop();
  }
  LiveReader(const LiveReader&) = delete;
  LiveReader& operator=(const LiveReader&) = delete;

  [[nodiscard]] std::uint64_t shown() const { return shown_; }
  // When it first showed at least so many rows, in seconds of `watch`; it has.
  [[nodiscard]] double shown_at(std::uint64_t rows) {
    const std::lock_guard lock(mutex_);
    return shown_at_.lower_bound(rows)->second;
  }

 private:
  void run() {
    while (!stop_) {
      if (!device_.session().step(20)) return;
      const auto count = device_.count();
      if (!count || *count == shown_) continue;
      const std::lock_guard lock(mutex_);
      shown_at_[*count] = watch_.seconds();
      shown_ = *count;
    }
  }

  BenchDevice& device_;
  const Stopwatch& watch_;
  std::mutex mutex_;
  std::map<std::uint64_t, double> shown_at_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> shown_{0};
  std::thread thread_;
};

Result<void> write_one(BenchDevice& device, const BenchRows& rows, std::size_t at) {
  const CollectionDef* collection = device.replica().schema().find("bench_person");
  std::vector<FieldId> fields;
  for (const std::string_view name : field_names) fields.push_back(collection->find(name)->id);
  ROLLCALL_TRY_ASSIGN(auto transaction, device.replica().begin());
  ROLLCALL_TRY(transaction.put_rows(
      *collection, fields, 1, std::span<const RowId>(rows.ids()).subspan(at, 1),
      std::span<const ValueView>(rows.cells()).subspan(at * field_count, field_count)));
  ROLLCALL_TRY(transaction.commit());
  return {};
}

}  // namespace

Result<void> measure_live(const BenchSetup& setup, Measurements& out) {
  const std::string folder = setup.folder + "/live";
  std::filesystem::create_directories(folder);
  const BenchRows rows = BenchRows::generate(live_samples + live_writes, 7);
  ROLLCALL_TRY_ASSIGN(const auto server,
                      ServerProcess::start(setup.server, folder + "/server", setup.schema));
  ROLLCALL_TRY_ASSIGN(const std::string writer_link, server->invite());
  ROLLCALL_TRY_ASSIGN(const std::string reader_link, server->invite());
  ROLLCALL_TRY_ASSIGN(const auto writer, BenchDevice::enroll(folder + "/writer.db", writer_link));
  ROLLCALL_TRY_ASSIGN(const auto reader, BenchDevice::enroll(folder + "/reader.db", reader_link));
  ROLLCALL_TRY(writer->catch_up());
  ROLLCALL_TRY(reader->catch_up());
  writer->session().start(ClientSync::Mode::live);
  const Stopwatch watch;
  LiveReader live(*reader, watch);

  std::vector<double> latency_ms;
  for (std::size_t i = 0; i < live_samples; ++i) {
    const double written_at = watch.seconds();
    ROLLCALL_TRY(write_one(*writer, rows, i));
    ROLLCALL_TRY(step_until(*writer, [&]() -> Result<bool> {
      return live.shown() > i && !writer->replica().facts().unsent;
    }));
    latency_ms.push_back((live.shown_at(i + 1) - written_at) * 1000);
  }
  out.live_p50_ms = quantile(latency_ms, 0.5);
  out.live_p99_ms = quantile(latency_ms, 0.99);

  const double began_at = watch.seconds();
  for (std::size_t i = 0; i < live_writes; ++i) {
    ROLLCALL_TRY(write_one(*writer, rows, live_samples + i));
    if (i % 16 == 15) ROLLCALL_TRY(writer->session().step(0));
  }
  ROLLCALL_TRY(step_until(
      *writer, [&]() -> Result<bool> { return live.shown() == live_samples + live_writes; }));
  out.thousand_writes_s = live.shown_at(live_samples + live_writes) - began_at;
  return {};
}

Result<void> measure_merge(const BenchSetup& setup, int repeats, Measurements& out) {
  std::vector<double> seconds;
  for (int round = 0; round < repeats; ++round) {
    const std::string folder = fmt::format("{}/merge{}", setup.folder, round);
    std::filesystem::create_directories(folder);
    const BenchRows rows = BenchRows::generate(merge_edits, 21);
    ROLLCALL_TRY_ASSIGN(const auto server,
                        ServerProcess::start(setup.server, folder + "/server", setup.schema));
    ROLLCALL_TRY_ASSIGN(const std::string link_a, server->invite());
    ROLLCALL_TRY_ASSIGN(const std::string link_b, server->invite());
    ROLLCALL_TRY_ASSIGN(const auto a, BenchDevice::enroll(folder + "/a.db", link_a));
    ROLLCALL_TRY_ASSIGN(const auto b, BenchDevice::enroll(folder + "/b.db", link_b));
    ROLLCALL_TRY(a->write(rows, 1'000));
    ROLLCALL_TRY(a->catch_up());
    ROLLCALL_TRY(b->catch_up());
    // The same rows on both; every second edit is of the same field, so it conflicts.
    for (std::size_t i = 0; i < merge_edits; ++i) {
      const RowId& row = rows.ids()[i];
      ROLLCALL_TRY(a->edit(row, "status", fmt::format("a{}", i)));
      ROLLCALL_TRY(b->edit(row, i % 2 == 0 ? "status" : "role", fmt::format("b{}", i)));
    }
    const Stopwatch watch;
    ROLLCALL_TRY(a->catch_up());
    ROLLCALL_TRY(b->catch_up());
    ROLLCALL_TRY(a->catch_up());
    seconds.push_back(watch.seconds());
    ROLLCALL_TRY_ASSIGN(const std::string digest_a, a->digest());
    ROLLCALL_TRY_ASSIGN(const std::string digest_b, b->digest());
    ROLLCALL_TRY_ASSIGN(const auto status, a->replica().status());
    if (digest_a != digest_b) return wrong("the merged replicas differ");
    if (status.conflicts != merge_edits / 2) {
      return wrong(fmt::format("{} conflicts, not {}", status.conflicts, merge_edits / 2));
    }
  }
  out.merge_s = quantile(seconds, 0.5);
  return {};
}

}  // namespace rollcall::bench
