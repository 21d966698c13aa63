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

// A transaction that is parked: who wants to write what.
struct ParkedEntry {
  std::int64_t id = 0;  // for Space::decide
  DeviceNumber device;
  std::string device_label;
  bool is_revoked = false;
  TxNumber number;
  Stamp made;  // as the device said
  std::int64_t received_ms = 0;
  Verdict verdict;
  struct Row {
    CollectionId collection;
    RowId id;
    bool insert = false;
    std::vector<HistoryWrite> writes;
  };
  std::vector<Row> rows;
};

class Snapshot;

// Every transaction that names the row, by arrival. Reads the whole log.
Result<std::vector<HistoryEntry>> read_history(Snapshot& snapshot, CollectionId collection,
                                               const RowId& id);

// Parked transactions by arrival, after `after`, at most `count_max`.
Result<std::vector<ParkedEntry>> read_parked(Snapshot& snapshot, std::int64_t after,
                                             std::size_t count_max);

}  // namespace rollcall
