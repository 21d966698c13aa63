#include "client-core/replica/outbox.h"

#include <algorithm>

#include "client-core/replica/limits.h"
#include "client-core/replica/sql_number.h"
#include "engine/codec/transaction.h"
#include "engine/protocol/chain.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

TxNumber number_of(std::int64_t value) { return TxNumber(static_cast<std::uint64_t>(value)); }

}  // namespace

std::vector<std::string> Outbox::create_statements() {
  return {
      "CREATE TABLE _outbox(number INTEGER PRIMARY KEY, stamp BLOB NOT NULL, hash BLOB NOT NULL, "
      "head BLOB NOT NULL, rows INTEGER NOT NULL, size INTEGER NOT NULL, void INTEGER NOT NULL "
      "DEFAULT 0, bytes BLOB NOT NULL)",
      "CREATE TABLE _receipts(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, at_ms INTEGER NOT "
      "NULL, receipt BLOB NOT NULL)"};
}

Result<void> Outbox::reload() {
  ROLLCALL_TRY_ASSIGN(
      Statement last,
      connection_->cached("SELECT number, stamp, head FROM _outbox ORDER BY number DESC LIMIT 1"));
  last_ = TxNumber(0);
  head_ = Hash{};
  last_stamp_ = Stamp{};
  ROLLCALL_TRY_ASSIGN(const bool any, last.step());
  if (any) {
    if (last.bytes(1).size() != Stamp::size_bytes || last.bytes(2).size() != Hash::size_bytes) {
      return failure(ErrorCode::corrupt, connection_->path() + ": the outbox's chain is damaged");
    }
    last_ = number_of(last.integer(0));
    last_stamp_ = Stamp::from_bytes(last.bytes(1));
    head_ = Hash::from_bytes(last.bytes(2));
    last.reset();
  }
  ROLLCALL_TRY_ASSIGN(kept_bytes_, bytes_after(TxNumber(0)));
  return {};
}

Result<void> Outbox::append(Stamp stamp, const Hash& hash, const Hash& head, std::uint64_t rows,
                            BytesView bytes) {
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT INTO _outbox(number, stamp, hash, head, rows, size, bytes) "
                          "VALUES(?, ?, ?, ?, ?, ?, ?)"));
  const Bytes packed = stamp.bytes();
  insert.bind_integer(1, whole(last_.next()));
  insert.bind_bytes(2, packed);
  insert.bind_bytes(3, hash.view());
  insert.bind_bytes(4, head.view());
  insert.bind_integer(5, static_cast<std::int64_t>(rows));
  insert.bind_integer(6, static_cast<std::int64_t>(bytes.size()));
  insert.bind_bytes(7, bytes);
  ROLLCALL_TRY(insert.run());
  last_ = last_.next();
  head_ = head;
  last_stamp_ = stamp;
  kept_bytes_ += bytes.size();
  return {};
}

Result<std::optional<Outbox::Entry>> Outbox::find(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement find, connection_->cached("SELECT stamp, rows, void FROM _outbox "
                                                          "WHERE number = ?"));
  find.bind_integer(1, whole(number));
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  if (!found) return std::optional<Entry>();
  Entry entry;
  if (find.bytes(0).size() == Stamp::size_bytes) entry.stamp = Stamp::from_bytes(find.bytes(0));
  entry.rows = static_cast<std::uint64_t>(find.integer(1));
  entry.is_void = find.integer(2) != 0;
  find.reset();
  return std::optional<Entry>(entry);
}

Result<Bytes> Outbox::body(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT bytes FROM _outbox WHERE number = ?"));
  find.bind_integer(1, whole(number));
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  if (!found) {
    return failure(ErrorCode::not_found,
                   "transaction " + std::to_string(number.value) + " is not kept any more");
  }
  Bytes bytes(find.bytes(0));
  find.reset();
  return bytes;
}

Result<std::optional<Hash>> Outbox::head_at(TxNumber number) {
  if (number.value == 0) return std::optional<Hash>(Hash{});
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT head FROM _outbox WHERE number = ?"));
  find.bind_integer(1, whole(number));
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  std::optional<Hash> head;
  if (found && find.bytes(0).size() == Hash::size_bytes) head = Hash::from_bytes(find.bytes(0));
  if (found) find.reset();
  return head;
}

Result<std::optional<Hash>> Outbox::hash_at(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT hash FROM _outbox WHERE number = ?"));
  find.bind_integer(1, whole(number));
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  std::optional<Hash> hash;
  if (found && find.bytes(0).size() == Hash::size_bytes) hash = Hash::from_bytes(find.bytes(0));
  if (found) find.reset();
  return hash;
}

