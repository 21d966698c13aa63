#include "examples/organizing/unit_path.h"

#include <algorithm>
#include <array>

namespace rollcall::organizing {
namespace {

constexpr std::string_view country = "ocd-division/country:us/";
constexpr std::array<std::string_view, 6> bare_types{"state",  "district", "territory",
                                                     "county", "parish",   "precinct"};

}  // namespace

std::optional<std::string> unit_path(std::string_view ocd_id) {
  if (ocd_id.substr(0, country.size()) != country) return std::nullopt;
  std::string_view rest = ocd_id.substr(country.size());
  if (!rest.empty() && rest.back() == '/') return std::nullopt;
  std::string path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    const std::size_t colon = segment.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == segment.size()) {
      return std::nullopt;
    }
    const bool bare = std::find(bare_types.begin(), bare_types.end(), segment.substr(0, colon)) !=
                      bare_types.end();
    if (!path.empty()) path += '/';
    path += bare ? segment.substr(colon + 1) : segment;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (path.empty()) return std::nullopt;
  return path;
}

std::optional<std::string> parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  return std::string(path.substr(0, slash));
}

}  // namespace rollcall::organizing
