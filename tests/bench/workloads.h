#pragma once

#include <string>

#include "tests/bench/bench_row.h"
#include "tests/bench/measurements.h"

namespace rollcall::bench {

struct BenchSetup {
  std::string server;        // path of rollcall-server
  std::string schema;        // folder of the benchmark's schema
  std::string schema_fts;    // the same with search marks
  std::string schema_roles;  // the same with roles that name each field
  std::string folder;        // a new one, for everything that is written
};

// Each verifies what it did before its time counts; an error names what was not so.

// floor_s, floor_batched_s, local_write_ratio, push_ratio, fsyncs_per_push, bootstrap_ratio,
// size_ratio, wire_ratio, client_peak_mb, idle_sync_bytes, rows, digests. `repeats`: medians of.
Result<void> measure_bulk(const BenchSetup& setup, const BenchRows& rows, int repeats,
                          Measurements& out);
// bootstrap_fts_ratio; needs floor_s.
Result<void> measure_full_text(const BenchSetup& setup, const BenchRows& rows, int repeats,
                               Measurements& out);
// authority_push_ratio, authority_bootstrap_ratio: 20 grants whose roles name each field, beside
// one grant that may everything; pairs of runs, one after the other.
Result<void> measure_authority(const BenchSetup& setup, const BenchRows& rows, int repeats,
                               Measurements& out);
// thousand_writes_s, live_p50_ms, live_p99_ms.
Result<void> measure_live(const BenchSetup& setup, Measurements& out);
// merge_s.
Result<void> measure_merge(const BenchSetup& setup, int repeats, Measurements& out);

// idle_scan_ms: what the server's list of waiting devices, 20 grants each, costs 1,000 commits.
Result<void> measure_idle_scan(int repeats, Measurements& out);
// tls_connection_kib, crowd_p99_ratio, slowloris_p99_ratio.
Result<void> measure_crowd(const BenchSetup& setup, Measurements& out);

// One bootstrap in a process of its own: what `measure_bulk` starts this program for.
int bootstrap_main(const std::string& path, const std::string& link);

}  // namespace rollcall::bench