Result<void> Outbox::make_anew(TxNumber after, const Hash& from, DeviceNumber device,
                               const Cryptography& cryptography) {
  Hash head = from;
  ROLLCALL_TRY_ASSIGN(Statement save,
                      connection_->cached("UPDATE _outbox SET stamp = ?2, hash = ?3, head = ?4, "
                                          "bytes = ?5 WHERE number = ?1"));
  for (TxNumber number = after.next(); number <= last_; number = number.next()) {
    ROLLCALL_TRY_ASSIGN(const std::optional<Entry> entry, find(number));
    ROLLCALL_TRY_ASSIGN(const Bytes before, body(number));
    ROLLCALL_TRY_ASSIGN(const Bytes bytes, with_device(before, device));
    const Hash hash = cryptography.hash({bytes});
    head = next_head(cryptography, head, hash);
    const Bytes stamp = Stamp{entry ? entry->stamp.time : 0, device}.bytes();
    save.bind_integer(1, whole(number));
    save.bind_bytes(2, stamp);
    save.bind_bytes(3, hash.view());
    save.bind_bytes(4, head.view());
    save.bind_bytes(5, bytes);
    ROLLCALL_TRY(save.run());
  }
  return reload();
}

Result<std::uint64_t> Outbox::bytes_after(TxNumber after) {
  ROLLCALL_TRY_ASSIGN(Statement sum, connection_->cached("SELECT coalesce(sum(size), 0) FROM "
                                                         "_outbox WHERE number > ?"));
  sum.bind_integer(1, whole(after));
  ROLLCALL_TRY_ASSIGN(const bool found, sum.step());
  const auto bytes = static_cast<std::uint64_t>(found ? sum.integer(0) : 0);
  sum.reset();
  return bytes;
}

Result<std::uint64_t> Outbox::rows_between(TxNumber after, TxNumber through) {
  ROLLCALL_TRY_ASSIGN(
      Statement sum,
      connection_->cached("SELECT coalesce(sum(rows), 0) FROM _outbox WHERE number > ? AND number "
                          "<= ? AND number NOT IN (SELECT number FROM _verdicts WHERE kind >= 3)"));
  sum.bind_integer(1, whole(after));
  sum.bind_integer(2, whole(through));
  ROLLCALL_TRY_ASSIGN(const bool found, sum.step());
  const auto rows = static_cast<std::uint64_t>(found ? sum.integer(0) : 0);
  sum.reset();
  return rows;
}

Result<std::vector<Outbox::Receipted>> Outbox::receipts_from(TxNumber number,
                                                             std::size_t count_max) {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT first, last, receipt FROM _receipts WHERE "
                                          "last >= ? ORDER BY first LIMIT ?"));
  select.bind_integer(1, whole(number));
  select.bind_integer(2, static_cast<std::int64_t>(count_max));
  std::vector<Receipted> receipts;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return receipts;
    receipts.push_back(
        {number_of(select.integer(0)), number_of(select.integer(1)), Bytes(select.bytes(2))});
  }
}

Result<std::optional<TxNumber>> Outbox::resumes_after(TxNumber after) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      connection_->cached("SELECT min(last) FROM _receipts WHERE last > ? AND last + 1 IN (SELECT "
                          "number FROM _outbox)"));
  select.bind_integer(1, whole(after));
  ROLLCALL_TRY_ASSIGN(const bool found, select.step());
  std::optional<TxNumber> resumes;
  if (found && !select.is_null(0)) resumes = number_of(select.integer(0));
  select.reset();
  return resumes;
}

Result<Hash> Outbox::fill(TxNumber after, bool resumes, std::size_t count_max,
                          std::size_t bytes_max, SyncRequest& request) {
  ROLLCALL_TRY_ASSIGN(const std::vector<Receipted> receipts,
                      receipts_from(resumes ? after : after.next(), push_receipts_max));
  // The receipt whose range goes on beyond this number.
  const auto cut_by = [&](TxNumber number) -> const Receipted* {
    for (const Receipted& one : receipts) {
      if (one.first <= number && number < one.last) return &one;
    }
    return nullptr;
  };
  ROLLCALL_TRY_ASSIGN(Statement next,
                      connection_->cached("SELECT number, size, void, hash, head, bytes FROM "
                                          "_outbox WHERE number > ? ORDER BY number"));
  next.bind_integer(1, whole(after));
  request.first_tx = after.next();
  std::size_t bytes = 0;
  std::vector<Hash> heads;
  TxNumber number = after;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, next.step());
    if (!more) break;
    if (number_of(next.integer(0)) != number.next()) break;
    const auto size = static_cast<std::size_t>(next.integer(1));
    const bool is_full = request.transactions.size() >= count_max || bytes + size > bytes_max;
    if (is_full && !request.transactions.empty()) {
      // What came in one push before goes in one again.
      const Receipted* cut = count_max > 1 ? cut_by(number) : nullptr;
      if (cut == nullptr) break;
      if (cut->first > request.first_tx) {
        const std::size_t kept = cut->first.value - request.first_tx.value;
        request.transactions.resize(kept);
        heads.resize(kept);
        number = TxNumber(cut->first.value - 1);
        break;
      }
    }
    PushedTransaction pushed;
    if (next.integer(2) != 0) {
      pushed.void_hash = Bytes(next.bytes(3));
    } else {
      pushed.bytes = Bytes(next.bytes(5));
    }
    if (next.bytes(4).size() != Hash::size_bytes) {
      return failure(ErrorCode::corrupt, connection_->path() + ": the outbox's chain is damaged");
    }
    heads.push_back(Hash::from_bytes(next.bytes(4)));
    bytes += size;
    number = number.next();
    request.transactions.push_back(std::move(pushed));
  }
  next.reset();
  if (request.transactions.empty()) {
    return failure(ErrorCode::gap, "the server lacks transaction " +
                                       std::to_string(after.value + 1) +
                                       ", which is not kept any more");
  }
  request.last_tx = number;
  for (const Receipted& one : receipts) {
    if (one.last <= number) request.receipts.push_back({one.receipt});
  }
  return heads.back();
}

