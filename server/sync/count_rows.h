#pragma once

#include <cstddef>

#include "engine/base/bytes.h"

namespace rollcall {

// Rows of a page that this server made, for its counters: reads the ids and steps over the rest.
std::size_t count_rows(BytesView page);

}  // namespace rollcall
