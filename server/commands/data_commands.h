#pragma once

#include <optional>
#include <string>

#include "server/commands/import_source.h"
#include "server/commands/program.h"

namespace rollcall {

struct ImportArguments {
  std::string folder;
  std::string space;
  std::string collection;
  std::string file;
  ImportOptions options;
  bool dry_run = false;
  std::string errors_file;  // empty: none
};

// Refused lines are told on stderr and in the file of errors; the others are written all the same.
// An error, if any line was refused.
Result<void> import_command(const ImportArguments& arguments, const Program& program);
Result<void> export_command(const std::string& path, const std::string& space,
                            const std::string& name, const std::string& format,
                            const Program& program);
Result<void> digest_command(const std::string& path, const std::string& space,
                            const std::optional<std::string>& scope, bool json,
                            const Program& program);
Result<void> history_command(const std::string& path, const std::string& space,
                             const std::string& name, const std::string& row, bool json,
                             const Program& program);

}  // namespace rollcall
