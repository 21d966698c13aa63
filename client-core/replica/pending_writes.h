#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "client-core/replica/row_key.h"
#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/clock/stamp.h"
#include "engine/codec/transaction.h"
#include "engine/model/write.h"

namespace rollcall {

class Connection;
class Outbox;

// A transaction of the outbox, decoded; its rows' values are views into what it holds. Used again
// for another one, it keeps its memory.
class DecodedTransaction {
 public:
  Result<void> decode(TxNumber number, Bytes body);

  [[nodiscard]] TxNumber number() const { return number_; }
  [[nodiscard]] Stamp made() const { return made_; }
  [[nodiscard]] std::span<const RowWrite> rows() const { return {rows_.data(), count_}; }
  // Null when the transaction does not write the row.
  [[nodiscard]] const RowWrite* find(const RowKey& key) const;

 private:
  TxNumber number_;
  Stamp made_;
  Bytes body_;
  TransactionReader reader_;
  std::vector<RowWrite> rows_;  // the first `count_` of them
  std::size_t count_ = 0;
  std::unordered_map<RowKey, std::size_t> by_key_;  // of transactions with many rows
};

// Which own transactions that are not retired yet wrote which rows, and what.
//
//   _writes(collection, id, number): all of them, except that a row's plain insert is noted only
//   when another write of the row comes: until then the row's own `_tx` says it. So inserting rows
//   costs nothing here.
class PendingWrites {
 public:
  static std::vector<std::string> create_statements();
  PendingWrites(Connection& connection, Outbox& outbox)
      : connection_(&connection), outbox_(&outbox) {}
  Result<void> reload();

  // False: no row has a note, and nobody needs to look.
  [[nodiscard]] bool any() const { return any_; }
  Result<void> note(const RowKey& key, TxNumber number);
  // The noted transactions of a row, ascending.
  Result<void> find(const RowKey& key, std::vector<TxNumber>& numbers);
  // Those up to `through` are of no interest any more.
  Result<void> forget(const RowKey& key, TxNumber through);
  Result<void> forget_one(const RowKey& key, TxNumber number);
  // Looks again whether any note is left.
  Result<void> recount();

  // The transaction, decoded; valid until the next call.
  Result<const DecodedTransaction*> transaction(TxNumber number);

 private:
  Connection* connection_;
  Outbox* outbox_;
  bool any_ = false;
  std::list<DecodedTransaction> decoded_;  // most recently used first
  std::size_t decoded_rows_ = 0;
};

}  // namespace rollcall
