#include "client-core/replica/write_buffer.h"

#include <algorithm>

#include "client-core/replica/replica_parts.h"
#include "client-core/sealing/sealed_value.h"
#include "engine/codec/limits.h"
#include "engine/merge/clamp.h"
#include "engine/merge/restore.h"
#include "engine/model/check_value.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/path.h"
#include "engine/protocol/chain.h"

namespace rollcall {
namespace {

Error unknown_field(const CollectionDef& def, std::string_view name) {
  return failure(ErrorCode::unknown_field,
                 def.name + " has no field \"" + std::string(name) + "\"");
}

Error missing(const CollectionDef& def, const FieldDef& field) {
  return failure(ErrorCode::bad_value, def.name + "." + field.name + " must be given");
}

Result<void> check_required(const CollectionDef& def, std::span<const FieldId> given) {
  for (const FieldDef& field : def.fields) {
    if (field.required && field.id.value != 0 &&
        !std::binary_search(given.begin(), given.end(), field.id)) {
      return missing(def, field);
    }
  }
  return {};
}

// Nothing readable gets into a sealed field by mistake: not onto this disk, not to a server.
Result<void> check_sealed(const CollectionDef& def, const FieldDef& field, ValueView value) {
  if (field.type != FieldType::sealed || value.is_null()) return {};
  const auto envelope = SealedValue::parse(value.bytes);
  if (envelope || envelope.error().code == ErrorCode::newer_format) return {};
  return failure(ErrorCode::bad_value, def.name + "." + field.name +
                                           " takes only what was sealed on a device: seal it "
                                           "first");
}

}  // namespace

WriteBuffer::WriteBuffer(ReplicaParts& parts, Transaction sql, Stamp stamp)
    : parts_(parts), sql_(std::move(sql)), stamp_(stamp), number_(parts.outbox.last().next()) {
  parts_.is_writing = true;
}

WriteBuffer::~WriteBuffer() {
  if (!parts_.is_writing) return;
  sql_.rollback();
  parts_.is_writing = false;
  parts_.must_reload();
}

Result<const CollectionDef*> WriteBuffer::find(std::string_view collection) const {
  const CollectionDef* def = parts_.tables.schema().find(collection);
  if (def != nullptr) return def;
  return failure(ErrorCode::unknown_collection,
                 "there is no collection \"" + std::string(collection) + "\"");
}

Result<void> WriteBuffer::check_room() const {
  if (plain_rows_ + open_.size() < transaction_rows_max) return {};
  return failure(ErrorCode::limit, "a transaction writes at most " +
                                       std::to_string(transaction_rows_max) +
                                       " rows: commit, and go on in another one");
}

// Where a row lies the server knows, and grants may come: only what no role of this device may
// write anywhere is refused here, so that whoever tries learns it at once.
Result<void> WriteBuffer::check_right(const CollectionDef& def, bool insert, FieldId field) const {
  if (parts_.standing.newer_schema != 0) return {};  // its roles are not known yet
  if (parts_.grants.may_write(def.id, insert, field)) return {};
  const auto position = def.position(field);
  std::string what = def.name;
  if (field.value == 0) {
    what += insert ? ": new rows" : ": deleting its rows";
  } else if (position) {
    what += "." + def.fields[*position].name + (insert ? " in new rows" : "");
  }
  const std::string roles = parts_.grants.role_names();
  return failure(ErrorCode::not_allowed,
                 what + " may not be written by this device, which is " +
                     (roles.empty() ? "given nothing" : "used as " + roles) +
                     ": ask an organizer; nothing was written");
}

ValueView WriteBuffer::keep(const ValueView& value) { return values_.emplace_back(value).view(); }

// ---- Inserts

Result<std::vector<WriteBuffer::FieldValue>> WriteBuffer::resolve(
    const CollectionDef& def, std::span<const NamedValue> values) const {
  std::vector<FieldValue> fields;
  fields.reserve(values.size());
  for (const NamedValue& named : values) {
    const FieldDef* field = def.find(named.field);
    if (field == nullptr || field->id.value == 0) return unknown_field(def, named.field);
    if (!named.value.is_null() || field->rule != MergeRule::set) {
      ROLLCALL_TRY(check_value(*field, named.value));
      ROLLCALL_TRY(check_sealed(def, *field, named.value));
    }
    fields.push_back({field, named.value});
  }
  std::stable_sort(fields.begin(), fields.end(),
                   [](const FieldValue& a, const FieldValue& b) { return a.def->id < b.def->id; });
  for (std::size_t i = 1; i < fields.size(); ++i) {
    if (fields[i].def == fields[i - 1].def && fields[i].def->rule != MergeRule::set) {
      return failure(ErrorCode::bad_value,
                     def.name + "." + fields[i].def->name + " is given twice");
    }
  }
  return fields;
}

Result<RowId> WriteBuffer::derived_or(const CollectionDef& def, std::optional<RowId> given) {
  if (def.derived_from.empty()) {
    return given ? *given : parts_.ids.next(parts_.clock.now_ms());
  }
  for (std::size_t i = 0; i < derived_.size(); ++i) {
    if (!derived_[i].is_null()) continue;
    const auto position = def.position(def.derived_from[i]);
    ROLLCALL_CHECK(position.has_value());
    return missing(def, def.fields[*position]);
  }
  const RowId derived = derive_row_id(def, derived_);
  if (given && *given != derived) {
    return failure(ErrorCode::wrong_id, "the id of this " + def.name + " is derived: it is " +
                                            derived.text() + ", not " + given->text());
  }
  return derived;
}

Result<RowId> WriteBuffer::put(std::string_view collection, std::span<const NamedValue> values,
                               std::optional<RowId> id) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  ROLLCALL_TRY_ASSIGN(const std::vector<FieldValue> fields, resolve(*def, values));
  const bool has_sets = std::any_of(fields.begin(), fields.end(), [](const FieldValue& field) {
    return field.def->rule == MergeRule::set;
  });
  std::vector<FieldId> ids;
  ids.reserve(fields.size());
  for (const FieldValue& field : fields) ids.push_back(field.def->id);
  if (!has_sets) {
    ROLLCALL_TRY(begin_inserting(*def, ids));
    cells_.assign(1, ValueView::of_boolean(false));
    for (const FieldValue& field : fields) cells_.push_back(field.value);
    return insert_plain(id);
  }
  ROLLCALL_TRY(check_required(*def, ids));
  derived_.assign(def->derived_from.size(), ValueView::null());
  for (std::size_t i = 0; i < derived_.size(); ++i) {
    for (const FieldValue& field : fields) {
      if (field.def->id == def->derived_from[i]) derived_[i] = field.value;
    }
  }
  ROLLCALL_TRY_ASSIGN(const RowId row, derived_or(*def, id));
  ROLLCALL_TRY(insert_openly(*def, row, fields));
  return row;
}

