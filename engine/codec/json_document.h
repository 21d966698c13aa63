#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"

namespace rollcall {

// Greatest whole number, either sign, that every reader of JSON keeps exactly (RFC 8259 section 6).
inline constexpr std::int64_t json_exact_max = std::int64_t{1} << 53;

// A JSON text, parsed and checked: valid UTF-8, whole numbers only, no name twice in an object, at
// most `codec_depth_max` deep and `json_bytes_max` long. Flat: a container is followed by what it
// holds, so nothing recurses.
class JsonDocument {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, text, list, object };
  struct Node {
    Kind kind = Kind::null;
    bool is_negative = false;  // integer
    std::uint64_t number = 0;  // integer: its bits, two's complement; boolean: 0 or 1
    std::string name;          // in an object
    std::string text;
    std::size_t children = 0;  // list, object
    std::size_t end = 0;       // place of the node after this one and all that it holds
  };

  static Result<JsonDocument> parse(std::string_view text);

  // The whole document is node 0; what a container holds begins at its place plus one.
  [[nodiscard]] const Node& node(std::size_t place) const { return nodes_[place]; }
  // The member of an object.
  [[nodiscard]] std::optional<std::size_t> member(std::size_t object, std::string_view name) const;

 private:
  friend class JsonBuilder;
  std::vector<Node> nodes_;
};

}  // namespace rollcall
