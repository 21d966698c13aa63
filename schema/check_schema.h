#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/model/schema.h"

namespace rollcall {

// What a schema breaks, and where: so that the compiler can name line and column.
struct SchemaProblem {
  std::optional<std::size_t> collection;  // position in Schema::collections
  std::optional<std::size_t> field;       // position in CollectionDef::fields
  std::optional<std::size_t> role;        // position in Schema::roles; then `collection` is one of
                                          // RoleDef::collections
  std::string_view key;                   // as in the JSON files: "rule", "paths"; empty: the whole
  std::optional<std::size_t> element;     // which of the key's elements
  std::string message;
};

// The first rule that a schema breaks, or nothing. Everything that the engine takes for granted of
// a compiled schema is checked here, for schemas made of JSON and for those that come as bytes.
std::optional<SchemaProblem> check_schema(const Schema& schema);

}  // namespace rollcall
