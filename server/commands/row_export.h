#pragma once

#include <functional>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "engine/base/result.h"
#include "engine/model/schema.h"
#include "server/space/space_reader.h"

namespace rollcall {

enum class ExportFormat : std::uint8_t { csv, json_lines };

// Writes a collection's live rows, one line each, by `write`. CSV has a heading, RFC 4180 quoting,
// ';' between a set's elements, and a tab before cells that a spreadsheet would run as a formula
// (those that begin with = + - @, unless they are numbers).
Result<void> export_rows(SpaceReader& reader, const CollectionDef& collection, ExportFormat format,
                         const std::function<void(std::string_view line)>& write);

// A row's fields by name; those that were never written are left out.
nlohmann::ordered_json fields_json(const CollectionDef& collection, const RowState& row);

}  // namespace rollcall
