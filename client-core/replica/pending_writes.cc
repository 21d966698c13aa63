#include "client-core/replica/pending_writes.h"

#include "client-core/replica/limits.h"
#include "client-core/replica/outbox.h"
#include "client-core/replica/sql_number.h"
#include "engine/storage/connection.h"

namespace rollcall {
const RowWrite* DecodedTransaction::find(const RowKey& key) const {
  const auto found = by_key.find(key);
  return found == by_key.end() ? nullptr : &rows[found->second];
}

Result<std::unique_ptr<DecodedTransaction>> decode_transaction(TxNumber number, Bytes body) {
  auto decoded = std::make_unique<DecodedTransaction>();
  decoded->number = number;
  decoded->body = std::move(body);
  TransactionReader& reader = decoded->reader;
  ROLLCALL_TRY(reader.open(decoded->body));
  decoded->made = reader.head().stamp;
  decoded->rows.reserve(reader.page().rows());
  decoded->by_key.reserve(reader.page().rows());
  for (RowWrite row; reader.next(row);) {
    decoded->by_key.emplace(RowKey{row.collection, row.id}, decoded->rows.size());
    decoded->rows.push_back(row);
  }
  return decoded;
}

std::vector<std::string> PendingWrites::create_statements() {
  return {
      "CREATE TABLE _writes(collection INTEGER NOT NULL, id BLOB NOT NULL, number INTEGER NOT "
      "NULL, "
      "PRIMARY KEY(collection, id, number)) WITHOUT ROWID"};
}

Result<void> PendingWrites::reload() {
  decoded_.clear();
  decoded_rows_ = 0;
  return recount();
}

Result<void> PendingWrites::recount() {
  ROLLCALL_TRY_ASSIGN(Statement one, connection_->cached("SELECT 1 FROM _writes LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(any_, one.step());
  one.reset();
  return {};
}

Result<void> PendingWrites::note(const RowKey& key, TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT OR IGNORE INTO _writes VALUES(?, ?, ?)"));
  insert.bind_integer(1, key.collection.value);
  insert.bind_id(2, key.id);
  insert.bind_integer(3, whole(number));
  ROLLCALL_TRY(insert.run());
  any_ = true;
  return {};
}

Result<void> PendingWrites::find(const RowKey& key, std::vector<TxNumber>& numbers) {
  numbers.clear();
  if (!any_) return {};
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT number FROM _writes WHERE collection = ? AND "
                                          "id = ? ORDER BY number"));
  find.bind_integer(1, key.collection.value);
  find.bind_id(2, key.id);
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, find.step());
    if (!more) return {};
    numbers.emplace_back(static_cast<std::uint64_t>(find.integer(0)));
  }
}

Result<void> PendingWrites::forget(const RowKey& key, TxNumber through) {
  if (!any_) return {};
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _writes WHERE collection = ? AND id = ? AND "
                                          "number <= ?"));
  erase.bind_integer(1, key.collection.value);
  erase.bind_id(2, key.id);
  erase.bind_integer(3, whole(through));
  return erase.run();
}

Result<void> PendingWrites::forget_one(const RowKey& key, TxNumber number) {
  if (!any_) return {};
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _writes WHERE collection = ? AND id = ? AND "
                                          "number = ?"));
  erase.bind_integer(1, key.collection.value);
  erase.bind_id(2, key.id);
  erase.bind_integer(3, whole(number));
  return erase.run();
}

Result<const DecodedTransaction*> PendingWrites::transaction(TxNumber number) {
  for (auto at = decoded_.begin(); at != decoded_.end(); ++at) {
    if ((*at)->number != number) continue;
    decoded_.splice(decoded_.begin(), decoded_, at);
    return static_cast<const DecodedTransaction*>(decoded_.front().get());
  }
  ROLLCALL_TRY_ASSIGN(Bytes body, outbox_->body(number));
  ROLLCALL_TRY_ASSIGN(auto decoded, decode_transaction(number, std::move(body)));
  decoded_rows_ += decoded->rows.size();
  decoded_.push_front(std::move(decoded));
  while (decoded_.size() > 1 && decoded_rows_ > decoded_rows_max) {
    decoded_rows_ -= decoded_.back()->rows.size();
    decoded_.pop_back();
  }
  return static_cast<const DecodedTransaction*>(decoded_.front().get());
}

}  // namespace rollcall
