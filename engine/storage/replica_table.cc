#include "engine/storage/replica_table.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/storage/connection.h"
#include "engine/storage/layout.h"

namespace rollcall {
namespace {

// Places of the insert's parameters, and of the select's columns, before the fields.
struct ReplicaParameter {
  enum : int { id = 1, paths, tx, stamps, extra, first_field };
  static int field(std::size_t position) { return first_field + static_cast<int>(position); }
};
struct ReplicaColumn {
  enum : int { key, id, paths, tx, stamps, extra, first_field };
};

}  // namespace

ReplicaTable::ReplicaTable(Connection& connection, const CollectionDef& collection)
    : connection_(&connection),
      columns_(collection, ExtraUse::wire),
      name_(table_name(collection)) {
  for (std::size_t i = 1; i < collection.fields.size(); ++i) {
    if (collection.fields[i].search) search_.push_back(static_cast<std::uint16_t>(i));
  }
}

Result<ReplicaTable> ReplicaTable::open(Connection& connection, const CollectionDef& collection) {
  ReplicaTable table(connection, collection);
  ROLLCALL_TRY(table.prepare());
  return table;
}

Result<void> ReplicaTable::prepare() {
  const auto make = [this](Statement& target, const std::string& sql) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(target, connection_->prepare(sql));
    return {};
  };
  std::string names, marks, searched, search_marks, insert_marks, search_texts;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names += ", " + quoted(collection().fields[i].name);
    marks += ", ?" + std::to_string(ReplicaParameter::field(i));
  }
  for (const std::uint16_t position : search_) {
    const FieldDef& field = collection().fields[position];
    searched += ", " + quoted(field.name);
    search_texts += ", " + searched_text(field, quoted(field.name));
    insert_marks += ", " + searched_text(field, "?");
    search_marks += ", ?";
  }
  ROLLCALL_TRY(make(insert_plain_, "INSERT INTO " + name_ + "(_id, _paths, _tx, _stamps, _extra" +
                                       names + ") VALUES(?1, ?2, ?3, ?4, ?5" + marks +
                                       ") ON CONFLICT(_id) DO NOTHING"));
  ROLLCALL_TRY(make(find_, "SELECT _key, _paths, _tx, _deleted FROM " + name_ + " WHERE _id = ?1"));
  ROLLCALL_TRY(make(read_id_, select("WHERE r._id = ?1")));
  ROLLCALL_TRY(make(read_key_, select("WHERE r._key = ?1")));
  ROLLCALL_TRY(make(place_, "UPDATE " + name_ + " SET _paths = ?2, _tx = ?3 WHERE _key = ?1"));
  ROLLCALL_TRY(make(erase_, "DELETE FROM " + name_ + " WHERE _key = ?1"));
  if (search_.empty()) return {};
  const std::string index = search_table_name(collection());
  ROLLCALL_TRY(make(insert_search_, "INSERT INTO " + index + "(rowid" + searched + ") VALUES(?" +
                                        insert_marks + ")"));
  ROLLCALL_TRY(make(erase_search_, "INSERT INTO " + index + "(" + index + ", rowid" + searched +
                                       ") VALUES('delete', ?" + search_marks + ")"));
  return make(read_search_,
              "SELECT _deleted" + search_texts + " FROM " + name_ + " WHERE _key = ?1");
}

void ReplicaTable::choose_fields(std::span<const FieldId> fields) {
  insert_plain_.clear_bindings();
  chosen_.clear();
  for (const FieldId field : fields) {
    const auto position = collection().position(field);
    chosen_.push_back(position ? static_cast<int>(*position) : -1);
  }
  search_cells_.clear();
  for (const std::uint16_t position : search_) {
    const auto found = std::find(chosen_.begin(), chosen_.end(), static_cast<int>(position));
    search_cells_.push_back(found == chosen_.end() ? -1
                                                   : static_cast<int>(found - chosen_.begin()));
  }
}

