#include "server/space/change_set.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "server/space/limits.h"

namespace rollcall {

void ChangeSet::begin(std::shared_ptr<const DigestBook::Watch> watch) {
  if (watch->version != watch_->version) watched_.clear();
  watch_ = std::move(watch);
  pending_.clear();
  kept_.clear();
}

void ChangeSet::choose_views(const std::vector<SpaceRoles::DigestView>& views) {
  views_ = &views;
  watched_.clear();
}

Result<std::uint64_t> ChangeSet::watched(std::int64_t path, PathIndex& paths) {
  if (!watches_anything()) return std::uint64_t{0};
  const auto at = static_cast<std::size_t>(path);
  if (at >= watched_.size()) watched_.resize(at + at / 2 + 64, unknown);
  if (watched_[at] == unknown) {
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path));
    std::uint64_t views = 0;
    for (std::size_t view = 0; view < views_->size(); ++view) {
      if (watch_->covers((*views_)[view].key(name))) views |= std::uint64_t{1} << view;
    }
    watched_[at] = views;
  }
  return watched_[at];
}

void ChangeSet::keep() {
  for (const auto& [place, by] : pending_) kept_[place] += by;
  pending_.clear();
}

Result<std::vector<PathChange>> ChangeSet::changes(PathIndex& paths) {
  std::vector<PathChange> changes;
  for (const auto& [place, by] : kept_) {
    if (by == Digest{}) continue;
    ROLLCALL_TRY_ASSIGN(const std::uint64_t views, watched(path_of(place), paths));
    if (((views >> view_of(place)) & 1) == 0) continue;
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path_of(place)));
    changes.push_back({(*views_)[view_of(place)].key(name), by});
  }
  std::sort(changes.begin(), changes.end(),
            [](const PathChange& a, const PathChange& b) { return a.path < b.path; });
  return changes;
}

Result<void> ChangeSet::tell(PathIndex& paths, CommitNews& news) const {
  std::unordered_set<std::int64_t> changed;
  for (const auto& [place, unused] : kept_) changed.insert(path_of(place));
  if (changed.size() > news_paths_max) {
    news.everywhere = true;
    return {};
  }
  for (const std::int64_t path : changed) {
    ROLLCALL_TRY_ASSIGN(const std::string_view name, paths.path(path));
    news.paths.emplace_back(name);
  }
  std::sort(news.paths.begin(), news.paths.end());
  return {};
}

}  // namespace rollcall
