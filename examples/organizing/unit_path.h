#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rollcall::organizing {

// A unit's path from its Open Civic Data division id (OCDEP 2): the types state, district,
// territory, county, parish and precinct give the bare value, any other type stays.
//   ocd-division/country:us/state:nc/county:wake/precinct:1-01  ->  nc/wake/1-01
//   ocd-division/country:us/state:md/place:baltimore/…          ->  md/place:baltimore/…
// Nothing for what is no such id of the United States, or the country itself.
std::optional<std::string> unit_path(std::string_view ocd_id);

// The path one segment up; nothing at the top.
std::optional<std::string> parent_path(std::string_view path);

}  // namespace rollcall::organizing
