#include "engine/storage/path_sets.h"

#include "engine/base/check.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::string PathSets::create_statement() {
  return "CREATE TABLE IF NOT EXISTS _path_sets (\n"
         "  id INTEGER PRIMARY KEY,\n"
         "  paths TEXT NOT NULL UNIQUE\n"
         ")";
}

Result<PathSets> PathSets::open(Connection& connection) {
  PathSets sets;
  ROLLCALL_TRY_ASSIGN(sets.insert_,
                      connection.prepare("INSERT INTO _path_sets(id, paths) VALUES(?1, ?2)"));
  ROLLCALL_TRY_ASSIGN(sets.select_,
                      connection.prepare("SELECT id, paths FROM _path_sets ORDER BY id"));
  ROLLCALL_TRY(sets.forget());
  return sets;
}

Result<void> PathSets::forget() {
  by_text_.clear();
  by_number_.clear();
  keep(empty_set, "");
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select_.step());
    if (!more) return {};
    keep(select_.integer(0), select_.text(1));
  }
}

void PathSets::keep(std::int64_t number, std::string_view text) {
  by_text_.emplace(text, number);
  std::vector<std::string>& paths = by_number_[number];
  paths.clear();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    paths.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

Result<std::int64_t> PathSets::intern(std::span<const std::string_view> paths) {
  text_.clear();
  std::string_view before;
  for (const std::string_view path : paths) {
    if (path <= before || path.find('\n') != std::string_view::npos) {
      return failure(ErrorCode::malformed, "a row's paths are not ascending scope paths");
    }
    before = path;
    text_.append(path).push_back('\n');
  }
  if (const auto found = by_text_.find(text_); found != by_text_.end()) return found->second;
  const std::int64_t number = by_number_.rbegin()->first + 1;
  insert_.bind_integer(1, number);
  insert_.bind_text(2, text_);
  ROLLCALL_TRY(insert_.run());
  keep(number, text_);
  return number;
}

const std::vector<std::string>& PathSets::paths(std::int64_t set) const {
  static const std::vector<std::string> none;
  const auto found = by_number_.find(set);
  return found == by_number_.end() ? none : found->second;
}

std::vector<std::int64_t> PathSets::sets() const {
  std::vector<std::int64_t> numbers;
  numbers.reserve(by_number_.size());
  for (const auto& [number, paths] : by_number_) numbers.push_back(number);
  return numbers;
}

}  // namespace rollcall