Result<void> WriteBuffer::begin_inserting(const CollectionDef& def,
                                          std::span<const FieldId> fields) {
  Inserting& now = inserting_;
  if (now.def == &def && now.fields.size() == fields.size() + 1 &&
      std::equal(fields.begin(), fields.end(), now.fields.begin() + 1)) {
    return {};
  }
  ROLLCALL_TRY(check_required(def, fields));
  Inserting next;
  next.fields.push_back(def.fields.front().id);
  next.defs.push_back(&def.fields.front());
  for (const FieldId field : fields) {
    const auto position = def.position(field);
    if (!position || field <= next.fields.back()) {
      return failure(position ? ErrorCode::invalid_argument : ErrorCode::unknown_field,
                     def.name + ": field ids must exist and ascend; " +
                         std::to_string(field.value) + " does not");
    }
    if (def.fields[*position].rule == MergeRule::set) {
      return failure(ErrorCode::invalid_argument,
                     def.name + "." + def.fields[*position].name + " is a set: insert it by put");
    }
    next.fields.push_back(field);
    next.defs.push_back(&def.fields[*position]);
  }
  for (const FieldId field : def.derived_from) {
    const auto place = std::lower_bound(next.fields.begin(), next.fields.end(), field);
    if (place == next.fields.end() || *place != field) {
      const auto position = def.position(field);
      ROLLCALL_CHECK(position.has_value());
      return missing(def, def.fields[*position]);
    }
    next.derived_at.push_back(static_cast<std::size_t>(place - next.fields.begin()));
  }
  for (const FieldId field : next.fields) ROLLCALL_TRY(check_right(def, true, field));
  ROLLCALL_TRY_ASSIGN(next.table, parts_.tables.find(def.id));
  next.def = &def;
  next.section = writer_.section(def.id, true, next.fields);
  pack_one_stamp(stamp_, next.fields, next.stamps);
  next.table->choose_fields(next.fields);
  now = std::move(next);
  return {};
}

