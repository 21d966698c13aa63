#include "server/space/history.h"

#include <optional>
#include <utility>

#include "engine/codec/transaction.h"
#include "server/space/snapshot.h"

namespace rollcall {
namespace {

HistoryWrite history_of(const FieldWrite& write, const CollectionDef* collection) {
  HistoryWrite history;
  history.field = write.field;
  if (collection != nullptr) {
    if (const auto position = collection->position(write.field)) {
      history.name = collection->fields[*position].name;
    }
  }
  history.has_value = write.has_value && write.adds.empty() && write.removes.empty();
  if (history.has_value) history.value = Value(write.value);
  history.adds = write.adds;
  for (const SetRemoval& removal : write.removes) history.removes.push_back(removal.element);
  history.closes = write.closes.size();
  return history;
}

// The row's write in this transaction's bytes; nothing when it names another row, or no row at all.
std::optional<RowWrite> find_write(TransactionReader& reader, CollectionId collection,
                                   const RowId& id) {
  for (RowWrite write; reader.next(write);) {
    if (write.collection == collection && write.id == id) return write;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<HistoryEntry>> read_history(Snapshot& snapshot, CollectionId collection,
                                               const RowId& id) {
  std::vector<HistoryEntry> history;
  TransactionReader reader;
  const CollectionDef* def = snapshot.schema()->find(collection);
  const auto look = [&](const LoggedTransaction& logged) -> Result<void> {
    // What does not decode was refused for it, and names no row that anybody could tell.
    if (!reader.open(logged.bytes)) return {};
    const auto write = find_write(reader, collection, id);
    if (!write) return {};
    HistoryEntry entry;
    entry.device = logged.device;
    entry.number = logged.number;
    entry.sequence = logged.judgement.sequence;
    entry.made = reader.head().stamp;
    entry.accepted = logged.judgement.accepted;
    entry.received_ms = logged.received_ms;
    entry.insert = write->insert;
    entry.verdict = verdict_of(logged.number, logged.judgement);
    entry.verdict.changed = logged.told_before.has_value();
    for (const FieldWrite& field : write->fields) {
      entry.writes.push_back(history_of(field, def));
    }
    history.push_back(std::move(entry));
    return {};
  };
  ROLLCALL_TRY(snapshot.log().each(look));
  for (HistoryEntry& entry : history) {
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> device,
                        snapshot.devices().find(entry.device));
    if (device) entry.device_label = device->record.label;
  }
  return history;
}

Result<std::vector<ParkedEntry>> read_parked(Snapshot& snapshot, std::int64_t after,
                                             std::size_t count_max) {
  ROLLCALL_TRY_ASSIGN(const std::vector<LoggedTransaction> logged,
                      snapshot.log().parked(after, count_max));
  std::vector<ParkedEntry> all;
  TransactionReader reader;
  for (const LoggedTransaction& transaction : logged) {
    ParkedEntry entry;
    entry.id = transaction.id;
    entry.device = transaction.device;
    entry.number = transaction.number;
    entry.received_ms = transaction.received_ms;
    entry.verdict = verdict_of(transaction.number, transaction.judgement);
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> device,
                        snapshot.devices().find(transaction.device));
    if (device) {
      entry.device_label = device->record.label;
      entry.is_revoked = device->record.is_revoked();
    }
    ROLLCALL_TRY_ASSIGN(const Bytes bytes, snapshot.log().bytes(transaction.id));
    if (reader.open(bytes)) {
      entry.made = reader.head().stamp;
      for (RowWrite write; reader.next(write);) {
        const CollectionDef* def = snapshot.schema()->find(write.collection);
        ParkedEntry::Row row{write.collection, write.id, write.insert, {}};
        for (const FieldWrite& field : write.fields) row.writes.push_back(history_of(field, def));
        entry.rows.push_back(std::move(row));
      }
    }
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace rollcall
