#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace rollcall {

// A value of a JSON file that remembers where it stands.
struct JsonNode {
  enum class Kind : std::uint8_t { null, boolean, integer, text, array, object };
  struct Key {
    std::string text;
    std::size_t offset = 0;
  };

  Kind kind = Kind::null;
  std::size_t offset = 0;    // in the file's bytes
  std::int64_t integer = 0;  // boolean: 0 or 1
  std::string text;
  std::vector<Key> keys;           // object: of elements, each once
  std::vector<JsonNode> elements;  // array, object

  // The value behind a key of an object, or nothing.
  [[nodiscard]] const JsonNode* find(std::string_view key) const;
};

std::string_view kind_name(JsonNode::Kind kind);

// "12:7": line and column of an offset, from 1; a column is a character of UTF-8.
std::string position_text(std::string_view text, std::size_t offset);

// A `schema` error at a place of a file: "person.json:12:7: what is wrong".
Error error_at(std::string_view file, std::string_view text, std::size_t offset,
               std::string_view message);

// Reads one JSON value (RFC 8259) that fills `text`. Refused, with file, line and column: bad
// syntax, bytes that are not UTF-8, a key twice in one object, numbers that are no 64-bit integers,
// and what schema/limits.h bounds (size is judged first, depth as it grows).
Result<JsonNode> parse_json(std::string_view file, std::string_view text);

}  // namespace rollcall
