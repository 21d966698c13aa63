#pragma once

#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/base/row_id.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"
#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"
#include "tests/engine/base/need.h"

// The storage tests' small language: a schema, rows, and what must not fail.
namespace rollcall {

inline constexpr std::uint32_t sample_application = 0x52434c31;

inline FieldDef field(std::uint16_t id, std::string name, FieldType type = FieldType::text,
                      MergeRule rule = MergeRule::latest) {
  FieldDef def;
  def.id = FieldId(id);
  def.name = std::move(name);
  def.type = type;
  def.rule = rule;
  return def;
}
inline FieldDef searched(FieldDef def) {
  def.search = true;
  return def;
}
inline FieldDef indexed(FieldDef def) {
  def.index = true;
  return def;
}

inline CollectionDef collection(std::uint16_t id, std::string name, std::vector<FieldDef> fields) {
  CollectionDef def;
  def.id = CollectionId(id);
  def.name = std::move(name);
  def.fields.push_back(deleted_field());
  for (FieldDef& item : fields) def.fields.push_back(std::move(item));
  return def;
}

inline Schema schema_of(std::vector<CollectionDef> collections) {
  Schema schema;
  schema.version = 1;
  schema.name = "sample";
  schema.collections = std::move(collections);
  return schema;
}

// A person, searched by name and indexed by precinct; and a row of every type and rule.
inline CollectionDef person() {
  return collection(1, "person",
                    {searched(field(1, "given_name")), searched(field(2, "family_name")),
                     field(3, "phone"), indexed(field(4, "precinct"))});
}
inline CollectionDef zoo() {
  FieldDef ladder = field(8, "state", FieldType::enumerated, MergeRule::ladder);
  ladder.choices = {"enrolled", "started", "attended"};
  return collection(
      2, "zoo",
      {field(1, "note"), field(2, "size", FieldType::integer), field(3, "tame", FieldType::boolean),
       field(4, "keeper", FieldType::id), field(5, "picture", FieldType::bytes),
       field(6, "visits", FieldType::integer, MergeRule::counter),
       field(7, "tags", FieldType::text, MergeRule::set), ladder,
       field(9, "admitted", FieldType::id, MergeRule::first),
       field(10, "born", FieldType::date, MergeRule::once),
       field(11, "friends", FieldType::id, MergeRule::set)});
}

inline Schema sample_schema() { return schema_of({person(), zoo()}); }

// The id whose last byte is `n`, as a UUIDv7 of one moment.
inline RowId row_id(unsigned n) {
  Bytes bytes = from_hex("018f0000000070008000000000000000").value();
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return RowId::from_bytes(bytes);
}
inline Stamp stamp(std::uint64_t ms, std::uint32_t device = 1) {
  return Stamp::at(1'790'000'000'000 + ms, 0, DeviceNumber(device));
}

// A row of `collection` with the fields named, all of one stamp, `_deleted` false among them.
inline RowState row_state(const CollectionDef& collection, Stamp at,
                          std::initializer_list<std::pair<std::string_view, Value>> values) {
  RowState state;
  state.fields.resize(collection.fields.size());
  state.fields[0].stamp = at;
  state.fields[0].value = Value::boolean(false);
  for (const auto& [name, value] : values) {
    const FieldDef* def = collection.find(name);
    const std::size_t position = static_cast<std::size_t>(def - collection.fields.data());
    state.fields[position].stamp = at;
    state.fields[position].value = value;
  }
  return state;
}

inline FieldState& field_of(const CollectionDef& collection, RowState& state,
                            std::string_view name) {
  const FieldDef* def = collection.find(name);
  return state.fields[static_cast<std::size_t>(def - collection.fields.data())];
}

// A row of zoo with something of everything: a generation, elements, losers, and if told what only
// a server keeps.
inline RowState full_zoo_row(bool of_server) {
  const CollectionDef def = zoo();
  RowState state = row_state(def, stamp(5),
                             {{"note", Value::text("gr\u00fc\u00df \"dich\"")},
                              {"size", Value::integer(-7'000'000'000'000'000'000)},
                              {"tame", Value::boolean(true)},
                              {"keeper", Value::bytes(row_id(77).view())},
                              {"picture", Value::bytes(Bytes("\0\xff\x01", 3))},
                              {"visits", Value::integer(41)},
                              {"tags", Value()},
                              {"state", Value::text("started")},
                              {"admitted", Value::bytes(row_id(78).view())},
                              {"born", Value::text("2020-02-29")}});
  field_of(def, state, "note").stamp = stamp(9, 2);
  field_of(def, state, "note").losers = {{Value::text("hello"), 0, stamp(5)},
                                         {Value(), 0, stamp(6, 3)}};
  field_of(def, state, "tags").elements = {{Value::text("a\"b"), stamp(5)},
                                           {Value::text("line\n"), stamp(6)}};
  if (of_server) {
    field_of(def, state, "tags").removals = {{Value::text("gone"), stamp(4)}};
    field_of(def, state, "note").agreeing = {stamp(8, 4)};
  }
  field_of(def, state, "state").generation = 2;
  FieldState& friends = field_of(def, state, "friends");
  friends.stamp = stamp(7);
  friends.elements = {{Value::bytes(row_id(3).view()), stamp(7)}};
  return state;
}

inline ConnectionOptions options_for(Access access = Access::exclusive, bool create = true) {
  ConnectionOptions options;
  options.access = access;
  options.create = create;
  options.application_id = sample_application;
  options.format_version = 3;
  return options;
}

// The text that one SQL expression or statement gives: rows parted by ';', columns by '|'.
inline std::string sql_text(Connection& connection, const std::string& sql) {
  Statement statement = need(connection.prepare(sql));
  std::string out;
  while (need(statement.step())) {
    if (!out.empty()) out += ";";
    for (int i = 0; i < statement.columns(); ++i) {
      if (i > 0) out += "|";
      out += statement.is_null(i) ? "null" : std::string(statement.text(i));
    }
  }
  return out;
}

inline void in_transaction(Connection& connection, const std::function<void()>& work) {
  Transaction transaction = need(Transaction::write(connection));
  work();
  need(transaction.commit());
}

}  // namespace rollcall
