#pragma once

#include <cstdint>
#include <string>

#include "server/commands/program.h"

namespace rollcall {

// Space::compact_next for one space, or for all where `space` is empty, until it is done; tells of
// each what went. What came to the server more than so many days ago is old.
Result<void> compact_command(const std::string& path, const std::string& space, std::int64_t days,
                             const Program& program);

}  // namespace rollcall
