#pragma once

#include "engine/model/field_state.h"
#include "engine/model/schema.h"
#include "engine/model/write.h"

namespace rollcall {

// The write that puts an open loser's value back and closes it: of `latest` a new write, of `first`
// and `ladder` the opening of the next generation. `not_allowed` where the rule allows only closing
// (`once`). `field` is the confirmed state; the value is a view into `loser`.
Result<FieldWrite> restore_loser(const FieldDef& def, const FieldState& field, const Loser& loser);

// The write that only closes it.
FieldWrite close_loser(const FieldDef& def, const FieldState& field, const Loser& loser);

}  // namespace rollcall
