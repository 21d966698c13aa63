#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/codec/transaction.h"
#include "engine/merge/merge_row.h"
#include "engine/model/schema.h"
#include "engine/protocol/sealed.h"
#include "engine/storage/connection.h"
#include "engine/storage/server_table.h"
#include "server/space/authority.h"
#include "server/space/device_table.h"
#include "server/space/erased_rows.h"
#include "server/space/past_roles.h"
#include "server/space/row_writer.h"
#include "server/space/transaction_log.h"

namespace rollcall {

// An earlier epoch, and the end of the log that a restore left of it.
struct RestoredLog {
  Epoch epoch;
  Sequence head;
};

// One transaction that is to be judged.
struct TransactionCase {
  const StoredDevice* device = nullptr;
  TxNumber number;
  BytesView bytes;
  Sequence sequence;  // that it takes if it is accepted
  std::int64_t server_ms = 0;
  Epoch epoch;
  // Somebody who may decide accepted it: its author needs no authority.
  bool approved = false;
  // Of one that was judged before: the stamp it was given then.
  std::optional<Stamp> accepted;
  // After a restore: an edit of a row that is not there waits for somebody who brings it back.
  bool may_wait = false;
  // Of one that an earlier epoch took: its cursor counts as far as the restored log goes.
  std::optional<RestoredLog> restored;
};

struct JudgedTransaction {
  Judgement judgement;
  Sequence cursor;  // that it counts as having read up to
  std::int64_t cursor_ms = 0;
};

// Decides what becomes of transactions, and applies those that are accepted, one after the other in
// the caller's write transaction. A refused one leaves nothing behind: it takes a savepoint back,
// or was refused before it wrote anything.
//
// Every value is checked again here: a client is a stranger. What is wrong inside a transaction is
// its judgement; an Error is the disk's and ends the whole group.
class TransactionJudge final : private OwnTransactions {
 public:
  TransactionJudge(Connection& connection, PathIndex& paths, ChangeSet& changes,
                   TransactionLog& log, const Sealer& sealer)
      : connection_(&connection),
        paths_(&paths),
        changes_(&changes),
        log_(&log),
        sealer_(&sealer),
        writer_(connection, paths, changes) {}

  // The tables of the schema that transactions are judged by, and its roles. Both must live as
  // long.
  Result<void> open_tables(const Schema& schema, SpaceRoles& roles);

  // Roles of before, for what was written under them; they must live as long.
  void choose_past(const PastRoles& past) { past_roles_ = &past; }

  Result<JudgedTransaction> judge(const TransactionCase& which);
  // Takes a row away, with what it adds to digests; false when there is none.
  Result<bool> forget_row(CollectionId collection, const RowId& id);
  // For a replay: these rows were there when others named them.
  void remember_erased(std::set<ErasedRow> rows) { remembered_ = std::move(rows); }
  // Nobody but the server itself brings these rows back.
  void refuse_erased(std::set<ErasedRow> rows) { erased_ = ErasedRows(std::move(rows)); }
  [[nodiscard]] const ErasedRows& refused_rows() const { return erased_; }
  // The rows that the transaction judged last inserts, or would insert.
  [[nodiscard]] std::vector<std::pair<CollectionId, RowId>> inserts() const;

 private:
  // What a collection's rows are written with.
  struct Table {
    ServerTable rows;
    std::vector<std::uint8_t> makes_path;  // by position: a template names the field
    std::vector<std::uint16_t> required;   // positions
  };
  // What is known of a section before its rows are looked at.
  struct SectionPlan {
    Table* table = nullptr;
    std::vector<std::uint16_t> positions;  // of its fields
    bool plain = false;                    // an insert whose rows need no merge if they are new
    // Places, among the section's fields, of references that their writer must see the row of.
    std::vector<std::pair<std::uint16_t, CollectionId>> guarded;
    bool moves = false;    // writes what the rows' paths are made of
    Authority::Wish wish;  // what its rows ask for
  };
  // A row that is there already, kept from the look at its stamps to its merge.
  struct LoadedRow {
    RowId id;  // that was looked up
    bool looked_up = false;
    bool found = false;
    ServerRow row;
  };

