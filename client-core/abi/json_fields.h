#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client-core/replica/local_transaction.h"
#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// Fields of a row, named; owns what its views point to.
struct NamedFields {
  std::vector<std::string> names;
  std::vector<Value> values;
  [[nodiscard]] std::vector<NamedValue> view() const;
};

// From a JSON object of a collection's fields (engine/codec/json_value.h); an array gives a set
// field several elements. `bad_value`, `unknown_field`, or what parse_json refuses.
Result<NamedFields> fields_from_json(const CollectionDef& collection, std::string_view text);

}  // namespace rollcall
