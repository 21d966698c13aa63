#pragma once

#include <compare>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// A row that was erased for a person's sake: its values are nowhere any more, its id stays.
struct ErasedRow {
  CollectionId collection;
  RowId id;
  friend bool operator==(const ErasedRow&, const ErasedRow&) = default;
  friend bool operator<(const ErasedRow& a, const ErasedRow& b) {
    return a.collection != b.collection ? a.collection < b.collection : a.id < b.id;
  }
};

// `_erasures`: when, why, and the sequence that it took. `_erased`: the rows.
class ErasureTable {
 public:
  explicit ErasureTable(Connection& connection) : connection_(&connection) {}
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  Result<void> add(Sequence sequence, std::int64_t at_ms, std::string_view reason,
                   std::span<const ErasedRow> rows);
  Result<std::set<ErasedRow>> all();

 private:
  Connection* connection_;
};

// A transaction's body without what it writes of these rows.
struct Redacted {
  bool changed = false;
  Bytes bytes;  // empty: it wrote nothing else
};
Result<Redacted> without_rows(BytesView body, const std::set<ErasedRow>& rows);

}  // namespace rollcall
