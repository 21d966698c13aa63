#include "server/commands/import_memory.h"

#include <algorithm>

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

StoredRow stored_row(const ImportedRow& row) {
  StoredRow stored;
  for (const auto& [field, imported] : row) {
    stored.fields.push_back({field, imported.values, imported.stamp, imported.transactions});
  }
  return stored;
}

ImportedRow imported_row(StoredRow&& stored) {
  ImportedRow row;
  for (StoredField& field : stored.fields) {
    row[field.field] = {std::move(field.values), field.stamp, std::move(field.transactions)};
  }
  return row;
}

struct StoredEntry {
  CollectionId collection;
  RowId id;
  StoredRow row;
  std::vector<FieldId> changed;
};

template <class Archive>
void describe(Archive& a, StoredEntry& m) {
  a.field(1, "collection", m.collection);
  a.field(2, "id", m.id);
  a.field(3, "row", m.row);
  a.field(4, "changed", m.changed);
}

struct StoredBatch {
  TxNumber number;
  Hash head;
  Stamp stamp;
  Bytes transaction;
  std::vector<StoredEntry> entries;
};

template <class Archive>
void describe(Archive& a, StoredBatch& m) {
  a.field(1, "number", m.number);
  a.field(2, "head", m.head);
  a.field(3, "stamp", m.stamp);
  a.bytes(4, "transaction", m.transaction);
  a.field(5, "entries", m.entries);
}

}  // namespace

Result<ImportMemory> ImportMemory::open(const std::string& path) {
  ConnectionOptions options;
  options.create = true;
  options.application_id = application_id;
  ROLLCALL_TRY_ASSIGN(Connection connection, Connection::open(path, options));
  ROLLCALL_TRY(connection.execute(
      "CREATE TABLE IF NOT EXISTS imported(collection INTEGER NOT NULL, id BLOB NOT NULL, "
      "row BLOB NOT NULL, PRIMARY KEY(collection, id)) WITHOUT ROWID;"
      "CREATE TABLE IF NOT EXISTS under_way(one INTEGER PRIMARY KEY CHECK(one = 1), "
      "batch BLOB NOT NULL)"));
  return ImportMemory(std::move(connection));
}

Result<ImportedRow> ImportMemory::row(CollectionId collection, const RowId& id) {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_.cached("SELECT row FROM imported WHERE "
                                                           "collection = ?1 AND id = ?2"));
  select.bind_integer(1, collection.value);
  select.bind_id(2, id);
  ROLLCALL_TRY_ASSIGN(const bool there, select.step());
  if (!there) return ImportedRow();
  ROLLCALL_TRY_ASSIGN(auto stored, from_cbor<StoredRow>(select.bytes(0)));
  return imported_row(std::move(stored));
}

Result<void> ImportMemory::begin(const UnderWay& batch) {
  StoredBatch stored{batch.number, batch.head, batch.stamp, batch.transaction, {}};
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    const Entry& entry = batch.entries[i];
    stored.entries.push_back({entry.collection, entry.id, stored_row(entry.row), batch.changed[i]});
  }
  const Bytes bytes = to_cbor(stored);
  ROLLCALL_TRY_ASSIGN(auto transaction, Transaction::write(connection_));
  {
    ROLLCALL_TRY_ASSIGN(Statement insert,
                        connection_.cached("INSERT OR REPLACE INTO under_way VALUES(1, ?1)"));
    insert.bind_bytes(1, bytes);
    ROLLCALL_TRY(insert.run());
  }
  return transaction.commit();
}

Result<std::optional<ImportMemory::UnderWay>> ImportMemory::under_way() {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_.cached("SELECT batch FROM under_way"));
  ROLLCALL_TRY_ASSIGN(const bool there, select.step());
  if (!there) return std::optional<UnderWay>();
  ROLLCALL_TRY_ASSIGN(auto stored, from_cbor<StoredBatch>(select.bytes(0)));
  UnderWay batch{stored.number, stored.head, stored.stamp, std::move(stored.transaction), {}, {}};
  for (StoredEntry& entry : stored.entries) {
    batch.entries.push_back({entry.collection, entry.id, imported_row(std::move(entry.row))});
    batch.changed.push_back(std::move(entry.changed));
  }
  return std::optional<UnderWay>(std::move(batch));
}

Result<void> ImportMemory::drop() { return remember({}); }

Result<void> ImportMemory::remember(const std::vector<Entry>& entries) {
  ROLLCALL_TRY_ASSIGN(auto transaction, Transaction::write(connection_));
  {
    ROLLCALL_TRY_ASSIGN(Statement insert,
                        connection_.cached("INSERT OR REPLACE INTO imported VALUES(?1, ?2, ?3)"));
    for (const Entry& entry : entries) {
      const Bytes row = to_cbor(stored_row(entry.row));
      insert.bind_integer(1, entry.collection.value);
      insert.bind_id(2, entry.id);
      insert.bind_bytes(3, row);
      ROLLCALL_TRY(insert.run());
    }
    ROLLCALL_TRY_ASSIGN(Statement done, connection_.cached("DELETE FROM under_way"));
    ROLLCALL_TRY(done.run());
  }
  return transaction.commit();
}

Result<std::vector<CollectionId>> ImportMemory::remembered_collections() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_.cached("SELECT DISTINCT collection FROM imported"));
  std::vector<CollectionId> collections;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return collections;
    collections.push_back(CollectionId(static_cast<std::uint16_t>(select.integer(0))));
  }
}

Result<void> ImportMemory::forget(const std::set<ErasedRow>& rows) {
  {
    ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection_));
    ROLLCALL_TRY_ASSIGN(
        Statement erase,
        connection_.cached("DELETE FROM imported WHERE collection = ?1 AND id = ?2"));
    ROLLCALL_TRY_ASSIGN(const std::vector<CollectionId> collections, remembered_collections());
    for (const ErasedRow& row : rows) {
      for (const CollectionId collection : collections) {
        if (row.collection != any_collection && row.collection != collection) continue;
        erase.bind_integer(1, collection.value);
        erase.bind_id(2, row.id);
        ROLLCALL_TRY(erase.run());
      }
    }
    // A batch whose import was cut short: whether it arrived, the space's log tells, and what it
    // wrote of others is written again by the next import.
    ROLLCALL_TRY_ASSIGN(const std::optional<UnderWay> batch, under_way());
    const bool is_in_batch =
        batch && std::any_of(batch->entries.begin(), batch->entries.end(), [&](const Entry& entry) {
          return covers(rows, entry.collection, entry.id);
        });
    if (is_in_batch) {
      ROLLCALL_TRY_ASSIGN(Statement drop, connection_.cached("DELETE FROM under_way"));
      ROLLCALL_TRY(drop.run());
    }
    ROLLCALL_TRY(transaction.commit());
  }
  ROLLCALL_TRY(connection_.vacuum());
  return connection_.checkpoint();
}

}  // namespace rollcall
