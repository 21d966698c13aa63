#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace rollcall {

struct ConnectionState;

// Whose file is it, may this program read it, and is it whole? Inside this folder only.

// Looks at the header of a file just opened, before SQLite reads, locks or recovers anything, so
// that a refused file is left as it was.
Result<void> check_header(const ConnectionState& state);

// `not_a_replica` for another program's file, `newer_format` for one of a later version of ours.
Result<void> check_owner(const ConnectionState& state, std::uint32_t application_id,
                         std::uint32_t format_version);

}  // namespace rollcall
