#include "schema/json_document.h"

#include <iterator>
#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

#include "schema/limits.h"

namespace rollcall {
namespace {

// Walks the text for nlohmann's lexer and tells how far it has come.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& a, const CountingIterator& b) {
    return a.at_ == b.at_;
  }
  friend bool operator!=(const CountingIterator& a, const CountingIterator& b) { return !(a == b); }

 private:
  const char* at_;
  const char** furthest_;
};

// Receives the events of nlohmann's SAX parser and builds the tree. The parser calls as soon as it
// has read a token, so a token begins at the first character behind the last one that is neither
// space nor punctuation; only numbers are read one character further than they go.
class TreeBuilder {
 public:
  TreeBuilder(std::string_view file, std::string_view text)
      : file_(file), text_(text), furthest_(text.data()) {}

  [[nodiscard]] const char** furthest() { return &furthest_; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] Error error() && { return std::move(error_); }
  [[nodiscard]] JsonNode root() && { return std::move(root_); }

  bool null() { return add(JsonNode::Kind::null) != nullptr; }
  bool boolean(bool value) {
    JsonNode* node = add(JsonNode::Kind::boolean);
    if (node != nullptr) node->integer = value ? 1 : 0;
    return node != nullptr;
  }
  bool number_integer(std::int64_t value) {
    JsonNode* node = add(JsonNode::Kind::integer);
    if (node != nullptr) node->integer = value;
    back_up_after_number();
    return node != nullptr;
  }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return refuse(token_start(), "the number is too large");
    }
    return number_integer(static_cast<std::int64_t>(value));
  }
  bool number_float(double, const std::string&) {
    return refuse(token_start(), "only whole numbers of 64 bits stand in a schema");
  }
  bool string(std::string& value) {
    JsonNode* node = add(JsonNode::Kind::text);
    if (node != nullptr) node->text = std::move(value);
    return node != nullptr;
  }
  bool binary(nlohmann::json::binary_t&) { return false; }  // no such thing in text
  bool start_object(std::size_t) { return open(JsonNode::Kind::object); }
  bool start_array(std::size_t) { return open(JsonNode::Kind::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    JsonNode& object = *open_.back();
    const std::size_t start = token_start();
    if (object.find(name) != nullptr) return refuse(start, "\"" + name + "\" stands here twice");
    if (object.keys.size() == schema_object_keys_max) {
      return refuse(start,
                    "more than " + std::to_string(schema_object_keys_max) + " keys in one object");
    }
    object.keys.push_back(JsonNode::Key{std::move(name), start});
    end_ = read();
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ...": the
    // place is ours to tell.
    std::string_view what = exception.what();
    if (const std::size_t at = what.find(": "); at != what.npos) what.remove_prefix(at + 2);
    return refuse(token_start(), what.substr(0, message_bytes_max));
  }

 private:
  static constexpr std::size_t message_bytes_max = 200;

  [[nodiscard]] std::size_t read() const {
    return static_cast<std::size_t>(furthest_ - text_.data());
  }
  [[nodiscard]] std::size_t token_start() const {
    const std::size_t start = text_.find_first_not_of(" \t\r\n,:", end_);
    return start == text_.npos ? text_.size() : start;
  }
  void back_up_after_number() {
    if (end_ > 0 &&
        std::string_view("+-.0123456789eE").find(text_[end_ - 1]) == std::string_view::npos) {
      --end_;
    }
  }

  bool refuse(std::size_t offset, std::string_view message) {
    error_ = error_at(file_, text_, offset, message);
    failed_ = true;
    return false;
  }

  JsonNode* add(JsonNode::Kind kind) {
    JsonNode* node = &root_;
    if (!open_.empty()) {
      open_.back()->elements.emplace_back();
      node = &open_.back()->elements.back();
    }
    node->kind = kind;
    node->offset = token_start();
    end_ = read();
    return node;
  }

  // The address stays good while it is open: its parent gets no element before it is closed.
  bool open(JsonNode::Kind kind) {
    if (open_.size() == schema_depth_max) {
      return refuse(token_start(),
                    "nested deeper than " + std::to_string(schema_depth_max) + " levels");
    }
    open_.push_back(add(kind));
    return true;
  }
  bool close() {
    open_.pop_back();
    end_ = read();
    return true;
  }

  std::string_view file_;
  std::string_view text_;
  const char* furthest_;
  std::size_t end_ = 0;  // of the last token
  JsonNode root_;
  std::vector<JsonNode*> open_;
  Error error_;
  bool failed_ = false;
};

}  // namespace

const JsonNode* JsonNode::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size() && i < elements.size(); ++i) {
    if (keys[i].text == key) return &elements[i];
  }
  return nullptr;
}

std::string_view kind_name(JsonNode::Kind kind) {
  switch (kind) {
    case JsonNode::Kind::null: return "null";
    case JsonNode::Kind::boolean: return "true or false";
    case JsonNode::Kind::integer: return "a number";
    case JsonNode::Kind::text: return "a text";
    case JsonNode::Kind::array: return "a list";
    case JsonNode::Kind::object: return "an object";
  }
  return "something else";
}

std::string position_text(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return std::to_string(line) + ":" + std::to_string(column);
}

Error error_at(std::string_view file, std::string_view text, std::size_t offset,
               std::string_view message) {
  return failure(ErrorCode::schema, std::string(file) + ":" + position_text(text, offset) + ": " +
                                        std::string(message));
}

Result<JsonNode> parse_json(std::string_view file, std::string_view text) {
  if (text.size() > schema_file_bytes_max) {
    return error_at(file, text, 0,
                    "the file has " + std::to_string(text.size()) + " bytes, and at most " +
                        std::to_string(schema_file_bytes_max) + " are allowed");
  }
  // nlohmann's lexer takes a NUL for the end of the text.
  if (const std::size_t nul = text.find('\0'); nul != text.npos) {
    return error_at(file, text, nul, "a NUL stands here");
  }
  TreeBuilder builder(file, text);
  const CountingIterator begin(text.data(), builder.furthest());
  const CountingIterator end(text.data() + text.size(), builder.furthest());
  const bool parsed = nlohmann::json::sax_parse(begin, end, &builder);
  if (builder.failed()) return std::move(builder).error();
  if (!parsed) return error_at(file, text, 0, "cannot be read");
  return std::move(builder).root();
}

}  // namespace rollcall
