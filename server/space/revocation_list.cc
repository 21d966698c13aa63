#include "server/space/revocation_list.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "server/space/device_digits.h"
#include "server/space/durable_file.h"
#include "server/space/limits.h"
#include "server/space/list_file.h"

namespace rollcall {
namespace {

constexpr std::string_view revocations_line = "rollcall revocations 1";
constexpr std::string_view revocations_hold = "who was shut out";

std::optional<Revocation> read_line(std::string_view line) {
  Revocation read;
  int erase = 0;
  const bool fits = read_integer(take_word(line), 10, read.number) &&
                    read_integer(take_word(line), 10, read.at_ms) &&
                    read_integer(take_word(line), 16, read.device.value) &&
                    read_integer(take_word(line), 10, erase);
  if (!fits) return std::nullopt;
  const auto key = from_hex(take_word(line));
  if (!key || key->size() != PublicKey::size_bytes) return std::nullopt;
  read.erase = erase != 0;
  read.key = PublicKey::from_bytes(*key);
  read.label = line;
  return read;
}

std::string line_of(const Revocation& one) {
  std::string line = std::to_string(one.number) + " " + std::to_string(one.at_ms) + " " +
                     device_digits(one.device) + (one.erase ? " 1 " : " 0 ") +
                     to_hex(one.key.view()) + " ";
  for (const char c : one.label) line.push_back(c == '\n' || c == '\r' ? ' ' : c);
  return line + "\n";
}

}  // namespace

Result<RevocationList> RevocationList::read(const std::string& path) {
  ROLLCALL_TRY_ASSIGN(
      const std::vector<std::string> lines,
      read_list(path, revocations_line, revocation_list_bytes_max, revocations_hold));
  RevocationList list;
  for (const std::string& line : lines) {
    const auto one = read_line(line);
    if (!one) return damaged_list(path, revocations_hold);
    list.all_.push_back(*one);
  }
  return list;
}

std::uint64_t RevocationList::last_number() const {
  std::uint64_t last = 0;
  for (const Revocation& one : all_) last = std::max(last, one.number);
  return last;
}

bool RevocationList::is_whole_after(std::uint64_t count) const {
  std::set<std::uint64_t> after;
  for (const Revocation& one : all_) {
    if (one.number > count) after.insert(one.number);
  }
  return after.empty() || after.size() == *after.rbegin() - count;
}

void RevocationList::add(std::span<const Revocation> revocations) {
  for (const Revocation& one : revocations) {
    const auto known = std::find_if(all_.begin(), all_.end(), [&](const Revocation& other) {
      return other.device == one.device;
    });
    if (known == all_.end()) {
      all_.push_back(one);
    } else {
      known->erase = known->erase || one.erase;
    }
  }
}

Result<void> RevocationList::write(const std::string& path) const {
  std::string text(revocations_line);
  text += "\n";
  for (const Revocation& one : all_) text += line_of(one);
  if (text.size() > revocation_list_bytes_max) {
    return failure(ErrorCode::limit, path +
                                         " is full: the next start could not read it. Put it away "
                                         "with all backups of before, and begin a new one");
  }
  return write_file_durably(path, text, 0600);
}

}  // namespace rollcall
