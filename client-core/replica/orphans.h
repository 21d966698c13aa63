#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client-core/replica/row_key.h"
#include "engine/base/result.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {

class Connection;

// Rows that this device had from a server which was restored and no longer has them: what others
// wrote after the backup, and have not brought back when this device first read again. They leave
// the collections like any row that is not there, and stay here to be looked at and exported:
//
//   SELECT * FROM orphaned_by_restore
//
//   _orphans(collection, id, name, written_ms, found_ms, fields)    fields: a JSON object
//   _orphan_watch(one, restored_ms)                                 while the first read goes on
// The tables are made by the first restore that this device hears of.
class Orphans {
 public:
  explicit Orphans(Connection& connection) : connection_(&connection) {}
  Result<void> reload();

  // The server's log goes on from a backup whose last commit was made then. The caller's
  // transaction, as in all that follows.
  Result<void> begin(std::int64_t restored_ms);
  [[nodiscard]] bool watches() const { return restored_ms_.has_value(); }
  // A confirmed row is about to go.
  Result<void> row_goes(const RowKey& key, const CollectionDef& def, const RowState& state,
                        std::int64_t now_ms);
  // A read is complete: the first one ends the watch. Rows that came back are no orphans.
  Result<void> end_read();
  Result<std::uint64_t> count();

 private:
  Connection* connection_;
  std::optional<std::int64_t> restored_ms_;
  bool has_tables_ = false;
  bool has_any_ = false;
};

}  // namespace rollcall
