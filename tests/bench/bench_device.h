#pragma once

#include <memory>
#include <string>

#include "client-core/replica/replica.h"
#include "client-core/sync/curl_transport.h"
#include "client-core/sync/sync_session.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "tests/bench/bench_row.h"

namespace rollcall::bench {

// One device of the benchmark: a real replica, the real transport, the real session.
class BenchDevice {
 public:
  static Result<std::unique_ptr<BenchDevice>> enroll(const std::string& path,
                                                     const std::string& link,
                                                     const std::string& ca_file = {});
  explicit BenchDevice(const std::string& ca_file) : transport_(ca_file) {}

  // All rows by put_rows, in transactions of so many.
  Result<void> write(const BenchRows& rows, std::size_t rows_per_transaction);
  // One row, one field, one transaction.
  Result<void> edit(const RowId& row, std::string_view field, std::string_view value);
  Result<void> catch_up();
  Result<std::uint64_t> count();
  Result<bool> has(const RowId& row);
  Result<std::string> digest();  // recomputed from the rows, as text

  [[nodiscard]] Replica& replica() { return *replica_; }
  [[nodiscard]] SyncSession& session() { return *session_; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
  CurlTransport transport_;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<SyncSession> session_;
};

}  // namespace rollcall::bench
