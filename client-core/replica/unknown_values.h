#pragma once

#include <string>
#include <vector>

#include "client-core/replica/row_image.h"
#include "client-core/replica/row_key.h"
#include "engine/base/result.h"

namespace rollcall {

class Connection;

// What a newer schema's rows hold that this one has no column for: confirmed values with their
// stamps, part of the digest, moved into columns when the schema comes.
//
//   _unknown(collection, id, paths, image)
//     of a collection that is known: the unknown fields; `paths` is 0, the typed row has them
//     of one that is not: all fields, and the interned path set
class UnknownValues {
 public:
  struct Row {
    RowKey key;
    std::int64_t paths = 0;
    std::vector<NamedField> fields;
  };

  static std::vector<std::string> create_statements();
  explicit UnknownValues(Connection& connection) : connection_(&connection) {}
  Result<void> reload();

  // False: nothing is unknown, and nobody needs to look.
  [[nodiscard]] bool any() const { return any_; }
  // Empties `out` when there is nothing of the row; false then.
  Result<bool> find(const RowKey& key, Row& out);
  // Without fields: forgets the row.
  Result<void> keep(const Row& row);
  // The collections that have any.
  Result<std::vector<CollectionId>> collections();
  // All rows, by collection and id.
  Result<std::vector<RowKey>> keys();

 private:
  Connection* connection_;
  bool any_ = false;
};

}  // namespace rollcall
