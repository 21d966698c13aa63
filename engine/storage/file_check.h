#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace rollcall {

struct ConnectionState;

// Whose file is it, may this program read it, and is it whole? Inside this folder only.

// Looks at the header of a file just opened, before SQLite reads, locks or recovers anything, so
// that a refused file is left as it was.
Result<void> check_header(const ConnectionState& state);

// The same of a file that is to be encrypted, which shows no header: `wrong_key` where it is one
// that anybody may read.
Result<void> check_encrypted(const ConnectionState& state);

// `not_a_replica` for another program's file, `newer_format` for one of a later version of ours.
Result<void> check_owner(const ConnectionState& state, std::uint32_t application_id,
                         std::uint32_t format_version);

}  // namespace rollcall