Result<RowId> WriteBuffer::insert_plain(std::optional<RowId> given) {
  const Inserting& now = inserting_;
  ROLLCALL_TRY(check_room());
  derived_.clear();
  for (const std::size_t at : now.derived_at) derived_.push_back(cells_[at]);
  ROLLCALL_TRY_ASSIGN(const RowId id, derived_or(*now.def, given));
  bool inserted = false;
  // A row that is out of sight may still have own writes pending.
  bool noted = false;
  if (parts_.pending.any() && (given || !now.def->derived_from.empty())) {
    std::vector<TxNumber> numbers;
    ROLLCALL_TRY(parts_.pending.find({now.def->id, id}, numbers));
    noted = !numbers.empty();
  }
  if (!noted) {
    auto done = now.table->insert_plain(id, cells_, now.stamps, PathSets::not_confirmed, number_);
    is_broken_ = is_broken_ || !done;
    if (!done) return std::move(done).error();
    inserted = *done;
  }
  if (inserted) {
    writer_.add(now.section, id, cells_);
    ++plain_rows_;
    parts_.overlay.touched().insert(now.def->id.value);
    return id;
  }
  std::vector<FieldValue> values;
  for (std::size_t i = 1; i < cells_.size(); ++i) values.push_back({now.defs[i], cells_[i]});
  ROLLCALL_TRY(insert_openly(*now.def, id, values));
  return id;
}

Result<void> WriteBuffer::put_rows(const CollectionDef& collection, std::span<const FieldId> fields,
                                   std::size_t rows, std::span<const RowId> ids,
                                   std::span<const ValueView> cells, std::vector<RowId>* made) {
  // The caller's definition may be of a schema that was replaced meanwhile.
  const CollectionDef* def = parts_.tables.schema().find(collection.id);
  if (def == nullptr || cells.size() != rows * fields.size() ||
      (!ids.empty() && ids.size() != rows)) {
    return failure(ErrorCode::invalid_argument,
                   "put_rows takes a collection of the schema, a cell for each field of each row, "
                   "and an id for each row or none");
  }
  ROLLCALL_TRY(begin_inserting(*def, fields));
  const auto at_row = [](std::size_t row, Error error) {
    error.message = "row " + std::to_string(row) + ": " + error.message;
    return error;
  };
  for (std::size_t row = 0; row < rows; ++row) {
    const auto of_row = cells.subspan(row * fields.size(), fields.size());
    for (std::size_t i = 0; i < of_row.size(); ++i) {
      auto fits = check_value(*inserting_.defs[i + 1], of_row[i]);
      if (fits) fits = check_sealed(*def, *inserting_.defs[i + 1], of_row[i]);
      if (!fits) return at_row(row, std::move(fits).error());
    }
    cells_.assign(1, ValueView::of_boolean(false));
    cells_.insert(cells_.end(), of_row.begin(), of_row.end());
    auto id = insert_plain(ids.empty() ? std::nullopt : std::optional<RowId>(ids[row]));
    if (!id) return at_row(row, std::move(id).error());
    if (made != nullptr) made->push_back(*id);
  }
  return {};
}

