#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/random.h"
#include "engine/clock/clock.h"
#include "engine/model/schema.h"
#include "server/space/commit_news.h"
#include "server/space/compaction.h"
#include "server/space/device.h"
#include "server/space/device_health.h"
#include "server/space/erasure.h"
#include "server/space/push.h"
#include "server/space/revocation_list.h"
#include "server/space/space_reader.h"
#include "server/space/transaction_log.h"

namespace rollcall {

// One tenant's data: a SQLite file with its rows, log, devices and stored transactions. This is the
// writer, the only one: it holds the file's lock from open to close. Readers (SpaceReader) stand
// beside it.
//
// Invariants: what a call that returned success wrote is on the disk; sequences are dense; each
// (device, number) was judged once; server time never runs backwards within an epoch.
// One thread at a time, except `open_reader`, which any thread may call.
// After an error of the disk the call's effects are absent, and the file must be opened again when
// `is_poisoned`.
class Space {
 public:
  struct Doors {
    const Clock& clock;
    Random& random;  // used by the writer's thread only
    const Cryptography& cryptography;
    std::string vfs;  // a registered SQLite VFS; empty: the system's
  };

  // Makes the file; `already_exists` when there is one. `name` is what links and receipts call the
  // space: [a-z0-9][a-z0-9-]*.
  static Result<std::unique_ptr<Space>> create(const std::string& path, std::string_view name,
                                               std::string_view title, const Schema& schema,
                                               const Doors& doors);
  // `open_elsewhere` when another process writes it, `newer_format`, `not_a_replica`, `corrupt`.
  static Result<std::unique_ptr<Space>> open(const std::string& path, const Doors& doors);
  ~Space();

  // A reader of its own connection; it must be gone before the space is. `random` is used by the
  // reader's thread. Any thread.
  Result<std::unique_ptr<SpaceReader>> open_reader(Random& random) const;
  // Where what devices say of themselves is noted: any thread, while the space is open. Each commit
  // writes what it has of those that push in it, and `write_health` the rest.
  [[nodiscard]] HealthBook& health() const;
  // Writes what was noted of `health_rows_max` devices, in one commit; none, if nothing was.
  Result<void> write_health();

  // Told after every commit; null: nobody. Set it before the first write.
  void set_listener(CommitListener* listener);

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] const std::string& title() const;
  [[nodiscard]] Epoch epoch() const;
  [[nodiscard]] Sequence head() const;
  [[nodiscard]] const Schema& schema() const;
  // Milliseconds UTC; never before the last commit.
  [[nodiscard]] std::int64_t server_ms() const;
  [[nodiscard]] bool is_poisoned() const;
  // How many times its writer asked the file for anything since it was opened.
  [[nodiscard]] std::uint64_t storage_reads() const;

  // Group commit: judges and applies the pushes in order, flushes once, then answers each. A
  // request's cursor that shows the file was copied back starts a new epoch first.
  // An error is that of the whole batch (the disk): nothing of it was applied or may be answered.
  Result<std::vector<PushReply>> apply(std::span<const Push> pushes);

  // The device has seen that these of its verdicts changed (SyncRequest::seen_changed): they are
  // not told again. `apply` does it for requests that push.
  Result<void> note_seen(DeviceNumber device, std::span<const SeenVerdict> changed);

  // The next schema, if it is an allowed evolution (`schema_change` otherwise); the same one again
  // is nothing. Parked transactions that may have waited for its fields are judged again, the first
  // of them at once; returns how many of these got another verdict. While `is_judging` there are
  // more: for `judge_next`.
  Result<std::size_t> apply_schema(const Schema& next);
  // Begins to judge again what is parked for a field, a collection or a row that may have come;
  // what waited too long for a row is rejected. To be called now and then (once an hour). Opening a
  // space begins it too: a judging that was cut short is begun anew.
  void judge_waiting();
  [[nodiscard]] bool is_judging() const;
  // Judges the next parked transactions, `judged_again_max` at most, in a commit of their own.
  // Returns how many got another verdict.
  Result<std::size_t> judge_next();

  // Somebody decides about a parked transaction (SpaceReader::parked gives its id): accepted, it is
  // applied as if its author had had the authority, and may still be refused for what it says or
  // wait for its row; refused, it stays in the log without effect. Its device is told. Returns what
  // became of it. `not_found`: none such is parked.
  Result<Judgement> decide(std::int64_t id, bool accept);

  // A way in for one device, for 15 minutes. `public` is added to the scopes.
  // `replaces`: a device that is revoked when the new one comes in; 0: none.
  Result<Invitation> invite(std::string_view label, std::vector<std::string> scopes,
                            DeviceNumber replaces = {});
  // Uses an invitation up. The reply lacks `server_key`: the caller fills it in, encodes and signs.
  // `code_unknown`, `code_expired`, `later` (a typed code, after too many wrong ones in the whole
  // space).
  Result<EnrollReply> enroll(const EnrollRequest& request);
  // A device of this server itself, for imports: writes everywhere, has no grants, never reads.
  Result<DeviceRecord> add_local_device(std::string_view label, const PublicKey& key);

