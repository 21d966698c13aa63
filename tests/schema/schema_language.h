#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"
#include "schema/compiler.h"
#include "schema/schema_folder.h"

namespace rollcall {

// A small language to write schemas in: `collection_of(field(R"(...)"))` is a file, `refusal(...)`
// what the compiler says of it.

inline const Cryptography& cryptography() {
  static const SodiumCryptography sodium;
  return sodium;
}

inline SchemaSource header(std::string_view text = R"({"schema": "test", "version": 1})") {
  return {"schema.json", std::string(text)};
}

inline SchemaSource collection_of(std::string_view fields, std::string_view more = "") {
  return {"thing.json", R"({"collection": "thing", "id": 1, "paths": ["all"], "fields": [)" +
                            std::string(fields) + "]" + std::string(more) + "}"};
}

// The one field of collection thing, but for its id and name.
inline SchemaSource field(std::string_view more) {
  return collection_of(R"({"id": 1, "name": "value", )" + std::string(more) + "}");
}

inline SchemaSource thing(std::string_view text) { return {"thing.json", std::string(text)}; }

inline Schema compiled(const std::vector<SchemaSource>& files) {
  auto schema = compile_schema(files, cryptography());
  if (!schema) {
    ADD_FAILURE() << schema.error().message;
    return {};
  }
  return *schema;
}

inline Schema compiled(const SchemaSource& file) { return compiled({header(), file}); }

inline FieldDef compiled_field(std::string_view more) {
  const Schema schema = compiled(field(more));
  return schema.collections.empty() ? FieldDef{} : schema.collections[0].fields[1];
}

inline std::string refusal(const std::vector<SchemaSource>& files) {
  const auto schema = compile_schema(files, cryptography());
  if (schema) return "compiled";
  EXPECT_EQ(schema.error().code, ErrorCode::schema);
  return schema.error().message;
}

inline std::string refusal(const SchemaSource& file) { return refusal({header(), file}); }

inline Schema schema_in(const std::string& folder) {
  const auto files = read_schema_folder(folder);
  if (!files) {
    ADD_FAILURE() << files.error().message;
    return {};
  }
  return compiled(*files);
}

}  // namespace rollcall
