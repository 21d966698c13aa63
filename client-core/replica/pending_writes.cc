#include "client-core/replica/pending_writes.h"

#include <algorithm>
#include <iterator>

#include "client-core/replica/limits.h"
#include "client-core/replica/outbox.h"
#include "client-core/replica/sql_number.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

// Up to so many rows are looked through one by one.
constexpr std::size_t searched_rows_max = 8;
// The memory of so many is kept for the next transaction.
constexpr std::size_t kept_rows_max = 256;

}  // namespace

const RowWrite* DecodedTransaction::find(const RowKey& key) const {
  if (count_ > searched_rows_max) {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : &rows_[found->second];
  }
  for (const RowWrite& row : rows()) {
    if (row.id == key.id && row.collection == key.collection) return &row;
  }
  return nullptr;
}

Result<void> DecodedTransaction::decode(TxNumber number, Bytes body) {
  number_ = number;
  count_ = 0;
  by_key_.clear();
  body_ = std::move(body);
  ROLLCALL_TRY(reader_.open(body_));
  made_ = reader_.head().stamp;
  const std::size_t rows = reader_.page().rows();
  if (rows_.size() > kept_rows_max && rows < kept_rows_max) rows_ = {};
  rows_.resize(std::max(rows_.size(), rows));
  while (count_ < rows && reader_.next(rows_[count_])) ++count_;
  if (count_ <= searched_rows_max) return {};
  by_key_.reserve(count_);
  for (std::size_t i = 0; i < count_; ++i) {
    by_key_.emplace(RowKey{rows_[i].collection, rows_[i].id}, i);
  }
  return {};
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
    if (at->number() != number) continue;
    decoded_.splice(decoded_.begin(), decoded_, at);
    return static_cast<const DecodedTransaction*>(&decoded_.front());
  }
  ROLLCALL_TRY_ASSIGN(Bytes body, outbox_->body(number));
  if (decoded_.size() < decoded_transactions_max) {
    decoded_.emplace_front();
  } else {
    decoded_rows_ -= decoded_.back().rows().size();
    decoded_.splice(decoded_.begin(), decoded_, std::prev(decoded_.end()));
  }
  if (auto done = decoded_.front().decode(number, std::move(body)); !done) {
    decoded_.pop_front();
    return std::move(done).error();
  }
  decoded_rows_ += decoded_.front().rows().size();
  while (decoded_.size() > 1 && decoded_rows_ > decoded_rows_max) {
    decoded_rows_ -= decoded_.back().rows().size();
    decoded_.pop_back();
  }
  return static_cast<const DecodedTransaction*>(&decoded_.front());
}

}  // namespace rollcall
