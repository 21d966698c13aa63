#pragma once

#include <string_view>

#include "engine/base/result.h"
#include "engine/model/schema.h"

namespace rollcall {

// Reads a template as schema files and the compiled schema write it:
//
//   template := segment ("/" segment)* [" when " field "=" value]
//   segment  := word | "{" field "}" | "{id}"
//
// Fields are looked up in `collection`, so its fields must be there already. `schema` when the text
// is none; what a template may be made of is check_schema's matter.
Result<PathTemplate> parse_path_template(const CollectionDef& collection, std::string_view text);

}  // namespace rollcall
