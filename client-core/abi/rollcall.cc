#include "rollcall/rollcall.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <nlohmann/json.hpp>

#include "client-core/abi/json_fields.h"
#include "client-core/abi/json_report.h"
#include "client-core/abi/replica_handle.h"
#include "client-core/abi/sealing.h"
#include "client-core/sync/enrollment.h"
#include "engine/codec/json_value.h"

// The C ABI over the replica: each function is a guard around a few calls. What the functions
// promise stands in rollcall.h.

using rollcall::Bytes;
using rollcall::CollectionDef;
using rollcall::Error;
using rollcall::ErrorCode;
using rollcall::failure;
using rollcall::FieldDef;
using rollcall::Result;
using rollcall::RowId;
using rollcall::Value;
using rollcall::ValueView;

namespace {

constexpr std::int64_t enroll_timeout_ms_default = 60'000;
constexpr std::int32_t sync_attempts_default = 3;

char* copied(std::string_view text) {
  auto* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

// Messages may quote what was given, and that may be anything: what is told is UTF-8 all the same.
std::string tellable(std::string message) {
  if (rollcall::is_utf8(message)) return message;
  for (char& c : message) {
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return message;
}

void tell(rollcall_error* where, const Error& error) {
  if (where == nullptr) return;
  where->code = static_cast<std::int32_t>(error.code);
  std::string message = tellable(error.message);
  // A character that does not fit is left out whole.
  std::size_t size = std::min(message.size(), sizeof where->message - 1);
  while (size < message.size() && (static_cast<unsigned char>(message[size]) & 0xc0) == 0x80)
    --size;
  std::memcpy(where->message, message.data(), size);
  where->message[size] = '\0';
}

void tell(std::string& where, const Error& error) { where = tellable(error.message); }

// For when there is no memory to tell more: short enough to need none.
void tell_briefly(rollcall_error* where) noexcept {
  if (where == nullptr) return;
  where->code = ROLLCALL_E_OUT_OF_MEMORY;
  std::strcpy(where->message, "out of memory");
}
void tell_briefly(std::string& where) noexcept {
  where.clear();
  where.append("out of memory");  // fits in the string itself, whatever its capacity
}

// Runs `body`, which returns a Result<void>, and tells `where` what failed; nothing thrown gets
// past here, not by the telling either.
template <class Where, class Body>
std::int32_t guarded(Where& where, const Body& body) noexcept {
  std::int32_t code = ROLLCALL_OK;
  try {
    try {
      const Result<void> done = body();
      if (done) return ROLLCALL_OK;
      code = static_cast<std::int32_t>(done.error().code);
      tell(where, done.error());
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& thrown) {
      code = ROLLCALL_E_INTERNAL;
      tell(where, failure(ErrorCode::internal, thrown.what()));
    }
  } catch (...) {
    if (code == ROLLCALL_OK) code = ROLLCALL_E_OUT_OF_MEMORY;
    tell_briefly(where);
  }
  return code;
}

template <class Body>
std::int32_t on(rollcall_replica* replica, const Body& body) noexcept {
  if (replica == nullptr) return ROLLCALL_E_INVALID_ARGUMENT;
  const std::lock_guard lock(replica->mutex);
  return guarded(replica->last_error, body);
}

Error missing(std::string_view what) {
  return failure(ErrorCode::invalid_argument, std::string(what) + " is missing");
}

// Options as this library knows them: a caller built against an older header passes fewer bytes.
template <class Options>
Result<Options> whole(const Options* options) {
  if (options == nullptr || options->size < sizeof(std::size_t)) return missing("options");
  Options known{};
  std::memcpy(&known, options, std::min(options->size, sizeof(Options)));
  return known;
}

Result<rollcall::LocalTransaction*> transaction_of(rollcall_replica& replica) {
  if (!replica.transaction) {
    return failure(ErrorCode::invalid_argument, "no transaction is open: call rollcall_begin");
  }
  return &*replica.transaction;
}

Result<const CollectionDef*> collection_of(rollcall_replica& replica, const char* name) {
  if (name == nullptr) return missing("the collection");
  const CollectionDef* collection = replica.replica->schema().find(std::string_view(name));
  if (collection == nullptr) {
    return failure(ErrorCode::unknown_collection,
                   "there is no collection \"" + std::string(name).substr(0, 60) + "\"");
  }
  return collection;
}

struct FieldPlace {
  const CollectionDef* collection;
  const FieldDef* field;
  RowId id;
};

Result<FieldPlace> place_of(rollcall_replica& replica, const char* collection, const char* id,
                            const char* field) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, collection_of(replica, collection));
  if (id == nullptr || field == nullptr) return missing("the id or the field");
  ROLLCALL_TRY_ASSIGN(const RowId row, RowId::parse(id));
  const FieldDef* found = def->find(field);
  if (found == nullptr) {
    return failure(ErrorCode::unknown_field,
                   def->name + " has no field \"" + std::string(field).substr(0, 60) + "\"");
  }
  return FieldPlace{def, found, row};
}

Result<Value> value_of(const FieldDef& field, const char* json) {
  if (json == nullptr) return missing("the value");
  ROLLCALL_TRY_ASSIGN(const nlohmann::json parsed, rollcall::parse_json(json));
  return rollcall::value_from_json(field, parsed);
}

Result<std::vector<Value>> parameters_of(const char* json) {
  std::vector<Value> values;
  if (json == nullptr) return values;
  ROLLCALL_TRY_ASSIGN(const nlohmann::json parsed, rollcall::parse_json(json));
  if (!parsed.is_array()) {
    return failure(ErrorCode::invalid_argument, "query parameters are a JSON array");
  }
  for (const auto& element : parsed) {
    if (element.is_null()) {
      values.emplace_back();
    } else if (element.is_boolean()) {
      values.push_back(Value::boolean(element.get<bool>()));
    } else if (element.is_number_integer()) {
      values.push_back(Value::integer(element.get<std::int64_t>()));
    } else if (element.is_string()) {
      values.push_back(Value::text(element.get_ref<const std::string&>()));
    } else if (element.is_object() && element.contains("id") && element["id"].is_string()) {
      ROLLCALL_TRY_ASSIGN(const RowId id,
                          RowId::parse(element["id"].get_ref<const std::string&>()));
      values.push_back(Value::bytes(id.view()));
    } else {
      return failure(ErrorCode::invalid_argument,
                     "a query parameter is null, true, a whole number, text or {\"id\": …}");
    }
  }
  return values;
}

std::vector<ValueView> views_of(const std::vector<Value>& values) {
  return {values.begin(), values.end()};
}

// "registration.admitted,walkin.seat"
std::vector<rollcall::QuietField> quiet_fields(const char* list) {
  std::vector<rollcall::QuietField> quiet;
  std::string_view rest = list == nullptr ? "" : list;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view name = rest.substr(0, end);
    const std::size_t dot = name.find('.');
    if (dot != std::string_view::npos) {
      quiet.push_back({std::string(name.substr(0, dot)), std::string(name.substr(dot + 1))});
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return quiet;
}

Bytes file_key_of(const unsigned char* key) {
  if (key == nullptr) return {};
  return {reinterpret_cast<const char*>(key), rollcall::replica_key_bytes};
}

Result<rollcall::Entrance> entrance_of(const rollcall_enroll_options& options) {
  rollcall::Entrance entrance;
  if (options.link != nullptr) {
    ROLLCALL_TRY_ASSIGN(entrance, rollcall::Entrance::from_link(options.link));
  } else if (options.url != nullptr && options.space != nullptr && options.code != nullptr) {
    entrance.url = options.url;
    entrance.space = options.space;
    entrance.code = options.code;
  } else {
    return missing("the invitation's link, or url, space and code,");
  }
  if (options.label != nullptr) entrance.label = options.label;
  return entrance;
}

Result<void> check_not_calling_back(const rollcall_replica& replica) {
  if (!replica.is_calling_back) return {};
  return failure(ErrorCode::invalid_argument,
                 "a callback of this replica is running: return from it, then sync");
}

// Replies cannot be taken inside a transaction, nor by two that sync.
Result<void> check_may_sync(const rollcall_replica& replica) {
  ROLLCALL_TRY(check_not_calling_back(replica));
  if (replica.background.joinable()) {
    return failure(ErrorCode::invalid_argument,
                   "the background thread syncs already: stop it first");
  }
  if (replica.transaction) {
    return failure(ErrorCode::invalid_argument, "a transaction is open: commit it, then sync");
  }
  return {};
}

// The cell, or nothing: where there is no such column, or no row.
ValueView cell_of(const rollcall_rows* rows, int32_t column) {
  if (rows == nullptr || column < 0) return {};
  const std::lock_guard lock(rows->owner->mutex);
  if (static_cast<std::size_t>(column) >= rows->query.columns()) return {};
  return rows->query.value(static_cast<std::size_t>(column));
}

// While it lives, what runs may be a caller's own function, which must not sync.
class CallingBack {
 public:
  explicit CallingBack(rollcall_replica& replica)
      : replica_(replica), before_(std::exchange(replica.is_calling_back, true)) {}
  ~CallingBack() { replica_.is_calling_back = before_; }
  CallingBack(const CallingBack&) = delete;
  CallingBack& operator=(const CallingBack&) = delete;

 private:
  rollcall_replica& replica_;
  bool before_;
};

// Observers hear of what has changed. That stands by now: what goes wrong here is told, but the
// call that made the change has done what it was to do.
void tell_observers(rollcall_replica& replica) noexcept {
  const CallingBack calling(replica);
  static_cast<void>(guarded(replica.last_error, [&] { return replica.replica->deliver(); }));
}

// What follows a change: a waiting session sends it, observers hear of it.
void after_change(rollcall_replica& replica) noexcept {
  replica.wake();
  tell_observers(replica);
}

rollcall::Sealing sealing_of(rollcall_replica& replica) {
  return {*replica.replica, {replica.system.cryptography, replica.system.random}};
}

// Runs `make`, which returns a text or an error, and gives the text to the caller.
template <class Make>
std::int32_t tells(rollcall_replica* replica, char** out, const Make& make) noexcept {
  return on(replica, [&]() -> Result<void> {
    if (out == nullptr) return missing("the place for the answer");
    *out = nullptr;
    ROLLCALL_TRY_ASSIGN(const std::string text, make());
    *out = copied(text);
    return {};
  });
}

}  // namespace

extern "C" {

int32_t rollcall_abi_version(void) { return ROLLCALL_ABI_VERSION; }

const char* rollcall_version(void) { return ROLLCALL_VERSION; }

const char* rollcall_error_name(int32_t code) {
  // The names are literals, so they end in NUL.
  return rollcall::error_name(static_cast<ErrorCode>(code)).data();
}

void rollcall_free(void* text) { std::free(text); }

int32_t rollcall_enroll(const rollcall_enroll_options* options, rollcall_replica** out,
                        rollcall_error* error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const auto known, whole(options));
    if (known.path == nullptr || out == nullptr) return missing("the replica's path");
    ROLLCALL_TRY_ASSIGN(const auto entrance, entrance_of(known));
    rollcall::ReplicaOptions how;
    how.file_key = file_key_of(known.file_key);
    if (known.app != nullptr) how.app = known.app;
    auto handle = std::make_unique<rollcall_replica>();
    ROLLCALL_TRY_ASSIGN(
        handle->replica,
        rollcall::enroll(known.path, entrance, handle->transport, handle->system.doors(), how,
                         known.timeout_ms > 0 ? known.timeout_ms : enroll_timeout_ms_default));
    handle->begin_session();
    *out = handle.release();
    return {};
  });
}

