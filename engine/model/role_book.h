#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/role.h"
#include "engine/model/schema.h"

namespace rollcall {

// Roles as bits by their place in the book; those of several grants are united with |.
using RoleBits = std::uint64_t;

// The fields of a collection that somebody sees.
struct FieldView {
  bool shows = false;                    // the rows, if only that they are there
  bool all = false;                      // every field
  std::vector<std::uint8_t> mask;        // by position, 1 where the field is seen
  std::vector<std::uint16_t> positions;  // of these, ascending; `_deleted` first
  std::vector<FieldId> fields;           // of these
};

// Answers what roles may see and write. A schema that declares no roles has two: `member`, who
// reads and writes everything, and `reader`, who reads everything.
//
// One thread at a time: views are worked out when first asked for. The schema must live as long.
class RoleBook {
 public:
  explicit RoleBook(const Schema& schema);

  [[nodiscard]] const std::vector<RoleDef>& roles() const { return roles_; }
  // Its bit; 0: this schema has no such role, which may do nothing.
  [[nodiscard]] RoleBits bit(std::string_view role) const;
  // Of a role with one bit.
  [[nodiscard]] const std::string& name(RoleBits role) const;
  // A role's rights in a collection; null: none.
  [[nodiscard]] const CollectionRights* rights(RoleBits role, CollectionId collection) const;

  // How long who has the role may go on without the server, in hours; 0: for ever.
  [[nodiscard]] std::uint32_t lease_hours(std::string_view role) const;

  // The roles that show something of the collection.
  [[nodiscard]] RoleBits showing(CollectionId collection) const;
  // True when each of the roles reads every field of every collection.
  [[nodiscard]] bool read_all(RoleBits roles) const { return (roles & ~reads_all_) == 0; }
  // What the roles see together. Views of the same fields are the same object; it lives as long as
  // the book.
  const FieldView& view(CollectionId collection, RoleBits roles);

 private:
  const FieldView& make_view(CollectionId collection, RoleBits roles);

  const Schema* schema_;
  std::vector<RoleDef> roles_;
  std::map<CollectionId, RoleBits> showing_;
  RoleBits reads_all_ = 0;
  std::map<std::pair<CollectionId, RoleBits>, const FieldView*> known_;
  std::map<CollectionId, std::vector<std::unique_ptr<FieldView>>> views_;
  FieldView nothing_;
  // The last one asked for: most rows of a page share it.
  CollectionId last_collection_;
  RoleBits last_roles_ = 0;
  const FieldView* last_ = &nothing_;
};

// The roles of a schema that declares none.
inline constexpr std::string_view role_member = "member";
inline constexpr std::string_view role_reader = "reader";

}  // namespace rollcall
