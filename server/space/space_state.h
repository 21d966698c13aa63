#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/protocol/judge_push.h"
#include "engine/protocol/sealed.h"
#include "engine/storage/path_index.h"
#include "engine/storage/transaction.h"
#include "server/space/change_set.h"
#include "server/space/device_table.h"
#include "server/space/digest_book.h"
#include "server/space/epoch_table.h"
#include "server/space/erasure.h"
#include "server/space/file_lock.h"
#include "server/space/invitation_table.h"
#include "server/space/limits.h"
#include "server/space/offered_receipts.h"
#include "server/space/past_roles.h"
#include "server/space/space.h"
#include "server/space/space_file.h"
#include "server/space/transaction_judge.h"
#include "server/space/transaction_log.h"

namespace rollcall {

inline Error no_such_device() {
  return failure(ErrorCode::not_found, "no such device in this space");
}

// The insides of a Space, for its own sources only.
//
// Every write goes through `commit`: it opens the transaction, counts sequences up from the head,
// stages the digest book before the commit and tells the listener after it. Memory that stands for
// the file (devices, paths, head) is thrown away and read anew when a commit fails.
struct Space::State {
  State(const Doors& doors_given, SpaceFile file_given)
      : doors(doors_given), file(std::move(file_given)) {}

  Doors doors;
  std::string path;
  FileLock lock;
  SpaceFile file;
  SpaceHeader header;
  std::optional<Sealer> sealer;
  std::unique_ptr<Schema> schema;
  std::unique_ptr<SpaceRoles> roles;  // of `schema`
  PastRoles past_roles;
  CommitRecord last_commit;
  std::optional<EpochRecord> begun;  // the present epoch, unless it is the first
  std::optional<PathIndex> paths;
  std::optional<DeviceTable> devices;
  std::optional<TransactionLog> log;
  std::optional<InvitationTable> invitations;
  std::shared_ptr<DigestBook> book;
  HealthBook health;
  ChangeSet changes;
  std::unique_ptr<TransactionJudge> judge;  // borrows what stands above
  WrongTries wrong_tries;
  CommitListener* listener = nullptr;

  struct CachedDevice {
    StoredDevice stored;
    std::optional<std::size_t> parked;
    bool moved = false;  // differs from the file
  };
  std::unordered_map<std::uint32_t, CachedDevice> cached_devices;

  // Parked transactions up to this one were judged again; nothing: none are to be.
  std::optional<std::int64_t> judged_through = 0;

  // The write under way.
  Sequence next;  // sequence to give next
  std::int64_t now_ms = 0;
  CommitNews news;
  std::set<RowId> brought_back;

  // Whether an edit of a row that is not there waits: the space was restored of late.
  [[nodiscard]] bool may_wait() const { return begun && begun->begun_ms + waiting_ms_max > now_ms; }
  // Reads everything that is kept in memory.
  Result<void> load();
  [[nodiscard]] std::int64_t server_ms() const;
  // `later`, while devices were told of more revocations than the file knows of: nobody comes in,
  // and nobody's work is judged, by a file that does not know who was shut out.
  [[nodiscard]] Result<void> check_nobody_forgotten() const;
  // Runs `work` in a write transaction and commits what it did.
  Result<void> commit(const std::function<Result<void>()>& work);
  Result<void> finish_commit(Transaction& transaction);
  Result<void> save_health(const std::vector<HealthBook::Noted>& noted);
  // The device, kept in memory; nothing: there is none.
  Result<CachedDevice*> device(DeviceNumber number);

