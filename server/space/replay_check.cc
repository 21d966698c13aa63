#include "server/space/replay_check.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "server/space/erased_rows.h"

namespace rollcall {
namespace {

Error not_as_logged(std::string what) { return failure(ErrorCode::corrupt, std::move(what)); }

std::string name_of(const CollectionDef& collection, const RowId& id) {
  return collection.name + " " + id.text();
}

// What a check looks at of a field: all that leaves the server.
bool same(const FieldState& a, const FieldState& b) {
  return a.stamp == b.stamp && a.value == b.value && a.generation == b.generation &&
         a.elements == b.elements && a.losers == b.losers;
}

// The device as it was when its transaction took that sequence.
StoredDevice as_of(const StoredDevice& device, const LoggedTransaction& logged) {
  const Sequence at = logged.judgement.sequence;
  StoredDevice then = device;
  then.record.grants.clear();
  then.ended.clear();
  if (then.record.revoked > at) then.record.revoked = Sequence();
  const auto add = [&](const std::vector<GrantRecord>& grants) {
    for (GrantRecord grant : grants) {
      if (grant.given >= at) continue;
      const bool active = grant.is_active() || grant.ended > at;
      if (active) grant.ended = Sequence();
      (active ? then.record.grants : then.ended).push_back(std::move(grant));
    }
  };
  add(device.record.grants);
  add(device.ended);
  then.cursor = logged.cursor;
  then.cursor_ms = logged.cursor_ms;
  return then;
}

}  // namespace

ReplayCheck::~ReplayCheck() {
  judge_.reset();
  names_.reset();
  paths_.reset();
  transaction_.reset();
  file_.reset();
  Connection::remove(scratch_, doors_.vfs);
}

Result<void> ReplayCheck::run() {
  ROLLCALL_TRY(open_scratch());
  ROLLCALL_TRY(replay());
  for (const CollectionDef& collection : snapshot_.schema()->collections) {
    ROLLCALL_TRY(compare(collection));
  }
  ROLLCALL_TRY_ASSIGN(Statement count,
                      snapshot_.file().connection().prepare("SELECT count(*) FROM _index"));
  ROLLCALL_TRY(count.step());
  if (static_cast<std::uint64_t>(count.integer(0)) == entries_) return {};
  return not_as_logged("the index of paths has entries of rows that are not there");
}

// Everything happens in one transaction that is never committed: nothing is flushed.
Result<void> ReplayCheck::open_scratch() {
  Connection::remove(scratch_, doors_.vfs);
  SpaceHeader header;
  header.name = "replay";
  const CommitRecord first{Sequence(), 0, Bytes(Cursor::commit_mark_bytes, '\0')};
  const Schema& schema = *snapshot_.schema();
  ROLLCALL_TRY_ASSIGN(SpaceFile file,
                      SpaceFile::create(scratch_, doors_.vfs, header, schema, first));
  file_.emplace(std::move(file));
  Connection& connection = file_->connection();
  ROLLCALL_TRY_ASSIGN(PathIndex paths, PathIndex::open(connection));
  paths_.emplace(std::move(paths));
  ROLLCALL_TRY_ASSIGN(PathNames names, PathNames::open(connection));
  names_.emplace(std::move(names));
  sealer_.emplace(doors_.cryptography, header.seal_key, doors_.random);
  roles_ = std::make_unique<SpaceRoles>(schema);
  judge_ =
      std::make_unique<TransactionJudge>(connection, *paths_, changes_, snapshot_.log(), *sealer_);
  ROLLCALL_TRY(judge_->open_tables(schema, *roles_));
  ROLLCALL_TRY_ASSIGN(std::set<ErasedRow> erased,
                      ErasureTable(snapshot_.file().connection()).all());
  ROLLCALL_TRY_ASSIGN(half_erased_, ErasureTable(snapshot_.file().connection()).unfinished());
  judge_->remember_erased(std::move(erased));
  changes_.begin(std::make_shared<const DigestBook::Watch>());
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
  transaction_.emplace(std::move(transaction));
  return {};
}

Result<void> ReplayCheck::replay() {
  ROLLCALL_TRY_ASSIGN(compactions_, CompactionTable(snapshot_.file().connection()).all());
  const auto each = [&](const LoggedTransaction& logged) -> Result<void> {
    ROLLCALL_TRY(compact_before(logged.judgement.sequence));
    return replay(logged);
  };
  ROLLCALL_TRY(snapshot_.log().each_applied(each));
  return compact_before(Sequence(std::numeric_limits<std::uint64_t>::max()));
}

// What was compacted when the log's head was before that sequence.
Result<void> ReplayCheck::compact_before(Sequence sequence) {
  for (; compacted_ < compactions_.size() && compactions_[compacted_].head < sequence;
       ++compacted_) {
    const CompactedRange& range = compactions_[compacted_];
    const CollectionDef* collection = snapshot_.schema()->find(range.collection);
    if (collection == nullptr) return not_as_logged("a compaction of an unknown collection");
    ROLLCALL_TRY_ASSIGN(RowCompactor compactor,
                        RowCompactor::open(file_->connection(), *collection, *paths_));
    ROLLCALL_TRY(compactor.step(range.through, range.after, range.upto,
                                std::numeric_limits<std::size_t>::max()));
  }
  return {};
}

Result<const StoredDevice*> ReplayCheck::device(DeviceNumber number) {
  const auto found = devices_.find(number.value);
  if (found != devices_.end()) return static_cast<const StoredDevice*>(&found->second);
  ROLLCALL_TRY_ASSIGN(std::optional<StoredDevice> stored, snapshot_.devices().find(number));
  if (!stored) return not_as_logged("a device that wrote is not among the devices");
  return static_cast<const StoredDevice*>(
      &devices_.emplace(number.value, std::move(*stored)).first->second);
}

// As of then: its sequence, its stamp, its author's cursor and grants. Whatever a person accepted
// from the parked ones, and whatever roles of an older schema allowed, is taken as it was taken.
Result<void> ReplayCheck::replay(const LoggedTransaction& logged) {
  ROLLCALL_TRY_ASSIGN(const StoredDevice* stored, device(logged.device));
  ROLLCALL_TRY_ASSIGN(Bytes bytes, snapshot_.log().bytes(logged.id));
  if (!half_erased_.empty()) {
    // What is still to be taken out: an erasure is several steps.
    ROLLCALL_TRY_ASSIGN(Redacted redacted, without_rows(bytes, half_erased_, Redact::rows));
    if (redacted.changed) bytes = std::move(redacted.bytes);
  }
  if (bytes.empty()) return {};  // erased: it wrote of nobody else
  const StoredDevice then = as_of(*stored, logged);
  JudgedTransaction judged;
  for (const bool approved : {false, true}) {
    ROLLCALL_TRY_ASSIGN(
        judged,
        judge_->judge({&then, logged.number, bytes, logged.judgement.sequence, logged.received_ms,
                       Epoch(), approved, logged.judgement.accepted, false, std::nullopt}));
    if (judged.judgement.took_effect()) return {};
  }
  return not_as_logged(text_of(logged) + " took effect by the log, and a replay refuses it (" +
                       judged.judgement.reason + "): its entry, or one before it, was changed");
}

Result<void> ReplayCheck::compare(const CollectionDef& collection) {
  const ServerTable& table = snapshot_.tables().at(collection.id).rows;
  ROLLCALL_TRY_ASSIGN(const ServerTable replayed_table,
                      ServerTable::open(file_->connection(), collection));
  ROLLCALL_TRY_ASSIGN(Statement stored_rows,
                      snapshot_.file().connection().prepare(table.select("ORDER BY r._id")));
  ROLLCALL_TRY_ASSIGN(Statement replayed_rows,
                      file_->connection().prepare(replayed_table.select("ORDER BY r._id")));
  ServerRow stored;
  ServerRow replayed;
  ROLLCALL_TRY_ASSIGN(bool more_stored, stored_rows.step());
  ROLLCALL_TRY_ASSIGN(bool more_replayed, replayed_rows.step());
  while (more_stored || more_replayed) {
    if (more_stored) ROLLCALL_TRY(table.read(stored_rows, stored));
    if (more_replayed) ROLLCALL_TRY(replayed_table.read(replayed_rows, replayed));
    if (!more_stored || (more_replayed && replayed.id < stored.id)) {
      return not_as_logged(name_of(collection, replayed.id) +
                           ": the log makes this row, and it is missing");
    }
    if (!more_replayed || stored.id < replayed.id) {
      return not_as_logged(name_of(collection, stored.id) + ": nothing in the log makes this row");
    }
    ROLLCALL_TRY(compare(collection, stored, replayed));
    ++report_.rows;
    ROLLCALL_TRY_ASSIGN(more_stored, stored_rows.step());
    ROLLCALL_TRY_ASSIGN(more_replayed, replayed_rows.step());
  }
  return {};
}

Result<void> ReplayCheck::compare(const CollectionDef& collection, const ServerRow& stored,
                                  const ServerRow& replayed) {
  const std::string name = name_of(collection, stored.id);
  for (std::size_t i = 0; i < collection.fields.size(); ++i) {
    const FieldState& a = stored.state.fields[i];
    const FieldState& b = replayed.state.fields[i];
    if (same(a, b)) continue;
    const char* what = a.value != b.value || a.elements != b.elements ? ": its value"
                       : a.stamp != b.stamp                           ? ": its stamp"
                                                                      : ": its open losers";
    return not_as_logged(name + ", " + collection.fields[i].name + what +
                         " is not what the log makes of it");
  }
  if (stored.place.deleted != replayed.place.deleted) {
    return not_as_logged(name + ": whether it is deleted is not what the log makes of it");
  }
  if (stored.sequences != replayed.sequences || stored.place.last != replayed.place.last) {
    return not_as_logged(name + ": the sequences at which it changed are not those of the log");
  }
  ROLLCALL_TRY_ASSIGN(const auto lies, named(snapshot_.paths(), stored));
  ROLLCALL_TRY_ASSIGN(const auto should, named(*names_, replayed));
  if (lies != should)
    return not_as_logged(name + ": it does not lie at the paths that the log gives it");
  return check_index(collection, stored);
}

Result<std::vector<ReplayCheck::NamedEntry>> ReplayCheck::named(PathNames& names,
                                                                const ServerRow& row) const {
  std::vector<NamedEntry> entries;
  for (const PathEntry& entry : row.paths) {
    ROLLCALL_TRY_ASSIGN(const std::string_view path, names.path(entry.path));
    entries.push_back({std::string(path), entry.entered, entry.left});
  }
  std::sort(entries.begin(), entries.end(),
            [](const NamedEntry& a, const NamedEntry& b) { return a.path < b.path; });
  return entries;
}

Result<void> ReplayCheck::check_index(const CollectionDef& collection, const ServerRow& stored) {
  ROLLCALL_TRY_ASSIGN(
      Statement select,
      snapshot_.file().connection().cached(
          "SELECT key FROM _index WHERE path = ?1 AND collection = ?2 AND id = ?3"));
  for (const PathEntry& entry : stored.paths) {
    if (entry.left.value != 0) continue;
    select.bind_integer(1, entry.path);
    select.bind_integer(2, collection.id.value);
    select.bind_id(3, stored.id);
    ROLLCALL_TRY_ASSIGN(const bool found, select.step());
    if (!found || select.integer(0) != stored.place.key) {
      return not_as_logged(name_of(collection, stored.id) +
                           ": the index of paths does not lead to it");
    }
    select.reset();
    ++entries_;
  }
  return {};
}

}  // namespace rollcall
