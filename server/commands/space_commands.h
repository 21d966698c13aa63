#pragma once

#include <string>

#include "server/commands/program.h"

namespace rollcall {

Result<void> init_command(const std::string& path, const std::string& schema_folder,
                          const std::string& url, const Program& program);
Result<void> space_add_command(const std::string& path, const std::string& space,
                               const std::string& title, const Program& program);
Result<void> space_list_command(const std::string& path, bool json, const Program& program);
// Compiles, and says whether every space could go on with it; changes nothing.
Result<void> schema_check_command(const std::string& path, const std::string& schema_folder,
                                  const Program& program);
Result<void> schema_apply_command(const std::string& path, const std::string& schema_folder,
                                  const Program& program);

}  // namespace rollcall
