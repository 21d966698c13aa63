#pragma once

#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// Whether a field may be given this value: for a set one element, for a counter one increment.
// Done, or `too_long` or `bad_value`, naming the field and what would be right. Asked at local
// commit and again by the server. Null is a value of every field that is neither required nor a
// set or a counter.
Result<void> check_value(const FieldDef& field, ValueView value);

// "2026-11-03": ten characters, a day of the Gregorian calendar of the years 0001 to 9999.
bool is_date(BytesView text);

// The last millisecond of the year 9999; times go from 0 to it.
inline constexpr std::int64_t time_ms_max = 253'402'300'799'999;

}  // namespace rollcall
