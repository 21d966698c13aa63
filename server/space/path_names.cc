#include "server/space/path_names.h"

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
                                                           std::string_view to) {
  // In byte order '0' follows '/': what lies below "unit/nc" stands between "unit/nc/" and
  // "unit/nc0".
  const std::string first = std::string(prefix) + "/";
  const std::string behind = std::string(prefix) + "0";
  ROLLCALL_TRY_ASSIGN(Statement select,
                      prefix.empty()
                          ? connection_->cached("SELECT id, path FROM _path ORDER BY path")
                          : connection_->cached("SELECT id, path FROM _path WHERE path = ?1 OR "
                                                "(path > ?2 AND path < ?3) ORDER BY path"));
  if (!prefix.empty()) {
    select.bind_text(1, prefix);
    select.bind_text(2, first);
    select.bind_text(3, behind);
  }
  std::vector<NamedPath> paths;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return paths;
    const std::string_view path = select.text(1);
    if (path < from) continue;
    if (!to.empty() && path > to) return paths;
    paths.push_back({select.integer(0), std::string(path)});
  }
}

}  // namespace rollcall
