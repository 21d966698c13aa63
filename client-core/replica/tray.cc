#include "client-core/replica/tray.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "client-core/replica/replica_parts.h"
#include "client-core/replica/retry.h"
#include "client-core/replica/write_buffer.h"

namespace rollcall {
namespace {

using Json = nlohmann::ordered_json;

// As people write values; bytes that are not an id as base64url.
Json json_of(const FieldDef* field, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return nullptr;
    case ValueKind::boolean: return value.integer != 0;
    case ValueKind::integer: return value.integer;
    case ValueKind::text: return std::string(value.bytes);
    case ValueKind::bytes: break;
  }
  const bool is_id =
      field != nullptr && field->type == FieldType::id && value.bytes.size() == RowId::size_bytes;
  return is_id ? RowId::from_bytes(value.bytes).text() : to_base64(value.bytes);
}

Json json_of(const CollectionDef* def, const RowWrite& row) {
  Json out;
  out["collection"] = def == nullptr ? std::to_string(row.collection.value) : def->name;
  out["id"] = row.id.text();
  out["insert"] = row.insert;
  Json& fields = out["fields"] = Json::object();
  for (const FieldWrite& write : row.fields) {
    const auto position = def == nullptr ? std::nullopt : def->position(write.field);
    const FieldDef* field = position ? &def->fields[*position] : nullptr;
    const std::string name = field == nullptr ? std::to_string(write.field.value) : field->name;
    if (write.has_value) {
      fields[name] = json_of(field, write.value);
      continue;
    }
    Json& changes = fields[name] = Json::object();
    for (const Value& added : write.adds) changes["add"].push_back(json_of(field, added));
    for (const SetRemoval& removed : write.removes) {
      changes["remove"].push_back(json_of(field, removed.element));
    }
    for (const Stamp& closed : write.closes) changes["close"].push_back(closed.text());
  }
  return out;
}

}  // namespace

Result<StoredVerdict> Tray::find(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(auto verdict, parts_.verdicts.find(number));
  if (verdict && verdict->in_tray) return std::move(*verdict);
  return failure(ErrorCode::not_found,
                 "transaction " + std::to_string(number.value) + " is not in the tray");
}

Result<TrayEntry> Tray::describe(TxNumber number, const StoredVerdict& verdict) {
  TrayEntry entry;
  entry.number = number;
  entry.kind = verdict.kind;
  entry.code = verdict.code;
  entry.reason = verdict.reason;
  if (const CollectionDef* def = parts_.tables.schema().find(verdict.collection)) {
    entry.collection = def->name;
    const auto position = def->position(verdict.field);
    if (position && verdict.field.value != 0) entry.field = def->fields[*position].name;
  }
  ROLLCALL_TRY_ASSIGN(const auto kept, parts_.outbox.find(number));
  if (kept) {
    entry.made = kept->stamp;
    entry.rows = kept->rows;
  }
  return entry;
}

Result<std::vector<TrayEntry>> Tray::list() {
  ROLLCALL_TRY_ASSIGN(const std::vector<TxNumber> numbers, parts_.verdicts.tray());
  std::vector<TrayEntry> entries;
  for (const TxNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(const StoredVerdict verdict, find(number));
    ROLLCALL_TRY_ASSIGN(TrayEntry entry, describe(number, verdict));
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<Committed> Tray::retry(TxNumber number) {
  ROLLCALL_TRY(parts_.check_free());
  ROLLCALL_TRY(parts_.refresh());
  ROLLCALL_TRY_ASSIGN(const StoredVerdict verdict, find(number));
  if (verdict.kind != VerdictKind::rejected) {
    return failure(ErrorCode::not_allowed,
                   "transaction " + std::to_string(number.value) +
                       " waits at the server to be decided; it cannot be made again");
  }
  ROLLCALL_TRY_ASSIGN(Bytes body, parts_.outbox.body(number));
  DecodedTransaction transaction;
  ROLLCALL_TRY(transaction.decode(number, std::move(body)));
  Committed made;
  {
    ROLLCALL_TRY_ASSIGN(Transaction sql, Transaction::write(parts_.connection));
    WriteBuffer again(parts_, std::move(sql), parts_.clock.next());
    ROLLCALL_TRY(Retry(parts_, again).write(transaction));
    ROLLCALL_TRY(deal_with(number));
    ROLLCALL_TRY_ASSIGN(made, again.commit());
  }
  // What it wrote is so already: nothing was made, and the old one is dealt with all the same.
  if (made.number.value == 0) ROLLCALL_TRY(discard(number));
  return made;
}

Result<void> Tray::deal_with(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(const auto verdict, parts_.verdicts.find(number));
  ROLLCALL_TRY(parts_.verdicts.deal_with(number));
  if (!verdict || !verdict->wants_a_row()) return {};
  return parts_.drop_unwanted_copies();
}

Result<void> Tray::discard(TxNumber number) {
  auto in_tray = find(number);
  if (!in_tray) return std::move(in_tray).error();
  return parts_.write([&] { return deal_with(number); });
}

Result<std::string> Tray::export_json(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(const StoredVerdict verdict, find(number));
  ROLLCALL_TRY_ASSIGN(const TrayEntry entry, describe(number, verdict));
  ROLLCALL_TRY_ASSIGN(Bytes body, parts_.outbox.body(number));
  DecodedTransaction transaction;
  ROLLCALL_TRY(transaction.decode(number, std::move(body)));
  Json out;
  out["number"] = number.value;
  out["made"] = utc_text(static_cast<std::int64_t>(transaction.made().ms()));
  out["verdict"] = std::string(*name_of_enum(entry.kind));
  out["code"] = std::string(error_name(static_cast<ErrorCode>(entry.code)));
  out["collection"] = entry.collection;
  out["field"] = entry.field;
  out["reason"] = entry.reason;
  Json& rows = out["rows"] = Json::array();
  for (const RowWrite& row : transaction.rows()) {
    rows.push_back(json_of(parts_.tables.schema().find(row.collection), row));
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// ---- The replica's doors to it

Result<std::vector<TrayEntry>> Replica::tray() {
  ROLLCALL_TRY(parts_->check_unlocked());
  return Tray(*parts_).list();
}
Result<Committed> Replica::retry(TxNumber number) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return Tray(*parts_).retry(number);
}
Result<void> Replica::discard(TxNumber number) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return Tray(*parts_).discard(number);
}
Result<std::string> Replica::export_json(TxNumber number) {
  ROLLCALL_TRY(parts_->check_unlocked());
  return Tray(*parts_).export_json(number);
}

}  // namespace rollcall
