#include "client-core/replica/orphans.h"

#include <algorithm>
#include <vector>

#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "engine/storage/connection.h"
#include "engine/storage/layout.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* create_sql =
    "CREATE TABLE IF NOT EXISTS _orphans(collection INTEGER NOT NULL, id BLOB NOT NULL, name TEXT "
    "NOT NULL, written_ms INTEGER NOT NULL, found_ms INTEGER NOT NULL, fields TEXT NOT NULL, "
    "PRIMARY KEY(collection, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS _orphan_watch(one INTEGER PRIMARY KEY CHECK(one = 1), restored_ms "
    "INTEGER NOT NULL);"
    "CREATE VIEW IF NOT EXISTS orphaned_by_restore AS SELECT name AS collection, id, written_ms, "
    "found_ms, fields FROM _orphans";

Json json_of(const FieldDef& field, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return nullptr;
    case ValueKind::boolean: return value.integer != 0;
    case ValueKind::integer: return value.integer;
    case ValueKind::text: return std::string(value.bytes);
    case ValueKind::bytes: break;
  }
  const bool is_id = field.type == FieldType::id && value.bytes.size() == RowId::size_bytes;
  return is_id ? RowId::from_bytes(value.bytes).text() : to_base64(value.bytes);
}

Json json_of(const CollectionDef& def, const RowState& state) {
  Json fields = Json::object();
  for (std::size_t i = 1; i < state.fields.size(); ++i) {
    const FieldState& field = state.fields[i];
    if (field.stamp == Stamp{} && field.elements.empty()) continue;
    Json& shown = fields[def.fields[i].name];
    if (def.fields[i].rule != MergeRule::set) {
      shown = json_of(def.fields[i], field.value.view());
      continue;
    }
    shown = Json::array();
    for (const SetElement& element : field.elements) {
      shown.push_back(json_of(def.fields[i], element.value.view()));
    }
  }
  return fields;
}

}  // namespace

Result<void> Orphans::reload() {
  restored_ms_.reset();
  has_any_ = false;
  ROLLCALL_TRY_ASSIGN(
      Statement there,
      connection_->cached("SELECT 1 FROM sqlite_schema WHERE name = '_orphan_watch'"));
  ROLLCALL_TRY_ASSIGN(has_tables_, there.step());
  if (!has_tables_) return {};
  there.reset();
  ROLLCALL_TRY_ASSIGN(Statement watch,
                      connection_->cached("SELECT restored_ms FROM _orphan_watch"));
  ROLLCALL_TRY_ASSIGN(const bool watches, watch.step());
  if (watches) restored_ms_ = watch.integer(0);
  watch.reset();
  ROLLCALL_TRY_ASSIGN(const std::uint64_t orphaned, count());
  has_any_ = orphaned != 0;
  return {};
}

Result<void> Orphans::begin(std::int64_t restored_ms) {
  ROLLCALL_TRY(connection_->execute(create_sql));
  has_tables_ = true;
  // Restored again before the read was complete: what is newer than the older of the two.
  restored_ms_ = std::min(restored_ms_.value_or(restored_ms), restored_ms);
  ROLLCALL_TRY_ASSIGN(
      Statement insert,
      connection_->cached("INSERT OR REPLACE INTO _orphan_watch(one, restored_ms) VALUES(1, ?1)"));
  insert.bind_integer(1, *restored_ms_);
  return insert.run();
}

Result<void> Orphans::row_goes(const RowKey& key, const CollectionDef& def, const RowState& state,
                               std::int64_t now_ms) {
  if (!restored_ms_ || state.is_deleted()) return {};
  Stamp newest;
  for (const FieldState& field : state.fields) {
    newest = std::max(newest, field.stamp);
    for (const SetElement& element : field.elements) newest = std::max(newest, element.stamp);
  }
  const auto written_ms = static_cast<std::int64_t>(newest.ms());
  if (written_ms <= *restored_ms_) return {};
  const std::string fields =
      json_of(def, state).dump(-1, ' ', false, Json::error_handler_t::replace);
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_->cached("INSERT OR REPLACE INTO _orphans(collection, id, name, "
                                          "written_ms, found_ms, fields) VALUES(?1, ?2, ?3, ?4, "
                                          "?5, ?6)"));
  insert.bind_integer(1, key.collection.value);
  insert.bind_id(2, key.id);
  insert.bind_text(3, def.name);
  insert.bind_integer(4, written_ms);
  insert.bind_integer(5, now_ms);
  insert.bind_text(6, fields);
  has_any_ = true;
  return insert.run();
}

Result<void> Orphans::end_read() {
  if (restored_ms_) ROLLCALL_TRY(connection_->execute("DELETE FROM _orphan_watch"));
  restored_ms_.reset();
  if (!has_any_) return {};
  std::vector<std::string> collections;
  {
    ROLLCALL_TRY_ASSIGN(Statement names, connection_->cached("SELECT DISTINCT name FROM _orphans"));
    for (;;) {
      ROLLCALL_TRY_ASSIGN(const bool more, names.step());
      if (!more) break;
      collections.emplace_back(names.text(0));
    }
  }
  for (const std::string& collection : collections) {
    // Rows in confirmed state have paths.
    ROLLCALL_TRY_ASSIGN(
        Statement erase,
        connection_->cached("DELETE FROM _orphans WHERE name = ?1 AND id IN (SELECT _id FROM " +
                            rollcall::quoted("_" + collection) + " WHERE _paths > 1)"));
    erase.bind_text(1, collection);
    ROLLCALL_TRY(erase.run());
  }
  ROLLCALL_TRY_ASSIGN(const std::uint64_t left, count());
  has_any_ = left != 0;
  return {};
}

Result<std::uint64_t> Orphans::count() {
  if (!has_tables_) return std::uint64_t{0};
  ROLLCALL_TRY_ASSIGN(Statement count, connection_->cached("SELECT count(*) FROM _orphans"));
  ROLLCALL_TRY(count.step());
  return static_cast<std::uint64_t>(count.integer(0));
}

}  // namespace rollcall
