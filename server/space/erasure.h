#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/write.h"
#include "server/space/space_upgrade.h"

namespace rollcall {

class Connection;

// A row that was erased for a person's sake: its values are nowhere any more, its id stays.
// `any_collection`: whatever row has that id.
inline constexpr CollectionId any_collection{};
struct ErasedRow {
  CollectionId collection;
  RowId id;
  friend bool operator==(const ErasedRow&, const ErasedRow&) = default;
  friend bool operator<(const ErasedRow& a, const ErasedRow& b) {
    return a.collection != b.collection ? a.collection < b.collection : a.id < b.id;
  }
};

inline bool covers(const std::set<ErasedRow>& rows, CollectionId collection, const RowId& id) {
  return rows.contains({collection, id}) || rows.contains({any_collection, id});
}

// Why a write of one is refused.
inline constexpr std::string_view erased_reason =
    "it is of a row that was erased for a person's sake, and nothing is kept of it: discard this";

// `_erasures`: when, why, the sequence that it took, and whether the last step of it is done.
// `_erased`: the rows; those that an import brought back are marked: nobody is refused for them.
class ErasureTable {
 public:
  explicit ErasureTable(Connection& connection) : connection_(&connection) {}
  static std::vector<std::string> create_statements();
  static std::vector<Upgrade> upgrades();
  Result<void> add(Sequence sequence, std::int64_t at_ms, std::string_view reason,
                   std::span<const ErasedRow> rows);
  Result<std::set<ErasedRow>> all();
  // Without those that were brought back.
  Result<std::set<ErasedRow>> gone();
  // `gone`, if some erasure was cut short.
  Result<std::set<ErasedRow>> unfinished();
  Result<void> mark_back(const std::set<RowId>& ids);
  // The last erasure's.
  Result<Sequence> last();
  Result<void> finish_through(Sequence sequence);

 private:
  Result<std::set<ErasedRow>> rows(const char* sql);

  Connection* connection_;
};

// A transaction's body without what it writes of these rows.
struct Redacted {
  bool changed = false;
  Bytes bytes;  // empty: it wrote nothing else
};
enum class Redact : std::uint8_t {
  rows,             // what it writes of these rows
  rows_and_naming,  // and of rows that it says to have to do with them
};
using GoesToo = std::function<Result<bool>(const RowWrite&)>;
Result<Redacted> without_rows(BytesView body, const GoesToo& goes);
Result<Redacted> without_rows(BytesView body, const std::set<ErasedRow>& rows, Redact what);
// The rows, of any collection, that a write says to have to do with.
std::vector<RowId> named_rows(const RowWrite& write);

}  // namespace rollcall
