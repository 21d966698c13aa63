#include "server/commands/import_memory.h"

#include "engine/codec/cbor_archive.h"
#include "engine/storage/transaction.h"

namespace rollcall {
namespace {

constexpr std::uint32_t application_id = 0x524c494d;  // "RLIM"

// One field as it is kept.
struct StoredField {
  FieldId field;
  std::vector<Value> values;
  Stamp stamp;
  std::vector<TxNumber> transactions;
};

template <class Archive>
void describe(Archive& a, StoredField& m) {
  a.field(1, "field", m.field);
  a.field(2, "values", m.values);
  a.field(3, "stamp", m.stamp);
  a.field(4, "transactions", m.transactions);
}

struct StoredRow {
  std::vector<StoredField> fields;
};

template <class Archive>
void describe(Archive& a, StoredRow& m) {
  a.field(1, "fields", m.fields);
}

Bytes encoded(const ImportedRow& row) {
  StoredRow stored;
  for (const auto& [field, imported] : row) {
    stored.fields.push_back({field, imported.values, imported.stamp, imported.transactions});
  }
  return to_cbor(stored);
}

}  // namespace

Result<ImportMemory> ImportMemory::open(const std::string& path) {
  ConnectionOptions options;
  options.create = true;
  options.application_id = application_id;
  ROLLCALL_TRY_ASSIGN(Connection connection, Connection::open(path, options));
  ROLLCALL_TRY(connection.execute(
      "CREATE TABLE IF NOT EXISTS imported(collection INTEGER NOT NULL, id BLOB NOT NULL, "
      "row BLOB NOT NULL, PRIMARY KEY(collection, id)) WITHOUT ROWID"));
  return ImportMemory(std::move(connection));
}

Result<ImportedRow> ImportMemory::row(CollectionId collection, const RowId& id) {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_.cached("SELECT row FROM imported WHERE "
                                                           "collection = ?1 AND id = ?2"));
  select.bind_integer(1, collection.value);
  select.bind_id(2, id);
  ROLLCALL_TRY_ASSIGN(const bool there, select.step());
  ImportedRow row;
  if (!there) return row;
  ROLLCALL_TRY_ASSIGN(auto stored, from_cbor<StoredRow>(select.bytes(0)));
  select.reset();
  for (StoredField& field : stored.fields) {
    row[field.field] = {std::move(field.values), field.stamp, std::move(field.transactions)};
  }
  return row;
}

Result<void> ImportMemory::remember(const std::vector<Entry>& entries) {
  ROLLCALL_TRY_ASSIGN(auto transaction, Transaction::write(connection_));
  {
    ROLLCALL_TRY_ASSIGN(Statement insert,
                        connection_.cached("INSERT OR REPLACE INTO imported VALUES(?1, ?2, ?3)"));
    for (const Entry& entry : entries) {
      const Bytes row = encoded(entry.row);
      insert.bind_integer(1, entry.collection.value);
      insert.bind_id(2, entry.id);
      insert.bind_bytes(3, row);
      ROLLCALL_TRY(insert.run());
    }
  }
  return transaction.commit();
}

}  // namespace rollcall
