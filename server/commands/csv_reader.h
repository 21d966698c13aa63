#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace rollcall {

// Reads CSV as RFC 4180 writes it: fields by commas, records by CRLF or LF, double quotes around
// what holds either, a quote doubled inside them; UTF-8, with or without a byte order mark. A quote
// in an unquoted field, text behind a closing quote and a quote that never closes are refused.
class CsvReader {
 public:
  // `text` must outlive the reader.
  explicit CsvReader(std::string_view text);

  // The next record, its line in the text (from 1) and how many bytes are read; false at the end.
  // `malformed` or `not_utf8`, naming the line. Empty lines are skipped.
  Result<bool> next(std::vector<std::string>& record);
  [[nodiscard]] std::size_t line() const { return record_line_; }
  [[nodiscard]] std::size_t offset() const { return at_; }

 private:
  Result<void> read_quoted(std::string& field);
  Result<void> read_plain(std::string& field);
  [[nodiscard]] Error refuse(std::string_view what) const;
  bool end_record();

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t record_line_ = 1;
};

}  // namespace rollcall