  // In a write transaction:
  Result<void> begin_epoch();
  Result<bool> is_copied_back(BytesView cursor);
  Result<void> apply_push(const Push& push, PushReply& reply);
  struct Pushed;
  Result<void> apply_transactions(const Push& push, Pushed& pushed, PushReply& reply);
  Result<Judgement> apply_one(CachedDevice& device, const PushedTransaction& pushed,
                              const Hash& hash, std::int64_t request,
                              const std::optional<OfferedReceipts::Then>& then);
  Result<Redacted> without_erased(BytesView bytes);
  // Rows of the transaction judged last under ids that were erased: an import may bring them back.
  void note_brought_back();
  Result<std::size_t> erase(std::span<const ErasedRow> rows, std::string_view reason, bool lists);
  Result<void> refuse_erased();
  Result<void> list_brought_back();
  // After the commit: nobody is refused for them any more.
  Result<void> forget_brought_back();
  [[nodiscard]] std::optional<Gap> gap_before(const DeviceRecord& record,
                                              const SyncRequest& request,
                                              const OfferedReceipts& offered) const;
  Result<void> tell(const Push& push, const Pushed& pushed, PushReply& reply);
  Result<std::size_t> judge_again(const std::vector<LoggedTransaction>& parked);
  // What a parked transaction gets now, judged as of when it came.
  Result<Judgement> judge_parked(const LoggedTransaction& logged, bool approved);
  Result<void> change_verdict(const LoggedTransaction& logged, const Judgement& judgement);
  // Nothing, and `refused` says why.
  Result<std::optional<StoredInvitation>> find_invitation(const EnrollRequest& request,
                                                          std::optional<Error>& refused);
  Result<void> admit(const StoredInvitation& invitation, const EnrollRequest& request,
                     EnrollReply& reply);
  Result<void> tell_again(const StoredInvitation& invitation, EnrollReply& reply);
  Result<void> say_enrolled(const DeviceRecord& record, EnrollReply& reply);
  Result<DeviceNumber> free_device_number();
  Result<Bytes> seal_enrolment(const DeviceRecord& record);
  // `code_unknown`: this space did not seal it.
  [[nodiscard]] Result<Enrolment> open_enrolment(BytesView sealed) const;
  // Whether the device, or whom it was before it forked, was revoked, as far as this space or the
  // list beside it knows.
  Result<bool> is_revoked(const Enrolment& enrolment);
  // Why it is refused, or nothing.
  Result<std::optional<Error>> fork(DeviceNumber number, const ForkWant& want, ForkReply& reply);
  static StoredDevice offspring_of(const StoredDevice& from);
  // Makes `forked` stand where the chain of `from` stood after `number`; false: the log does not
  // hold what led there.
  Result<bool> stand_at(const StoredDevice& from, TxNumber number, StoredDevice& forked);
  Result<void> insert_fork(StoredDevice& forked);
  // The ancestor whose chain went on otherwise than the device's own; nothing: there is none.
  Result<CachedDevice*> follow_ancestors(CachedDevice& device);
  // Under whose number the next transaction of the device's chain goes.
  Result<CachedDevice*> holder_of_next(CachedDevice& device);
  // Whether a chain that has these heads after `after` is the one that the device and its ancestors
  // forked from.
  Result<bool> leads_to_forks(const CachedDevice& device, TxNumber after,
                              std::span<const Hash> heads);
  // Goes on beyond transactions that nobody keeps any more.
  Result<void> pass_gap(CachedDevice& device, Gap gap);
  // Lets in again whom the enrolment is of, under its number and key, and those whom it was before
  // it forked.
  Result<CachedDevice*> readmit(const Enrolment& enrolment);
  Result<void> readmit_first(const Enrolment& enrolment, const EnrolledAncestor& one);
  Result<void> readmit_fork(const CachedDevice& before, const EnrolledAncestor& parted,
                            const EnrolledAncestor& one);
  // The role that a scope is given with: the one that is named, or what a schema without roles has.
  Result<std::string> role_of(const ScopeText& scope) const;
  Result<GrantRecord> insert_grant(StoredDevice& device, std::string_view scope,
                                   std::string_view role, Sequence given);
  Result<void> end_grant(CachedDevice& device, GrantId id);
  // Before another schema: grants whose role shows something else by it are given anew.
  Result<void> renew_grants(const Schema& fresh);
  // Tells the family: every device of it has the grants of this one.
  Result<void> grants_changed(CachedDevice& device);
  // All devices of a family, the first one first.
  Result<std::vector<CachedDevice*>> family_of(const DeviceRecord& device);
  Result<void> revoke(CachedDevice& device, bool erase);
  Result<void> count_revocations(std::uint64_t number);
  Result<RevocationList> revocations_listed();
  // In the list beside the space's file, which no restore replaces.
  Result<void> list_revocation(const std::vector<CachedDevice*>& family, bool erase);

  // Outside of one: begins to keep up with the grant's digest, if that needs no scan.
  void watch(std::string_view prefix, std::string_view role);
};

}  // namespace rollcall
