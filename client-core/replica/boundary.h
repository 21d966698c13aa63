#pragma once

#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// A boundary as it lies in the replica's own tables: collection (2 bytes), row (16), path; no bytes
// for none.
Bytes encode_boundary(const std::optional<Boundary>& boundary);
Result<std::optional<Boundary>> decode_boundary(BytesView bytes);

// True when the entry lies in (after, through]; a missing end is the world's.
bool lies_within(const Boundary& entry, const std::optional<Boundary>& after,
                 const std::optional<Boundary>& through);

}  // namespace rollcall