// An insert of a row that exists already, or that has sets.
Result<void> WriteBuffer::insert_openly(const CollectionDef& def, const RowId& id,
                                        const std::vector<FieldValue>& values) {
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open(def, id));
  const bool is_there = row->existed || !row->write.fields.empty();
  if (def.append_only && is_there) {
    const bool equal = std::all_of(values.begin(), values.end(), [&](const FieldValue& field) {
      const FieldState* seen = seen_field(*row, field.def->id);
      return seen != nullptr && seen->value.view() == field.value;
    });
    if (equal) return {};
    return failure(ErrorCode::append_only,
                   def.name + " " + id.text() + " exists, and facts never change: make a new one");
  }
  return change(*row, [&]() -> Result<void> {
    row->write.insert = true;
    put_value(*row, def.fields.front(), ValueView::of_boolean(false));
    for (const FieldValue& field : values) {
      if (field.def->rule != MergeRule::set) {
        put_value(*row, *field.def, field.value);
      } else if (field.value.is_null()) {
        write_of(*row, field.def->id);  // an empty set, and written
      } else {
        ROLLCALL_TRY(add_element(*row, *field.def, field.value));
      }
    }
    return {};
  });
}

// ---- Other writes

Result<WriteBuffer::OpenRow*> WriteBuffer::open(const CollectionDef& def, const RowId& id) {
  const RowKey key{def.id, id};
  if (const auto found = open_.find(key); found != open_.end()) return &found->second;
  ROLLCALL_TRY(check_room());
  OpenRow row;
  row.write.collection = def.id;
  row.write.id = id;
  ROLLCALL_TRY(parts_.overlay.load(key, row.known));
  if (row.known.in_table && row.known.seen.place.tx == number_) {
    take_over_insert(row);
  } else if (row.known.in_table) {
    row.before = row.known.seen.state;
    row.existed = true;
  }
  return &open_.emplace(key, std::move(row)).first->second;
}

// The row was inserted the plain way in this transaction, and is written again: its insert becomes
// the beginning of its one write.
void WriteBuffer::take_over_insert(OpenRow& row) {
  row.write.insert = true;
  const CollectionDef& def = row.known.def();
  for (std::size_t i = 0; i < def.fields.size(); ++i) {
    const FieldState& field = row.known.seen.state.fields[i];
    if (field.stamp.is_none()) continue;
    FieldWrite& write = row.write.fields.emplace_back();
    write.field = def.fields[i].id;
    write.has_value = true;
    write.value = keep(field.value);
  }
  row.known.pending.clear();
  row.noted = true;
  moved_.insert(row.known.key);
  --plain_rows_;
}

Result<WriteBuffer::OpenRow*> WriteBuffer::open_existing(const CollectionDef& def, const RowId& id,
                                                         bool deleted_too) {
  if (def.append_only) {
    return failure(ErrorCode::append_only,
                   def.name + " holds facts, which never change: make a new one");
  }
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open(def, id));
  const bool is_there = row->existed || !row->write.fields.empty();
  const FieldState* deleted = is_there ? seen_field(*row, FieldId(0)) : nullptr;
  const bool is_deleted = deleted != nullptr && deleted->value == Value::boolean(true);
  if (is_there && (deleted_too || !is_deleted)) return row;
  return failure(ErrorCode::unknown_row,
                 "there is no " + def.name + " " + id.text() +
                     (is_deleted ? ": it is deleted; bring it back first" : " on this device"));
}

// A field as it is in sight, with what this transaction has written so far.
const FieldState* WriteBuffer::seen_field(const OpenRow& row, FieldId field) const {
  const auto position = row.known.def().position(field);
  const std::vector<FieldState>& fields = row.known.seen.state.fields;
  if (!row.known.in_table || !position || *position >= fields.size()) return nullptr;
  return &fields[*position];
}

FieldWrite& WriteBuffer::write_of(OpenRow& row, FieldId field) {
  std::vector<FieldWrite>& fields = row.write.fields;
  const auto place = std::lower_bound(fields.begin(), fields.end(), field,
                                      [](const FieldWrite& a, FieldId b) { return a.field < b; });
  if (place != fields.end() && place->field == field) return *place;
  FieldWrite write;
  write.field = field;
  const auto position = row.known.def().position(field);
  if (position && *position < row.known.state.fields.size()) {
    write.base = row.known.state.fields[*position].stamp;  // of the confirmed row
  }
  return *fields.insert(place, std::move(write));
}

