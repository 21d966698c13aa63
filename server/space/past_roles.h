#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/model/role_book.h"
#include "engine/model/schema.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// The roles that a space's schema declared before others took their place: what a device wrote when
// its role still allowed it is parked, not refused. Table `_past_schemas`: compiled schemas, each
// with the sequence from which on another one's roles counted; the newest past_schemas_max.
class PastRoles {
 public:
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();

  static Result<PastRoles> load(Connection& connection, const Cryptography& cryptography);
  // In the caller's transaction: from `until` on others count than those of `schema`.
  Result<void> add(Connection& connection, Sequence until, const Schema& schema,
                   const Cryptography& cryptography);

  // The roles that counted at a cursor; null: the present ones do.
  [[nodiscard]] RoleBook* at(Sequence cursor) const;

 private:
  struct Past {
    Sequence until;
    std::unique_ptr<Schema> schema;
    std::unique_ptr<RoleBook> roles;  // of `schema`
  };
  std::vector<Past> past_;  // ascending
};

}  // namespace rollcall
