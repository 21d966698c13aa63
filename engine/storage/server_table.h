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
#include "engine/model/packed_stamps.h"
#include "engine/storage/row_columns.h"
#include "engine/storage/statement.h"

namespace rollcall {

class Connection;

// A (path, row) entry: the sequence at which the row entered the path, and the one at which it
// left it (0: it is there).
struct PathEntry {
  std::int64_t path = 0;  // PathIndex's number
  Sequence entered;
  Sequence left;
  friend bool operator==(const PathEntry&, const PathEntry&) = default;
};

// `_paths`: per entry, ascending by path, the varints of path, entered sequence, left sequence.
void pack_paths(std::span<const PathEntry> entries, Bytes& out);
Result<void> unpack_paths(BytesView packed, std::vector<PathEntry>& out);

struct ServerPlace {
  std::int64_t key = 0;  // the table's integer key; never leaves the file
  Sequence last;         // row-last-sequence
  bool deleted = false;
};

struct ServerRow {
  RowId id;
  ServerPlace place;
  std::vector<Sequence> sequences;  // by position: when each field last changed; 0: never written
  std::vector<PathEntry> paths;
  RowState state;  // by position
};

// A row as it lies in the table: views that live until the statement's next step.
struct ServerImage {
  BytesView id;
  ServerPlace place;
  BytesView stamps;
  BytesView sequences;
  BytesView paths;
  BytesView extra;  // empty: nothing
  std::vector<ValueView> cells;
};

// What the bytes of an inserted row say, packed by the caller, who packs them once for many rows.
struct ServerPacked {
  BytesView stamps;
  BytesView sequences;
  BytesView paths;
  Sequence last;
};

// One collection's rows on the server. Statements are prepared once; writes belong into the
// caller's transaction, which also keeps `_index` (engine/storage/path_index.h).
class ServerTable {
 public:
  // Collection and connection must live at least as long, and stay where they are in memory. The
  // table must exist (engine/storage/layout.h).
  static Result<ServerTable> open(Connection& connection, const CollectionDef& collection);

  // Says which fields the cells of the following insert_plain() are, ascending; one that the
  // collection does not have is left out.
  void choose_fields(std::span<const FieldId> fields);
  // A row whose fields need no extra. False, and nothing done, when the row exists; the key is the
  // connection's last_key().
  Result<bool> insert_plain(const RowId& id, std::span<const ValueView> cells,
                            const ServerPacked& packed);

  Result<std::optional<ServerPlace>> find(const RowId& id);
  // False when there is no such row. Reuses what `out` holds.
  Result<bool> read(const RowId& id, ServerRow& out);
  Result<bool> read(std::int64_t key, ServerRow& out);

  // Gives the row its key. `already_exists` when the id does.
  Result<void> insert(ServerRow& row);
  // Writes the row's bookkeeping and the columns of `changed` (positions, ascending).
  Result<void> update(const ServerRow& row, std::span<const std::uint16_t> changed);
  Result<void> erase(std::int64_t key);

  // For reading many: "SELECT <columns> FROM <table> AS r " + `rest`, whose rows `read` and
  // `read_image` understand, such as "WHERE r._last > ?1 ORDER BY r._last, r._id LIMIT ?2".
  [[nodiscard]] std::string select(std::string_view rest) const;
  Result<void> read(const Statement& from, ServerRow& out) const;
  Result<void> read_image(const Statement& from, ServerImage& out) const;

  [[nodiscard]] const RowColumns& columns() const { return columns_; }
  [[nodiscard]] const CollectionDef& collection() const { return columns_.collection(); }

 private:
  ServerTable(Connection& connection, const CollectionDef& collection);
  Result<void> prepare();
  Result<bool> read_one(Statement& from, ServerRow& out);
  void pack(const ServerRow& row);
  void bind_packed(Statement& statement, const ServerRow& row);
  Result<void> unpack_sequences_of(BytesView packed, ServerRow& out) const;

  Connection* connection_;
  RowColumns columns_;
  std::string name_;         // quoted
  std::vector<int> chosen_;  // for each cell its position, or -1
  Statement insert_plain_;
  Statement find_;
  Statement read_id_;
  Statement read_key_;
  Statement erase_;
  // Memory kept from row to row.
  Bytes stamps_;
  Bytes extra_;
  Bytes sequences_;
  Bytes paths_;
  std::string sql_;
  std::vector<std::string> set_texts_;  // by position
  mutable ServerImage image_;
  mutable std::vector<FieldSequence> unpacked_;
};

}  // namespace rollcall
