#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "server/commands/program.h"

namespace rollcall {

// Copies the server's folder, every space at one moment of it, into a new folder below `to` that
// is named for the time; while `serve` runs too. There whole, under its name, or not at all.
// `keep`: of the backups below `to`, the newest so many stay.
Result<void> backup_command(const std::string& path, const std::string& to,
                            std::optional<std::size_t> keep, const Program& program);
// Checks a server's folder, running or not, or a backup of one: its files' checksums, and every
// space from end to end (server/space/space_check.h). An error names the first thing that is wrong.
Result<void> verify_command(const std::string& path, bool json, const Program& program);

}  // namespace rollcall
