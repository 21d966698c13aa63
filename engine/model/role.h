#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/numbers.h"

namespace rollcall {

// Roles, as the schema declares them: what a device may read and write where a grant gives it the
// role. Plain data; engine/model/role_book.h answers questions about it.

// Fields of one collection: those named, or every one, also those that come later.
struct FieldChoice {
  bool all = false;
  std::vector<FieldId> fields;  // ascending; empty with `all`; never `_deleted`
  [[nodiscard]] bool has(FieldId field) const;
  friend bool operator==(const FieldChoice&, const FieldChoice&) = default;
};

// What a role may do in one collection; what is not given is denied.
struct CollectionRights {
  CollectionId collection;
  std::optional<FieldChoice> read;  // none: rows are hidden; of no field: only that they are there
  std::optional<FieldChoice> insert;  // fields that new rows may have
  std::optional<FieldChoice> update;  // fields of rows that are there
  bool remove = false;                // delete rows, and bring them back
  bool undo = false;                  // open the next generation of `first` and `ladder` fields
  bool anywhere = false;              // insert rows on paths that no grant covers
  friend bool operator==(const CollectionRights&, const CollectionRights&) = default;
};

struct RoleDef {
  std::string name;  // [a-z][a-z0-9_-]*
  // So long a device shows and writes without a word from the server, in hours; 0: for ever.
  std::uint32_t lease_hours = 0;
  std::vector<CollectionRights> collections;  // ascending by collection
  friend bool operator==(const RoleDef&, const RoleDef&) = default;
};

}  // namespace rollcall
