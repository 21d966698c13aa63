// rollcall-bench: what Rollcall costs beside what SQLite alone costs, on this machine, now.

#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/bench/workloads.h"

namespace rollcall::bench {
namespace {

struct Line {
  std::string_view what;
  double value;
  double must;
  double aim;
  std::string_view unit;
};

void print(const Measurements& m) {
  const std::array<Line, 18> lines{{
      {"local write, 1,000 rows a transaction", m.local_write_ratio, 3, 2, "x floor"},
      {"push to an empty server, durable", m.push_ratio, 5, 3, "x floor"},
      {"bootstrap into an empty replica", m.bootstrap_ratio, 4, 2.5, "x floor"},
      {"bootstrap with full-text search", m.bootstrap_fts_ratio, 8, 5, "x floor"},
      {"push under 20 grants with fields by name", m.authority_push_ratio, 1.1, 1.05,
       "x one for all"},
      {"bootstrap under such a grant", m.authority_bootstrap_ratio, 1.1, 1.05, "x one for all"},
      {"1,000 single-row writes seen by another", m.thousand_writes_s, 1.5, 0.5, "s"},
      {"one write seen by another, p50", m.live_p50_ms, 3, 1, "ms"},
      {"one write seen by another, p99", m.live_p99_ms, 10, 5, "ms"},
      {"2 x 5,000 overlapping edits merged", m.merge_s, 0.5, 0.2, "s"},
      {"replica's size", m.size_ratio, 1.3, 1.15, "x plain table"},
      {"wire bytes of the bootstrap", m.wire_ratio, 0.78, 0.65, "x gzip -6 JSON"},
      {"client's peak memory", m.client_peak_mb, 64, 32, "MB"},
      {"idle sync, both ways", m.idle_sync_bytes, 1000, 600, "bytes"},
      {"1,000 changes past 1,000 idle devices", m.idle_scan_ms, 50, 25, "ms"},
      {"a silent TLS connection, of 10,000", m.tls_connection_kib, 80, 64, "KiB"},
      {"a sync's p99 among these", m.crowd_p99_ratio, 2, 1.2, "x alone"},
      {"a sync's p99 among 5,000 that dawdle", m.slowloris_p99_ratio, 2, 1.2, "x alone"},
  }};
  fmt::print("{} rows; floor {:.3f} s in one transaction, {:.3f} s in transactions of 1,000\n\n",
             m.rows, m.floor_s, m.floor_batched_s);
  fmt::print("{:<42}{:>10}  {:>6}  {:>6}\n", "", "measured", "must", "aim");
  for (const Line& line : lines) {
    if (line.value == 0) continue;  // not asked for
    const char* mark = line.value <= line.aim ? "" : line.value <= line.must ? " -" : " !!";
    fmt::print("{:<42}{:>10.2f}  {:>6}  {:>6}  {}{}\n", line.what, line.value, line.must, line.aim,
               line.unit, mark);
  }
  fmt::print("\nfsyncs a push: {:.2f}; digest {} at the server, {} at the replica\n",
             m.fsyncs_per_push, m.server_digest, m.replica_digest);
  fmt::print("(-: reached, short of the aim; !!: not reached)\n");
}

std::string json_of(const Measurements& m) {
  const nlohmann::ordered_json json = {
      {"rows", m.rows},
      {"floor_s", m.floor_s},
      {"floor_batched_s", m.floor_batched_s},
      {"local_write_ratio", m.local_write_ratio},
      {"push_ratio", m.push_ratio},
      {"bootstrap_ratio", m.bootstrap_ratio},
      {"bootstrap_fts_ratio", m.bootstrap_fts_ratio},
      {"authority_push_ratio", m.authority_push_ratio},
      {"authority_bootstrap_ratio", m.authority_bootstrap_ratio},
      {"thousand_writes_s", m.thousand_writes_s},
      {"live_p50_ms", m.live_p50_ms},
      {"live_p99_ms", m.live_p99_ms},
      {"merge_s", m.merge_s},
      {"size_ratio", m.size_ratio},
      {"wire_ratio", m.wire_ratio},
      {"client_peak_mb", m.client_peak_mb},
      {"idle_sync_bytes", m.idle_sync_bytes},
      {"fsyncs_per_push", m.fsyncs_per_push},
      {"idle_scan_ms", m.idle_scan_ms},
      {"tls_connection_kib", m.tls_connection_kib},
      {"crowd_p99_ratio", m.crowd_p99_ratio},
      {"slowloris_p99_ratio", m.slowloris_p99_ratio},
      {"verified_rows", m.verified_rows},
      {"server_digest", m.server_digest},
      {"replica_digest", m.replica_digest},
  };
  return json.dump(2) + "\n";
}

Result<Measurements> measure(const BenchSetup& setup, const BenchRows& rows, int repeats,
                             const std::set<std::string>& only) {
  Measurements m;
  const auto wanted = [&](const char* what) {
    if (!only.empty() && only.count(what) == 0) return false;
    fmt::print(stderr, "{} ...\n", what);
    return true;
  };
  if (wanted("bulk")) ROLLCALL_TRY(measure_bulk(setup, rows, repeats, m));
  if (m.floor_s > 0 && wanted("search")) ROLLCALL_TRY(measure_full_text(setup, rows, repeats, m));
  if (wanted("authority")) ROLLCALL_TRY(measure_authority(setup, rows, repeats, m));
  if (wanted("live")) ROLLCALL_TRY(measure_live(setup, m));
  if (wanted("idle")) ROLLCALL_TRY(measure_idle_scan(repeats, m));
  if (wanted("crowd")) ROLLCALL_TRY(measure_crowd(setup, m));
  if (wanted("merge")) ROLLCALL_TRY(measure_merge(setup, repeats, m));
  return m;
}

int run(int argc, char** argv) {
  CLI::App app("Rollcall beside plain SQLite: the same rows, the same machine, the same run.");
  std::size_t row_count = 100'000;
  int repeats = 3;
  std::string input, json_path, into, link;
  std::set<std::string> only;
  const std::string here = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  BenchSetup setup;
  setup.server = here + "/rollcall-server";
  setup.schema = ROLLCALL_BENCH_SCHEMAS "/schema";
  setup.schema_fts = ROLLCALL_BENCH_SCHEMAS "/schema_fts";
  setup.schema_roles = ROLLCALL_BENCH_SCHEMAS "/schema_roles";
  app.add_option("--rows", row_count, "rows to generate")->check(CLI::Range(1u, 10'000'000u));
  app.add_option("--input", input, "JSON lines with id and the nine fields, instead");
  app.add_option("--json", json_path, "also write the measurements to this file");
  app.add_option("--repeats", repeats, "runs; medians are told")->check(CLI::Range(1, 99));
  app.add_option("--only", only,
                 "bulk, search (after bulk), authority, live, idle, crowd, merge; all without it")
      ->check(CLI::IsMember({"bulk", "search", "authority", "live", "idle", "crowd", "merge"}));
  app.add_option("--server", setup.server, "the rollcall-server to measure");
  app.add_option("--bootstrap-into", into, "(the benchmark's own: one bootstrap)")->group("");
  app.add_option("--link", link, "(with it)")->group("");
  CLI11_PARSE(app, argc, argv);
  if (!into.empty()) return bootstrap_main(into, link);

  auto rows = input.empty() ? Result<BenchRows>(BenchRows::generate(row_count, 42))
                            : BenchRows::read(input);
  if (!rows) {
    fmt::print(stderr, "bench: {}\n", rows.error().message);
    return 1;
  }
  setup.folder = fmt::format("{}/rollcall-bench-{}",
                             std::filesystem::temp_directory_path().string(), getpid());
  std::filesystem::create_directories(setup.folder);
  const auto measured = measure(setup, *rows, repeats, only);
  std::filesystem::remove_all(setup.folder);
  if (!measured) {
    fmt::print(stderr, "bench: {}\n", measured.error().message);
    return 1;
  }
  print(*measured);
  if (!json_path.empty()) std::ofstream(json_path) << json_of(*measured);
  return 0;
}

}  // namespace
}  // namespace rollcall::bench

int main(int argc, char** argv) { return rollcall::bench::run(argc, argv); }