int32_t rollcall_open(const rollcall_open_options* options, rollcall_replica** out,
                      rollcall_error* error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const auto known, whole(options));
    if (known.path == nullptr || out == nullptr) return missing("the replica's path");
    auto handle = std::make_unique<rollcall_replica>();
    rollcall::ReplicaOptions how;
    if (known.vfs != nullptr) how.vfs = known.vfs;
    how.file_key = file_key_of(known.file_key);
    if (known.app != nullptr) how.app = known.app;
    how.quiet = quiet_fields(known.not_conflicts);
    ROLLCALL_TRY_ASSIGN(handle->replica,
                        rollcall::Replica::open(known.path, handle->system.doors(), how));
    handle->begin_session();
    *out = handle.release();
    return {};
  });
}

void rollcall_close(rollcall_replica* replica) { delete replica; }

const char* rollcall_last_error(const rollcall_replica* replica) {
  return replica == nullptr ? "" : replica->last_error.c_str();
}

/* --- Writing --- */

int32_t rollcall_begin(rollcall_replica* replica) {
  return on(replica, [&]() -> Result<void> {
    if (replica->transaction) {
      return failure(ErrorCode::already_exists, "a transaction is open already: commit it first");
    }
    ROLLCALL_TRY_ASSIGN(replica->transaction, replica->replica->begin());
    return {};
  });
}

