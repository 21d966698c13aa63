#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"
#include "engine/storage/connection.h"

namespace rollcall {

// What an import last wrote to one field, and by which transaction: the base of its next write.
struct ImportedField {
  std::vector<Value> values;           // a set's elements, ascending; otherwise at most one
  Stamp stamp;                         // accepted
  std::vector<TxNumber> transactions;  // of each element of a set: the one that added it
};
using ImportedRow = std::map<FieldId, ImportedField>;

// A file beside the spaces that remembers what each line's last import wrote, so that the same file
// twice writes nothing, and last month's list does not undo a captain's correction. Losing it costs
// no data: the next import writes all its values again, and equal values change nothing.
class ImportMemory {
 public:
  static Result<ImportMemory> open(const std::string& path);

  // Empty: never imported.
  Result<ImportedRow> row(CollectionId collection, const RowId& id);
  struct Entry {
    CollectionId collection;
    RowId id;
    ImportedRow row;
  };
  // All of them, or none.
  Result<void> remember(const std::vector<Entry>& entries);

 private:
  explicit ImportMemory(Connection connection) : connection_(std::move(connection)) {}
  Connection connection_;
};

}  // namespace rollcall
