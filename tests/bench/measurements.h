#pragma once

#include <cstdint>
#include <string>

namespace rollcall::bench {

// What one run of the benchmark found; ratios are to the floor of the same run.
struct Measurements {
  std::uint64_t rows = 0;
  double floor_s = 0;
  double floor_batched_s = 0;  // the floor in transactions of 1,000 rows
  double local_write_ratio = 0;
  double push_ratio = 0;
  double bootstrap_ratio = 0;
  double bootstrap_fts_ratio = 0;
  double authority_push_ratio = 0;       // with authorization, to without
  double authority_bootstrap_ratio = 0;  // likewise
  double thousand_writes_s = 0;
  double live_p50_ms = 0;
  double live_p99_ms = 0;
  double merge_s = 0;
  double size_ratio = 0;
  double wire_ratio = 0;
  double client_peak_mb = 0;
  double idle_sync_bytes = 0;
  double fsyncs_per_push = 0;
  double idle_scan_ms = 0;         // 1,000 changes, 1,000 waiting devices that see none of them
  double tls_connection_kib = 0;   // of the server, for one that is silent
  double crowd_p99_ratio = 0;      // an idle sync among 10,000 silent connections, to alone
  double slowloris_p99_ratio = 0;  // the same among 5,000 that dawdle
  std::uint64_t verified_rows = 0;
  std::string server_digest;
  std::string replica_digest;
};

}  // namespace rollcall::bench
