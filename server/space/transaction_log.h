#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/row_id.h"
#include "engine/protocol/messages.h"
#include "engine/storage/statement.h"
#include "server/space/erasure.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;
struct DeviceRecord;
struct StoredDevice;

// What became of one transaction, as stored in the commit that judged it.
struct Judgement {
  VerdictKind kind = VerdictKind::applied;
  ErrorCode code{};         // why, when rejected or parked; 0 otherwise
  CollectionId collection;  // at fault; 0: the whole transaction
  FieldId field;
  std::string reason;
  Sequence sequence;  // 0: it took no effect
  Stamp accepted;
  bool clamped = false;  // `accepted` is not the stamp that the device gave
  [[nodiscard]] bool took_effect() const {
    return kind == VerdictKind::applied || kind == VerdictKind::merged;
  }
};

Verdict verdict_of(TxNumber number, const Judgement& judgement);
// What goes of a transaction with erased rows: rows that name them were found by what they say,
// unless they never came to be.
inline Redact redact_of(const Judgement& judgement) {
  return judgement.took_effect() ? Redact::rows : Redact::rows_and_naming;
}

// A judged transaction. Its bytes are the device's own, exactly.
struct LoggedTransaction {
  std::int64_t id = 0;  // by arrival
  DeviceNumber device;
  TxNumber number;
  Judgement judgement;
  // The verdict before the present one; nothing when it never changed.
  std::optional<VerdictKind> told_before;
  Sequence cursor;  // that its author had read up to
  std::int64_t cursor_ms = 0;
  std::int64_t received_ms = 0;
  std::int64_t request = 0;  // the proof that it came with
  Hash hash;
  BytesView bytes;      // empty: a void, or erased
  bool erased = false;  // bytes, or some, went with a person's; told only by calls that read bytes
};
// "transaction 7 of device 0a1b2c3d": for messages.
std::string text_of(const LoggedTransaction& logged);

// Transactions that a restored server lacks for good: their device does not keep them any more, and
// proved with a receipt where its chain goes on.
struct Gap {
  DeviceNumber device;
  TxNumber first;
  TxNumber last;
  Hash head;  // of the chain at `last`
  std::int64_t at_ms = 0;
};

// The signed text of a request that brought transactions, as it came.
struct LoggedRequest {
  DeviceNumber device;
  std::int64_t received_ms = 0;
  std::string signed_text;
  Bytes signature;
};

// Appends a verdict to those of the transactions before: plain acceptances in a row become one.
void add_to_runs(std::vector<Verdict>& runs, Verdict next);

// Tables `_transactions` (every transaction that was judged, its verdict and its bytes,
// compressed),
// `_requests` (the signed texts that brought them) and `_parked_inserts`. Nothing is ever taken out
// of the first two. Writes belong into the caller's transaction.
class TransactionLog {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  static Result<TransactionLog> open(Connection& connection);

  // The signed text and signature of a request, once for all that it brought; its id.
  Result<std::int64_t> add_request(DeviceNumber device, std::int64_t received_ms,
                                   std::string_view signed_text, BytesView signature);
  // Its id.
  Result<std::int64_t> append(const LoggedTransaction& transaction);
  // Another verdict for a parked transaction, to be told as changed.
  Result<void> decide(std::int64_t id, const Judgement& judgement, VerdictKind before);
  // The device saw this changed verdict; one that changed again since is still to be told.
  Result<void> note_seen(DeviceNumber device, const SeenVerdict& seen);

