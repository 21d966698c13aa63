#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "client-core/replica/base_images.h"
#include "client-core/replica/confirmed_rows.h"
#include "client-core/replica/conflict_numbers.h"
#include "client-core/replica/fork_plan.h"
#include "client-core/replica/gone_rows.h"
#include "client-core/replica/grants.h"
#include "client-core/replica/healing.h"
#include "client-core/replica/identity.h"
#include "client-core/replica/open_losers.h"
#include "client-core/replica/orphans.h"
#include "client-core/replica/outbox.h"
#include "client-core/replica/overlay.h"
#include "client-core/replica/pending_writes.h"
#include "client-core/replica/private_values.h"
#include "client-core/replica/queries.h"
#include "client-core/replica/reading.h"
#include "client-core/replica/replica.h"
#include "client-core/replica/staging.h"
#include "client-core/replica/standing.h"
#include "client-core/replica/status.h"
#include "client-core/replica/tables.h"
#include "client-core/replica/unknown_values.h"
#include "client-core/replica/verdicts.h"
#include "engine/storage/connection.h"
#include "engine/storage/path_sets.h"
#include "engine/storage/transaction.h"

namespace rollcall {

// What an open replica is made of: each part is a table or a rule, and this is where they meet. It
// is never moved, for the parts refer to each other; the connection outlives all of them.
struct ReplicaParts {
  ReplicaParts(const ReplicaDoors& the_doors, const ReplicaOptions& the_options, Connection open,
               Identity who, std::shared_ptr<const Schema> schema);
  ReplicaParts(const ReplicaParts&) = delete;
  ReplicaParts& operator=(const ReplicaParts&) = delete;

  // Memory says what the file says: after opening, and after a transaction that was rolled back.
  // Where that fails nothing may be decided by what stands in memory...
  Result<void> reload();
  // ...so this comes before everything that does: it reloads what could not be reloaded, or says
  // why that still does not go.
  Result<void> refresh();
  // Runs `work` in one SQLite transaction, and writes down what stands in memory at its end. After
  // an error everything is as before.
  Result<void> write(const std::function<Result<void>()>& work, Flush flush = Flush::at_commit);
  // A commit is due: those who watch the tables will look. Before it, because what follows a commit
  // must not fail, not even for want of memory.
  void publish();
  // A transaction was rolled back.
  void must_reload() noexcept { needs_reload_ = true; }
  // Another schema from now on.
  void change_schema(std::shared_ptr<const Schema> schema);
  // Own transactions are rejected or parked: their rows show what they would without them.
  Result<void> take_out_of_sight(std::span<const TxNumber> numbers);
  // Copies of rows that are gone, once no transaction in the tray wants one any more.
  Result<void> drop_unwanted_copies();
  // The rows that an own transaction writes are replayed anew.
  Result<void> show_again(TxNumber number);
  // Gives listed conflicts their numbers; with `is_all`, those of closed ones are forgotten.
  Result<void> number(std::vector<Conflict>& listed, bool is_all);
  // Looks whether what is to be pushed next is still kept; after every change of `standing.seen`.
  Result<void> look_for_gap();
  // Why nothing may be shown or written now.
  [[nodiscard]] Lock lock() const;
  // As late as it is at least, by all that this device ever knew: though the clock was set back,
  // time goes on while the program runs.
  [[nodiscard]] std::int64_t known_now_ms() const;
  // The end of the shortest lease that its roles give, in server time; 0: there is none.
  [[nodiscard]] std::int64_t lease_until_ms() const;
  // `refresh`, then `locked` with the reason.
  Result<void> check_unlocked();
  // Leaves nothing in the file but that this replica was revoked.
  Result<void> erase();
  // `invalid_argument` while a local transaction is open.
  [[nodiscard]] Result<void> check_free() const;

  ReplicaDoors doors;
  ReplicaOptions options;
  Connection connection;
  Identity identity;
  Standing standing;
  HybridClock clock;
  RowIdSource ids;
  bool is_writing = false;   // a local transaction is open
  bool rolled_back = false;  // the last reply was an old copy's of the server's log
  bool has_gap = false;      // the server lacks a transaction that is not kept here any more

  Tables tables;
  PathSets path_sets;
  Outbox outbox;
  ForkPlan fork;
  Verdicts verdicts;
  OwnStamps own_stamps;
  BaseImages bases;
  UnknownValues unknown;
  OpenLosers losers;
  GoneRows gone;
  ConflictNumbers conflict_numbers;
  Orphans orphans;
  PrivateValues private_values;
  PendingWrites pending;
  Grants grants;
  Overlay overlay;
  ConfirmedRows confirmed;
  Staging staging;
  Healing healing;
  Reading reading;
  Queries queries;

 private:
  Result<void> read_all();
  Result<void> keep_gone_rows(const DecodedTransaction& transaction);

  Standing saved_;
  // `standing.latest_ms`, and the steady time when it was first seen so.
  mutable std::int64_t latest_seen_ms_ = -1;
  mutable std::int64_t latest_seen_at_ms_ = 0;
  bool needs_reload_ = true;
  // Every schema that was current since the opening: callers may hold its collections still.
  std::vector<std::shared_ptr<const Schema>> schemas_;
};

}  // namespace rollcall
