#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"

namespace rollcall {

// Takes one element out of a set: the add that its author saw in the confirmed row, or, of an own
// add that is not confirmed yet, the transaction that made it.
struct SetRemoval {
  Value element;
  Stamp add;     // none when `own` is given
  TxNumber own;  // 0 when `add` is given
  friend bool operator==(const SetRemoval&, const SetRemoval&) = default;
};

// What one transaction does to one field of one row.
struct FieldWrite {
  FieldId field;
  Stamp base;  // the stamp that the author saw in the confirmed row; none: saw it never written
  // latest, first, ladder, once: the value; counter: the increment (integer). Unused for sets, and
  // absent (has_value false) when the write only closes losers.
  bool has_value = false;
  ValueView value;
  std::uint32_t generation = 0;     // first, ladder: the one that the author wrote in
  std::vector<Value> adds;          // set
  std::vector<SetRemoval> removes;  // set
  std::vector<Stamp> closes;        // open losers that the author decided, by writer stamp
};

// What one transaction does to one row; each row appears once in a transaction.
struct RowWrite {
  CollectionId collection;
  RowId id;
  // An insert writes `_deleted` = false among its fields. Meeting an existing row it merges into
  // it.
  bool insert = false;
  std::vector<FieldWrite> fields;  // ascending by field
};

}  // namespace rollcall
