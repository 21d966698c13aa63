#include "engine/codec/json_document.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/codec/limits.h"

namespace rollcall {

// What nlohmann's parser calls with each token. It stops at the first that is refused, so nothing
// deeper or longer than our limits is ever built; the parser itself does not recurse.
class JsonBuilder {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;
  using Node = JsonDocument::Node;
  using Kind = JsonDocument::Kind;

  explicit JsonBuilder(std::vector<Node>& nodes) : nodes_(nodes) {}

  bool null() { return add({}) != nullptr; }
  bool boolean(bool value) {
    Node* node = add(Kind::boolean);
    if (node == nullptr) return false;
    node->number = value ? 1 : 0;
    return true;
  }
  bool number_integer(number_integer_t value) {
    Node* node = add(Kind::integer);
    if (node == nullptr) return false;
    node->is_negative = value < 0;
    node->number = static_cast<std::uint64_t>(value);
    return true;
  }
  bool number_unsigned(number_unsigned_t value) {
    Node* node = add(Kind::integer);
    if (node == nullptr) return false;
    node->number = value;
    return true;
  }
  bool number_float(number_float_t, const string_t& as_written) {
    return refuse(ErrorCode::wrong_type,
                  "the number " + as_written.substr(0, 40) + " is not a whole number of 64 bits");
  }
  bool string(string_t& value) {
    Node* node = add(Kind::text);
    if (node == nullptr) return false;
    node->text = std::move(value);
    return true;
  }
  bool binary(binary_t&) { return refuse(ErrorCode::malformed, "binary in JSON"); }
  bool start_object(std::size_t) { return open(Kind::object); }
  bool start_array(std::size_t) { return open(Kind::list); }
  bool key(string_t& name) {
    name_ = std::move(name);
    return true;
  }
  bool end_object() {
    const std::size_t object = open_.back();
    names_.clear();
    for (std::size_t at = object + 1; at < nodes_.size(); at = end_of(at)) {
      names_.emplace_back(nodes_[at].name);
    }
    std::sort(names_.begin(), names_.end());
    const auto twice = std::adjacent_find(names_.begin(), names_.end());
    if (twice != names_.end()) {
      return refuse(ErrorCode::duplicate_key,
                    "an object has \"" + std::string(twice->substr(0, 40)) + "\" twice");
    }
    return close();
  }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) {
    if (error_) return false;
    // The parser's own words, behind its "[json.exception.parse_error.101] ".
    std::string_view what = e.what();
    if (const auto bracket = what.find("] "); bracket != std::string_view::npos) {
      what.remove_prefix(bracket + 2);
    }
    const bool is_utf8_error = what.find("UTF-8") != std::string_view::npos;
    const bool is_end = what.find("unexpected end of input") != std::string_view::npos ||
                        what.find("missing closing quote") != std::string_view::npos;
    error_ =
        failure(is_utf8_error ? ErrorCode::not_utf8
                : is_end      ? ErrorCode::truncated
                              : ErrorCode::malformed,
                "JSON, byte " + std::to_string(position) + ": " + std::string(what.substr(0, 160)));
    return false;
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  bool refuse(ErrorCode code, std::string what) {
    error_ = failure(code, "JSON: " + std::move(what));
    return false;
  }
  Node* add(Kind kind) {
    if (nodes_.size() >= json_nodes_max) {
      refuse(ErrorCode::limit, "more than " + std::to_string(json_nodes_max) + " values");
      return nullptr;
    }
    if (!open_.empty()) ++nodes_[open_.back()].children;
    Node& node = nodes_.emplace_back();
    node.kind = kind;
    node.name = std::move(name_);
    name_.clear();
    node.end = nodes_.size();
    return &node;
  }
  bool open(Kind kind) {
    if (open_.size() == codec_depth_max) {
      return refuse(ErrorCode::too_deep,
                    "more than " + std::to_string(codec_depth_max) + " containers deep");
    }
    if (add(kind) == nullptr) return false;
    open_.push_back(nodes_.size() - 1);
    return true;
  }
  bool close() {
    nodes_[open_.back()].end = nodes_.size();
    open_.pop_back();
    return true;
  }
  [[nodiscard]] std::size_t end_of(std::size_t place) const { return nodes_[place].end; }

  std::vector<Node>& nodes_;
  std::vector<std::size_t> open_;
  std::vector<std::string_view> names_;
  std::string name_;
  std::optional<Error> error_;
};

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > json_bytes_max) {
    return failure(ErrorCode::too_large, "JSON of " + std::to_string(text.size()) +
                                             " bytes; at most " + std::to_string(json_bytes_max) +
                                             " are taken");
  }
  JsonDocument document;
  JsonBuilder builder(document.nodes_);
  const bool is_parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  if (builder.error()) return *builder.error();
  if (!is_parsed) return failure(ErrorCode::malformed, "not JSON");
  return document;
}

std::optional<std::size_t> JsonDocument::member(std::size_t object, std::string_view name) const {
  for (std::size_t at = object + 1; at < nodes_[object].end; at = nodes_[at].end) {
    if (nodes_[at].name == name) return at;
  }
  return std::nullopt;
}

}  // namespace rollcall
