#include "server/space/row_writer.h"

#include <algorithm>

#include "engine/base/check.h"

namespace rollcall {

void RowWriter::begin(Sequence sequence, Stamp accepted) {
  sequence_ = sequence;
  accepted_ = accepted;
  made_paths_.clear();
  last_paths_known_ = false;
}

Result<std::int64_t> RowWriter::intern(std::string_view path) {
  ROLLCALL_TRY_ASSIGN(const std::int64_t known, paths_->find(path));
  if (known != 0) return known;
  ROLLCALL_TRY_ASSIGN(const std::int64_t made, paths_->intern(path));
  made_paths_.push_back(made);
  return made;
}

Result<void> RowWriter::intern_all(const std::vector<std::string>& paths) {
  numbers_.clear();
  for (const std::string& path : paths) {
    ROLLCALL_TRY_ASSIGN(const std::int64_t number, intern(path));
    numbers_.push_back(number);
  }
  std::sort(numbers_.begin(), numbers_.end());
  return {};
}

void RowWriter::choose_plain(ServerTable& table, std::span<const FieldId> fields) {
  table.choose_fields(fields);
  fields_ = fields;
  stamps_.clear();
  pack_one_stamp(accepted_, fields, stamps_);
  sequences_.clear();
  pack_one_sequence(sequence_, fields, sequences_);
}

Result<bool> RowWriter::insert_plain(ServerTable& table, const RowId& id,
                                     std::span<const ValueView> cells,
                                     const std::vector<std::string>& paths) {
  if (!last_paths_known_ || last_paths_ != paths) {
    ROLLCALL_TRY(intern_all(paths));
    packed_paths_.clear();
    for (const std::int64_t number : numbers_) {
      put_varint(packed_paths_, static_cast<std::uint64_t>(number));
      put_varint(packed_paths_, sequence_.value);
      put_varint(packed_paths_, 0);
    }
    last_paths_ = paths;
    last_paths_known_ = true;
  }
  ROLLCALL_TRY_ASSIGN(
      const bool inserted,
      table.insert_plain(id, cells, {stamps_, sequences_, packed_paths_, sequence_}));
  if (!inserted) return false;
  const std::int64_t key = connection_->last_key();
  for (const std::int64_t number : numbers_) {
    ROLLCALL_TRY(paths_->enter(number, table.collection().id, id, key));
    ROLLCALL_TRY(add_plain(number, table, id, cells));
  }
  return true;
}

Result<void> RowWriter::add_plain(std::int64_t number, const ServerTable& table, const RowId& id,
                                  std::span<const ValueView> cells) {
  changes_->add(number);
  ROLLCALL_TRY_ASSIGN(const std::uint64_t watched, changes_->watched(number, *paths_));
  if (watched == 0) return {};
  ROLLCALL_TRY_ASSIGN(const std::string_view path, paths_->path(number));
  const auto& views = roles_->digest_views();
  for (std::size_t view = 0; view < views.size(); ++view) {
    if (((watched >> view) & 1) == 0) continue;
    plain_mask_.clear();
    if (!views[view].is_whole()) {
      const FieldView& seen = roles_->book().view(table.collection().id, views[view].role);
      if (!seen.shows) continue;
      for (const FieldId field : fields_) {
        plain_mask_.push_back(seen.mask[*table.collection().position(field)]);
      }
    }
    ROLLCALL_TRY_ASSIGN(const Digest digest,
                        hasher_.plain_row(path, id, fields_, cells, stamps_, plain_mask_));
    changes_->add(number, view, digest);
  }
  return {};
}

template <class Each>
Result<void> RowWriter::shares(std::int64_t number, const ServerTable& table, const ServerRow& row,
                               const Each& each) {
  ROLLCALL_TRY_ASSIGN(const std::uint64_t watched, changes_->watched(number, *paths_));
  if (watched == 0) return {};
  ROLLCALL_TRY_ASSIGN(const std::string_view path, paths_->path(number));
  const CollectionDef& collection = table.collection();
  const auto& views = roles_->digest_views();
  for (std::size_t view = 0; view < views.size(); ++view) {
    if (((watched >> view) & 1) == 0) continue;
    std::span<const std::uint8_t> mask;
    if (!views[view].is_whole()) {
      const FieldView& seen = roles_->book().view(collection.id, views[view].role);
      if (!seen.shows) continue;
      mask = seen.mask;
    }
    if (whole_) {
      each(Share{number, view, hasher_.row(path, row.id, collection, row.state, mask)});
      continue;
    }
    Digest sum;
    hasher_.begin(path, row.id);
    for (const std::uint16_t position : touched_) {
      if (!mask.empty() && mask[position] == 0) continue;
      sum += hasher_.field(collection.fields[position].id, row.state.fields[position]);
    }
    each(Share{number, view, sum});
  }
  return {};
}

Result<void> RowWriter::look_before(const ServerTable& table, const ServerRow& row, bool exists,
                                    const RowWrite& write, bool moves) {
  before_.clear();
  touched_.clear();
  // A deletion changes what every field counts, so does a new path.
  whole_ = !exists || moves || row.place.deleted || row.state.is_deleted();
  for (const FieldWrite& field : write.fields) {
    const auto position = table.collection().position(field.field);
    if (!position) continue;
    if (*position == 0) whole_ = true;
    touched_.push_back(static_cast<std::uint16_t>(*position));
  }
  if (!exists || !changes_->watches_anything()) return {};
  for (const PathEntry& entry : row.paths) {
    if (entry.left.value != 0) continue;
    ROLLCALL_TRY(
        shares(entry.path, table, row, [&](const Share& share) { before_.push_back(share); }));
  }
  return {};
}

void RowWriter::move(ServerRow& row) {
  entered_.clear();
  left_.clear();
  for (PathEntry& entry : row.paths) {
    const bool is_there = entry.left.value == 0;
    const bool stays = std::binary_search(numbers_.begin(), numbers_.end(), entry.path);
    if (is_there && !stays) {
      entry.left = sequence_;
      left_.push_back(entry.path);
    } else if (!is_there && stays) {
      entry.entered = sequence_;
      entry.left = Sequence();
      entered_.push_back(entry.path);
    }
  }
  for (const std::int64_t number : numbers_) {
    const auto at = std::lower_bound(
        row.paths.begin(), row.paths.end(), number,
        [](const PathEntry& entry, std::int64_t path) { return entry.path < path; });
    if (at != row.paths.end() && at->path == number) continue;
    row.paths.insert(at, PathEntry{number, sequence_, Sequence()});
    entered_.push_back(number);
  }
}

Result<void> RowWriter::write(ServerTable& table, ServerRow& row, bool exists,
                              const RowEffect& effect, const std::vector<std::string>* paths) {
  entered_.clear();
  left_.clear();
  if (paths != nullptr) {
    last_paths_known_ = false;
    ROLLCALL_TRY(intern_all(*paths));
    move(row);
  }
  row.sequences.resize(row.state.fields.size());
  for (const std::uint16_t position : effect.changed) row.sequences[position] = sequence_;
  const bool is_news = !effect.changed.empty() || !entered_.empty() || !left_.empty();
  if (is_news) row.place.last = sequence_;
  row.place.deleted = row.state.is_deleted();

  if (exists) {
    ROLLCALL_TRY(table.update(row, effect.changed));
  } else {
    ROLLCALL_TRY(table.insert(row));
  }
  const CollectionId collection = table.collection().id;
  for (const std::int64_t path : entered_) {
    ROLLCALL_TRY(paths_->enter(path, collection, row.id, row.place.key));
  }
  for (const std::int64_t path : left_) ROLLCALL_TRY(paths_->erase(path, collection, row.id));
  if (!is_news) return {};

  for (const Share& share : before_) {
    changes_->add(share.path, share.view, Digest{} - share.digest);
  }
  for (const std::int64_t path : left_) changes_->add(path);
  for (const PathEntry& entry : row.paths) {
    if (entry.left.value != 0) continue;
    changes_->add(entry.path);
    ROLLCALL_TRY(shares(entry.path, table, row, [&](const Share& share) {
      changes_->add(share.path, share.view, share.digest);
    }));
  }
  return {};
}

Result<void> RowWriter::forget(ServerTable& table, const ServerRow& row) {
  whole_ = true;
  for (const PathEntry& entry : row.paths) {
    if (entry.left.value != 0) continue;
    changes_->add(entry.path);
    ROLLCALL_TRY(shares(entry.path, table, row, [&](const Share& share) {
      changes_->add(share.path, share.view, Digest{} - share.digest);
    }));
    ROLLCALL_TRY(paths_->erase(entry.path, table.collection().id, row.id));
  }
  return table.erase(row.place.key);
}

}  // namespace rollcall
