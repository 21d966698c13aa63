#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "client-core/replica/base_images.h"
#include "client-core/replica/grants.h"
#include "client-core/replica/open_losers.h"
#include "client-core/replica/pending_writes.h"
#include "client-core/replica/row_key.h"
#include "client-core/replica/standing.h"
#include "client-core/replica/tables.h"
#include "client-core/replica/unknown_values.h"
#include "client-core/replica/verdicts.h"
#include "engine/merge/merge_row.h"
#include "engine/storage/digest.h"

namespace rollcall {

class Orphans;

// All that the replica knows of one row. Used again from row to row, so that memory is kept.
struct KnownRow {
  RowKey key;
  ReplicaTable* table = nullptr;  // null: a collection that this schema does not have

  // What the app sees: the typed row.
  bool in_table = false;
  ReplicaRow seen;

  // What the server confirmed.
  bool confirmed = false;
  bool lingers = false;  // evicted: `state` stays in sight only as long as own writes are pending
  RowState state;
  std::int64_t paths = 0;
  TxNumber contains;  // own transactions up to this one are part of `state`
  bool has_base = false;
  UnknownValues::Row unknown;

  // Own transactions that wrote it and still count, ascending.
  std::vector<TxNumber> pending;

  [[nodiscard]] const CollectionDef& def() const { return table->collection(); }
};

// The rule between what the server confirmed and what the app sees:
//
//   typed row = confirmed state, with the pending transactions replayed over it in their order
//
// by the same merge code as the server's. A row is pending if its `_tx` is greater than the retired
// number, so retiring touches no row that was settled before; while it is pending and was confirmed
// before, `_base` holds the confirmed image. Nothing that a replay makes ever enters an image.
class Overlay {
 public:
  struct Parts {
    Tables& tables;
    BaseImages& bases;
    PendingWrites& pending;
    UnknownValues& unknown;
    OpenLosers& losers;
    Grants& grants;
    Standing& standing;
    Verdicts& verdicts;
    Orphans& orphans;
    const OwnTransactions& own;
  };
  explicit Overlay(const Parts& parts) : parts_(parts) {}

  // Own transactions up to this one will be retired in the transaction under way: rows that are
  // stored until `settle` are stored as if they were.
  void begin_retiring(TxNumber through) { retiring_ = through; }
  void settle() { retiring_ = TxNumber(0); }
  [[nodiscard]] TxNumber retiring() const { return std::max(retiring_, parts_.standing.retired); }

  // Fills `row` with all that is known; nothing of it may be: neither in the table nor confirmed.
  Result<void> load(const RowKey& key, KnownRow& row);
  // Replays what is pending over the confirmed state, and writes down what changed.
  Result<void> store(KnownRow& row);

  // The row's part in the grants' sums; before and after each change of its confirmed state.
  void take_away(const KnownRow& row) { share(row, false); }
  void add(const KnownRow& row) { share(row, true); }
  // What one path of a confirmed row adds to a digest under a view; null: everything. Fields that
  // this schema does not have count under every view: the server knows what it sent.
  Digest share_at(std::string_view path, const RowKey& key, const CollectionDef* def,
                  const RowState& state, const std::vector<NamedField>& unknown,
                  const FieldView* view);

  // Folds the row's own accepted transactions up to `through` into its confirmed state, as the
  // server did. False when the row has none.
  Result<bool> fold(KnownRow& row, TxNumber through);

  // Shows the row as `visible`, last written by `tx`; a row that does not exist is taken out.
  Result<void> show(KnownRow& row, const RowState& visible, bool exists, TxNumber tx);

  // Merges one transaction's write into what the app sees of a row, for `store` to keep.
  Result<void> replay(KnownRow& row, TxNumber number, RowState& state, bool& exists);

  // Rows, or fields of some, left this device since `has_folded`: the write-ahead log and the file
  // hold them still.
  [[nodiscard]] bool owes_fold() const { return owes_fold_; }
  void must_fold() { owes_fold_ = true; }
  void has_folded() { owes_fold_ = false; }

  // Collections whose typed rows changed since they were last taken.
  [[nodiscard]] std::set<std::uint16_t>& touched() { return touched_; }

 private:
  void share(const KnownRow& row, bool add);
  Result<void> store_visible(KnownRow& row, bool exists, TxNumber tx);
  [[nodiscard]] bool counts(TxNumber number) const {
    return number > parts_.standing.retired && !parts_.verdicts.is_out(number);
  }

  Parts parts_;
  TxNumber retiring_;
  RowHasher hasher_;
  RowEffect effect_;
  RowState visible_;
  BaseImage base_;
  std::vector<std::uint16_t> changed_;
  std::set<std::uint16_t> touched_;
  bool owes_fold_ = false;
};

}  // namespace rollcall
