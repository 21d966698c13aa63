#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/model/field_state.h"
#include "engine/storage/row_columns.h"
#include "engine/storage/statement.h"

namespace rollcall {

class Connection;

// What a replica knows of a row beside its fields.
struct ReplicaPlace {
  std::int64_t key = 0;    // the table's integer key; never leaves the file
  std::int64_t paths = 0;  // interned path set; 0: not in confirmed state
  TxNumber tx;             // the last own transaction that wrote it; 0: none
  bool deleted = false;
};

struct ReplicaRow {
  RowId id;
  ReplicaPlace place;  // `deleted` is `state.is_deleted()`
  RowState state;      // by position; a field never written has no stamp
};

// A row as it lies in the table: views that live until the statement's next step.
struct ReplicaImage {
  BytesView id;
  ReplicaPlace place;
  BytesView stamps;
  BytesView extra;  // empty: nothing
  std::vector<ValueView> cells;
};

// One collection's rows in a replica: what the app sees. The only writer of the typed table,
// because it also keeps the full-text index: a row that is deleted or erased leaves it, and comes
// back with an undelete.
//
// Statements are prepared once. Writes belong into the caller's transaction.
class ReplicaTable {
 public:
  // Collection and connection must live at least as long, and stay where they are in memory. The
  // table must exist (engine/storage/layout.h).
  static Result<ReplicaTable> open(Connection& connection, const CollectionDef& collection);

  // Says which fields the cells of the following insert_plain() are, ascending; one that the
  // collection does not have is left out.
  void choose_fields(std::span<const FieldId> fields);
  // A row whose fields need no extra, as it came: cells in the chosen fields' order, packed stamps.
  // False, and nothing done, when the row exists; the key is the connection's last_key().
  Result<bool> insert_plain(const RowId& id, std::span<const ValueView> cells, BytesView stamps,
                            std::int64_t paths, TxNumber tx);

  Result<std::optional<ReplicaPlace>> find(const RowId& id);
  // False when there is no such row. Reuses what `out` holds.
  Result<bool> read(const RowId& id, ReplicaRow& out);
  Result<bool> read(std::int64_t key, ReplicaRow& out);

  // Gives the row its key. `already_exists` when the id does.
  Result<void> insert(ReplicaRow& row);
  // Writes the row's bookkeeping and the columns of `changed` (positions, ascending).
  Result<void> update(const ReplicaRow& row, std::span<const std::uint16_t> changed);
  // Bookkeeping only: the app sees no change.
  Result<void> set_place(std::int64_t key, std::int64_t paths, TxNumber tx);
  Result<void> erase(std::int64_t key);

  // For reading many: "SELECT <columns> FROM <table> AS r " + `rest`, whose rows `read` and
  // `read_image` understand, such as "WHERE r._tx > ?1 ORDER BY r._key".
  [[nodiscard]] std::string select(std::string_view rest) const;
  Result<void> read(const Statement& from, ReplicaRow& out) const;
  Result<void> read_image(const Statement& from, ReplicaImage& out) const;

  [[nodiscard]] const RowColumns& columns() const { return columns_; }
  [[nodiscard]] const CollectionDef& collection() const { return columns_.collection(); }

 private:
  ReplicaTable(Connection& connection, const CollectionDef& collection);
  Result<void> prepare();
  Result<bool> read_one(Statement& from, ReplicaRow& out);
  Result<void> add_to_search(std::int64_t key, const RowState& state);
  Result<void> remove_from_search(std::int64_t key);

  Connection* connection_;
  RowColumns columns_;
  std::string name_;                   // quoted
  std::vector<std::uint16_t> search_;  // positions of the fields that the full-text index holds
  std::vector<int> chosen_;            // for each cell its position, or -1
  std::vector<int> search_cells_;      // for each of `search_` its cell, or -1
  Statement insert_plain_;
  Statement insert_search_;
  Statement find_;
  Statement read_id_;
  Statement read_key_;
  Statement place_;
  Statement erase_;
  Statement erase_search_;
  Statement read_search_;
  // Memory kept from row to row.
  Bytes stamps_;
  Bytes extra_;
  std::string sql_;
  std::vector<std::string> set_texts_;  // by position
  mutable ReplicaImage image_;
};

}  // namespace rollcall