void WriteBuffer::put_value(OpenRow& row, const FieldDef& field, const ValueView& value) {
  FieldWrite& write = write_of(row, field.id);
  if (field.rule == MergeRule::counter) {
    const auto sum = static_cast<std::uint64_t>(write.has_value ? write.value.integer : 0) +
                     static_cast<std::uint64_t>(value.integer);
    write.value = ValueView::of_integer(static_cast<std::int64_t>(sum));
  } else {
    write.value = keep(value);
    const FieldState* seen = seen_field(row, field.id);
    if (seen != nullptr && write.generation == 0) write.generation = seen->generation;
  }
  write.has_value = true;
}

Result<void> WriteBuffer::set(std::string_view collection, const RowId& id,
                              std::span<const NamedValue> values) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  ROLLCALL_TRY_ASSIGN(const std::vector<FieldValue> fields, resolve(*def, values));
  for (const FieldValue& field : fields) {
    if (field.def->rule == MergeRule::set || field.def->rule == MergeRule::counter) {
      return failure(ErrorCode::bad_value, def->name + "." + field.def->name + " is a " +
                                               std::string(rule_name(field.def->rule)) +
                                               ": change it by add and remove");
    }
  }
  if (fields.empty()) return {};
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open_existing(*def, id, false));
  for (const FieldValue& field : fields) {
    const FieldState* seen = seen_field(*row, field.def->id);
    if (field.def->rule == MergeRule::once && seen != nullptr && !seen->stamp.is_none() &&
        !(seen->value.view() == field.value)) {
      return failure(ErrorCode::not_allowed,
                     def->name + "." + field.def->name + " is written once and stays");
    }
  }
  return change(*row, [&]() -> Result<void> {
    for (const FieldValue& field : fields) put_value(*row, *field.def, field.value);
    return {};
  });
}

Result<void> WriteBuffer::undo(std::string_view collection, const RowId& id, std::string_view name,
                               ValueView value) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  const NamedValue named{name, value};
  ROLLCALL_TRY_ASSIGN(const std::vector<FieldValue> fields,
                      resolve(*def, std::span<const NamedValue>(&named, 1)));
  const FieldDef& field = *fields.front().def;
  if (field.rule != MergeRule::first && field.rule != MergeRule::ladder) {
    return failure(ErrorCode::bad_value, def->name + "." + field.name + " is " +
                                             std::string(rule_name(field.rule)) +
                                             ": only first and ladder are undone; set it");
  }
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open_existing(*def, id, false));
  const FieldState* seen = seen_field(*row, field.id);
  const std::uint32_t generation = seen == nullptr ? 1 : seen->generation + 1;
  return change(*row, [&]() -> Result<void> {
    put_value(*row, field, fields.front().value);
    write_of(*row, field.id).generation = generation;
    return {};
  });
}

Result<void> WriteBuffer::add_element(OpenRow& row, const FieldDef& field, const ValueView& value) {
  const FieldState* seen = seen_field(row, field.id);
  std::size_t elements = 0;
  if (seen != nullptr) {
    elements = seen->elements.size();
    const bool is_in = std::any_of(seen->elements.begin(), seen->elements.end(),
                                   [&](const SetElement& e) { return e.value.view() == value; });
    if (is_in) --elements;
  }
  FieldWrite& write = write_of(row, field.id);
  if (elements + write.adds.size() >= field.elements_max ||
      row.extra_bytes + value.bytes.size() > row_extra_bytes_max / 2) {
    return failure(ErrorCode::limit, row.known.def().name + "." + field.name + " takes at most " +
                                         std::to_string(field.elements_max) + " elements");
  }
  // What was taken away in this transaction is put back: then it is only added anew.
  std::erase_if(write.removes, [&](const SetRemoval& r) { return r.element.view() == value; });
  const auto place =
      std::lower_bound(write.adds.begin(), write.adds.end(), value,
                       [](const Value& a, const ValueView& b) { return a.view() < b; });
  if (place == write.adds.end() || !(place->view() == value)) {
    write.adds.insert(place, Value(value));
    row.extra_bytes += value.bytes.size() + 32;
  }
  return {};
}

