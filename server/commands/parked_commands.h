#pragma once

#include <cstdint>
#include <string>

#include "server/commands/program.h"

namespace rollcall {

// What devices wrote without the authority for it (a lost grant, a revoked device), or before its
// row or field was there: who, when, what.
Result<void> parked_list_command(const std::string& path, const std::string& space, bool json,
                                 const Program& program);
// Decides about one of them, by the number that the list shows.
Result<void> parked_decide_command(const std::string& path, const std::string& space,
                                   std::int64_t number, bool accept, const Program& program);

}  // namespace rollcall
