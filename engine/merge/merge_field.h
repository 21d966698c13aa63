#pragma once

#include <optional>

#include "engine/base/numbers.h"
#include "engine/clock/stamp.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"
#include "engine/model/write.h"

namespace rollcall {

// The one merge: the server decides with it, a replica replays its pending writes with it over what
// the server sent. Pure, one field at a time; the rules and what they promise: MERGE.md.
//
// A transaction that is applied after its first verdict needs no mark: its accepted stamp was given
// then, and of two writes of one device the rule's order decides, not their arrival.

// The stamps that the server gave (or, in a replay, is expected to give) this device's
// transactions.
class OwnTransactions {
 public:
  virtual ~OwnTransactions() = default;
  // Nothing for one that was rejected or does not exist; a parked one has its stamp.
  [[nodiscard]] virtual std::optional<Stamp> accepted(TxNumber number) const = 0;
};

struct MergeContext {
  // The row stands deleted and this transaction leaves it so without being the one that deletes:
  // what it writes joins out of sight and is kept as an open loser.
  bool row_deleted = false;
  // Whether the author's role may open the next generation of a `first` or `ladder` field.
  bool may_open_generation = true;
  // What a set removal by transaction number names; none known when null.
  const OwnTransactions* own = nullptr;
};

struct MergeEffect {
  bool changed = false;  // what others see: value, stamp, elements, losers; moves the sequence
  bool stored = false;   // anything at all, `removals` and `agreeing` too: write the field down
  bool merged = false;   // the outcome is not simply what the author wrote
};

// Merges one field's write into `field`. `accepted`: the transaction's accepted stamp, whose device
// is the writer. The write fits the field's type and rule: the caller has checked it.
MergeEffect merge_field(const FieldDef& def, FieldState& field, const FieldWrite& write,
                        Stamp accepted, const MergeContext& context);

}  // namespace rollcall
