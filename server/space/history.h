#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/model/value.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// What one transaction wrote into one field of a row.
struct HistoryWrite {
  FieldId field;
  std::string name;  // empty: a field that the schema does not have
  bool has_value = false;
  Value value;  // counter: the increment
  std::vector<Value> adds;
  std::vector<Value> removes;
  std::size_t closes = 0;  // losers that it decided
};

// One transaction that touched a row, whatever became of it.
struct HistoryEntry {
  DeviceNumber device;
  std::string device_label;
  TxNumber number;
  Sequence sequence;  // 0: it took no effect
  Stamp made;         // as the device said
  Stamp accepted;
  std::int64_t received_ms = 0;
  bool insert = false;
  Verdict verdict;
  std::vector<HistoryWrite> writes;
};

class Snapshot;

// Every transaction that names the row, by arrival. Reads the whole log.
Result<std::vector<HistoryEntry>> read_history(Snapshot& snapshot, CollectionId collection,
                                               const RowId& id);

}  // namespace rollcall
