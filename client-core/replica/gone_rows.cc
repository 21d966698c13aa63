#include "client-core/replica/gone_rows.h"

#include "client-core/replica/row_image.h"
#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> GoneRows::create_statements() {
  return {
      "CREATE TABLE IF NOT EXISTS _gone_rows(collection INTEGER NOT NULL, id BLOB NOT NULL, again "
      "BLOB, image BLOB, PRIMARY KEY(collection, id)) WITHOUT ROWID"};
}

Result<bool> GoneRows::find(const CollectionDef& collection, const RowId& id, Copy& out) {
  out = Copy{};
  ROLLCALL_TRY_ASSIGN(Statement find,
                      connection_->cached("SELECT again, image FROM _gone_rows WHERE collection = "
                                          "? AND id = ?"));
  find.bind_integer(1, collection.id.value);
  find.bind_id(2, id);
  ROLLCALL_TRY_ASSIGN(const bool found, find.step());
  if (!found) return false;
  if (find.bytes(0).size() == RowId::size_bytes) out.again = RowId::from_bytes(find.bytes(0));
  out.has_fields = !find.bytes(1).empty();
  if (out.has_fields) ROLLCALL_TRY(decode_image(find.bytes(1), collection, out.fields));
  find.reset();
  return true;
}

Result<void> GoneRows::keep(const CollectionDef& collection, const RowId& id,
                            const RowState& fields) {
  ROLLCALL_TRY_ASSIGN(Statement keep,
                      connection_->cached("INSERT INTO _gone_rows VALUES(?1, ?2, NULL, ?3) ON "
                                          "CONFLICT DO UPDATE SET image = excluded.image"));
  const Bytes image = encode_image(collection, fields);
  keep.bind_integer(1, collection.id.value);
  keep.bind_id(2, id);
  keep.bind_bytes(3, image);
  return keep.run();
}

Result<void> GoneRows::inserted_again(const RowKey& key, const RowId& again) {
  ROLLCALL_TRY_ASSIGN(Statement note,
                      connection_->cached("UPDATE _gone_rows SET again = ?3 WHERE collection = ?1 "
                                          "AND id = ?2"));
  note.bind_integer(1, key.collection.value);
  note.bind_id(2, key.id);
  note.bind_id(3, again);
  return note.run();
}

Result<void> GoneRows::forget_fields() {
  return connection_->execute("UPDATE _gone_rows SET image = NULL");
}

Result<void> GoneRows::forget_all() { return connection_->execute("DELETE FROM _gone_rows"); }

}  // namespace rollcall