  // `already_exists` when the device has that very path; `limit`; `not_found`: no such device.
  Result<GrantRecord> grant(DeviceNumber number, std::string_view text);
  // Ends the device's grant of exactly this path; `not_found`.
  Result<GrantRecord> ungrant(DeviceNumber number, std::string_view text);

  // From now on the device's family reads nothing, and what it pushes is parked; a device erases
  // itself once its transactions are acknowledged, or with `erase` at its next contact. For ever:
  // whoever comes back is enrolled anew. Again with `erase` it only adds that. `not_found`.
  Result<DeviceRecord> revoke(DeviceNumber number, bool erase);

  // The device goes on as another one of its family, whose chain begins after `want.common`; the
  // same key again gets the same answer. `later`: its family forked today already, and nobody
  // allowed another. `forked`: the device never had that transaction.
  Result<ForkReply> fork(DeviceNumber number, const ForkWant& want);
  // Whoever may decide lets the family fork once more, today too. `not_found`.
  Result<void> allow_fork(DeviceNumber number);

  // Where a compaction is; begins empty.
  struct CompactionPlace {
    std::optional<Sequence> through;  // the horizon
    CollectionId collection;          // to go on with, behind `after`
    std::optional<RowId> after;
    Compacted compacted;
    bool done = false;
  };
  // Deleted rows, entries of paths that rows left and removals from sets that came by `before_ms`
  // (server time) go, a bounded part of them in a commit of its own, until `place.done`. A cursor
  // of before is answered `cursor_unknown` from then on: its device compares, and reads again what
  // differs. Transactions stay in the log.
  Result<void> compact_next(std::int64_t before_ms, CompactionPlace& place);

  // Takes these rows away with all that they held, for a person's sake, and remembers their ids and
  // the reason. Every device compares at its next sync, and loses them. Returns how many were
  // there. What transactions wrote of them goes by `redact`.
  Result<std::size_t> erase(std::span<const ErasedRow> rows, std::string_view reason);
  // The same of rows that the list beside the file names already; whether they came back since, it
  // goes on to say.
  Result<std::size_t> erase_listed(std::span<const ErasedRow> rows, std::string_view reason);
  // Rows that the list beside the file names as erased, and that the file knows nothing of.
  Result<std::vector<ErasedRow>> forgotten_erasures();
  // Erased rows, if the last step of some erasure, `scrub`, is still to be done.
  Result<std::set<ErasedRow>> unfinished_erasures();
  // Takes what they wrote of erased rows out of the stored bytes of these transactions
  // (SpaceReader::transactions_naming); hash, number and verdict stay. Returns how many changed.
  Result<std::size_t> redact(std::span<const std::int64_t> transactions);
  // The last step of the erasures up to `through`, whose rows were all redacted: writes the file
  // anew, so that no free part of a page holds anything of before. Nobody writes meanwhile: some
  // seconds for each GB.
  Result<void> scrub(Sequence through);
  Result<Sequence> last_erasure();
  // Takes over from the list beside the file whom an import brought back, and lists there what only
  // the file knows. Where nothing of `forgotten_erasures` and `unfinished_erasures` is left.
  Result<void> agree_with_erasure_list();

  // After a restore, or when a cursor shows that the file was copied back: the log goes on as
  // another one, and every client compares before it reads on.
  Result<void> start_epoch();
  // Starts a new epoch if `cursor` opens, is of the present epoch and is not in the commit table;
  // true if so. For a reader that answered `ReadOutcome::copied_back`.
  Result<bool> check_cursor(BytesView cursor);

  // Devices that this file does not know and that show an enrolment which the space sealed. What to
  // tell one that asks: `later` (somebody has to agree), `refused`, `code_unknown`;
  // or what the disk says.
  Error ask_to_come_back(const EnrollRequest& request);
  // Lets such a device in under its number, key and grants of then, or refuses it for good.
  // `not_found`: it does not ask.
  Result<DeviceRecord> readmit(DeviceNumber number, bool accept);

  // Recovery (server/RECOVERY.md).
  // Makes a copy from a backup what goes on as the space, in a new epoch after `at_least`. Nobody
  // has it open. Whether the list beside its place says all that was revoked since the backup.
  static Result<bool> prepare_restored(const std::string& path, Epoch at_least,
                                       const std::optional<RevocationList>& list,
                                       const Doors& doors);
  // Revokes again those of the list beside the file whose device could come in all the same: the
  // file is an older one. Returns these; none where the list is known not to be all. A space that
  // is not reconciled must not be served.
  Result<std::vector<Revocation>> reconcile_with_list();
  // Puts into the list beside the file whom the file knows as revoked and the list does not: it was
  // lost, or stayed behind. Of a reconciled space only.
  Result<void> list_revocations();
  // How many there were; a device was told of so many. Where the file counts fewer it is not
  // reconciled.
  [[nodiscard]] std::uint64_t revocations() const;
  Result<void> note_revocations_told(std::uint64_t number);
  Result<bool> is_reconciled();
  // Revokes those of `known` that the file forgot, lists all of them beside it, and returns the
  // forgotten ones.
  Result<std::vector<Revocation>> reconcile(std::span<const Revocation> known);

 private:
  struct State;
  explicit Space(std::unique_ptr<State> state);
  Result<std::vector<Revocation>> forgotten_of(std::span<const Revocation> known);
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