Result<bool> ReplicaTable::insert_plain(const RowId& id, std::span<const ValueView> cells,
                                        BytesView stamps, std::int64_t paths, TxNumber tx) {
  ROLLCALL_CHECK(cells.size() == chosen_.size());
  bool deleted = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (chosen_[i] > 0) {
      insert_plain_.bind(ReplicaParameter::field(static_cast<std::size_t>(chosen_[i])), cells[i]);
    } else if (chosen_[i] == 0) {
      deleted = cells[i].integer != 0;
    }
  }
  insert_plain_.bind_id(ReplicaParameter::id, id);
  insert_plain_.bind_integer(ReplicaParameter::paths, paths);
  insert_plain_.bind_integer(ReplicaParameter::tx, static_cast<std::int64_t>(tx.value));
  insert_plain_.bind_bytes(ReplicaParameter::stamps, stamps);
  insert_plain_.bind_null(ReplicaParameter::extra);
  insert_plain_.bind_integer(ReplicaParameter::field(0), deleted ? 1 : 0);
  ROLLCALL_TRY(insert_plain_.run());
  if (connection_->changes() == 0) return false;
  if (search_.empty() || deleted) return true;
  const std::int64_t key = connection_->last_key();
  insert_search_.bind_integer(1, key);
  for (std::size_t i = 0; i < search_cells_.size(); ++i) {
    const int cell = search_cells_[i];
    insert_search_.bind(static_cast<int>(i) + 2,
                        cell < 0 ? ValueView::null() : cells[static_cast<std::size_t>(cell)]);
  }
  ROLLCALL_TRY(insert_search_.run());
  return true;
}

Result<std::optional<ReplicaPlace>> ReplicaTable::find(const RowId& id) {
  find_.bind_id(1, id);
  ROLLCALL_TRY_ASSIGN(const bool found, find_.step());
  std::optional<ReplicaPlace> place;
  if (found) {
    place =
        ReplicaPlace{find_.integer(0), find_.integer(1),
                     TxNumber(static_cast<std::uint64_t>(find_.integer(2))), find_.integer(3) != 0};
    find_.reset();
  }
  return place;
}

Result<bool> ReplicaTable::read(const RowId& id, ReplicaRow& out) {
  read_id_.bind_id(1, id);
  return read_one(read_id_, out);
}

Result<bool> ReplicaTable::read(std::int64_t key, ReplicaRow& out) {
  read_key_.bind_integer(1, key);
  return read_one(read_key_, out);
}

Result<bool> ReplicaTable::read_one(Statement& from, ReplicaRow& out) {
  ROLLCALL_TRY_ASSIGN(const bool found, from.step());
  if (!found) return false;
  auto done = read(from, out);
  from.reset();
  if (!done) return std::move(done).error();
  return true;
}

Result<void> ReplicaTable::insert(ReplicaRow& row) {
  columns_.pack(row.state, stamps_, extra_);
  set_texts_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    insert_plain_.bind(ReplicaParameter::field(i), columns_.cell(row.state, i, set_texts_[i]));
  }
  insert_plain_.bind_id(ReplicaParameter::id, row.id);
  insert_plain_.bind_integer(ReplicaParameter::paths, row.place.paths);
  insert_plain_.bind_integer(ReplicaParameter::tx, static_cast<std::int64_t>(row.place.tx.value));
  insert_plain_.bind_bytes(ReplicaParameter::stamps, stamps_);
  insert_plain_.bind(ReplicaParameter::extra,
                     extra_.empty() ? ValueView::null() : ValueView::of_bytes(extra_));
  auto done = insert_plain_.run();
  // What insert_plain() finds bound must be null.
  insert_plain_.clear_bindings();
  ROLLCALL_TRY(std::move(done));
  if (connection_->changes() == 0) {
    return failure(ErrorCode::already_exists, row.id.text() + " is in " + name_ + " already");
  }
  row.place.key = connection_->last_key();
  row.place.deleted = row.state.is_deleted();
  return add_to_search(row.place.key, row.state);
}

