#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/clock/stamp.h"
#include "engine/protocol/messages.h"

namespace rollcall {

class Connection;

// This device's transactions in order, each with the bytes that were made at its commit, and the
// chain over them. Nothing changes a transaction once it is here; a void only changes what is sent
// in its place. Acknowledged ones stay for a restored server, until age or size takes the oldest;
// the last one always stays, because it ends the chain.
//
//   _outbox(number, stamp, hash, head, rows, size, void, bytes)
class Outbox {
 public:
  static std::vector<std::string> create_statements();
  explicit Outbox(Connection& connection) : connection_(&connection) {}
  // Reads again what is held in memory, after a transaction that was rolled back.
  Result<void> reload();

  [[nodiscard]] TxNumber last() const { return last_; }
  [[nodiscard]] const Hash& head() const { return head_; }  // of the chain at `last`
  [[nodiscard]] Stamp last_stamp() const { return last_stamp_; }

  // The next number's transaction; `hash` is that of the bytes.
  Result<void> append(Stamp stamp, const Hash& hash, const Hash& head, std::uint64_t rows,
                      BytesView bytes);
  struct Entry {
    Stamp stamp;
    std::uint64_t rows = 0;
    bool is_void = false;
  };
  Result<std::optional<Entry>> find(TxNumber number);
  // `not_found` when it is too old to be kept.
  Result<Bytes> body(TxNumber number);
  // The chain's head after a transaction; zero at 0; nothing when it is not kept.
  Result<std::optional<Hash>> head_at(TxNumber number);
  // The hash of a transaction's bytes; nothing when it is not kept.
  Result<std::optional<Hash>> hash_at(TxNumber number);
  // A fork: the transactions after `after`, where the chain has the head `from`, are made anew as
  // this device's.
  Result<void> make_anew(TxNumber after, const Hash& from, DeviceNumber device,
                         const Cryptography& cryptography);
  // Bytes of the transactions after `after`.
  Result<std::uint64_t> bytes_after(TxNumber after);
  // Rows of the transactions in (after, through], those of `except` left out.
  Result<std::uint64_t> rows_between(TxNumber after, TxNumber through);

  // Puts the transactions after `after` into the request, as many as go; returns the head of the
  // chain after the last one. `gap` when the next one is not kept any more.
  // With the receipts of those that were acknowledged before: each receipt's whole range goes in
  // one request. `resumes`: also with the receipt that ends at `after`.
  Result<Hash> fill(TxNumber after, bool resumes, std::size_t count_max, std::size_t bytes_max,
                    SyncRequest& request);
  // Where a server that lacks what is not kept any more can be given the rest: after this number,
  // which a receipt proves. Nothing: nowhere.
  Result<std::optional<TxNumber>> resumes_after(TxNumber after);
  // From now on only the transaction's hash is sent.
  Result<void> make_void(TxNumber number);

  // Proof of what the push of [first, last] got.
  Result<void> keep_receipt(TxNumber first, TxNumber last, BytesView receipt, std::int64_t now_ms);
  // Forgets acknowledged transactions up to `through` that are too old or too many, and those in
  // front of them. What stands in the tray stays.
  Result<void> prune(TxNumber through, std::int64_t now_ms);

 private:
  struct Receipted {
    TxNumber first;
    TxNumber last;
    Bytes receipt;
  };
  // Those that end at or after `number`.
  Result<std::vector<Receipted>> receipts_from(TxNumber number, std::size_t count_max);

  Connection* connection_;
  TxNumber last_;
  Hash head_;
  Stamp last_stamp_;
  std::uint64_t kept_bytes_ = 0;
  std::int64_t prune_after_ms_ = 0;  // by age it is enough to look once an hour
};

}  // namespace rollcall
