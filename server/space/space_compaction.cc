// What nobody needs any more: Space::compact_next.
#include <algorithm>
#include <utility>

#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {
namespace {

// The collection to go on with: the least id at `from` or above; null: there is none.
const CollectionDef* collection_from(const Schema& schema, CollectionId from) {
  const CollectionDef* found = nullptr;
  for (const CollectionDef& collection : schema.collections) {
    if (collection.id < from) continue;
    if (found == nullptr || collection.id < found->id) found = &collection;
  }
  return found;
}

}  // namespace

Result<void> Space::compact_next(std::int64_t before_ms, CompactionPlace& place) {
  State& s = *state_;
  const auto work = [&]() -> Result<void> {
    if (!place.through) {
      ROLLCALL_TRY_ASSIGN(const Sequence through, s.file.last_sequence_before(before_ms));
      place.through = through;
      if (through > s.header.horizon) {
        // First: from here on no cursor before it is believed, whatever becomes of the rest.
        ROLLCALL_TRY(s.file.set_horizon(through));
        s.header.horizon = through;
      }
    }
    const CollectionDef* collection = collection_from(*s.schema, place.collection);
    if (collection == nullptr || place.through->value == 0) {
      place.done = true;
      return {};
    }
    ROLLCALL_TRY_ASSIGN(RowCompactor compactor,
                        RowCompactor::open(s.file.connection(), *collection, *s.paths));
    ROLLCALL_TRY_ASSIGN(
        const RowCompactor::Step step,
        compactor.step(*place.through, place.after, std::nullopt, compacted_rows_max));
    if (!step.compacted.is_nothing()) {
      ROLLCALL_TRY(CompactionTable(s.file.connection())
                       .add({s.last_commit.sequence, *place.through, collection->id, place.after,
                             *step.upto}));
    }
    place.compacted += step.compacted;
    place.after = step.more ? step.upto : std::nullopt;
    place.collection = step.more
                           ? collection->id
                           : CollectionId(static_cast<std::uint16_t>(collection->id.value + 1));
    return {};
  };
  return s.commit(work);
}

}  // namespace rollcall
