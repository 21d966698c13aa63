#include "server/space/scope_view.h"

#include <algorithm>

#include "engine/model/path.h"

namespace rollcall {

ScopeView::ScopeView(PathNames& names, std::span<const GrantRecord> grants,
                     std::span<const GrantId> complete)
    : names_(names), grants_(grants.begin(), grants.end()) {
  for (const GrantRecord& grant : grants_) {
    if (std::find(complete.begin(), complete.end(), grant.id) != complete.end()) {
      complete_.push_back(grant);
    }
  }
}

Result<ScopeView::PathView*> ScopeView::of(std::int64_t path) {
  if (const auto known = views_.find(path); known != views_.end()) return &known->second;
  ROLLCALL_TRY_ASSIGN(const std::string_view name, names_.path(path));
  PathView view;
  for (const GrantRecord& grant : grants_) {
    if (covers(grant.path, name)) view.visible = true;
  }
  for (const GrantRecord& grant : complete_) {
    if (!covers(grant.path, name)) continue;
    if (!view.complete || grant.given < view.since) view.since = grant.given;
    view.complete = true;
  }
  return &views_.emplace(path, view).first->second;
}

Result<std::uint32_t> ScopeView::path_set(std::span<const PathEntry> entries, PageWriter& page) {
  places_.clear();
  for (const PathEntry& entry : entries) {
    if (entry.left.value != 0) continue;
    ROLLCALL_TRY_ASSIGN(PathView * view, of(entry.path));
    if (!view->visible) continue;
    if (view->place < 0) {
      ROLLCALL_TRY_ASSIGN(const std::string_view name, names_.path(entry.path));
      view->place = page.path(name);
    }
    places_.push_back(static_cast<std::uint32_t>(view->place));
  }
  std::sort(places_.begin(), places_.end());
  return page.path_set(places_);
}

}  // namespace rollcall
