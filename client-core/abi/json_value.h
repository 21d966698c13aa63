#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "client-core/replica/local_transaction.h"
#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// Values as callers of the C ABI write and read them: JSON. Ids are UUID text, times whole numbers
// of milliseconds or RFC 3339 text ("2026-11-03T14:05:00Z"), localized texts objects, bytes
// base64url text, sets arrays.

// Fields of a row, named; owns what its values point to.
struct NamedFields {
  std::vector<std::string> names;
  std::vector<Value> values;
  [[nodiscard]] std::vector<NamedValue> view() const;
};

// Text as one JSON document: `too_large` beyond 16 MiB, `too_deep`, `duplicate_key`, `malformed`.
Result<nlohmann::json> parse_json(std::string_view text);

// `bad_value` saying which field wants what.
Result<Value> value_from_json(const FieldDef& field, const nlohmann::json& json);
// An object of a collection's fields; an array gives a set field several elements.
Result<NamedFields> fields_from_json(const CollectionDef& collection, std::string_view text);

// A value of a field, or, without a field, of a query's column (16 bytes are shown as UUID text).
nlohmann::json value_to_json(const FieldDef* field, ValueView value);

}  // namespace rollcall
