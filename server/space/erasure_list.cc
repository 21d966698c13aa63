#include "server/space/erasure_list.h"

#include <string_view>

#include "server/space/durable_file.h"
#include "server/space/limits.h"
#include "server/space/list_file.h"

namespace rollcall {
namespace {

constexpr std::string_view erasures_line = "rollcall erasures 1";
constexpr std::string_view erasures_hold = "who was erased";

constexpr std::string_view back_word = "back";

std::string line_of(std::int64_t now_ms, std::string_view what, const RowId& id) {
  return std::to_string(now_ms) + " " + std::string(what) + " " + to_hex(id.view()) + "\n";
}

}  // namespace

bool ErasureList::take(std::string_view line) {
  std::int64_t at_ms = 0;
  const bool is_timed = read_integer(take_word(line), 10, at_ms);
  const std::string_view what = take_word(line);
  const auto id = from_hex(line);
  if (!is_timed || !id || id->size() != RowId::size_bytes) return false;
  ErasedRow row{{}, RowId::from_bytes(*id)};
  if (what == back_word) {
    back_.insert(row.id);
    return true;
  }
  if (!read_integer(what, 10, row.collection.value)) return false;
  all_.insert(row);
  back_.erase(row.id);
  return true;
}

Result<ErasureList> ErasureList::read(const std::string& path) {
  ErasureList list;
  list.text_ = std::string(erasures_line) + "\n";
  const auto lines = read_list(path, erasures_line, erasure_list_bytes_max, erasures_hold);
  if (!lines && lines.error().code == ErrorCode::not_found) return list;
  if (!lines) return lines.error();
  for (const std::string& line : *lines) {
    if (!list.take(line)) return damaged_list(path, erasures_hold);
    list.text_ += line + "\n";
  }
  return list;
}

Result<void> ErasureList::add(const std::string& path, std::span<const ErasedRow> rows,
                              std::int64_t now_ms) {
  std::string more;
  for (const ErasedRow& row : rows) {
    if (all_.contains(row) && !back_.contains(row.id)) continue;
    more += line_of(now_ms, std::to_string(row.collection.value), row.id);
  }
  return write(path, more);
}

Result<void> ErasureList::add_back(const std::string& path, const std::set<RowId>& ids,
                                   std::int64_t now_ms) {
  std::string more;
  for (const RowId& id : ids) more += line_of(now_ms, back_word, id);
  return write(path, more);
}

// What could not be read back is not written: the next start would serve nobody.
Result<void> ErasureList::write(const std::string& path, const std::string& more) {
  if (more.empty()) return {};
  if (text_.size() + more.size() > erasure_list_bytes_max) {
    return failure(ErrorCode::limit,
                   path +
                       " is full: put it away, and every backup of before its last line with it; "
                       "then begin a new one. Nothing was erased");
  }
  return write_file_durably(path, text_ + more, 0600);
}

}  // namespace rollcall
