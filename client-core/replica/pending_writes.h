#pragma once

#include <cstdint>
#include <list>
#include <memory>
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

// A transaction of the outbox, decoded; its rows' values are views into what it holds.
struct DecodedTransaction {
  TxNumber number;
  Stamp made;
  std::vector<RowWrite> rows;

  // Null when the transaction does not write the row.
  [[nodiscard]] const RowWrite* find(const RowKey& key) const;

  Bytes body;
  TransactionReader reader;
  std::unordered_map<RowKey, std::size_t> by_key;
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
  std::list<std::unique_ptr<DecodedTransaction>> decoded_;  // most recently used first
  std::size_t decoded_rows_ = 0;
};

Result<std::unique_ptr<DecodedTransaction>> decode_transaction(TxNumber number, Bytes body);

}  // namespace rollcall
