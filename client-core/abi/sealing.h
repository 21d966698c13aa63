#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client-core/replica/replica.h"
#include "client-core/sealing/keyring.h"

namespace rollcall {

// What a replica seals and opens with the keys that it keeps (client-core/sealing/SEALING.md);
// rollcall.h tells the JSON. Keeps nothing itself. Errors are those of rollcall.h.
class Sealing {
 public:
  Sealing(Replica& replica, const SealingDoors& doors) : replica_(replica), doors_(doors) {}

  // `already_exists` when it has keys; `malformed`: `admin` is no key.
  Result<void> begin(std::string_view admin);
  Result<std::string> report();
  Result<void> take(std::string_view list);
  Result<std::string> seal(const CollectionDef& collection, const FieldDef& field, const RowId& row,
                           std::string_view text, bool author_copy);
  Result<std::string> unseal(const CollectionDef& collection, const FieldDef& field,
                             const RowId& row, std::optional<std::string_view> recovery);
  Result<std::string> sign(std::string_view change);

 private:
  Result<Keyring> keyring();
  Result<void> keep(const Keyring& ring);
  [[nodiscard]] Result<SealedPlace> place_of(const CollectionDef& collection, const FieldDef& field,
                                             const RowId& row) const;

  Replica& replica_;
  SealingDoors doors_;
};

struct NewAdmin {
  std::string secret;  // as it is to be kept
  std::string key;
};
NewAdmin new_admin(const SealingDoors& doors);

}  // namespace rollcall
