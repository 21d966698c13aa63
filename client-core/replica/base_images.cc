#include "client-core/replica/base_images.h"

#include "client-core/replica/row_image.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> BaseImages::create_statements() {
  return {
      "CREATE TABLE _base(collection INTEGER NOT NULL, id BLOB NOT NULL, paths INTEGER NOT NULL, "
      "contains_tx INTEGER NOT NULL, image BLOB NOT NULL, PRIMARY KEY(collection, id)) WITHOUT "
      "ROWID"};
}

Result<void> BaseImages::reload() {
  ROLLCALL_TRY_ASSIGN(Statement one, connection_->cached("SELECT 1 FROM _base LIMIT 1"));
  ROLLCALL_TRY_ASSIGN(any_, one.step());
  one.reset();
  return {};
}

Result<bool> BaseImages::find(const CollectionDef& collection, const RowId& id, BaseImage& out) {
  if (!any_) return false;
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT paths, contains_tx, image FROM _base WHERE "
                                          "collection = ? AND id = ?"));
  find.bind_integer(1, collection.id.value);
  find.bind_id(2, id);
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  if (!found) return false;
  out.paths = find.integer(0);
  out.contains = TxNumber(static_cast<std::uint64_t>(find.integer(1)));
  ROLLCALL_TRY(decode_image(find.bytes(2), collection, out.state));
  find.reset();
  return true;
}

Result<void> BaseImages::keep(const CollectionDef& collection, const RowId& id,
                              const RowState& state, std::int64_t paths, TxNumber contains) {
  ROLLCALL_TRY_ASSIGN(Statement keep, connection_->cached("INSERT OR REPLACE INTO _base VALUES(?, "
                                                          "?, ?, ?, ?)"));
  const Bytes image = encode_image(collection, state);
  keep.bind_integer(1, collection.id.value);
  keep.bind_id(2, id);
  keep.bind_integer(3, paths);
  keep.bind_integer(4, static_cast<std::int64_t>(contains.value));
  keep.bind_bytes(5, image);
  any_ = true;
  return keep.run();
}

Result<void> BaseImages::erase(const RowKey& key) {
  if (!any_) return {};
  ROLLCALL_TRY_ASSIGN(Statement erase,
                      connection_->cached("DELETE FROM _base WHERE collection = ? AND id = ?"));
  erase.bind_integer(1, key.collection.value);
  erase.bind_id(2, key.id);
  return erase.run();
}

}  // namespace rollcall