  // A reference that a transaction writes into a guarded field.
  struct Reference {
    CollectionId from;
    FieldId field;
    CollectionId to;
    RowId id;
    friend bool operator==(const Reference&, const Reference&) = default;
  };

  std::optional<Stamp> accepted(TxNumber number) const override;

  // Each gives false when the transaction is refused; `fault_` says why.
  bool refuse(VerdictKind kind, ErrorCode code, std::string reason, CollectionId collection = {},
              FieldId field = {});
  bool refuse(const Error& error, CollectionId collection, FieldId field = {});
  bool check_head(const TransactionCase& which);
  bool check_standing(const TransactionCase& which);
  bool check_erased();
  bool plan_sections();
  bool plan_section(const Section& section, SectionPlan& plan);
  Result<bool> look_at_bases(Stamp& seen);
  Result<bool> apply_rows();
  Result<bool> apply_row(const SectionRow& from, const SectionPlan& plan, std::size_t place);
  Result<bool> apply_merged(const SectionPlan& plan, LoadedRow& loaded);
  [[nodiscard]] bool hides_unseen(const ServerRow& row) const;
  bool check_cells(const SectionRow& from, const SectionPlan& plan);
  bool check_write(const CollectionDef& collection, const SectionPlan& plan);
  bool check_field(const CollectionDef& collection, const FieldDef& def, const FieldWrite& write);
  bool check_id(const CollectionDef& collection);
  bool check_set_sizes(const CollectionDef& collection, const RowState& row);
  bool may_write(const Authority::Wish& wish, const CollectionDef& collection, bool is_new);
  bool refuse(const Authority::Ruling& ruling, const CollectionDef& collection);
  Result<void> look_at_paths(const ServerRow& row, bool also_left);
  Result<Authority::Standing> sight(const ServerRow& row, CollectionId collection);
  Result<bool> may_see(const LoadedRow& loaded, const CollectionDef& collection);
  void note_references(const SectionRow& from, const SectionPlan& plan);
  Result<bool> check_references();
  Result<bool> check_reference(const Reference& reference);
  bool may_touch(const LoadedRow& loaded, const SectionPlan& plan);
  void note_overwritten(const CollectionDef& collection, const RowState& row);
  Result<bool> unknown_row(const CollectionDef& collection, const RowId& id,
                           std::uint64_t reads_before);

  void read_cursor(const TransactionCase& which, bool has_head);
  void read_write(const SectionRow& from);
  Result<LoadedRow*> load(ServerTable& table, const RowId& id, std::size_t place);
  [[nodiscard]] bool is_same(const CollectionDef& collection, const RowState& row) const;

  Connection* connection_;
  PathIndex* paths_;
  ChangeSet* changes_;
  TransactionLog* log_;
  const Sealer* sealer_;
  RowWriter writer_;
  const Schema* schema_ = nullptr;
  SpaceRoles* roles_ = nullptr;
  const PastRoles* past_roles_ = nullptr;
  std::map<CollectionId, Table> tables_;

  // The transaction under judgement.
  const TransactionCase* case_ = nullptr;
  TransactionReader reader_;
  std::optional<Authority> authority_;
  JudgedTransaction judged_;
  std::vector<SectionPlan> plans_;
  std::vector<Reference> references_;
  bool has_guarded_ = false;
  bool merged_ = false;

  // Reused from row to row.
  RowWrite write_;
  std::vector<FieldStamp> bases_;
  std::vector<LoadedRow> loaded_;
  LoadedRow alone_;
  ServerRow named_;  // by a guarded reference
  std::set<ErasedRow> remembered_;
  ErasedRows erased_;
  RowEffect effect_;
  std::vector<std::string> row_paths_;
  std::vector<std::string_view> present_;  // where the row lies, for authority
  std::vector<FieldId> overwritten_;       // of a row that is there, by an insert
  Authority::Wish overwrite_;
  bool may_undo_ = true;
  std::vector<ValueView> id_values_;

  // Cursors repeat from transaction to transaction.
  Bytes last_cursor_;
  std::optional<Cursor> last_opened_;
};

}  // namespace rollcall
