#pragma once

#include "engine/base/result.h"
#include "engine/model/schema.h"

namespace rollcall {

// Whether `next` may take the place of `present` in a space that has data, replicas and clients of
// `present`: done, or `schema_change` naming what changed and why that cannot be. Rows are never
// rewritten for a new schema, and clients of the old one can always upload (schema/SCHEMA.md).
Result<void> check_evolution(const Schema& present, const Schema& next);

}  // namespace rollcall
