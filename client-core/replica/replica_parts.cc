#include "client-core/replica/replica_parts.h"

#include <set>

#include "client-core/replica/limits.h"

namespace rollcall {
namespace {

Overlay::Parts parts_of(ReplicaParts& all) {
  return {all.tables, all.bases,    all.pending,  all.unknown, all.losers,
          all.grants, all.standing, all.verdicts, all.orphans, all.own_stamps};
}

}  // namespace

ReplicaParts::ReplicaParts(const ReplicaDoors& the_doors, const ReplicaOptions& the_options,
                           Connection open, Identity who, std::shared_ptr<const Schema> schema)
    : doors(the_doors),
      options(the_options),
      connection(std::move(open)),
      identity(std::move(who)),
      clock(doors.clock, identity.device),
      ids(doors.random),
      tables(connection, schema),
      outbox(connection),
      fork(connection),
      verdicts(connection),
      own_stamps(outbox, verdicts),
      bases(connection),
      unknown(connection),
      losers(connection),
      gone(connection),
      conflict_numbers(connection),
      orphans(connection),
      private_values(connection),
      pending(connection, outbox),
      grants(connection, path_sets),
      overlay(parts_of(*this)),
      confirmed(connection, overlay, path_sets, parts_of(*this), clock),
      staging(connection),
      healing(connection, confirmed, grants, staging, path_sets),
      reading({parts_of(*this), overlay, confirmed, path_sets, staging, healing, outbox, gone}),
      queries(connection),
      schemas_{std::move(schema)} {
  grants.choose_schema(tables.schema());
}

Result<void> ReplicaParts::reload() {
  needs_reload_ = true;
  ROLLCALL_TRY(read_all());
  needs_reload_ = false;
  return {};
}

Result<void> ReplicaParts::refresh() {
  if (!needs_reload_) return {};
  auto done = reload();
  if (done) return {};
  Error error = std::move(done).error();
  error.message = "after a write that failed, the replica's file cannot be read: " + error.message;
  return error;
}

Result<void> ReplicaParts::read_all() {
  ROLLCALL_TRY_ASSIGN(identity, Identity::load(connection));
  clock.become(identity.device);
  ROLLCALL_TRY_ASSIGN(standing, Standing::load(connection));
  saved_ = standing;
  grants.forget_paths();  // they are views into the path sets
  ROLLCALL_TRY_ASSIGN(path_sets, PathSets::open(connection));
  ROLLCALL_TRY(outbox.reload());
  ROLLCALL_TRY(fork.reload());
  ROLLCALL_TRY(orphans.reload());
  ROLLCALL_TRY(verdicts.reload(standing.retired));
  ROLLCALL_TRY(bases.reload());
  ROLLCALL_TRY(unknown.reload());
  ROLLCALL_TRY(pending.reload());
  ROLLCALL_TRY(grants.reload());
  ROLLCALL_TRY(staging.reload());
  overlay.settle();
  overlay.touched().clear();
  healing.restart();
  clock.follow(standing.offset_ms, 0);
  clock.observe(Stamp{standing.clock_time, identity.device});
  // Once it has its verdict, `clock_time` knows what the server made of a clock that ran ahead.
  if (outbox.last() > standing.seen) clock.observe(outbox.last_stamp());
  return look_for_gap();
}

Result<void> ReplicaParts::look_for_gap() {
  has_gap = false;
  if (outbox.last() <= standing.seen) return {};
  ROLLCALL_TRY_ASSIGN(const auto next, outbox.find(standing.seen.next()));
  if (next) return {};
  ROLLCALL_TRY_ASSIGN(const auto resumes, outbox.resumes_after(standing.seen));
  has_gap = !resumes.has_value();
  return {};
}

Result<void> ReplicaParts::number(std::vector<Conflict>& listed, bool is_all) {
  ROLLCALL_TRY_ASSIGN(const bool all_known, conflict_numbers.find(listed));
  ROLLCALL_TRY_ASSIGN(const std::uint64_t kept, conflict_numbers.count());
  if (all_known && (!is_all || kept == listed.size())) return {};
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY(conflict_numbers.give(listed));
    return is_all ? conflict_numbers.keep_only(listed) : Result<void>();
  };
  return is_writing ? work() : write(work);
}

Result<void> ReplicaParts::check_free() const {
  if (!is_writing) return {};
  return failure(ErrorCode::invalid_argument,
                 "a local transaction is open: commit it or roll it back first");
}