// The add that is confirmed, by its stamp, and each own one that is not yet, by its transaction's
// number: its stamp may still change, and any of them may be refused.
Result<std::vector<SetRemoval>> WriteBuffer::removals_of(OpenRow& row, const FieldDef& field,
                                                         const SetElement& element) {
  std::vector<SetRemoval> removals;
  const std::size_t position = *row.known.def().position(field.id);
  if (position < row.known.state.fields.size()) {
    for (const SetElement& confirmed : row.known.state.fields[position].elements) {
      if (confirmed.value == element.value) {
        removals.push_back({element.value, confirmed.stamp, TxNumber(0)});
      }
    }
  }
  for (const TxNumber number : row.known.pending) {
    if (number <= row.known.contains) continue;
    ROLLCALL_TRY_ASSIGN(const DecodedTransaction* transaction, parts_.pending.transaction(number));
    const RowWrite* write = transaction->find(row.known.key);
    if (write == nullptr) continue;
    for (const FieldWrite& of_field : write->fields) {
      if (of_field.field != field.id) continue;
      if (std::any_of(of_field.adds.begin(), of_field.adds.end(),
                      [&](const Value& added) { return added == element.value; })) {
        removals.push_back({element.value, Stamp{}, number});
      }
    }
  }
  return removals;
}

Result<void> WriteBuffer::remove_element(OpenRow& row, const FieldDef& field,
                                         const ValueView& element) {
  const auto position = row.known.def().position(field.id);
  ROLLCALL_CHECK(position.has_value());
  FieldWrite& write = write_of(row, field.id);
  std::erase_if(write.adds, [&](const Value& added) { return added.view() == element; });
  if (!row.existed || *position >= row.before.fields.size()) return {};
  const std::vector<SetElement>& present = row.before.fields[*position].elements;
  const auto found = std::find_if(present.begin(), present.end(),
                                  [&](const SetElement& e) { return e.value.view() == element; });
  if (found == present.end()) return {};
  if (std::any_of(write.removes.begin(), write.removes.end(),
                  [&](const SetRemoval& r) { return r.element.view() == element; })) {
    return {};
  }
  ROLLCALL_TRY_ASSIGN(const std::vector<SetRemoval> removals, removals_of(row, field, *found));
  const auto place = std::lower_bound(
      write.removes.begin(), write.removes.end(), element,
      [](const SetRemoval& a, const ValueView& b) { return a.element.view() < b; });
  row.extra_bytes += removals.size() * (element.bytes.size() + 32);
  write.removes.insert(place, removals.begin(), removals.end());
  return {};
}

Result<void> WriteBuffer::add(std::string_view collection, const RowId& id, std::string_view name,
                              const ValueView& value) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  const NamedValue named{name, value};
  ROLLCALL_TRY_ASSIGN(const auto fields, resolve(*def, std::span(&named, 1)));
  const FieldDef& field = *fields.front().def;
  if (field.rule != MergeRule::set && field.rule != MergeRule::counter) {
    return failure(ErrorCode::bad_value,
                   def->name + "." + field.name + " is neither a set nor a counter: set it");
  }
  if (value.is_null()) {
    return failure(ErrorCode::bad_value, def->name + "." + field.name + ": null cannot be added");
  }
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open_existing(*def, id, false));
  return change(*row, [&]() -> Result<void> {
    if (field.rule == MergeRule::set) return add_element(*row, field, value);
    put_value(*row, field, value);
    return {};
  });
}

Result<void> WriteBuffer::remove(std::string_view collection, const RowId& id,
                                 std::string_view name, const ValueView& element) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  const FieldDef* field = def->find(name);
  if (field == nullptr || field->id.value == 0) return unknown_field(*def, name);
  if (field->rule != MergeRule::set) {
    return failure(ErrorCode::bad_value, def->name + "." + field->name + " is no set");
  }
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open_existing(*def, id, false));
  const FieldState* seen = seen_field(*row, field->id);
  const bool is_in = seen != nullptr &&
                     std::any_of(seen->elements.begin(), seen->elements.end(),
                                 [&](const SetElement& e) { return e.value.view() == element; });
  if (!is_in) return {};
  return change(*row, [&] { return remove_element(*row, *field, element); });
}