  Result<std::optional<Hash>> hash(DeviceNumber device, TxNumber number);
  // The hashes of the transactions of the device's chain after `after`, 32 bytes each, up to the
  // first that is missing, at most `count_max`.
  Result<Bytes> hashes(const StoredDevice& device, TxNumber after, std::size_t count_max);
  // The head of the device's own chain after `number`, which is not before its fork. `gap`: the log
  // does not hold what led there.
  Result<Hash> head_at(const Cryptography& cryptography, const DeviceRecord& device,
                       TxNumber number);
  // Nothing for one that was rejected or is not there.
  Result<std::optional<Stamp>> accepted(DeviceNumber device, TxNumber number);
  // Appends the verdicts of the transactions of the device's chain in (after, through] as runs, at
  // most `count_max` transactions; those up to `repeated_through` marked repeated.
  struct Told {
    TxNumber after;
    TxNumber through;
    TxNumber repeated_through;
  };
  Result<void> verdicts(const StoredDevice& device, const Told& told, std::size_t count_max,
                        std::vector<Verdict>& out);
  // Likewise for a device whose chain parts from this one, and that finds out where.
  Result<void> verdicts_to_compare(const StoredDevice& device, TxNumber after,
                                   std::vector<Verdict>& out);
  // Appends the verdicts up to `through` that changed and were not seen yet,
  // those of what it was before it forked included.
  Result<void> changed_verdicts(const StoredDevice& device, TxNumber through,
                                std::vector<Verdict>& out);
  // Sequences of the device's transactions in (after, through] that were applied at their first
  // verdict; ascending. None when these are more than `echo_transactions_max` transactions.
  Result<void> echo_sequences(DeviceNumber device, TxNumber after, TxNumber through,
                              std::vector<std::uint64_t>& out);

  // Sequences after `after` of the device's transactions that were applied at their first verdict;
  // ascending.
  Result<std::vector<std::uint64_t>> applied_after(DeviceNumber device, Sequence after);

  // Rows that a parked transaction would insert: later edits of them wait with it.
  Result<void> park_insert(std::int64_t id, DeviceNumber device, CollectionId collection,
                           const RowId& row);
  Result<void> forget_parked_inserts(std::int64_t id);
  Result<bool> is_insert_parked(DeviceNumber device, CollectionId collection, const RowId& row);

  // Those parked for a field, a collection or a row that may yet come, by arrival, after `id`, at
  // most `count_max`; the bytes are not read.
  Result<std::vector<LoggedTransaction>> waiting(std::int64_t after, std::size_t count_max);
  // All that are parked, likewise.
  Result<std::vector<LoggedTransaction>> parked(std::int64_t after, std::size_t count_max);
  // Nothing: there is none. The bytes are not read.
  Result<std::optional<LoggedTransaction>> find(std::int64_t id);
  Result<std::optional<LoggedTransaction>> find(DeviceNumber device, TxNumber number);
  Result<std::size_t> count_parked(DeviceNumber device);
  // What is left of its bytes after an erasure; empty: nothing.
  Result<void> redact(std::int64_t id, BytesView bytes);
  Result<Bytes> bytes(std::int64_t id);
  // All, by arrival, with their bytes, until `each` fails.
  Result<void> each(const std::function<Result<void>(const LoggedTransaction&)>& each);
  // One device's, by number, likewise.
  Result<void> each_of(DeviceNumber device,
                       const std::function<Result<void>(const LoggedTransaction&)>& each);
  // What took effect, without its bytes, by sequence.
  Result<void> each_applied(const std::function<Result<void>(const LoggedTransaction&)>& each);
  // The devices that it holds transactions of, ascending.
  Result<std::vector<DeviceNumber>> authors();
  // Nothing: there is none.
  Result<std::optional<LoggedRequest>> request(std::int64_t id);
  Result<std::uint64_t> count_requests();

  Result<void> add_gap(const Gap& gap);
  // Of one device, ascending.
  Result<std::vector<Gap>> gaps(DeviceNumber device);

 private:
  Result<void> changed_verdicts(DeviceNumber device, TxNumber through, std::vector<Verdict>& out);
  // The last number whose hash was there.
  Result<TxNumber> append_hashes(DeviceNumber holder, TxNumber after, TxNumber through,
                                 Bytes& hashes);

  explicit TransactionLog(Connection& connection) : connection_(&connection) {}

  Connection* connection_;
  Statement append_;
  Statement hash_;
  Statement accepted_;
  Statement verdicts_;
  Statement changed_;
};

}  // namespace rollcall
