#include "engine/storage/server_table.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/storage/connection.h"
#include "engine/storage/layout.h"

namespace rollcall {
namespace {

// Places of the insert's parameters, and of the select's columns, before the fields.
struct ServerParameter {
  enum : int { id = 1, last, stamps, sequences, paths, extra, first_field };
  static int field(std::size_t position) { return first_field + static_cast<int>(position); }
};
struct ServerColumn {
  enum : int { key, id, last, stamps, sequences, paths, extra, first_field };
};

}  // namespace

void pack_paths(std::span<const PathEntry> entries, Bytes& out) {
  std::int64_t before = 0;
  for (const PathEntry& entry : entries) {
    ROLLCALL_CHECK(entry.path > before);
    before = entry.path;
    put_varint(out, static_cast<std::uint64_t>(entry.path));
    put_varint(out, entry.entered.value);
    put_varint(out, entry.left.value);
  }
}

Result<void> unpack_paths(BytesView packed, std::vector<PathEntry>& out) {
  out.clear();
  while (!packed.empty()) {
    PathEntry entry;
    ROLLCALL_TRY_ASSIGN(const std::uint64_t path, take_varint(packed));
    ROLLCALL_TRY_ASSIGN(entry.entered.value, take_varint(packed));
    ROLLCALL_TRY_ASSIGN(entry.left.value, take_varint(packed));
    entry.path = static_cast<std::int64_t>(path);
    if (entry.path <= (out.empty() ? 0 : out.back().path)) {
      return failure(ErrorCode::not_canonical, "a row's paths are not in ascending order");
    }
    out.push_back(entry);
  }
  return {};
}

ServerTable::ServerTable(Connection& connection, const CollectionDef& collection)
    : connection_(&connection),
      columns_(collection, ExtraUse::server),
      name_(table_name(collection)) {}

Result<ServerTable> ServerTable::open(Connection& connection, const CollectionDef& collection) {
  ServerTable table(connection, collection);
  ROLLCALL_TRY(table.prepare());
  return table;
}

Result<void> ServerTable::prepare() {
  const auto make = [this](Statement& target, const std::string& sql) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(target, connection_->prepare(sql));
    return {};
  };
  std::string names, marks;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    names += ", " + quoted(collection().fields[i].name);
    marks += ", ?" + std::to_string(ServerParameter::field(i));
  }
  ROLLCALL_TRY(make(insert_plain_, "INSERT INTO " + name_ +
                                       "(_id, _last, _stamps, _sequences, _paths, _extra" + names +
                                       ") VALUES(?1, ?2, ?3, ?4, ?5, ?6" + marks +
                                       ") ON CONFLICT(_id) DO NOTHING"));
  ROLLCALL_TRY(make(find_, "SELECT _key, _last, _deleted FROM " + name_ + " WHERE _id = ?1"));
  ROLLCALL_TRY(make(read_id_, select("WHERE r._id = ?1")));
  ROLLCALL_TRY(make(read_key_, select("WHERE r._key = ?1")));
  return make(erase_, "DELETE FROM " + name_ + " WHERE _key = ?1");
}

void ServerTable::choose_fields(std::span<const FieldId> fields) {
  insert_plain_.clear_bindings();
  chosen_.clear();
  for (const FieldId field : fields) {
    const auto position = collection().position(field);
    chosen_.push_back(position ? static_cast<int>(*position) : -1);
  }
}

Result<bool> ServerTable::insert_plain(const RowId& id, std::span<const ValueView> cells,
                                       const ServerPacked& packed) {
  ROLLCALL_CHECK(cells.size() == chosen_.size());
  bool deleted = false;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (chosen_[i] > 0) {
      insert_plain_.bind(ServerParameter::field(static_cast<std::size_t>(chosen_[i])), cells[i]);
    } else if (chosen_[i] == 0) {
      deleted = cells[i].integer != 0;
    }
  }
  insert_plain_.bind_id(ServerParameter::id, id);
  insert_plain_.bind_integer(ServerParameter::last, static_cast<std::int64_t>(packed.last.value));
  insert_plain_.bind_bytes(ServerParameter::stamps, packed.stamps);
  insert_plain_.bind_bytes(ServerParameter::sequences, packed.sequences);
  insert_plain_.bind_bytes(ServerParameter::paths, packed.paths);
  insert_plain_.bind_null(ServerParameter::extra);
  insert_plain_.bind_integer(ServerParameter::field(0), deleted ? 1 : 0);
  ROLLCALL_TRY(insert_plain_.run());
  return connection_->changes() != 0;
}

Result<std::optional<ServerPlace>> ServerTable::find(const RowId& id) {
  find_.bind_id(1, id);
  ROLLCALL_TRY_ASSIGN(const bool found, find_.step());
  std::optional<ServerPlace> place;
  if (found) {
    place = ServerPlace{find_.integer(0), Sequence(static_cast<std::uint64_t>(find_.integer(1))),
                        find_.integer(2) != 0};
    find_.reset();
  }
  return place;
}

Result<bool> ServerTable::read(const RowId& id, ServerRow& out) {
  read_id_.bind_id(1, id);
  return read_one(read_id_, out);
}

Result<bool> ServerTable::read(std::int64_t key, ServerRow& out) {
  read_key_.bind_integer(1, key);
  return read_one(read_key_, out);
}

