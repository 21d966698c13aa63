#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client-core/replica/row_key.h"
#include "engine/base/result.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {

class Connection;

// Which fields have open losers, so that conflicts are counted and found without a search: those
// that the server confirmed and that no pending write closes. What only a replay shows is not
// decided yet.
//
//   _losers(collection, id, field, open)
class OpenLosers {
 public:
  static std::vector<std::string> create_statements();
  explicit OpenLosers(Connection& connection) : connection_(&connection) {}

  // Whether a loser is one to be decided.
  static bool is_open(const Loser& loser, const FieldState& visible);
  // A row that showed `before` shows `after`, of which `confirmed` is the confirmed part; any may
  // be without fields.
  Result<void> changed(const CollectionDef& collection, const RowId& id, const RowState& before,
                       const RowState& after, const RowState& confirmed);

  struct Count {
    CollectionId collection;
    FieldId field;
    std::uint64_t open = 0;
  };
  Result<std::vector<Count>> counts();
  struct Place {
    RowKey key;
    FieldId field;
  };
  // Where there are any, in order of the rows' making, but in none of the fields of `but`.
  using Fields = std::vector<std::pair<CollectionId, FieldId>>;
  Result<std::vector<Place>> places(const Fields& but, std::size_t limit);

 private:
  Connection* connection_;
};

}  // namespace rollcall
