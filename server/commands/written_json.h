#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "engine/model/schema.h"
#include "server/space/history.h"

namespace rollcall {

// What a transaction wrote into one row, by field: a value, or an object of what it added, removed
// and closed. Null: a collection that the schema does not have.
nlohmann::ordered_json written_json(const CollectionDef* collection,
                                    const std::vector<HistoryWrite>& writes);

}  // namespace rollcall
