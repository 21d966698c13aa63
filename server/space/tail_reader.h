#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/protocol/sealed.h"
#include "server/space/row_packer.h"
#include "server/space/scope_view.h"
#include "server/space/snapshot.h"

namespace rollcall {

// What a tail is read for.
struct TailWant {
  Sequence cursor;                       // what the device has read up to
  std::optional<TailPosition> position;  // where the page before ended
  // Own sequences that may come as an echo, ascending; empty: none.
  std::vector<std::uint64_t> own;
  std::size_t bytes_max = 0;
};

// Reads one page of what changed after a cursor, from every collection in one order of
// (row-last-sequence, collection, key).
class TailReader {
 public:
  TailReader(Snapshot& snapshot, ScopeView& scope) : snapshot_(snapshot), scope_(scope) {}
  ~TailReader();

  // Fills `page`. The position to go on from; nothing: the page reaches the head.
  Result<std::optional<TailPosition>> read(const TailWant& want, PageWriter& page);

 private:
  struct Walk {
    ReadTable* table = nullptr;
    ServerImage row;
    bool done = false;
  };

  Result<void> start(const TailWant& want);
  Result<void> step(Walk& walk);
  Walk* first();
  // How the row comes, if at all.
  Result<void> add(const TailWant& want, const Walk& walk, RowPacker& packer);
  Result<bool> is_echo(const TailWant& want, const CollectionDef& collection, const FieldView& view,
                       bool seen);

  Snapshot& snapshot_;
  ScopeView& scope_;
  std::vector<Walk> walks_;
  std::vector<PathEntry> entries_;
  std::vector<FieldSequence> sequences_;
  std::vector<std::uint16_t> changed_;
};

}  // namespace rollcall
