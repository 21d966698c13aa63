#pragma once

#include <string_view>

#include "engine/base/bytes.h"

namespace rollcall {

// "83 01 02 03  # a list": hex digits with blanks, and comments to the end of their line.
inline Bytes bytes_of_hex(std::string_view text) {
  std::string digits;
  bool in_comment = false;
  for (const char c : text) {
    in_comment = (in_comment && c != '\n') || c == '#';
    if (!in_comment && c != ' ' && c != '\n') digits.push_back(c);
  }
  return from_hex(digits).value();
}

inline Bytes operator""_hex(const char* text, std::size_t size) {
  return bytes_of_hex({text, size});
}

}  // namespace rollcall
