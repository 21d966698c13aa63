#include "tests/bench/floor.h"

#include <filesystem>

#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"
#include "tests/bench/stopwatch.h"

namespace rollcall::bench {
namespace {

constexpr const char* table =
    "CREATE TABLE person(id BLOB NOT NULL PRIMARY KEY, given_name TEXT, family_name TEXT, phone "
    "TEXT, "
    "email TEXT, precinct TEXT, role TEXT, status TEXT, notes TEXT, updated_at TEXT);"
    "CREATE INDEX person_precinct ON person(precinct)";

}  // namespace

Result<FloorResult> write_floor(const std::string& path, const BenchRows& rows,
                                std::size_t rows_per_transaction) {
  ConnectionOptions options;
  options.create = true;
  FloorResult result;
  {
    ROLLCALL_TRY_ASSIGN(Connection connection, Connection::open(path, options));
    ROLLCALL_TRY(connection.execute(table));
    ROLLCALL_TRY_ASSIGN(
        Statement insert,
        connection.prepare("INSERT INTO person VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"));
    const Stopwatch watch;
    for (std::size_t from = 0; from < rows.size(); from += rows_per_transaction) {
      ROLLCALL_TRY_ASSIGN(auto transaction, Transaction::write(connection));
      const std::size_t to = std::min(rows.size(), from + rows_per_transaction);
      for (std::size_t row = from; row < to; ++row) {
        insert.bind_id(1, rows.ids()[row]);
        for (std::size_t i = 0; i < field_count; ++i) {
          insert.bind_text(static_cast<int>(i) + 2, rows.cells()[row * field_count + i].bytes);
        }
        ROLLCALL_TRY(insert.run());
      }
      ROLLCALL_TRY(transaction.commit());
    }
    result.seconds = watch.seconds();
    ROLLCALL_TRY_ASSIGN(Statement count, connection.prepare("SELECT count(*) FROM person"));
    ROLLCALL_TRY(count.step());
    if (static_cast<std::size_t>(count.integer(0)) != rows.size()) {
      return failure(ErrorCode::internal, "the floor lacks rows");
    }
    count.reset();
    ROLLCALL_TRY(connection.checkpoint());
  }
  result.file_bytes = std::filesystem::file_size(path);
  return result;
}

}  // namespace rollcall::bench
