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

// What this device held of rows that are gone from the server while edits of them were under way:
// kept as long as such edits stand in the tray, so that a retry can insert the row again.
//
//   _gone_rows(collection, id, again, image)
//     again: the row that a retry inserted in its place; null: none yet
//     image: its fields as they were confirmed; null: not to be kept on this device any more
class GoneRows {
 public:
  static std::vector<std::string> create_statements();
  explicit GoneRows(Connection& connection) : connection_(&connection) {}

  struct Copy {
    std::optional<RowId> again;
    bool has_fields = false;
    RowState fields;
  };
  // False: there is none.
  Result<bool> find(const CollectionDef& collection, const RowId& id, Copy& out);

  // Inside a transaction.
  Result<void> keep(const CollectionDef& collection, const RowId& id, const RowState& fields);
  Result<void> inserted_again(const RowKey& key, const RowId& again);
  // A grant was lost or shows less, and nobody tells any more under which one these rows lay.
  Result<void> forget_fields();
  // No edit of a row that is gone stands in the tray.
  Result<void> forget_all();

 private:
  Connection* connection_;
};

}  // namespace rollcall
