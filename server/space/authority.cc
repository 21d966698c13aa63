#include "server/space/authority.h"

#include <algorithm>

#include "engine/model/path.h"

namespace rollcall {
namespace {

constexpr FieldId deleted_field_id{};

}  // namespace

bool Authority::is_under(const GrantRecord& grant, std::string_view path) {
  return covers(grant.path, path);
}

bool Authority::allows(const RoleBook& roles, RoleBits role, const Wish& wish, FieldId field) {
  const CollectionRights* rights = roles.rights(role, wish.collection);
  if (rights == nullptr) return false;
  if (wish.insert) {
    // Every insert says that its row is not deleted.
    return rights->insert && (field == deleted_field_id || rights->insert->has(field));
  }
  if (field == deleted_field_id) return rights->remove;
  return rights->update && rights->update->has(field);
}

Authority::Wish Authority::wish(CollectionId collection, bool insert,
                                std::span<const FieldId> fields) const {
  Wish wish{collection, insert, fields, 0, 0};
  const auto& grants = device_->record.grants;
  for (std::size_t i = 0; i < grants.size(); ++i) {
    const RoleBits role = roles_->bit(grants[i].role);
    const CollectionRights* rights = roles_->rights(role, collection);
    if (rights == nullptr || fields.empty()) continue;
    const bool whole = std::all_of(fields.begin(), fields.end(), [&](FieldId field) {
      return allows(*roles_, role, wish, field);
    });
    if (!whole) continue;
    wish.whole |= std::uint64_t{1} << i;
    if (insert && rights->anywhere) wish.anywhere |= std::uint64_t{1} << i;
  }
  return wish;
}

bool Authority::was_anywhere(const Wish& wish) const {
  if (!wish.insert) return false;
  const RoleBook& then = then_ != nullptr ? *then_ : *roles_;
  const auto allowed = [&](const GrantRecord& grant) {
    const RoleBits role = then.bit(grant.role);
    const CollectionRights* rights = then.rights(role, wish.collection);
    if (rights == nullptr || !rights->anywhere || !grant.was_active_at(cursor_)) return false;
    return std::all_of(wish.fields.begin(), wish.fields.end(),
                       [&](FieldId field) { return allows(then, role, wish, field); });
  };
  const auto& present = device_->record.grants;
  return std::any_of(present.begin(), present.end(), allowed) ||
         std::any_of(device_->ended.begin(), device_->ended.end(), allowed);
}

bool Authority::covers_whole(const Wish& wish, std::string_view path) const {
  std::size_t i = 0;
  for (std::uint64_t left = wish.whole; left != 0; left >>= 1, ++i) {
    if ((left & 1) != 0 && covers(device_->record.grants[i].path, path)) return true;
  }
  return false;
}

}  // namespace rollcall
