#pragma once

#include <cstdint>

#include "engine/model/schema.h"

namespace rollcall {

// FieldDef::bytes_max is always set, so that one comparison bounds every text and bytes value. Of
// some types the schema may set it; of the others it follows.

// text, path, bytes, localized and sealed.
bool has_free_length(FieldType type);
// What such a type has when the schema says nothing.
std::uint32_t default_length(FieldType type);
// What a field of any other type has: an id 16, a date 10, an enum its longest choice, numbers 0.
std::uint32_t fixed_length(const FieldDef& field);

}  // namespace rollcall
