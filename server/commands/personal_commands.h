#pragma once

#include <string>
#include <vector>

#include "server/commands/program.h"

namespace rollcall {

// What a space holds about one person: the row with this id, in whatever collection, and each row
// that names it in a field.
//
// Prints them all, deleted ones too, as JSON lines: collection, id, fields, and what every
// transaction wrote of it, by whom and when.
Result<void> personal_export_command(const std::string& path, const std::string& space,
                                     const std::string& id, const Program& program);

struct PersonalErasure {
  std::string folder;
  std::string space;
  std::string id;
  std::string reason;
  std::vector<std::string> kept;  // collections whose rows stay though they name it
  bool dry_run = false;
};
// Erases those rows and what transactions wrote of them (Space::erase, Space::redact), and says
// where copies may be left. `dry_run`: only says which.
Result<void> personal_erase_command(const PersonalErasure& wanted, const Program& program);

}  // namespace rollcall