int32_t rollcall_put(rollcall_replica* replica, const char* collection, const char* id,
                     const char* fields, char* id_out) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const CollectionDef* def, collection_of(*replica, collection));
    if (fields == nullptr) return missing("the fields' JSON");
    ROLLCALL_TRY_ASSIGN(const auto named, rollcall::fields_from_json(*def, fields));
    std::optional<RowId> given;
    if (id != nullptr) {
      ROLLCALL_TRY_ASSIGN(given, RowId::parse(id));
    }
    ROLLCALL_TRY_ASSIGN(const RowId row, transaction->put(collection, named.view(), given));
    if (id_out != nullptr) std::memcpy(id_out, row.text().c_str(), 37);
    return {};
  });
}

int32_t rollcall_set(rollcall_replica* replica, const char* collection, const char* id,
                     const char* fields) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const CollectionDef* def, collection_of(*replica, collection));
    if (id == nullptr || fields == nullptr) return missing("the id or the fields' JSON");
    ROLLCALL_TRY_ASSIGN(const RowId row, RowId::parse(id));
    ROLLCALL_TRY_ASSIGN(const auto named, rollcall::fields_from_json(*def, fields));
    return transaction->set(collection, row, named.view());
  });
}

int32_t rollcall_increment(rollcall_replica* replica, const char* collection, const char* id,
                           const char* field, int64_t by) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, id, field));
    return transaction->add(collection, place.id, field, ValueView::of_integer(by));
  });
}

