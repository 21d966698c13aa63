#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// Values as people and other programs write and read them: JSON. Whole numbers beyond 2^53 are
// text, since many readers of JSON would round them. Ids are UUID text, times whole numbers of
// milliseconds or RFC 3339 text ("2026-11-03T14:05:00Z"), localized texts objects, bytes base64url
// text. A set's value is one element.

// Text as one JSON document: `too_large`, `too_deep`, `duplicate_key`, `not_utf8`, `malformed`.
Result<nlohmann::json> parse_json(std::string_view text);

// `bad_value` saying which field wants what. Null is a null value.
Result<Value> value_from_json(const FieldDef& field, const nlohmann::json& json);

// A value of a field, or, without a field, of a query's column (16 bytes are shown as UUID text).
// A set's SQL text becomes the array that it is.
nlohmann::json value_to_json(const FieldDef* field, ValueView value);

}  // namespace rollcall
