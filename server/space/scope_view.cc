#include "server/space/scope_view.h"

#include <algorithm>

#include "engine/model/path.h"

namespace rollcall {

ScopeView::ScopeView(PathNames& names, RoleBook& roles, std::span<const GrantRecord> grants,
                     std::span<const GrantId> complete)
    : names_(names), roles_(roles), grants_(grants.begin(), grants.end()) {
  for (const GrantRecord& grant : grants_) {
    if (std::find(complete.begin(), complete.end(), grant.id) != complete.end()) {
      complete_.push_back(grant);
    }
  }
}

bool ScopeView::PathView::left_since(RoleBits showing, Sequence left) const {
  return std::any_of(given.begin(), given.end(), [&](const auto& grant) {
    return (grant.first & showing) != 0 && left > grant.second;
  });
}

Result<ScopeView::PathView*> ScopeView::of(std::int64_t path) {
  if (const auto known = views_.find(path); known != views_.end()) return &known->second;
  ROLLCALL_TRY_ASSIGN(const std::string_view name, names_.path(path));
  PathView view;
  for (const GrantRecord& grant : grants_) {
    if (covers(grant.path, name)) view.roles |= roles_.bit(grant.role);
  }
  for (const GrantRecord& grant : complete_) {
    if (!covers(grant.path, name)) continue;
    view.complete |= roles_.bit(grant.role);
    view.given.emplace_back(roles_.bit(grant.role), grant.given);
  }
  return &views_.emplace(path, std::move(view)).first->second;
}

Result<const FieldView*> ScopeView::view_of(CollectionId collection,
                                            std::span<const PathEntry> entries) {
  RoleBits roles = 0;
  for (const PathEntry& entry : entries) {
    if (entry.left.value != 0) continue;
    ROLLCALL_TRY_ASSIGN(const PathView* path, of(entry.path));
    roles |= path->roles;
  }
  return &view(collection, roles);
}

Result<std::uint32_t> ScopeView::path_set(CollectionId collection,
                                          std::span<const PathEntry> entries, PageWriter& page) {
  const RoleBits showing = this->showing(collection);
  places_.clear();
  for (const PathEntry& entry : entries) {
    if (entry.left.value != 0) continue;
    ROLLCALL_TRY_ASSIGN(PathView * view, of(entry.path));
    if ((view->roles & showing) == 0) continue;
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
