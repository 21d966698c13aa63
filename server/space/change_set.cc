#include "server/space/change_set.h"

#include <algorithm>
#include <string>

#include "server/space/limits.h"

namespace rollcall {

void ChangeSet::begin(std::shared_ptr<const DigestBook::Watch> watch) {
  if (watch->version != watch_->version) watched_.clear();
  watch_ = std::move(watch);
  pending_.clear();
  kept_.clear();
}

Result<bool> ChangeSet::is_watched(std::int64_t path, PathIndex& paths) {
  if (!watches_anything()) return false;
  const auto at = static_cast<std::size_t>(path);
  if (at >= watched_.size()) watched_.resize(at + at / 2 + 64, Watched::unknown);
  if (watched_[at] == Watched::unknown) {
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path));
    watched_[at] = watch_->covers(name) ? Watched::yes : Watched::no;
  }
  return watched_[at] == Watched::yes;
}

void ChangeSet::keep() {
  for (const auto& [path, by] : pending_) kept_[path] += by;
  pending_.clear();
}

Result<std::vector<PathChange>> ChangeSet::changes(PathIndex& paths) {
  std::vector<PathChange> changes;
  for (const auto& [path, by] : kept_) {
    if (by == Digest{}) continue;
    ROLLCALL_TRY_ASSIGN(const bool watched, is_watched(path, paths));
    if (!watched) continue;
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path));
    changes.push_back({std::string(name), by});
  }
  std::sort(changes.begin(), changes.end(),
            [](const PathChange& a, const PathChange& b) { return a.path < b.path; });
  return changes;
}

Result<void> ChangeSet::tell(PathIndex& paths, CommitNews& news) const {
  if (kept_.size() > news_paths_max) {
    news.everywhere = true;
    return {};
  }
  for (const auto& [path, unused] : kept_) {
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path));
    news.paths.emplace_back(name);
  }
  std::sort(news.paths.begin(), news.paths.end());
  return {};
}

}  // namespace rollcall
