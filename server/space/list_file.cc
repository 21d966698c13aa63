#include "server/space/list_file.h"

#include "server/space/durable_file.h"

namespace rollcall {

Error damaged_list(const std::string& path, std::string_view holds) {
  return failure(ErrorCode::corrupt,
                 path + " cannot be read: put it back as it was; it says " + std::string(holds));
}

Result<std::vector<std::string>> read_list(const std::string& path, std::string_view first_line,
                                           std::size_t bytes_max, std::string_view holds) {
  ROLLCALL_TRY_ASSIGN(const Bytes content, read_small_file(path, bytes_max));
  std::vector<std::string> lines;
  std::string_view rest = content;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return damaged_list(path, holds);
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  if (lines.empty() || lines.front() != first_line) return damaged_list(path, holds);
  lines.erase(lines.begin());
  return lines;
}

std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

}  // namespace rollcall
