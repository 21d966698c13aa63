#include "engine/codec/archive.h"

namespace rollcall {

std::optional<ErrorCode> error_of_name(std::string_view name) {
  constexpr std::int32_t first = 100;
  constexpr std::int32_t end = 800;
  const std::string_view no_name = error_name(static_cast<ErrorCode>(0));
  for (std::int32_t number = first; number < end; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (error_name(code) == name && name != no_name) return code;
  }
  return std::nullopt;
}

}  // namespace rollcall
