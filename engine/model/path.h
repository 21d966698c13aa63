#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {

// Scope paths: segments of [a-z0-9._~:-] (and non-ASCII UTF-8), parted by '/', none of them empty.

// Done, or `bad_value` saying what is wrong with it.
Result<void> check_path(std::string_view path);

// True when `prefix` is `path` or a whole-segment prefix of it: "unit/nc" covers "unit/nc/wake",
// not "unit/ncx".
bool covers(std::string_view prefix, std::string_view path);

// The paths of a row, sorted, each once: each template over the row's fields. A deleted row keeps
// its paths. `too_long` or `limit` when a limit of engine/model/limits.h would be passed.
Result<std::vector<std::string>> row_paths(const CollectionDef& collection, const RowId& id,
                                           const RowState& row);
// The same from values by position (no sets among the template fields): the fast way for inserts.
Result<void> row_paths(const CollectionDef& collection, const RowId& id,
                       const std::function<ValueView(std::size_t position)>& value,
                       std::vector<std::string>& out);

// The id that the collection's derivation gives, from the values of `derived_from` in order: UUIDv5
// in this name space, of the deterministic CBOR (RFC 8949 section 4.2) of the array
// [collection id, value...].
inline constexpr std::string_view derived_id_namespace = "bcb1b863-2bdd-425d-a600-b5caf40850e2";
RowId derive_row_id(const CollectionDef& collection, const std::vector<ValueView>& values);

}  // namespace rollcall
