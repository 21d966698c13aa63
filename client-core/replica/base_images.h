#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client-core/replica/row_key.h"
#include "engine/base/result.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {

class Connection;

// What the server confirmed of a row whose typed row shows pending writes over it.
struct BaseImage {
  RowState state;
  std::int64_t paths = 0;  // interned path set; 0: evicted, and kept in sight for the writes' sake
  TxNumber contains;       // own transactions up to this one are part of it
};

// Table `_base`(collection, id, paths, contains_tx, image): confirmed images of pending rows. A row
// that was inserted here and is not confirmed yet has none.
class BaseImages {
 public:
  static std::vector<std::string> create_statements();
  explicit BaseImages(Connection& connection) : connection_(&connection) {}
  Result<void> reload();

  // False: no row has one, and nobody needs to look.
  [[nodiscard]] bool any() const { return any_; }

  // False when there is none; reuses what `out` holds.
  Result<bool> find(const CollectionDef& collection, const RowId& id, BaseImage& out);
  Result<void> keep(const CollectionDef& collection, const RowId& id, const RowState& state,
                    std::int64_t paths, TxNumber contains);
  Result<void> erase(const RowKey& key);

 private:
  Connection* connection_;
  bool any_ = false;
};

}  // namespace rollcall
