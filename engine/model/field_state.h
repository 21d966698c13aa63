#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"

namespace rollcall {

// A value that lost a merge and waits for a person: kept with its field.
struct Loser {
  Value value;
  std::uint32_t generation = 0;  // first, ladder
  Stamp writer;                  // accepted stamp of the write: who (device) and when
  friend bool operator==(const Loser&, const Loser&) = default;
};

struct SetElement {
  Value value;
  Stamp stamp;  // a present element: of its latest add. A removal: the add that it takes away.
  friend bool operator==(const SetElement&, const SetElement&) = default;
};

// Everything that one field of one row holds. What leaves the server of it, and what the digest
// counts: all but `removals` and `agreeing`, which only the server keeps.
struct FieldState {
  Stamp stamp;                   // of the write that gave the present value; none: never written
  Value value;                   // latest, first, ladder, once; counter: the sum. Null for sets
  std::uint32_t generation = 0;  // first, ladder: opened so often by an undo
  std::vector<SetElement> elements;  // set: present, ascending by value
  std::vector<SetElement> removals;  // set: kept to the horizon, ascending by (value, stamp)
  std::vector<Loser> losers;         // open ones, ascending by writer; at most FieldDef::losers_max
  // Not sets or counters: other devices' writes of the same value that did not know of each other,
  // ascending. No conflict as long as the value stands; see engine/merge/MERGE.md.
  std::vector<Stamp> agreeing;

  friend bool operator==(const FieldState&, const FieldState&) = default;
  // True when the field needs more than its value and stamp to be written down.
  [[nodiscard]] bool has_extra() const {
    return generation != 0 || !elements.empty() || !removals.empty() || !losers.empty() ||
           !agreeing.empty();
  }
};

// A row in full: its identity and a state for each field of its collection, by position.
struct RowState {
  std::vector<FieldState> fields;

  [[nodiscard]] bool is_deleted() const {
    return !fields.empty() && fields[0].value == Value::boolean(true);
  }
  friend bool operator==(const RowState&, const RowState&) = default;
};

}  // namespace rollcall
