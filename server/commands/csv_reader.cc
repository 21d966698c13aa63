#include "server/commands/csv_reader.h"

#include "engine/base/bytes.h"

namespace rollcall {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

}  // namespace

CsvReader::CsvReader(std::string_view text) : text_(text) {
  if (text_.substr(0, byte_order_mark.size()) == byte_order_mark) at_ = byte_order_mark.size();
}

Error CsvReader::refuse(std::string_view what) const {
  return failure(ErrorCode::malformed, "line " + std::to_string(line_) + ": " + std::string(what));
}

// Steps over the end of a record, if one is here.
bool CsvReader::end_record() {
  if (at_ < text_.size() && text_[at_] == '\r' && at_ + 1 < text_.size() &&
      text_[at_ + 1] == '\n') {
    ++at_;
  }
  if (at_ < text_.size() && text_[at_] == '\n') {
    ++at_;
    ++line_;
    return true;
  }
  return at_ >= text_.size();
}

Result<void> CsvReader::read_quoted(std::string& field) {
  ++at_;
  for (;;) {
    if (at_ >= text_.size()) return refuse("a quoted field never ends");
    const char c = text_[at_++];
    if (c == '"') {
      if (at_ >= text_.size() || text_[at_] != '"') break;
      ++at_;  // a doubled quote
    }
    if (c == '\n') ++line_;
    field.push_back(c);
  }
  const bool ends = at_ >= text_.size() || text_[at_] == ',' || text_[at_] == '\n' ||
                    text_.substr(at_, 2) == "\r\n";
  if (!ends) return refuse("text follows a closing quote; a quote inside a field is written twice");
  return {};
}

Result<void> CsvReader::read_plain(std::string& field) {
  const std::size_t end = std::min(text_.find_first_of(",\n", at_), text_.size());
  std::string_view plain = text_.substr(at_, end - at_);
  at_ = end;
  if (end < text_.size() && text_[end] == '\n' && !plain.empty() && plain.back() == '\r') {
    plain.remove_suffix(1);
    --at_;
  }
  if (plain.find('"') != std::string_view::npos) {
    return refuse("a quote stands inside an unquoted field; put the field in quotes");
  }
  field.assign(plain);
  return {};
}

Result<bool> CsvReader::next(std::vector<std::string>& record) {
  record.clear();
  while (at_ < text_.size() && (text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n")) end_record();
  if (at_ >= text_.size()) return false;
  record_line_ = line_;
  for (;;) {
    std::string& field = record.emplace_back();
    if (at_ < text_.size() && text_[at_] == '"') {
      ROLLCALL_TRY(read_quoted(field));
    } else {
      ROLLCALL_TRY(read_plain(field));
    }
    if (!is_utf8(field)) {
      return failure(ErrorCode::not_utf8, "line " + std::to_string(record_line_) +
                                              ": this is not UTF-8; save the file as UTF-8");
    }
    if (at_ < text_.size() && text_[at_] == ',') {
      ++at_;
      continue;
    }
    if (!end_record()) return refuse("a stray carriage return");
    return true;
  }
}

}  // namespace rollcall