Result<void> ReplicaTable::update(const ReplicaRow& row, std::span<const std::uint16_t> changed) {
  const bool searched = std::any_of(changed.begin(), changed.end(), [this](std::uint16_t position) {
    return position == 0 || std::binary_search(search_.begin(), search_.end(), position);
  });
  const bool touches_search = !search_.empty() && searched;
  if (touches_search) ROLLCALL_TRY(remove_from_search(row.place.key));

  sql_ = "UPDATE " + name_ + " SET _paths = ?2, _tx = ?3, _stamps = ?4, _extra = ?5";
  for (const std::uint16_t position : changed) {
    sql_ += ", " + quoted(collection().fields[position].name) + " = ?";
  }
  sql_ += " WHERE _key = ?1";
  ROLLCALL_TRY_ASSIGN(Statement statement, connection_->cached(sql_));
  columns_.pack(row.state, stamps_, extra_);
  statement.bind_integer(1, row.place.key);
  statement.bind_integer(ReplicaParameter::paths, row.place.paths);
  statement.bind_integer(ReplicaParameter::tx, static_cast<std::int64_t>(row.place.tx.value));
  statement.bind_bytes(ReplicaParameter::stamps, stamps_);
  statement.bind(ReplicaParameter::extra,
                 extra_.empty() ? ValueView::null() : ValueView::of_bytes(extra_));
  set_texts_.resize(columns_.size());
  int at = ReplicaParameter::first_field;
  for (const std::uint16_t position : changed) {
    statement.bind(at++, columns_.cell(row.state, position, set_texts_[position]));
  }
  ROLLCALL_TRY(statement.run());
  ROLLCALL_CHECK(connection_->changes() == 1);
  if (touches_search) ROLLCALL_TRY(add_to_search(row.place.key, row.state));
  return {};
}

Result<void> ReplicaTable::set_place(std::int64_t key, std::int64_t paths, TxNumber tx) {
  place_.bind_integer(1, key);
  place_.bind_integer(2, paths);
  place_.bind_integer(3, static_cast<std::int64_t>(tx.value));
  return place_.run();
}

Result<void> ReplicaTable::erase(std::int64_t key) {
  if (!search_.empty()) ROLLCALL_TRY(remove_from_search(key));
  erase_.bind_integer(1, key);
  return erase_.run();
}

Result<void> ReplicaTable::add_to_search(std::int64_t key, const RowState& state) {
  if (search_.empty() || state.is_deleted()) return {};
  set_texts_.resize(columns_.size());
  insert_search_.bind_integer(1, key);
  for (std::size_t i = 0; i < search_.size(); ++i) {
    insert_search_.bind(static_cast<int>(i) + 2,
                        columns_.cell(state, search_[i], set_texts_[search_[i]]));
  }
  return insert_search_.run();
}

// The index holds no text of its own: it must be told what it was given.
Result<void> ReplicaTable::remove_from_search(std::int64_t key) {
  read_search_.bind_integer(1, key);
  ROLLCALL_TRY_ASSIGN(const bool found, read_search_.step());
  if (!found) return {};
  Result<void> done;
  if (read_search_.integer(0) == 0) {
    erase_search_.bind_integer(1, key);
    for (std::size_t i = 0; i < search_.size(); ++i) {
      const int column = static_cast<int>(i) + 1;
      erase_search_.bind(column + 1, read_search_.value(column));
    }
    done = erase_search_.run();
    erase_search_.clear_bindings();
  }
  read_search_.reset();
  return done;
}

std::string ReplicaTable::select(std::string_view rest) const {
  return "SELECT r._key, r._id, r._paths, r._tx, r._stamps, r._extra, " + columns_.list("r") +
         " FROM " + name_ + " AS r " + std::string(rest);
}

Result<void> ReplicaTable::read(const Statement& from, ReplicaRow& out) const {
  ROLLCALL_TRY(read_image(from, image_));
  ROLLCALL_TRY_ASSIGN(out.id, from.id(ReplicaColumn::id));
  out.place = image_.place;
  return columns_.unpack(image_.cells, image_.stamps, image_.extra, out.state);
}

Result<void> ReplicaTable::read_image(const Statement& from, ReplicaImage& out) const {
  out.id = from.bytes(ReplicaColumn::id);
  out.stamps = from.bytes(ReplicaColumn::stamps);
  out.extra = from.bytes(ReplicaColumn::extra);
  out.cells.resize(columns_.size());
  ROLLCALL_TRY(columns_.read_cells(from, ReplicaColumn::first_field, out.cells));
  out.place = {from.integer(ReplicaColumn::key), from.integer(ReplicaColumn::paths),
               TxNumber(static_cast<std::uint64_t>(from.integer(ReplicaColumn::tx))),
               out.cells[0].integer != 0};
  return {};
}

}  // namespace rollcall
