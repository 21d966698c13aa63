#pragma once

#include <string>

#include "server/commands/program.h"

namespace rollcall {

// Devices that a restored space does not know and that ask to be let in again, as text or as JSON
// lines.
Result<void> readmission_list_command(const std::string& path, const std::string& space, bool json,
                                      const Program& program);
// `device`: its eight digits.
Result<void> readmission_decide_command(const std::string& path, const std::string& space,
                                        const std::string& device, bool accept,
                                        const Program& program);

}  // namespace rollcall
