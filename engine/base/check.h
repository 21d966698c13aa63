#pragma once

#include <string_view>

namespace rollcall {

// Prints what was claimed and where, then aborts. Never returns.
[[noreturn]] void check_failed(const char* file, int line, std::string_view claim);

}  // namespace rollcall

// States an invariant that only a bug can break; on in every build.
#define ROLLCALL_CHECK(claim)                               \
  do {                                                      \
    if (!(claim)) [[unlikely]]                              \
      ::rollcall::check_failed(__FILE__, __LINE__, #claim); \
  } while (false)