Result<void> WriteBuffer::set_deleted(std::string_view collection, const RowId& id, bool deleted) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open_existing(*def, id, true));
  const FieldState* seen = seen_field(*row, FieldId(0));
  if (seen != nullptr && seen->value == Value::boolean(deleted)) return {};
  return change(*row, [&]() -> Result<void> {
    put_value(*row, def->fields.front(), ValueView::of_boolean(deleted));
    return {};
  });
}

Result<void> WriteBuffer::decide(std::string_view collection, const RowId& id,
                                 std::string_view name, Stamp writer, bool restore) {
  ROLLCALL_TRY_ASSIGN(const CollectionDef* def, find(collection));
  const FieldDef* field = def->find(name);
  if (field == nullptr) return unknown_field(*def, name);
  ROLLCALL_TRY_ASSIGN(OpenRow * row, open(*def, id));
  const std::size_t position = *def->position(field->id);
  const FieldState* confirmed =
      position < row->known.state.fields.size() ? &row->known.state.fields[position] : nullptr;
  const Loser* loser = nullptr;
  if (confirmed != nullptr) {
    for (const Loser& open : confirmed->losers) {
      if (open.writer == writer) loser = &open;
    }
  }
  if (loser == nullptr) {
    return failure(ErrorCode::not_found,
                   "no such value waits in " + def->name + "." + field->name + " of " + id.text());
  }
  FieldWrite decision = close_loser(*field, *confirmed, *loser);
  if (restore) {
    ROLLCALL_TRY_ASSIGN(decision, rollcall::restore_loser(*field, *confirmed, *loser));
  }
  return change(*row, [&]() -> Result<void> {
    // On a deleted row the value would only be hidden, and lose again: putting it back brings the
    // row back.
    const FieldState* deleted = seen_field(*row, FieldId(0));
    if (restore && deleted != nullptr && deleted->value == Value::boolean(true)) {
      put_value(*row, def->fields.front(), ValueView::of_boolean(false));
    }
    FieldWrite& write = write_of(*row, field->id);
    if (std::find(write.closes.begin(), write.closes.end(), writer) == write.closes.end()) {
      write.closes.push_back(writer);
      std::sort(write.closes.begin(), write.closes.end());
    }
    if (decision.has_value) {
      write.has_value = true;
      write.value = keep(decision.value);
      write.generation = decision.generation;
    }
    return {};
  });
}

Result<void> WriteBuffer::repeat(const RowWrite& write) {
  const CollectionDef* def = parts_.tables.schema().find(write.collection);
  if (def == nullptr) {
    return failure(ErrorCode::unknown_collection, "a collection that this schema does not have");
  }
  for (const FieldWrite& of_field : write.fields) {
    const auto position = def->position(of_field.field);
    if (!position) return unknown_field(*def, std::to_string(of_field.field.value));
    if (!of_field.has_value) continue;
    ROLLCALL_TRY(check_value(def->fields[*position], of_field.value));
  }
  OpenRow* row = nullptr;
  if (write.insert) {
    ROLLCALL_TRY_ASSIGN(row, open(*def, write.id));
  } else {
    ROLLCALL_TRY_ASSIGN(row, open_existing(*def, write.id, true));
  }
  return change(*row, [&]() -> Result<void> {
    row->write.insert = row->write.insert || write.insert;
    for (const FieldWrite& of_field : write.fields) {
      ROLLCALL_TRY(repeat_field(*row, def->fields[*def->position(of_field.field)], of_field));
    }
    // An element that is in no set any more need not be removed.
    if (row->write.insert) return {};
    std::erase_if(row->write.fields, [](const FieldWrite& field) {
      return !field.has_value && field.adds.empty() && field.removes.empty() &&
             field.closes.empty();
    });
    return {};
  });
}

Result<void> WriteBuffer::repeat_field(OpenRow& row, const FieldDef& field,
                                       const FieldWrite& write) {
  if (write.has_value) put_value(row, field, write.value);
  for (const Value& element : write.adds) ROLLCALL_TRY(add_element(row, field, element));
  for (const SetRemoval& removal : write.removes) {
    ROLLCALL_TRY(remove_element(row, field, removal.element));
  }
  if (write.generation == 0 && write.closes.empty()) return {};
  FieldWrite& again = write_of(row, field.id);
  again.generation = std::max(again.generation, write.generation);
  again.closes.insert(again.closes.end(), write.closes.begin(), write.closes.end());
  return {};
}

