#include "server/space/space_roles.h"

namespace rollcall {
namespace {

bool see_the_same(RoleBook& book, const Schema& schema, RoleBits a, RoleBits b) {
  for (const CollectionDef& collection : schema.collections) {
    const FieldView of_a = book.view(collection.id, a);
    const FieldView& of_b = book.view(collection.id, b);
    if (of_a.shows != of_b.shows || of_a.mask != of_b.mask) return false;
  }
  return true;
}

}  // namespace

SpaceRoles::SpaceRoles(const Schema& schema) : book_(schema), views_(1) {
  for (std::size_t i = 0; i < book_.roles().size(); ++i) {
    const RoleBits bit = RoleBits{1} << i;
    if (book_.read_all(bit)) {
      view_of_role_.push_back(0);
      continue;
    }
    // Roles that differ in what they may write share a sum.
    std::size_t shared = 1;
    while (shared < views_.size() && !see_the_same(book_, schema, views_[shared].role, bit)) {
      ++shared;
    }
    view_of_role_.push_back(static_cast<std::uint8_t>(shared));
    if (shared < views_.size()) continue;
    // No path has an '@', and no tag a '/', by which prefixes are told.
    views_.push_back({bit, book_.roles()[i].name + "@" + std::to_string(schema.version) + ":"});
  }
}

std::size_t SpaceRoles::digest_view(std::string_view role) const {
  for (std::size_t i = 0; i < view_of_role_.size(); ++i) {
    if (book_.roles()[i].name == role) return view_of_role_[i];
  }
  return no_view;
}

}  // namespace rollcall
