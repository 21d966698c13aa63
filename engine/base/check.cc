#include "engine/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace rollcall {

void check_failed(const char* file, int line, std::string_view claim) {
  std::fprintf(stderr, "rollcall: broken invariant at %s:%d: %.*s\n", file, line,
               static_cast<int>(claim.size()), claim.data());
  std::abort();
}

}  // namespace rollcall