Result<void> ReplicaParts::write(const std::function<Result<void>()>& work, Flush flush) {
  ROLLCALL_TRY(check_free());
  ROLLCALL_TRY(refresh());
  ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection, flush));
  needs_reload_ = true;  // however this ends, until it has gone well
  auto done = work();
  if (done) {
    standing.clock_time = clock.last().time;
    // For leases, a minute is near enough.
    const std::int64_t known_ms = known_now_ms();
    if (known_ms > standing.latest_ms + latest_ms_step) standing.latest_ms = known_ms;
    // A jitter of the network is not worth a flush of the disk.
    const std::int64_t drift = clock.offset_ms() - standing.offset_ms;
    if (drift > offset_jitter_ms || drift < -offset_jitter_ms) {
      standing.offset_ms = clock.offset_ms();
    }
    if (!(standing == saved_)) done = standing.save(connection);
  }
  if (done) done = grants.save();
  Standing next = standing;
  if (done) publish();
  if (done) done = transaction.commit();
  if (!done) {
    transaction.rollback();
    static_cast<void>(reload());  // the next call tries again, or says why not
    return done;
  }
  saved_ = std::move(next);
  needs_reload_ = false;
  return {};
}

void ReplicaParts::publish() {
  std::set<std::uint16_t>& touched = overlay.touched();
  std::set<std::string> untouched;
  for (const CollectionDef& def : tables.schema().collections) {
    if (touched.contains(def.id.value)) continue;
    // Its table, its full-text index, and their views.
    for (const std::string& name : {def.name, def.name + "_search"}) {
      untouched.insert(name);
      untouched.insert("_" + name);
    }
  }
  touched.clear();
  queries.changed_all_but(untouched);
}

void ReplicaParts::change_schema(std::shared_ptr<const Schema> schema) {
  tables.change(schema);
  schemas_.push_back(std::move(schema));
  grants.choose_schema(tables.schema());
}

Result<void> ReplicaParts::show_again(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Bytes body, outbox.body(number));
  DecodedTransaction transaction;
  ROLLCALL_TRY(transaction.decode(number, std::move(body)));
  KnownRow row;
  for (const RowWrite& write : transaction.rows()) {
    ROLLCALL_TRY(overlay.load({write.collection, write.id}, row));
    if (row.table != nullptr) ROLLCALL_TRY(overlay.store(row));
  }
  return {};
}

// What this device holds of the rows that a transaction edits, as long as it holds it.
Result<void> ReplicaParts::keep_gone_rows(const DecodedTransaction& transaction) {
  KnownRow row;
  for (const RowWrite& write : transaction.rows()) {
    if (write.insert) continue;
    ROLLCALL_TRY(overlay.load({write.collection, write.id}, row));
    if (row.table == nullptr || (!row.confirmed && !row.lingers)) continue;
    ROLLCALL_TRY(gone.keep(row.def(), row.key.id, row.state));
  }
  return {};
}

Result<void> ReplicaParts::drop_unwanted_copies() {
  ROLLCALL_TRY_ASSIGN(const bool wanted, verdicts.any_in_tray_wants_a_row());
  return wanted ? Result<void>() : gone.forget_all();
}

Result<void> ReplicaParts::take_out_of_sight(std::span<const TxNumber> numbers) {
  DecodedTransaction transaction;
  KnownRow row;
  // Before any of them goes: with the last edit of a row its image goes, too.
  for (const TxNumber number : numbers) {
    const StoredVerdict* verdict = verdicts.recent(number);
    if (verdict == nullptr || !verdict->wants_a_row()) continue;
    ROLLCALL_TRY_ASSIGN(Bytes body, outbox.body(number));
    ROLLCALL_TRY(transaction.decode(number, std::move(body)));
    ROLLCALL_TRY(keep_gone_rows(transaction));
  }
  for (const TxNumber number : numbers) {
    ROLLCALL_TRY_ASSIGN(Bytes body, outbox.body(number));
    ROLLCALL_TRY(transaction.decode(number, std::move(body)));
    for (const RowWrite& write : transaction.rows()) {
      const RowKey key{write.collection, write.id};
      ROLLCALL_TRY(overlay.load(key, row));
      ROLLCALL_TRY(pending.forget_one(key, number));
      if (row.table != nullptr) ROLLCALL_TRY(overlay.store(row));
    }
  }
  return {};
}

}  // namespace rollcall
