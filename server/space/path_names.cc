#include "server/space/path_names.h"

#include <algorithm>
#include <utility>

#include "engine/storage/connection.h"
#include "server/space/limits.h"

namespace rollcall {

Result<PathNames> PathNames::open(Connection& connection) {
  PathNames names(connection);
  ROLLCALL_TRY_ASSIGN(names.select_, connection.prepare("SELECT path FROM _path WHERE id = ?1"));
  return names;
}

Result<std::string_view> PathNames::path(std::int64_t number) {
  if (const auto found = names_.find(number); found != names_.end()) {
    return std::string_view(found->second);
  }
  if (names_.size() >= cached_paths_max) names_.clear();
  select_.bind_integer(1, number);
  ROLLCALL_TRY_ASSIGN(const bool found, select_.step());
  if (!found) return std::string_view();
  const auto place = names_.emplace(number, select_.text(0)).first;
  select_.reset();
  return std::string_view(place->second);
}

Result<std::vector<PathNames::NamedPath>> PathNames::below(std::string_view prefix,
                                                           std::string_view from,
                                                           std::string_view to,
                                                           std::size_t count_max) {
  // In byte order '0' follows '/': what lies below "unit/nc" stands between "unit/nc/" and
  // "unit/nc0", and paths that begin alike may stand between that and "unit/nc" itself.
  const std::string under = std::string(prefix) + "/";
  const std::string behind = std::string(prefix) + "0";
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      prefix.empty()
          ? connection_->cached(
                "SELECT id, path FROM _path WHERE path >= ?1 ORDER BY path LIMIT ?2")
          : connection_->cached(
                "SELECT id, path FROM (SELECT id, path FROM _path WHERE path = ?3 AND path >= ?1 "
                "UNION ALL SELECT * FROM (SELECT id, path FROM _path WHERE path >= ?4 AND path < "
                "?5 ORDER BY path LIMIT ?2)) ORDER BY path LIMIT ?2"));
  select.bind_text(1, from);
  select.bind_integer(2, static_cast<std::int64_t>(count_max));
  if (!prefix.empty()) {
    select.bind_text(3, prefix);
    select.bind_text(4, std::max<std::string_view>(under, from));
    select.bind_text(5, behind);
  }
  std::vector<NamedPath> paths;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return paths;
    const std::string_view path = select.text(1);
    if (!to.empty() && path > to) return paths;
    paths.push_back({select.integer(0), std::string(path)});
  }
}

}  // namespace rollcall
