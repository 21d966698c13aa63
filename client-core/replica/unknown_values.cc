#include "client-core/replica/unknown_values.h"

#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> UnknownValues::create_statements() {
  return {
      "CREATE TABLE _unknown(collection INTEGER NOT NULL, id BLOB NOT NULL, paths INTEGER NOT "
      "NULL, image BLOB NOT NULL, PRIMARY KEY(collection, id)) WITHOUT ROWID"};
}

Result<void> UnknownValues::reload() {
  ROLLCALL_TRY_ASSIGN(Statement one, connection_->cached("SELECT 1 FROM _unknown LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(any_, one.step());
  one.reset();
  return {};
}

Result<bool> UnknownValues::find(const RowKey& key, Row& out) {
  out.key = key;
  out.paths = 0;
  out.fields.clear();
  if (!any_) return false;
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT paths, image FROM _unknown WHERE collection = ? "
                                          "AND id = ?"));
  find.bind_integer(1, key.collection.value);
  find.bind_id(2, key.id);
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  if (!found) return false;
  out.paths = find.integer(0);
  ROLLCALL_TRY_ASSIGN(out.fields, decode_image(find.bytes(1)));
  find.reset();
  return true;
}

Result<void> UnknownValues::keep(const Row& row) {
  const bool erases = row.fields.empty();
  if (erases && !any_) return {};
  ROLLCALL_TRY_ASSIGN(
      Statement keep,
      connection_->cached(erases ? "DELETE FROM _unknown WHERE collection = ? AND id = ?"
                                 : "INSERT OR REPLACE INTO _unknown VALUES(?, ?, ?, ?)"));
  keep.bind_integer(1, row.key.collection.value);
  keep.bind_id(2, row.key.id);
  if (erases) return keep.run();
  const Bytes image = encode_image(row.fields);
  keep.bind_integer(3, row.paths);
  keep.bind_bytes(4, image);
  any_ = true;
  return keep.run();
}

Result<std::vector<CollectionId>> UnknownValues::collections() {
  std::vector<CollectionId> collections;
  if (!any_) return collections;
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_->cached("SELECT DISTINCT collection FROM _unknown ORDER BY 1"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return collections;
    collections.emplace_back(static_cast<std::uint16_t>(list.integer(0)));
  }
}

Result<std::vector<RowKey>> UnknownValues::keys() {
  std::vector<RowKey> keys;
  if (!any_) return keys;
  ROLLCALL_TRY_ASSIGN(
      Statement list,
      connection_->cached("SELECT collection, id FROM _unknown ORDER BY collection, id"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return keys;
    ROLLCALL_TRY_ASSIGN(const RowId id, list.id(1));
    keys.push_back({CollectionId(static_cast<std::uint16_t>(list.integer(0))), id});
  }
}

}  // namespace rollcall
