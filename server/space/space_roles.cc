#include "server/space/space_roles.h"

namespace rollcall {

SpaceRoles::SpaceRoles(const Schema& schema) : book_(schema), views_(1) {
  for (std::size_t i = 0; i < book_.roles().size(); ++i) {
    const RoleBits bit = RoleBits{1} << i;
    if (book_.read_all(bit)) {
      view_of_role_.push_back(0);
      continue;
    }
    view_of_role_.push_back(static_cast<std::uint8_t>(views_.size()));
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