Result<bool> ServerTable::read_one(Statement& from, ServerRow& out) {
  ROLLCALL_TRY_ASSIGN(const bool found, from.step());
  if (!found) return false;
  auto done = read(from, out);
  from.reset();
  if (!done) return std::move(done).error();
  return true;
}

void ServerTable::pack(const ServerRow& row) {
  ROLLCALL_CHECK(row.sequences.size() == columns_.size());
  columns_.pack(row.state, stamps_, extra_);
  unpacked_.clear();
  for (std::size_t i = 0; i < row.sequences.size(); ++i) {
    // A field has a sequence if and only if it was written.
    ROLLCALL_CHECK((row.sequences[i].value == 0) == row.state.fields[i].stamp.is_none());
    if (row.sequences[i].value != 0) {
      unpacked_.push_back({collection().fields[i].id, row.sequences[i]});
    }
  }
  sequences_.clear();
  pack_sequences(unpacked_, sequences_);
  paths_.clear();
  pack_paths(row.paths, paths_);
}

void ServerTable::bind_packed(Statement& statement, const ServerRow& row) {
  pack(row);
  statement.bind_integer(ServerParameter::last, static_cast<std::int64_t>(row.place.last.value));
  statement.bind_bytes(ServerParameter::stamps, stamps_);
  statement.bind_bytes(ServerParameter::sequences, sequences_);
  statement.bind_bytes(ServerParameter::paths, paths_);
  statement.bind(ServerParameter::extra,
                 extra_.empty() ? ValueView::null() : ValueView::of_bytes(extra_));
}

Result<void> ServerTable::insert(ServerRow& row) {
  set_texts_.resize(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    insert_plain_.bind(ServerParameter::field(i), columns_.cell(row.state, i, set_texts_[i]));
  }
  insert_plain_.bind_id(ServerParameter::id, row.id);
  bind_packed(insert_plain_, row);
  auto done = insert_plain_.run();
  // What insert_plain() finds bound must be null.
  insert_plain_.clear_bindings();
  ROLLCALL_TRY(std::move(done));
  if (connection_->changes() == 0) {
    return failure(ErrorCode::already_exists, row.id.text() + " is in " + name_ + " already");
  }
  row.place.key = connection_->last_key();
  row.place.deleted = row.state.is_deleted();
  return {};
}

Result<void> ServerTable::update(const ServerRow& row, std::span<const std::uint16_t> changed) {
  sql_ = "UPDATE " + name_ +
         " SET _last = ?2, _stamps = ?3, _sequences = ?4, _paths = ?5, _extra = ?6";
  for (const std::uint16_t position : changed) {
    sql_ += ", " + quoted(collection().fields[position].name) + " = ?";
  }
  sql_ += " WHERE _key = ?1";
  ROLLCALL_TRY_ASSIGN(Statement statement, connection_->cached(sql_));
  statement.bind_integer(1, row.place.key);
  bind_packed(statement, row);
  set_texts_.resize(columns_.size());
  int at = ServerParameter::first_field;
  for (const std::uint16_t position : changed) {
    statement.bind(at++, columns_.cell(row.state, position, set_texts_[position]));
  }
  ROLLCALL_TRY(statement.run());
  ROLLCALL_CHECK(connection_->changes() == 1);
  return {};
}

Result<void> ServerTable::erase(std::int64_t key) {
  erase_.bind_integer(1, key);
  return erase_.run();
}

std::string ServerTable::select(std::string_view rest) const {
  return "SELECT r._key, r._id, r._last, r._stamps, r._sequences, r._paths, r._extra, " +
         columns_.list("r") + " FROM " + name_ + " AS r " + std::string(rest);
}

Result<void> ServerTable::read(const Statement& from, ServerRow& out) const {
  ROLLCALL_TRY(read_image(from, image_));
  ROLLCALL_TRY_ASSIGN(out.id, from.id(ServerColumn::id));
  out.place = image_.place;
  ROLLCALL_TRY(columns_.unpack(image_.cells, image_.stamps, image_.extra, out.state));
  ROLLCALL_TRY(unpack_paths(image_.paths, out.paths));
  return unpack_sequences_of(image_.sequences, out);
}

Result<void> ServerTable::unpack_sequences_of(BytesView packed, ServerRow& out) const {
  out.sequences.assign(columns_.size(), Sequence());
  ROLLCALL_TRY(unpack_sequences(packed, unpacked_));
  for (const FieldSequence& item : unpacked_) {
    const auto position = collection().position(item.field);
    if (!position) {
      return failure(ErrorCode::corrupt, name_ + "._sequences names field " +
                                             std::to_string(item.field.value) +
                                             ", which this schema does not have");
    }
    out.sequences[*position] = item.sequence;
  }
  return {};
}

Result<void> ServerTable::read_image(const Statement& from, ServerImage& out) const {
  out.id = from.bytes(ServerColumn::id);
  out.stamps = from.bytes(ServerColumn::stamps);
  out.sequences = from.bytes(ServerColumn::sequences);
  out.paths = from.bytes(ServerColumn::paths);
  out.extra = from.bytes(ServerColumn::extra);
  out.cells.resize(columns_.size());
  ROLLCALL_TRY(columns_.read_cells(from, ServerColumn::first_field, out.cells));
  out.place = {from.integer(ServerColumn::key),
               Sequence(static_cast<std::uint64_t>(from.integer(ServerColumn::last))),
               out.cells[0].integer != 0};
  return {};
}

}  // namespace rollcall