Result<void> Outbox::make_void(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement update,
                      connection_->cached("UPDATE _outbox SET void = 1 WHERE number = ?"));
  update.bind_integer(1, whole(number));
  return update.run();
}

Result<void> Outbox::keep_receipt(TxNumber first, TxNumber last, BytesView receipt,
                                  std::int64_t now_ms) {
  ROLLCALL_TRY_ASSIGN(Statement insert, connection_->cached("INSERT OR REPLACE INTO _receipts "
                                                            "VALUES(?, ?, ?, ?)"));
  insert.bind_integer(1, whole(first));
  insert.bind_integer(2, whole(last));
  insert.bind_integer(3, now_ms);
  insert.bind_bytes(4, receipt);
  return insert.run();
}

Result<void> Outbox::prune(TxNumber through, std::int64_t now_ms) {
  if (now_ms < prune_after_ms_ && kept_bytes_ <= outbox_kept_bytes) return {};
  prune_after_ms_ = now_ms + outbox_prune_ms;
  through = std::min(through, TxNumber(last_.value == 0 ? 0 : last_.value - 1));
  // By age: what a receipt of long ago covers. By size: the oldest, until the rest fits.
  ROLLCALL_TRY_ASSIGN(
      Statement aged,
      connection_->cached("SELECT coalesce(max(last), 0) FROM _receipts WHERE at_ms < ?"));
  aged.bind_integer(1, now_ms - outbox_kept_ms);
  ROLLCALL_TRY_ASSIGN(const bool any, aged.step());
  TxNumber forget = number_of(any ? aged.integer(0) : 0);
  aged.reset();
  if (kept_bytes_ > outbox_kept_bytes) {
    ROLLCALL_TRY_ASSIGN(Statement oldest,
                        connection_->cached("SELECT number, size FROM _outbox ORDER BY number"));
    std::uint64_t left = kept_bytes_;
    while (left > outbox_kept_bytes) {
      ROLLCALL_TRY_ASSIGN(const bool more, oldest.step());
      if (!more) break;
      left -= static_cast<std::uint64_t>(oldest.integer(1));
      forget = std::max(forget, number_of(oldest.integer(0)));
    }
    oldest.reset();
  }
  forget = std::min(forget, through);
  if (forget.value == 0) return {};
  // Whole receipts: the last that is forgotten proves where the chain goes on.
  ROLLCALL_TRY_ASSIGN(
      Statement whole_one,
      connection_->cached("SELECT coalesce(max(last), ?1) FROM _receipts WHERE last <= ?1"));
  whole_one.bind_integer(1, whole(forget));
  ROLLCALL_TRY(whole_one.step());
  forget = number_of(whole_one.integer(0));
  whole_one.reset();
  ROLLCALL_TRY_ASSIGN(
      Statement erase,
      connection_->cached("DELETE FROM _outbox WHERE number <= ? AND number NOT IN (SELECT number "
                          "FROM _verdicts WHERE tray = 1)"));
  erase.bind_integer(1, whole(forget));
  ROLLCALL_TRY(erase.run());
  ROLLCALL_TRY_ASSIGN(Statement receipts,
                      connection_->cached("DELETE FROM _receipts WHERE last < ?"));
  receipts.bind_integer(1, whole(forget));
  ROLLCALL_TRY(receipts.run());
  ROLLCALL_TRY_ASSIGN(kept_bytes_, bytes_after(TxNumber(0)));
  return {};
}

}  // namespace rollcall
