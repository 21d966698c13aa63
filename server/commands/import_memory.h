#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/value.h"
#include "engine/storage/connection.h"
#include "server/space/erasure.h"

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
  // A transaction that is about to be pushed, and what is to be remembered once it is stored. On
  // the disk before it leaves: whoever is stopped before it knows what became of it finds it here.
  struct UnderWay {
    TxNumber number;
    Hash head;  // of the import device's chain with it
    Stamp stamp;
    Bytes transaction;
    std::vector<Entry> entries;                 // `changed` fields lack their stamps
    std::vector<std::vector<FieldId>> changed;  // of each entry
  };
  // In the place of one that was begun before.
  Result<void> begin(const UnderWay& batch);
  Result<std::optional<UnderWay>> under_way();
  // What is under way came to nothing.
  Result<void> drop();
  // All of them, or none; nothing is under way any more.
  Result<void> remember(const std::vector<Entry>& entries);
  // Forgets these rows, and writes the file anew, so that nothing of them is left in it.
  Result<void> forget(const std::set<ErasedRow>& rows);
  // A copy of now in a new file; the caller flushes it.
  Result<void> copy_to(const std::string& path) { return connection_.copy_to(path); }

 private:
  explicit ImportMemory(Connection connection) : connection_(std::move(connection)) {}
  Result<std::vector<CollectionId>> remembered_collections();
  Connection connection_;
};

}  // namespace rollcall