Result<void> WriteBuffer::change(OpenRow& row, const std::function<Result<void>()>& change) {
  const RowWrite before = row.write;
  const std::size_t extra_before = row.extra_bytes;
  auto done = change();
  for (const FieldWrite& field : row.write.fields) {
    if (!done) break;
    done = check_right(row.known.def(), row.write.insert, field.field);
  }
  // A row of which nothing is written is none of this transaction's.
  if (done && (row.noted || !row.write.fields.empty())) done = show(row);
  if (done) return {};
  row.write = before;
  row.extra_bytes = extra_before;
  return done;
}

Result<void> WriteBuffer::show(OpenRow& row) {
  auto done = [&]() -> Result<void> {
    KnownRow& known = row.known;
    if (!row.noted) {
      // Before the first write: what makes the row pending, and keeps what is confirmed of it.
      for (const TxNumber number : known.pending) {
        ROLLCALL_TRY(parts_.pending.note(known.key, number));
      }
      ROLLCALL_TRY(parts_.pending.note(known.key, number_));
      if ((known.confirmed || known.lingers) && !known.has_base) {
        ROLLCALL_TRY(parts_.bases.keep(known.def(), known.key.id, known.state,
                                       known.confirmed ? known.paths : 0, known.contains));
        known.has_base = true;
      }
      row.noted = true;
    }
    visible_ = row.before;
    RowContext context;
    context.own = &parts_.own_stamps;
    // As a replay will show it: what its author had seen never wins over it.
    const Stamp stamp = raise_stamp(stamp_, Stamp{}, seen_base(known.def(), visible_, row.write));
    merge_row(known.def(), visible_, row.write, stamp, context, effect_);
    return parts_.overlay.show(known, visible_, true, number_);
  }();
  is_broken_ = is_broken_ || !done;
  return done;
}

// ---- The end

Result<Bytes> WriteBuffer::encode() {
  const TransactionHead head{number_, stamp_, parts_.standing.cursor,
                             parts_.tables.schema().version};
  TransactionWriter rewritten;
  TransactionWriter* writer = &writer_;
  Bytes plain;
  TransactionReader reader;
  if (!moved_.empty()) {
    ROLLCALL_TRY_ASSIGN(plain, writer_.finish(head));
    ROLLCALL_TRY(reader.open(plain));
    for (SectionRow row; reader.next(row);) {
      if (moved_.contains({row.section->collection, row.id})) continue;
      rewritten.add(rewritten.section(row.section->collection, true, row.section->fields), row.id,
                    row.cells);
    }
    writer = &rewritten;
  }
  for (const auto& [key, row] : open_) {
    if (!row.write.fields.empty()) writer->add(row.write);
  }
  return writer->finish(head);
}

Result<Committed> WriteBuffer::commit() {
  if (is_broken_) {
    return failure(ErrorCode::io, "a write of this transaction failed half-way; begin it again");
  }
  const bool wrote = plain_rows_ > 0 ||
                     std::any_of(open_.begin(), open_.end(),
                                 [](const auto& row) { return !row.second.write.fields.empty(); });
  if (!wrote) return Committed{};
  const std::uint64_t rows = plain_rows_ + static_cast<std::uint64_t>(std::count_if(
                                               open_.begin(), open_.end(), [](const auto& row) {
                                                 return !row.second.write.fields.empty();
                                               }));
  ROLLCALL_TRY_ASSIGN(const Bytes bytes, encode());
  const Hash hash = parts_.doors.cryptography.hash({bytes});
  const Hash head = next_head(parts_.doors.cryptography, parts_.outbox.head(), hash);
  ROLLCALL_TRY(parts_.outbox.append(stamp_, hash, head, rows, bytes));
  parts_.publish();
  ROLLCALL_TRY(sql_.commit());
  parts_.is_writing = false;
  return Committed{number_, stamp_};
}

}  // namespace rollcall
