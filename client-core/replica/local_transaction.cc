#include "client-core/replica/local_transaction.h"

#include <utility>

#include "client-core/replica/write_buffer.h"

namespace rollcall {
namespace {

Error is_over() {
  return failure(ErrorCode::invalid_argument, "this transaction is over; begin another one");
}

}  // namespace

LocalTransaction::LocalTransaction(std::unique_ptr<WriteBuffer> buffer)
    : buffer_(std::move(buffer)) {}
LocalTransaction::LocalTransaction(LocalTransaction&&) noexcept = default;
LocalTransaction& LocalTransaction::operator=(LocalTransaction&&) noexcept = default;
LocalTransaction::~LocalTransaction() = default;

Result<RowId> LocalTransaction::put(std::string_view collection, std::span<const NamedValue> values,
                                    std::optional<RowId> id) {
  if (!buffer_) return is_over();
  return buffer_->put(collection, values, id);
}

Result<void> LocalTransaction::put_rows(const CollectionDef& collection,
                                        std::span<const FieldId> fields, std::size_t rows,
                                        std::span<const RowId> ids,
                                        std::span<const ValueView> cells,
                                        std::vector<RowId>* made) {
  if (!buffer_) return is_over();
  return buffer_->put_rows(collection, fields, rows, ids, cells, made);
}

Result<void> LocalTransaction::set(std::string_view collection, const RowId& id,
                                   std::span<const NamedValue> values) {
  if (!buffer_) return is_over();
  return buffer_->set(collection, id, values);
}

Result<void> LocalTransaction::add(std::string_view collection, const RowId& id,
                                   std::string_view field, ValueView value) {
  if (!buffer_) return is_over();
  return buffer_->add(collection, id, field, value);
}

Result<void> LocalTransaction::remove(std::string_view collection, const RowId& id,
                                      std::string_view field, ValueView element) {
  if (!buffer_) return is_over();
  return buffer_->remove(collection, id, field, element);
}

Result<void> LocalTransaction::delete_row(std::string_view collection, const RowId& id) {
  if (!buffer_) return is_over();
  return buffer_->set_deleted(collection, id, true);
}

Result<void> LocalTransaction::undelete_row(std::string_view collection, const RowId& id) {
  if (!buffer_) return is_over();
  return buffer_->set_deleted(collection, id, false);
}

Result<void> LocalTransaction::undo(std::string_view collection, const RowId& id,
                                    std::string_view field, ValueView value) {
  if (!buffer_) return is_over();
  return buffer_->undo(collection, id, field, value);
}

Result<void> LocalTransaction::restore_loser(std::string_view collection, const RowId& id,
                                             std::string_view field, Stamp writer) {
  if (!buffer_) return is_over();
  return buffer_->decide(collection, id, field, writer, true);
}

Result<void> LocalTransaction::close_loser(std::string_view collection, const RowId& id,
                                           std::string_view field, Stamp writer) {
  if (!buffer_) return is_over();
  return buffer_->decide(collection, id, field, writer, false);
}

Result<Committed> LocalTransaction::commit() {
  if (!buffer_) return is_over();
  const std::unique_ptr<WriteBuffer> buffer = std::move(buffer_);
  return buffer->commit();
}

void LocalTransaction::rollback() { buffer_.reset(); }

}  // namespace rollcall
