#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "schema/compiler.h"

namespace rollcall {

// The *.json files that lie in a folder (not below it), by name. `io` when it cannot be read,
// `not_found` when there is none, `limit` beyond schema/limits.h.
Result<std::vector<SchemaSource>> read_schema_folder(const std::string& path);

}  // namespace rollcall
