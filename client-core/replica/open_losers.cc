#include "client-core/replica/open_losers.h"

#include <algorithm>

#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> OpenLosers::create_statements() {
  return {
      "CREATE TABLE _losers(collection INTEGER NOT NULL, id BLOB NOT NULL, field INTEGER NOT NULL, "
      "open INTEGER NOT NULL, PRIMARY KEY(collection, id, field)) WITHOUT ROWID"};
}

bool OpenLosers::is_open(const Loser& loser, const FieldState& visible) {
  return std::any_of(visible.losers.begin(), visible.losers.end(),
                     [&](const Loser& shown) { return shown.writer == loser.writer; });
}

Result<void> OpenLosers::changed(const CollectionDef& collection, const RowId& id,
                                 const RowState& before, const RowState& after,
                                 const RowState& confirmed) {
  const auto has_losers = [](const RowState& state, std::size_t position) {
    return position < state.fields.size() && !state.fields[position].losers.empty();
  };
  for (std::size_t i = 0; i < collection.fields.size(); ++i) {
    if (!has_losers(before, i) && !has_losers(after, i) && !has_losers(confirmed, i)) continue;
    std::int64_t open = 0;
    if (has_losers(after, i) && has_losers(confirmed, i)) {
      for (const Loser& loser : confirmed.fields[i].losers) {
        if (is_open(loser, after.fields[i])) ++open;
      }
    }
    ROLLCALL_TRY_ASSIGN(
        Statement keep,
        connection_->cached(
            open == 0 ? "DELETE FROM _losers WHERE collection = ? AND id = ? AND field = ?"
                      : "INSERT OR REPLACE INTO _losers VALUES(?, ?, ?, ?)"));
    keep.bind_integer(1, collection.id.value);
    keep.bind_id(2, id);
    keep.bind_integer(3, collection.fields[i].id.value);
    if (open != 0) keep.bind_integer(4, open);
    ROLLCALL_TRY(keep.run());
  }
  return {};
}

Result<std::vector<OpenLosers::Count>> OpenLosers::counts() {
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_->cached("SELECT collection, field, sum(open) FROM _losers GROUP "
                                          "BY collection, field"));
  std::vector<Count> counts;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return counts;
    counts.push_back({CollectionId(static_cast<std::uint16_t>(list.integer(0))),
                      FieldId(static_cast<std::uint16_t>(list.integer(1))),
                      static_cast<std::uint64_t>(list.integer(2))});
  }
}

Result<std::vector<OpenLosers::Place>> OpenLosers::places(const Fields& but, std::size_t limit) {
  std::string none = "0";
  for (const auto& [collection, field] : but) {
    none += " OR (collection = " + std::to_string(collection.value) +
            " AND field = " + std::to_string(field.value) + ")";
  }
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_->cached("SELECT collection, id, field FROM _losers WHERE NOT (" +
                                          none + ") ORDER BY collection, id, field LIMIT ?"));
  list.bind_integer(1, static_cast<std::int64_t>(limit));
  std::vector<Place> places;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return places;
    ROLLCALL_TRY_ASSIGN(const RowId id, list.id(1));
    places.push_back({{CollectionId(static_cast<std::uint16_t>(list.integer(0))), id},
                      FieldId(static_cast<std::uint16_t>(list.integer(2)))});
  }
}

}  // namespace rollcall
