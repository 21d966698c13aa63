#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/role_book.h"

namespace rollcall {

// The roles of a space's schema, and the digest that each keeps: one for all that read everything,
// one for each other role. The schema must live as long.
class SpaceRoles {
 public:
  explicit SpaceRoles(const Schema& schema);

  [[nodiscard]] RoleBook& book() { return book_; }

  // How one role sees rows, for the digest book.
  struct DigestView {
    RoleBits role = 0;  // 0: everything is seen
    // What the book calls it: part of every key, with the schema's version, for another version may
    // show something else under the same name.
    std::string tag;
    [[nodiscard]] bool is_whole() const { return role == 0; }
    // The book's key of a path prefix.
    [[nodiscard]] std::string key(std::string_view prefix) const {
      return tag + std::string(prefix);
    }
  };
  // The first sees everything.
  [[nodiscard]] const std::vector<DigestView>& digest_views() const { return views_; }
  // The place of a role's among them; 64 when the schema does not have the role: it sees nothing.
  [[nodiscard]] std::size_t digest_view(std::string_view role) const;
  static constexpr std::size_t no_view = 64;

 private:
  RoleBook book_;
  std::vector<DigestView> views_;
  std::vector<std::uint8_t> view_of_role_;
};

}  // namespace rollcall
