#include "client-core/replica/retry.h"

#include <algorithm>

#include "client-core/replica/replica_parts.h"
#include "client-core/replica/write_buffer.h"
#include "engine/model/path.h"

namespace rollcall {
namespace {

bool deletes(const RowWrite& write) {
  return std::any_of(write.fields.begin(), write.fields.end(), [](const FieldWrite& field) {
    return field.field.value == 0 && field.has_value && field.value == ValueView::of_boolean(true);
  });
}

}  // namespace

ValueView Retry::renamed(const ValueView& value) const {
  if (value.kind != ValueKind::bytes || value.bytes.size() != RowId::size_bytes) return value;
  const auto found = renamed_.find(RowId::from_bytes(value.bytes));
  return found == renamed_.end() ? value : ValueView::of_bytes(found->second.view());
}

void Retry::rename(FieldWrite& write) const {
  write.value = renamed(write.value);
  for (Value& added : write.adds) added = Value(renamed(added));
  for (SetRemoval& removal : write.removes) removal.element = Value(renamed(removal.element));
}

Result<void> Retry::find_place(const RowWrite& edit) {
  const CollectionDef* def = parts_.tables.schema().find(edit.collection);
  if (def == nullptr || edit.insert) return {};
  const RowKey key{edit.collection, edit.id};
  KnownRow known;
  ROLLCALL_TRY(parts_.overlay.load(key, known));
  if (known.in_table) return {};
  GoneRows::Copy copy;
  ROLLCALL_TRY_ASSIGN(const bool found, parts_.gone.find(*def, edit.id, copy));
  if (!found) return {};
  if (copy.again) {
    ROLLCALL_TRY(parts_.overlay.load({edit.collection, *copy.again}, known));
    if (known.in_table) {
      renamed_[edit.id] = *copy.again;
      return {};
    }
  }
  if (deletes(edit)) {  // it is so already
    left_out_.insert(key);
    return {};
  }
  if (!copy.has_fields) {
    return failure(ErrorCode::gone, def->name + " " + edit.id.text() +
                                        " is gone, and this device may not keep what it held: "
                                        "export what was written, and make a new one");
  }
  if (def->derived_from.empty()) renamed_[edit.id] = parts_.ids.next(parts_.clock.now_ms());
  inserts_.emplace(key, std::move(copy));
  return {};
}

Result<void> Retry::insert_copy(const RowKey& gone) {
  const CollectionDef& def = *parts_.tables.schema().find(gone.collection);
  const RowState& copy = inserts_.at(gone).fields;
  const auto place = renamed_.find(gone.id);
  RowWrite insert;
  insert.collection = gone.collection;
  insert.id = place == renamed_.end() ? gone.id : place->second;
  insert.insert = true;
  for (std::size_t i = 0; i < copy.fields.size() && i < def.fields.size(); ++i) {
    const FieldDef& field = def.fields[i];
    const FieldState& held = copy.fields[i];
    const bool is_deleted = field.id.value == 0;
    // A role that may not fill in a field of a new row leaves it empty.
    if (!is_deleted && (held.stamp.is_none() || field.rule == MergeRule::counter ||
                        !parts_.grants.may_write(def.id, true, field.id))) {
      continue;
    }
    FieldWrite& write = insert.fields.emplace_back();
    write.field = field.id;
    write.has_value = field.rule != MergeRule::set;
    write.value = is_deleted ? ValueView::of_boolean(false) : held.value.view();
    for (const SetElement& element : held.elements) write.adds.push_back(element.value);
    rename(write);
  }
  ROLLCALL_TRY(buffer_.repeat(insert));
  return parts_.gone.inserted_again(gone, insert.id);
}

// An id that was derived from what is renamed is another one, too.
RowId Retry::derived_or_same(const RowWrite& insert) const {
  const CollectionDef* def = parts_.tables.schema().find(insert.collection);
  if (def == nullptr || def->derived_from.empty() || renamed_.empty()) return insert.id;
  std::vector<ValueView> values;
  for (const FieldId field : def->derived_from) {
    const auto given = std::find_if(insert.fields.begin(), insert.fields.end(),
                                    [&](const FieldWrite& write) { return write.field == field; });
    if (given == insert.fields.end() || !given->has_value) return insert.id;
    values.push_back(given->value);
  }
  return derive_row_id(*def, values);
}

Result<void> Retry::repeat(const RowWrite& write) {
  const RowKey key{write.collection, write.id};
  if (left_out_.contains(key)) return {};
  RowWrite again = write;
  for (FieldWrite& field : again.fields) rename(field);
  const auto place = renamed_.find(write.id);
  if (write.insert) again.id = derived_or_same(again);
  if (place == renamed_.end() && !inserts_.contains(key)) return buffer_.repeat(again);
  if (place != renamed_.end()) again.id = place->second;
  // Undoings and decisions were about the row of before.
  for (FieldWrite& field : again.fields) {
    field.generation = 0;
    field.closes.clear();
  }
  return buffer_.repeat(again);
}

Result<void> Retry::write(const DecodedTransaction& transaction) {
  for (const RowWrite& row : transaction.rows()) ROLLCALL_TRY(find_place(row));
  for (const auto& [key, copy] : inserts_) ROLLCALL_TRY(insert_copy(key));
  for (const RowWrite& row : transaction.rows()) ROLLCALL_TRY(repeat(row));
  return {};
}

}  // namespace rollcall
