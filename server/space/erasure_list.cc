#include "server/space/erasure_list.h"

#include <string_view>

#include "server/space/durable_file.h"
#include "server/space/limits.h"
#include "server/space/list_file.h"

namespace rollcall {
namespace {

constexpr std::string_view erasures_line = "rollcall erasures 1";
constexpr std::string_view erasures_hold = "who was erased";

Result<std::vector<std::string>> erasure_lines(const std::string& path) {
  auto lines = read_list(path, erasures_line, erasure_list_bytes_max, erasures_hold);
  if (!lines && lines.error().code == ErrorCode::not_found) return std::vector<std::string>();
  return lines;
}

Result<ErasedRow> erased_row_of(const std::string& path, std::string_view line) {
  std::int64_t at_ms = 0;
  ErasedRow row;
  const bool fits = read_integer(take_word(line), 10, at_ms) &&
                    read_integer(take_word(line), 10, row.collection.value);
  const auto id = from_hex(line);
  if (!fits || !id || id->size() != RowId::size_bytes) return damaged_list(path, erasures_hold);
  row.id = RowId::from_bytes(*id);
  return row;
}

}  // namespace

Result<std::set<ErasedRow>> ErasureList::read(const std::string& path) {
  ROLLCALL_TRY_ASSIGN(const std::vector<std::string> lines, erasure_lines(path));
  std::set<ErasedRow> rows;
  for (const std::string& line : lines) {
    ROLLCALL_TRY_ASSIGN(const ErasedRow row, erased_row_of(path, line));
    rows.insert(row);
  }
  return rows;
}

Result<void> ErasureList::add(const std::string& path, std::span<const ErasedRow> rows,
                              std::int64_t now_ms) {
  ROLLCALL_TRY_ASSIGN(const std::vector<std::string> lines, erasure_lines(path));
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> known, read(path));
  std::string text(erasures_line);
  text += "\n";
  for (const std::string& line : lines) text += line + "\n";
  for (const ErasedRow& row : rows) {
    if (!known.insert(row).second) continue;
    text += std::to_string(now_ms) + " " + std::to_string(row.collection.value) + " " +
            to_hex(row.id.view()) + "\n";
  }
  return write_file_durably(path, text, 0600);
}

}  // namespace rollcall
