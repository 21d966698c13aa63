#include "engine/model/role_book.h"

#include <algorithm>
#include <bit>

namespace rollcall {
namespace {

RoleDef member_of(const Schema& schema) {
  RoleDef role;
  role.name = role_member;
  const FieldChoice every{true, {}};
  for (const CollectionDef& collection : schema.collections) {
    role.collections.push_back({collection.id, every, every, every, true, true, false});
  }
  return role;
}

RoleDef reader_of(const Schema& schema) {
  RoleDef role;
  role.name = role_reader;
  for (const CollectionDef& collection : schema.collections) {
    CollectionRights& rights = role.collections.emplace_back();
    rights.collection = collection.id;
    rights.read = FieldChoice{true, {}};
  }
  return role;
}

bool reads_everything(const RoleDef& role, const Schema& schema) {
  return role.collections.size() == schema.collections.size() &&
         std::all_of(
             role.collections.begin(), role.collections.end(),
             [](const CollectionRights& rights) { return rights.read && rights.read->all; });
}

}  // namespace

bool FieldChoice::has(FieldId field) const {
  return all || std::binary_search(fields.begin(), fields.end(), field);
}

RoleBook::RoleBook(const Schema& schema) : schema_(&schema), roles_(schema.roles) {
  if (roles_.empty()) roles_ = {member_of(schema), reader_of(schema)};
  for (std::size_t i = 0; i < roles_.size(); ++i) {
    const RoleBits bit = RoleBits{1} << i;
    for (const CollectionRights& rights : roles_[i].collections) {
      if (rights.read) showing_[rights.collection] |= bit;
    }
    if (reads_everything(roles_[i], schema)) reads_all_ |= bit;
  }
}

RoleBits RoleBook::bit(std::string_view role) const {
  for (std::size_t i = 0; i < roles_.size(); ++i) {
    if (roles_[i].name == role) return RoleBits{1} << i;
  }
  return 0;
}

const std::string& RoleBook::name(RoleBits role) const {
  return roles_[static_cast<std::size_t>(std::countr_zero(role))].name;
}

std::uint32_t RoleBook::lease_hours(std::string_view role) const {
  for (const RoleDef& candidate : roles_) {
    if (candidate.name == role) return candidate.lease_hours;
  }
  return 0;
}

const CollectionRights* RoleBook::rights(RoleBits role, CollectionId collection) const {
  if (role == 0) return nullptr;
  const auto& all = roles_[static_cast<std::size_t>(std::countr_zero(role))].collections;
  const auto found = std::lower_bound(
      all.begin(), all.end(), collection,
      [](const CollectionRights& rights, CollectionId id) { return rights.collection < id; });
  return found != all.end() && found->collection == collection ? &*found : nullptr;
}

RoleBits RoleBook::showing(CollectionId collection) const {
  const auto found = showing_.find(collection);
  return found == showing_.end() ? 0 : found->second;
}

const FieldView& RoleBook::view(CollectionId collection, RoleBits roles) {
  if (collection == last_collection_ && roles == last_roles_) return *last_;
  const RoleBits counting = roles & showing(collection);
  const auto [known, is_new] = known_.try_emplace({collection, counting}, &nothing_);
  if (is_new && counting != 0) known->second = &make_view(collection, counting);
  last_collection_ = collection;
  last_roles_ = roles;
  last_ = known->second;
  return *last_;
}

const FieldView& RoleBook::make_view(CollectionId collection, RoleBits roles) {
  const CollectionDef* def = schema_->find(collection);
  if (def == nullptr) return nothing_;
  auto view = std::make_unique<FieldView>();
  view->shows = true;
  view->mask.assign(def->fields.size(), 0);
  view->mask[0] = 1;  // that a row is deleted, everybody sees who sees the row
  for (RoleBits left = roles; left != 0; left &= left - 1) {
    const CollectionRights* rights = this->rights(left & (~left + 1), collection);
    for (std::size_t i = 0; i < def->fields.size(); ++i) {
      if (rights->read->has(def->fields[i].id)) view->mask[i] = 1;
    }
  }
  std::vector<std::unique_ptr<FieldView>>& made = views_[collection];
  for (const auto& other : made) {
    if (other->mask == view->mask) return *other;
  }
  for (std::size_t i = 0; i < view->mask.size(); ++i) {
    if (view->mask[i] == 0) continue;
    view->positions.push_back(static_cast<std::uint16_t>(i));
    view->fields.push_back(def->fields[i].id);
  }
  view->all = view->fields.size() == view->mask.size();
  return *made.emplace_back(std::move(view));
}

}  // namespace rollcall