int32_t rollcall_add(rollcall_replica* replica, const char* collection, const char* id,
                     const char* field, const char* element) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, id, field));
    ROLLCALL_TRY_ASSIGN(const Value value, value_of(*place.field, element));
    return transaction->add(collection, place.id, field, value);
  });
}

int32_t rollcall_remove(rollcall_replica* replica, const char* collection, const char* id,
                        const char* field, const char* element) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, id, field));
    ROLLCALL_TRY_ASSIGN(const Value value, value_of(*place.field, element));
    return transaction->remove(collection, place.id, field, value);
  });
}

int32_t rollcall_delete(rollcall_replica* replica, const char* collection, const char* id) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    if (collection == nullptr || id == nullptr) return missing("the collection or the id");
    ROLLCALL_TRY_ASSIGN(const RowId row, RowId::parse(id));
    return transaction->delete_row(collection, row);
  });
}

int32_t rollcall_undo(rollcall_replica* replica, const char* collection, const char* id,
                      const char* field, const char* value) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, id, field));
    ROLLCALL_TRY_ASSIGN(const Value given, value_of(*place.field, value));
    return transaction->undo(collection, place.id, field, given);
  });
}

int32_t rollcall_commit(rollcall_replica* replica, uint64_t* number_out) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto* transaction, transaction_of(*replica));
    auto committed = transaction->commit();
    replica->end_transaction();
    if (!committed) return std::move(committed).error();
    if (number_out != nullptr) *number_out = committed->number.value;
    after_change(*replica);
    return {};
  });
}

void rollcall_rollback(rollcall_replica* replica) {
  on(replica, [&]() -> Result<void> {
    replica->end_transaction();
    return {};
  });
}

/* --- Reading --- */

int32_t rollcall_query(rollcall_replica* replica, const char* sql, const char* parameters,
                       rollcall_rows** out) {
  return on(replica, [&]() -> Result<void> {
    if (sql == nullptr || out == nullptr) return missing("the SQL");
    ROLLCALL_TRY_ASSIGN(const std::vector<Value> values, parameters_of(parameters));
    ROLLCALL_TRY_ASSIGN(auto query, replica->replica->query(sql, views_of(values)));
    *out = new rollcall_rows{replica, std::move(query), {}};
    return {};
  });
}

int32_t rollcall_rows_next(rollcall_rows* rows) {
  if (rows == nullptr) return -ROLLCALL_E_INVALID_ARGUMENT;
  bool there = false;
  const std::int32_t code = on(rows->owner, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(there, rows->query.step());
    return {};
  });
  return code != ROLLCALL_OK ? -code : (there ? 1 : 0);
}

int32_t rollcall_rows_columns(const rollcall_rows* rows) {
  return rows == nullptr ? 0 : static_cast<int32_t>(rows->query.columns());
}

const char* rollcall_rows_name(const rollcall_rows* rows, int32_t column) {
  if (column < 0 || column >= rollcall_rows_columns(rows)) return "";
  const std::lock_guard lock(rows->owner->mutex);
  return rows->query.name(static_cast<std::size_t>(column)).data();
}

