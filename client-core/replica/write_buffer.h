#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "client-core/replica/local_transaction.h"
#include "client-core/replica/overlay.h"
#include "engine/codec/transaction.h"
#include "engine/merge/merge_row.h"
#include "engine/storage/transaction.h"

namespace rollcall {

struct ReplicaParts;

// What a local transaction under way has written: the SQLite transaction with the typed rows, and
// the transaction's bytes as far as they are made. Plain inserts of new rows go straight into the
// table and into the columns of the transaction's page. Every other write is kept as one RowWrite
// per row until the commit, because a page names each row once.
class WriteBuffer {
 public:
  WriteBuffer(ReplicaParts& parts, Transaction sql, Stamp stamp);
  ~WriteBuffer();
  WriteBuffer(const WriteBuffer&) = delete;
  WriteBuffer& operator=(const WriteBuffer&) = delete;

  Result<RowId> put(std::string_view collection, std::span<const NamedValue> values,
                    std::optional<RowId> id);
  Result<void> put_rows(const CollectionDef& collection, std::span<const FieldId> fields,
                        std::size_t rows, std::span<const RowId> ids,
                        std::span<const ValueView> cells, std::vector<RowId>* made);
  // Opens the next generation.
  Result<void> undo(std::string_view collection, const RowId& id, std::string_view name,
                    ValueView value);
  Result<void> set(std::string_view collection, const RowId& id,
                   std::span<const NamedValue> values);
  Result<void> add(std::string_view collection, const RowId& id, std::string_view name,
                   const ValueView& value);
  Result<void> remove(std::string_view collection, const RowId& id, std::string_view name,
                      const ValueView& element);
  Result<void> set_deleted(std::string_view collection, const RowId& id, bool deleted);
  Result<void> decide(std::string_view collection, const RowId& id, std::string_view name,
                      Stamp writer, bool restore);
  // The same writes as another transaction's, with the bases of now.
  Result<void> repeat(const RowWrite& write);

  Result<Committed> commit();

 private:
  // A row that is written in the general way.
  struct OpenRow {
    KnownRow known;   // as it stood before this transaction
    RowState before;  // what was in sight
    bool existed = false;
    bool noted = false;  // the notes and the base that make it pending are written
    RowWrite write;
    std::size_t extra_bytes = 0;  // of set elements, about
  };
  // The plain insert that is under way: the same fields row after row.
  struct Inserting {
    const CollectionDef* def = nullptr;
    ReplicaTable* table = nullptr;
    std::vector<FieldId> fields;          // with `_deleted` first
    std::vector<const FieldDef*> defs;    // of these
    std::vector<std::size_t> derived_at;  // places of the fields that the id is derived from
    std::size_t section = 0;
    Bytes stamps;
  };

  struct FieldValue {
    const FieldDef* def = nullptr;
    ValueView value;
  };

  Result<const CollectionDef*> find(std::string_view collection) const;
  Result<std::vector<FieldValue>> resolve(const CollectionDef& def,
                                          std::span<const NamedValue> values) const;
  Result<void> begin_inserting(const CollectionDef& def, std::span<const FieldId> fields);
  // The cells of the fields of `inserting_` are in `cells_`, `_deleted` first.
  Result<RowId> insert_plain(std::optional<RowId> given);
  Result<RowId> derived_or(const CollectionDef& def, std::optional<RowId> given);
  Result<void> insert_openly(const CollectionDef& def, const RowId& id,
                             const std::vector<FieldValue>& values);

  // The row, loaded if need be.
  Result<OpenRow*> open(const CollectionDef& def, const RowId& id);
  // One that is in sight, in a collection whose rows may change.
  Result<OpenRow*> open_existing(const CollectionDef& def, const RowId& id, bool deleted_too);
  void take_over_insert(OpenRow& row);
  [[nodiscard]] const FieldState* seen_field(const OpenRow& row, FieldId field) const;
  static FieldWrite& write_of(OpenRow& row, FieldId field);
  Result<std::vector<SetRemoval>> removals_of(OpenRow& row, const FieldDef& field,
                                              const SetElement& element);
  ValueView keep(const ValueView& value);
  void put_value(OpenRow& row, const FieldDef& field, const ValueView& value);
  Result<void> add_element(OpenRow& row, const FieldDef& field, const ValueView& value);
  Result<void> remove_element(OpenRow& row, const FieldDef& field, const ValueView& element);
  Result<void> repeat_field(OpenRow& row, const FieldDef& field, const FieldWrite& write);
  // Changes what is written of a row and shows it; a refused change leaves it as it was.
  Result<void> change(OpenRow& row, const std::function<Result<void>()>& change);
  // Shows what the row's writes make of it.
  Result<void> show(OpenRow& row);
  [[nodiscard]] Result<void> check_room() const;
  // `not_allowed` for a field that the server would surely refuse.
  [[nodiscard]] Result<void> check_right(const CollectionDef& def, bool insert,
                                         FieldId field) const;

  Result<Bytes> encode();

  ReplicaParts& parts_;
  Transaction sql_;
  Stamp stamp_;
  TxNumber number_;
  TransactionWriter writer_;
  std::size_t plain_rows_ = 0;
  Inserting inserting_;
  std::map<RowKey, OpenRow> open_;
  std::set<RowKey> moved_;  // plain inserts that were written again: they count in `open_` now
  std::deque<Value> values_;
  std::vector<ValueView> cells_;
  std::vector<ValueView> derived_;
  RowEffect effect_;
  RowState visible_;
  bool is_broken_ = false;  // a write failed half-way: nothing of this may be committed
};

}  // namespace rollcall
