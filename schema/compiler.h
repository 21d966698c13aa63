#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/schema.h"

namespace rollcall {

// One JSON file of a schema: `name` is how errors call it, `text` what it holds.
struct SchemaSource {
  std::string name;
  std::string text;
};

// Makes the compiled schema of schema.json and one file for each collection, in any order (see
// schema/SCHEMA.md). A pure function: the same files give the same schema and hash.
// The first thing wrong is a `schema` error that begins with "file:line:column: "; columns count
// characters from 1.
Result<Schema> compile_schema(const std::vector<SchemaSource>& files,
                              const Cryptography& cryptography);

}  // namespace rollcall
