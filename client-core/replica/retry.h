#pragma once

#include <unordered_map>
#include <unordered_set>

#include "client-core/replica/gone_rows.h"
#include "client-core/replica/pending_writes.h"
#include "engine/base/result.h"
#include "engine/model/write.h"

namespace rollcall {

struct ReplicaParts;
class WriteBuffer;

// Writes a rejected transaction once more, on top of what is here now. A row that it edits and that
// is gone is inserted again from this device's copy of it, under a new id unless its id is derived;
// whatever of the transaction names the old id names the new one. Of a counter only the rejected
// increment counts: what the copy says of it others have seen go.
class Retry {
 public:
  Retry(ReplicaParts& parts, WriteBuffer& buffer) : parts_(parts), buffer_(buffer) {}

  // `unknown_row` when a row is not here, nor was when it went; `gone` when its copy may not be
  // kept.
  Result<void> write(const DecodedTransaction& transaction);

 private:
  // Decides under which id an edited row that is not in sight goes on.
  Result<void> find_place(const RowWrite& edit);
  Result<void> insert_copy(const RowKey& gone);
  Result<void> repeat(const RowWrite& write);
  void rename(FieldWrite& write) const;
  [[nodiscard]] RowId derived_or_same(const RowWrite& insert) const;
  [[nodiscard]] ValueView renamed(const ValueView& value) const;

  ReplicaParts& parts_;
  WriteBuffer& buffer_;
  std::unordered_map<RowId, RowId> renamed_;            // a row that is gone, and what it is now
  std::unordered_map<RowKey, GoneRows::Copy> inserts_;  // under the id of before
  std::unordered_set<RowKey> left_out_;                 // deletions of rows that are gone
};

}  // namespace rollcall