int32_t rollcall_rows_kind(const rollcall_rows* rows, int32_t column) {
  return static_cast<int32_t>(cell_of(rows, column).kind);
}

int64_t rollcall_rows_integer(const rollcall_rows* rows, int32_t column) {
  return cell_of(rows, column).integer;
}

const char* rollcall_rows_bytes(const rollcall_rows* rows, int32_t column, size_t* length) {
  if (length != nullptr) *length = 0;
  if (rows == nullptr) return "";
  const std::lock_guard lock(rows->owner->mutex);
  auto& shown = const_cast<rollcall_rows*>(rows)->shown;
  const std::int32_t code = guarded(rows->owner->last_error, [&]() -> Result<void> {
    shown.assign(cell_of(rows, column).bytes);
    return {};
  });
  if (code != ROLLCALL_OK) return "";
  if (length != nullptr) *length = shown.size();
  return shown.c_str();
}

void rollcall_rows_close(rollcall_rows* rows) {
  if (rows == nullptr) return;
  const std::lock_guard lock(rows->owner->mutex);
  delete rows;
}

int32_t rollcall_get(rollcall_replica* replica, const char* collection, const char* id,
                     char** json_out) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const CollectionDef* def, collection_of(*replica, collection));
    if (id == nullptr || json_out == nullptr) return missing("the id");
    ROLLCALL_TRY_ASSIGN(const RowId row, RowId::parse(id));
    const ValueView key = ValueView::of_bytes(row.view());
    ROLLCALL_TRY_ASSIGN(auto query,
                        replica->replica->query("SELECT * FROM \"" + def->name + "\" WHERE id = ?1",
                                                std::span<const ValueView>(&key, 1)));
    ROLLCALL_TRY_ASSIGN(const bool there, query.step());
    if (!there) {
      return failure(ErrorCode::not_found,
                     def->name + " has no row " + row.text() + " here; sync, or check the id");
    }
    auto json = nlohmann::json::object();
    for (std::size_t i = 0; i < query.columns(); ++i) {
      const std::string name(query.name(i));
      const FieldDef* field = def->find(name);
      json[name] = rollcall::value_to_json(field, query.value(i));
    }
    *json_out = copied(json.dump());
    return {};
  });
}

int32_t rollcall_search(rollcall_replica* replica, const char* collection, const char* text,
                        int32_t limit, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (collection == nullptr || text == nullptr || json_out == nullptr) return missing("the text");
    ROLLCALL_TRY_ASSIGN(
        const auto ids,
        replica->replica->search(collection, text, static_cast<std::size_t>(std::max(limit, 1))));
    auto json = nlohmann::json::array();
    for (const RowId& id : ids) json.push_back(id.text());
    *json_out = copied(json.dump());
    return {};
  });
}

int32_t rollcall_schema(rollcall_replica* replica, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    *json_out = copied(rollcall::schema_json(replica->replica->schema()));
    return {};
  });
}

int32_t rollcall_observe(rollcall_replica* replica, const char* sql, rollcall_observer callback,
                         void* context, uint64_t* observation_out) {
  return on(replica, [&]() -> Result<void> {
    if (sql == nullptr || callback == nullptr) return missing("the SQL or the callback");
    auto number = std::make_shared<std::uint64_t>(0);
    ROLLCALL_TRY_ASSIGN(
        const auto id,
        replica->replica->observe(sql, {}, [callback, context, number](rollcall::QueryRows&) {
          if (*number != 0) callback(context, *number);  // 0: the run that registers it
        }));
    *number = id.value;
    if (observation_out != nullptr) *observation_out = id.value;
    return {};
  });
}

void rollcall_unobserve(rollcall_replica* replica, uint64_t observation) {
  on(replica, [&]() -> Result<void> {
    replica->replica->unobserve(rollcall::ObserverId(observation));
    return {};
  });
}

/* --- Where things stand --- */

int32_t rollcall_status(rollcall_replica* replica, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    ROLLCALL_TRY_ASSIGN(const auto status, replica->replica->status());
    std::optional<std::int64_t> next_try = replica->session->next_try_ms();
    if (next_try) {
      *next_try += replica->system.clock.utc_ms() - replica->system.clock.steady_ms();
    }
    const auto& error =
        replica->background_error ? replica->background_error : replica->session->last_error();
    *json_out = copied(rollcall::status_json(*replica->replica, status, next_try, error));
    return {};
  });
}

