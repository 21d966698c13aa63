#include "tests/bench/bench_device.h"

#include <fmt/format.h>

#include "client-core/sync/enrollment.h"

namespace rollcall::bench {
namespace {

constexpr std::string_view bench_collection = "bench_person";
constexpr std::int64_t enroll_timeout_ms = 10'000;
constexpr std::uint32_t attempts = 3;

}  // namespace

Result<std::unique_ptr<BenchDevice>> BenchDevice::enroll(const std::string& path,
                                                         const std::string& link,
                                                         const std::string& ca_file) {
  auto device = std::make_unique<BenchDevice>(ca_file);
  const ReplicaDoors doors{device->clock_, device->random_, device->cryptography_};
  ROLLCALL_TRY_ASSIGN(const Entrance entrance, Entrance::from_link(link));
  ROLLCALL_TRY_ASSIGN(device->replica_, rollcall::enroll(path, entrance, device->transport_, doors,
                                                         {}, enroll_timeout_ms));
  device->session_ = std::make_unique<SyncSession>(*device->replica_, device->transport_, doors);
  return device;
}

Result<void> BenchDevice::write(const BenchRows& rows, std::size_t rows_per_transaction) {
  const CollectionDef* collection = replica_->schema().find(bench_collection);
  ROLLCALL_CHECK(collection != nullptr);
  std::vector<FieldId> fields;
  for (const std::string_view name : field_names) fields.push_back(collection->find(name)->id);
  const std::span<const RowId> ids(rows.ids());
  const std::span<const ValueView> cells(rows.cells());
  for (std::size_t from = 0; from < rows.size(); from += rows_per_transaction) {
    const std::size_t count = std::min(rows.size() - from, rows_per_transaction);
    ROLLCALL_TRY_ASSIGN(auto transaction, replica_->begin());
    ROLLCALL_TRY(transaction.put_rows(*collection, fields, count, ids.subspan(from, count),
                                      cells.subspan(from * field_count, count * field_count)));
    ROLLCALL_TRY(transaction.commit());
  }
  return {};
}

Result<void> BenchDevice::edit(const RowId& row, std::string_view field, std::string_view value) {
  ROLLCALL_TRY_ASSIGN(auto transaction, replica_->begin());
  const NamedValue named{field, ValueView::of_text(value)};
  ROLLCALL_TRY(transaction.set(bench_collection, row, std::span<const NamedValue>(&named, 1)));
  ROLLCALL_TRY(transaction.commit());
  return {};
}

Result<void> BenchDevice::catch_up() { return session_->catch_up(attempts); }

Result<std::uint64_t> BenchDevice::count() {
  ROLLCALL_TRY_ASSIGN(auto query, replica_->query("SELECT count(*) FROM bench_person"));
  ROLLCALL_TRY(query.step());
  return static_cast<std::uint64_t>(query.value(0).integer);
}

Result<bool> BenchDevice::has(const RowId& row) {
  const ValueView id = ValueView::of_bytes(row.view());
  ROLLCALL_TRY_ASSIGN(auto query, replica_->query("SELECT 1 FROM bench_person WHERE id = ?1",
                                                  std::span<const ValueView>(&id, 1)));
  return query.step();
}

Result<std::string> BenchDevice::digest() {
  ROLLCALL_TRY_ASSIGN(const std::uint64_t sum, replica_->content_digest());
  return fmt::format("{:016x}", sum);
}

}  // namespace rollcall::bench
