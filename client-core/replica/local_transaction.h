#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

class WriteBuffer;

// A field by its name, and what it is to be given.
struct NamedValue {
  std::string_view field;
  ValueView value;
};

// What a commit made.
struct Committed {
  TxNumber number;  // 0: nothing was written, so nothing was made
  Stamp stamp;
};

// One transaction of the user's: all of its writes are made, or none. When `commit` has returned,
// they are on the disk (one SQLite transaction, one fsync), visible to reads, and will be pushed.
// Each write is checked as the server will check it; a refused one changes nothing and leaves the
// transaction usable. Destroyed without a commit it rolls back. One at a time; no reply can be
// taken meanwhile. Rows cannot be read back through the replica's queries before the commit.
class LocalTransaction {
 public:
  LocalTransaction(LocalTransaction&& other) noexcept;
  LocalTransaction& operator=(LocalTransaction&& other) noexcept;
  ~LocalTransaction();

  // Inserts a row. Without `id` one is made (UUIDv7), or derived where the collection says so (a
  // given one must then be the derived one). Where a row with this id exists already, the insert
  // merges into it, as it would on the server. Set fields may be named several times: an element
  // each. `bad_value`, `too_long`, `unknown_collection`, `unknown_field`, `wrong_id`.
  Result<RowId> put(std::string_view collection, std::span<const NamedValue> values,
                    std::optional<RowId> id = std::nullopt);

  // Inserts `rows` rows of plain fields (no sets): cells row by row, one for each of `fields`.
  // `ids`: one for each row, or empty: they are made, and written to `made` if it is given. The
  // fast way in: no allocation a row. A refused row is named in the error by its place; the rows
  // before it stay in the transaction.
  Result<void> put_rows(const CollectionDef& collection, std::span<const FieldId> fields,
                        std::size_t rows, std::span<const RowId> ids,
                        std::span<const ValueView> cells, std::vector<RowId>* made = nullptr);

  // Gives fields of an existing row new values. Not for sets and counters (`bad_value`).
  // `unknown_row` when there is none in sight; `append_only` where rows never change.
  Result<void> set(std::string_view collection, const RowId& id,
                   std::span<const NamedValue> values);
  // A set gains an element; a counter is moved by an integer, which may be negative.
  Result<void> add(std::string_view collection, const RowId& id, std::string_view field,
                   ValueView value);
  // A set loses an element; one that is not in it is no error.
  Result<void> remove(std::string_view collection, const RowId& id, std::string_view field,
                      ValueView element);
  // Opens the next generation of a `first` or `ladder` field with this value: an undo.
  // `bad_value` for a field of another rule.
  Result<void> undo(std::string_view collection, const RowId& id, std::string_view field,
                    ValueView value);
  // Deletes a row, or brings a deleted one back (`undelete`).
  Result<void> delete_row(std::string_view collection, const RowId& id);
  Result<void> undelete_row(std::string_view collection, const RowId& id);

  // Decides an open conflict: puts the losing value back, or only closes it. `not_found` when no
  // such loser is open, `not_allowed` where the field's rule lets it only be closed.
  Result<void> restore_loser(std::string_view collection, const RowId& id, std::string_view field,
                             Stamp writer);
  Result<void> close_loser(std::string_view collection, const RowId& id, std::string_view field,
                           Stamp writer);

  // `too_large` when the transaction is larger than the server takes: nothing is written then, and
  // the transaction is over, as after every failed commit.
  Result<Committed> commit();
  void rollback();

 private:
  friend class Replica;
  explicit LocalTransaction(std::unique_ptr<WriteBuffer> buffer);

  std::unique_ptr<WriteBuffer> buffer_;
};

}  // namespace rollcall