int32_t rollcall_conflicts(rollcall_replica* replica, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    ROLLCALL_TRY_ASSIGN(const auto conflicts, replica->replica->conflicts());
    *json_out = copied(rollcall::conflicts_json(*replica->replica, conflicts));
    return {};
  });
}

static int32_t decide_conflict(rollcall_replica* replica, const char* conflict, bool restore) {
  return on(replica, [&]() -> Result<void> {
    if (conflict == nullptr) return missing("the conflict's name");
    ROLLCALL_TRY_ASSIGN(const auto named, rollcall::NamedConflict::parse(conflict));
    ROLLCALL_TRY_ASSIGN(auto transaction, replica->replica->begin());
    if (restore) {
      ROLLCALL_TRY(
          transaction.restore_loser(named.collection, named.row, named.field, named.writer));
    } else {
      ROLLCALL_TRY(transaction.close_loser(named.collection, named.row, named.field, named.writer));
    }
    ROLLCALL_TRY(transaction.commit());
    after_change(*replica);
    return {};
  });
}

int32_t rollcall_conflict_restore(rollcall_replica* replica, const char* conflict) {
  return decide_conflict(replica, conflict, true);
}

int32_t rollcall_conflict_close(rollcall_replica* replica, const char* conflict) {
  return decide_conflict(replica, conflict, false);
}

int32_t rollcall_tray(rollcall_replica* replica, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    ROLLCALL_TRY_ASSIGN(const auto tray, replica->replica->tray());
    *json_out = copied(rollcall::tray_json(tray));
    return {};
  });
}

int32_t rollcall_tray_export(rollcall_replica* replica, uint64_t number, char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    ROLLCALL_TRY_ASSIGN(const std::string json,
                        replica->replica->export_json(rollcall::TxNumber(number)));
    *json_out = copied(json);
    return {};
  });
}

int32_t rollcall_tray_retry(rollcall_replica* replica, uint64_t number) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY(replica->replica->retry(rollcall::TxNumber(number)));
    after_change(*replica);
    return {};
  });
}

int32_t rollcall_tray_discard(rollcall_replica* replica, uint64_t number) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY(replica->replica->discard(rollcall::TxNumber(number)));
    after_change(*replica);
    return {};
  });
}

int32_t rollcall_digest(rollcall_replica* replica, const char* scope, int32_t content,
                        char** json_out) {
  return on(replica, [&]() -> Result<void> {
    if (json_out == nullptr) return missing("the place for the answer");
    std::uint64_t digest = 0;
    if (content != 0 || scope != nullptr) {
      ROLLCALL_TRY_ASSIGN(digest, replica->replica->content_digest(scope == nullptr ? "" : scope));
    } else {
      ROLLCALL_TRY_ASSIGN(const auto status, replica->replica->status());
      digest = status.digest;
    }
    const nlohmann::json report = {{"digest", rollcall::digest_text(digest)},
                                   {"scope", scope == nullptr ? "" : scope},
                                   {"content", content != 0 || scope != nullptr}};
    *json_out = copied(report.dump());
    return {};
  });
}

/* --- Sealed fields --- */

int32_t rollcall_sealing_begin(rollcall_replica* replica, const char* admin) {
  return on(replica, [&]() -> Result<void> {
    if (admin == nullptr) return missing("the admin's key");
    return sealing_of(*replica).begin(admin);
  });
}

int32_t rollcall_sealing(rollcall_replica* replica, char** json_out) {
  return tells(replica, json_out, [&] { return sealing_of(*replica).report(); });
}

int32_t rollcall_sealing_take(rollcall_replica* replica, const char* list) {
  return on(replica, [&]() -> Result<void> {
    if (list == nullptr) return missing("the team's list");
    return sealing_of(*replica).take(list);
  });
}

int32_t rollcall_seal(rollcall_replica* replica, const char* collection, const char* id,
                      const char* field, const char* text, int32_t author_copy, char* id_out,
                      char** value_out) {
  return tells(replica, value_out, [&]() -> Result<std::string> {
    if (text == nullptr) return missing("the text");
    std::string row = id == nullptr ? std::string() : id;
    if (id == nullptr) {
      rollcall::RowIdSource ids(replica->system.random);
      row = ids.next(replica->system.clock.utc_ms()).text();
    }
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, row.c_str(), field));
    auto value = sealing_of(*replica).seal(*place.collection, *place.field, place.id, text,
                                           author_copy != 0);
    if (value && id_out != nullptr) std::memcpy(id_out, place.id.text().c_str(), 37);
    return value;
  });
}

