#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "schema/compiler.h"
#include "schema/json_document.h"
#include "schema/limits.h"

namespace rollcall {

// An object of a schema file, read key by key; every complaint names file, line and column.
class ObjectReader {
 public:
  ObjectReader(const SchemaSource& source, const JsonNode& node) : source_(source), node_(node) {}

  [[nodiscard]] Error error(const JsonNode& at, std::string_view message) const {
    return error_at(source_.name, source_.text, at.offset, message);
  }
  [[nodiscard]] Error error(std::string_view message) const { return error(node_, message); }
  [[nodiscard]] const JsonNode& node() const { return node_; }

  // Every key must be one of these.
  Result<void> only(std::string_view what, std::initializer_list<std::string_view> known) const {
    for (const JsonNode::Key& key : node_.keys) {
      if (std::find(known.begin(), known.end(), key.text) != known.end()) continue;
      std::string message = "\"" + key.text.substr(0, schema_name_bytes_max) + "\" is no key of " +
                            std::string(what) + "; it has";
      for (const std::string_view name : known) message += " " + std::string(name);
      return error_at(source_.name, source_.text, key.offset, message);
    }
    return {};
  }

  // The value of a key, or nothing when it is not there; of another kind it is refused.
  Result<const JsonNode*> maybe(std::string_view key, JsonNode::Kind kind) const {
    const JsonNode* value = node_.find(key);
    if (value != nullptr && value->kind != kind) {
      return error(*value, "\"" + std::string(key) + "\" is " + std::string(kind_name(kind)) +
                               ", not " + std::string(kind_name(value->kind)));
    }
    return value;
  }
  Result<const JsonNode*> must(std::string_view key, JsonNode::Kind kind) const {
    ROLLCALL_TRY_ASSIGN(const JsonNode* value, maybe(key, kind));
    if (value == nullptr) return error("\"" + std::string(key) + "\" is missing");
    return value;
  }

  Result<bool> flag(std::string_view key) const {
    ROLLCALL_TRY_ASSIGN(const JsonNode* value, maybe(key, JsonNode::Kind::boolean));
    return value != nullptr && value->integer != 0;
  }
  Result<std::string> text(std::string_view key) const {
    ROLLCALL_TRY_ASSIGN(const JsonNode* value, must(key, JsonNode::Kind::text));
    return value->text;
  }
  // From 1 to what 32 bits hold; what else it may be is check_schema's matter.
  Result<std::uint32_t> number_in(const JsonNode& value, std::string_view key,
                                  std::uint32_t most) const {
    if (value.integer >= 1 && value.integer <= most) {
      return static_cast<std::uint32_t>(value.integer);
    }
    return error(value, "\"" + std::string(key) + "\" goes from 1 to " + std::to_string(most));
  }
  Result<std::uint32_t> number(std::string_view key, std::uint32_t most) const {
    ROLLCALL_TRY_ASSIGN(const JsonNode* value, must(key, JsonNode::Kind::integer));
    return number_in(*value, key, most);
  }

  // The elements of a list, each of one kind.
  Result<std::vector<const JsonNode*>> list(const JsonNode& array, JsonNode::Kind kind) const {
    std::vector<const JsonNode*> elements;
    for (const JsonNode& element : array.elements) {
      if (element.kind != kind) {
        return error(element, "this list holds " + std::string(kind_name(kind)) + ", not " +
                                  std::string(kind_name(element.kind)));
      }
      elements.push_back(&element);
    }
    return elements;
  }
  Result<std::vector<const JsonNode*>> texts(std::string_view key) const {
    ROLLCALL_TRY_ASSIGN(const JsonNode* value, maybe(key, JsonNode::Kind::array));
    if (value == nullptr) return std::vector<const JsonNode*>();
    return list(*value, JsonNode::Kind::text);
  }

 private:
  const SchemaSource& source_;
  const JsonNode& node_;
};

}  // namespace rollcall
