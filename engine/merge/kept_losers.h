#pragma once

#include "engine/clock/stamp.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {

// One write among those of a field, as the rules compare them.
struct Candidate {
  ValueView value;
  std::uint32_t generation = 0;
  Stamp writer;
};

// True when `a` comes before `b` by the field's rule: the present value is the first of all, and of
// two writes of one device the first is the one that counts. A total order for each rule, so that
// no order of arrival shows:
//   latest  greater stamp                        first   higher generation, then smaller stamp
//   once    greater stamp (among losers only)    ladder  higher generation, rung, greater stamp
bool ranks_before(const FieldDef& def, const Candidate& a, const Candidate& b);

// Keeps `loser` among the open ones: one per device, at most `def.losers_max()`, of which the
// smallest stamps go first. True when that changed anything.
bool keep_loser(const FieldDef& def, FieldState& field, const Candidate& loser);
// True when there was one of that stamp.
bool close_loser(FieldState& field, Stamp writer);
// The same for `agreeing`.
bool keep_agreeing(FieldState& field, Stamp writer);
bool drop_agreeing(FieldState& field, Stamp writer);

}  // namespace rollcall
