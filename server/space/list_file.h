#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace rollcall {

// Small text files beside a space's file that no backup holds and no restore replaces: they
// remember what a restored file forgot. The first line says what a list is, each other one is an
// entry.

// The entries. `not_found`: there is no such file; `corrupt` says `holds`, what the list is for.
Result<std::vector<std::string>> read_list(const std::string& path, std::string_view first_line,
                                           std::size_t bytes_max, std::string_view holds);
Error damaged_list(const std::string& path, std::string_view holds);

// Takes the next word off the front of the line.
std::string_view take_word(std::string_view& line);

template <class Integer>
bool read_integer(std::string_view text, int base, Integer& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return code == std::errc{} && end == text.data() + text.size();
}

}  // namespace rollcall