int32_t rollcall_unseal(rollcall_replica* replica, const char* collection, const char* id,
                        const char* field, const char* recovery, char** json_out) {
  return tells(replica, json_out, [&]() -> Result<std::string> {
    ROLLCALL_TRY_ASSIGN(const auto place, place_of(*replica, collection, id, field));
    std::optional<std::string_view> with;
    if (recovery != nullptr) with = recovery;
    return sealing_of(*replica).unseal(*place.collection, *place.field, place.id, with);
  });
}

int32_t rollcall_sealing_admin(char** secret_out, char** key_out, rollcall_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (secret_out == nullptr || key_out == nullptr) return missing("where to tell it");
    *secret_out = nullptr;
    rollcall::SystemDoors system;
    const auto made = rollcall::new_admin({system.cryptography, system.random});
    *key_out = copied(made.key);
    *secret_out = copied(made.secret);
    return {};
  });
}

int32_t rollcall_sealing_sign(rollcall_replica* replica, const char* change, char** json_out) {
  return tells(replica, json_out, [&]() -> Result<std::string> {
    if (change == nullptr) return missing("the change");
    return sealing_of(*replica).sign(change);
  });
}

/* --- Syncing --- */

int32_t rollcall_sync(rollcall_replica* replica, const rollcall_sync_options* options,
                      char** summary_out) {
  if (summary_out != nullptr) *summary_out = nullptr;
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY(check_may_sync(*replica));
    rollcall_sync_options known{};
    if (options != nullptr) {
      ROLLCALL_TRY_ASSIGN(known, whole(options));
    }
    const rollcall::Clock& clock = replica->system.clock;
    const std::int64_t start = clock.steady_ms();
    replica->begin_session();
    const auto go_on = [&] {
      const CallingBack calling(*replica);
      if (known.timeout_ms > 0 && clock.steady_ms() - start > known.timeout_ms) return false;
      if (known.progress == nullptr) return true;
      const auto status = replica->replica->status();
      const auto& traffic = replica->session->traffic();
      return !status ||
             known.progress(known.context, status->bootstrap_rows, status->bootstrap_rows_left,
                            traffic.sent_bytes + traffic.received_bytes) == 0;
    };
    Result<void> done = replica->session->catch_up(
        static_cast<std::uint32_t>(known.attempts > 0 ? known.attempts : sync_attempts_default),
        go_on);
    tell_observers(*replica);
    if (summary_out != nullptr) {
      ROLLCALL_TRY_ASSIGN(const auto status, replica->replica->status());
      *summary_out = copied(
          rollcall::sync_json(replica->session->traffic(), status, clock.steady_ms() - start));
    }
    return done;
  });
}

int32_t rollcall_sync_step(rollcall_replica* replica, int32_t budget_ms, int64_t budget_bytes,
                           int64_t* wait_ms_out) {
  return on(replica, [&]() -> Result<void> {
    ROLLCALL_TRY(check_may_sync(*replica));
    if (replica->session->is_idle()) replica->session->start(rollcall::ClientSync::Mode::live);
    if (replica->hurry.exchange(false)) replica->session->hurry();
    replica->session->set_reply_budget(budget_bytes);
    ROLLCALL_TRY(replica->session->step(std::max(budget_ms, 0)));
    if (wait_ms_out != nullptr) {
      const auto wake = replica->session->next_try_ms();
      *wait_ms_out =
          wake ? std::max<std::int64_t>(*wake - replica->system.clock.steady_ms(), 0) : -1;
    }
    tell_observers(*replica);
    return {};
  });
}

void rollcall_wake(rollcall_replica* replica) {
  if (replica == nullptr) return;
  replica->hurry = true;
  replica->wake();
}

int32_t rollcall_background_start(rollcall_replica* replica) {
  return on(replica, [&]() -> Result<void> {
    if (replica->background.joinable()) return {};
    ROLLCALL_TRY(check_not_calling_back(*replica));
    replica->session->start(rollcall::ClientSync::Mode::live);
    replica->background = std::thread([replica] { replica->run_background(); });
    return {};
  });
}

void rollcall_background_stop(rollcall_replica* replica) {
  if (replica != nullptr) replica->stop_background();
}

}  // extern "C"
