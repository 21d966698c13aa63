#include "server/space/erasure.h"

#include <algorithm>
#include <unordered_set>

#include "engine/codec/transaction.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr const char* create_erasures_sql =
    "CREATE TABLE _erasures(sequence INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, "
    "reason TEXT NOT NULL, done INTEGER NOT NULL)";
constexpr const char* create_erased_sql =
    "CREATE TABLE _erased(collection INTEGER NOT NULL, id BLOB NOT NULL, "
    "sequence INTEGER NOT NULL, back INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(collection, id)) "
    "WITHOUT ROWID";

}  // namespace

std::vector<std::string> ErasureTable::create_statements() {
  return {create_erasures_sql, create_erased_sql};
}

std::vector<Upgrade> ErasureTable::upgrades() {
  return {{"_erasures", "", create_erasures_sql},
          {"_erasures", "done", "ALTER TABLE _erasures ADD COLUMN done INTEGER NOT NULL DEFAULT 0"},
          {"_erased", "", create_erased_sql},
          {"_erased", "back", "ALTER TABLE _erased ADD COLUMN back INTEGER NOT NULL DEFAULT 0"}};
}

Result<void> ErasureTable::add(Sequence sequence, std::int64_t at_ms, std::string_view reason,
                               std::span<const ErasedRow> rows) {
  ROLLCALL_TRY_ASSIGN(Statement erasure,
                      connection_->cached("INSERT INTO _erasures(sequence, at_ms, reason, done) "
                                          "VALUES(?1, ?2, ?3, 0)"));
  erasure.bind_integer(1, static_cast<std::int64_t>(sequence.value));
  erasure.bind_integer(2, at_ms);
  erasure.bind_text(3, reason);
  ROLLCALL_TRY(erasure.run());
  ROLLCALL_TRY_ASSIGN(Statement erased,
                      connection_->cached("INSERT INTO _erased(collection, id, sequence) "
                                          "VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET back = 0"));
  for (const ErasedRow& row : rows) {
    erased.bind_integer(1, row.collection.value);
    erased.bind_id(2, row.id);
    erased.bind_integer(3, static_cast<std::int64_t>(sequence.value));
    ROLLCALL_TRY(erased.run());
  }
  return {};
}

Result<std::set<ErasedRow>> ErasureTable::rows(const char* sql) {
  ROLLCALL_TRY_ASSIGN(Statement select, connection_->cached(sql));
  std::set<ErasedRow> rows;
  while (true) {
    ROLLCALL_TRY_ASSIGN(const bool more, select.step());
    if (!more) return rows;
    if (select.bytes(1).size() != RowId::size_bytes) {
      return failure(ErrorCode::corrupt, "_erased: a row's id is not 16 bytes");
    }
    rows.insert({CollectionId(static_cast<std::uint16_t>(select.integer(0))),
                 RowId::from_bytes(select.bytes(1))});
  }
}

Result<std::set<ErasedRow>> ErasureTable::all() {
  return rows("SELECT collection, id FROM _erased");
}

Result<std::set<ErasedRow>> ErasureTable::gone() {
  return rows("SELECT collection, id FROM _erased WHERE back = 0");
}

Result<std::set<ErasedRow>> ErasureTable::unfinished() {
  ROLLCALL_TRY_ASSIGN(Statement one, connection_->cached("SELECT 1 FROM _erasures WHERE done = 0"));
  ROLLCALL_TRY_ASSIGN(const bool any, one.step());
  one.reset();
  // Rows that were erased twice stand there once, under the first erasure.
  return any ? gone() : std::set<ErasedRow>();
}

Result<void> ErasureTable::mark_back(const std::set<RowId>& ids) {
  ROLLCALL_TRY_ASSIGN(Statement update,
                      connection_->cached("UPDATE _erased SET back = 1 WHERE id = ?1"));
  for (const RowId& id : ids) {
    update.bind_id(1, id);
    ROLLCALL_TRY(update.run());
  }
  return {};
}

Result<Sequence> ErasureTable::last() {
  ROLLCALL_TRY_ASSIGN(Statement select,
                      connection_->cached("SELECT coalesce(max(sequence), 0) FROM _erasures"));
  ROLLCALL_TRY(select.step());
  const Sequence last(static_cast<std::uint64_t>(select.integer(0)));
  select.reset();
  return last;
}

Result<void> ErasureTable::finish_through(Sequence sequence) {
  ROLLCALL_TRY_ASSIGN(Statement update, connection_->cached("UPDATE _erasures SET done = 1 "
                                                            "WHERE sequence <= ?1"));
  update.bind_integer(1, static_cast<std::int64_t>(sequence.value));
  return update.run();
}

std::vector<RowId> named_rows(const RowWrite& write) {
  std::vector<RowId> named;
  const auto look = [&](const ValueView& value) {
    if (value.kind == ValueKind::bytes && value.bytes.size() == RowId::size_bytes) {
      named.push_back(RowId::from_bytes(value.bytes));
    }
  };
  for (const FieldWrite& field : write.fields) {
    if (field.has_value) look(field.value);
    for (const Value& added : field.adds) look(added);
  }
  return named;
}

Result<Redacted> without_rows(BytesView body, const GoesToo& goes) {
  Redacted redacted;
  TransactionReader reader;
  // What does not decode was refused for it, and names no row that anybody could tell.
  if (const auto opened = reader.open(body); !opened) return redacted;
  TransactionWriter writer;
  for (RowWrite write; reader.next(write);) {
    ROLLCALL_TRY_ASSIGN(const bool is_erased, goes(write));
    if (is_erased) {
      redacted.changed = true;
    } else {
      writer.add(write);
    }
  }
  if (!redacted.changed || writer.rows() == 0) return redacted;
  ROLLCALL_TRY_ASSIGN(redacted.bytes, writer.finish(reader.head()));
  return redacted;
}

Result<Redacted> without_rows(BytesView body, const std::set<ErasedRow>& rows, Redact what) {
  std::unordered_set<RowId> ids;
  if (what == Redact::rows_and_naming) {
    for (const ErasedRow& row : rows) ids.insert(row.id);
  }
  return without_rows(body, [&](const RowWrite& write) -> Result<bool> {
    if (covers(rows, write.collection, write.id)) return true;
    if (ids.empty()) return false;
    const std::vector<RowId> named = named_rows(write);
    return std::any_of(named.begin(), named.end(),
                       [&](const RowId& id) { return ids.contains(id); });
  });
}

}  // namespace rollcall
