#include "examples/captain/file_key.h"

#include <cctype>
#include <fstream>

namespace rollcall::captain {
namespace {

constexpr std::size_t key_digits = 64;

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int lower = std::tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

client::Outcome<std::string> file_key(const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream in(path, std::ios::binary);
  std::string digits;
  in >> digits;
  std::string key;
  for (std::size_t i = 0; digits.size() == key_digits && i < key_digits; i += 2) {
    const int high = digit_of(digits[i]);
    const int low = digit_of(digits[i + 1]);
    if (high < 0 || low < 0) break;
    key.push_back(static_cast<char>(high * 16 + low));
  }
  if (key.size() == key_digits / 2) return key;
  return client::Failure{ROLLCALL_E_INVALID_ARGUMENT,
                         path +
                             ": a key file holds 64 hex digits; make one with "
                             "`openssl rand -hex 32 > " +
                             path + "`, where only you read it"};
}

}  // namespace rollcall::captain
