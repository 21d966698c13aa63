#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client-core/replica/local_transaction.h"
#include "client-core/replica/query.h"
#include "client-core/replica/status.h"
#include "engine/base/cryptography.h"
#include "engine/base/random.h"
#include "engine/clock/clock.h"
#include "engine/clock/hybrid_clock.h"
#include "engine/protocol/client_sync.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// The doors to the outside, handed in by whoever composes the program. They outlive the replica.
struct ReplicaDoors {
  const Clock& clock;
  Random& random;
  const Cryptography& cryptography;
};

// A field whose open losers are no conflicts for a person to decide, such as registration.admitted.
struct QuietField {
  std::string collection;
  std::string field;
};

// A key that encrypts a replica's file, in bytes.
inline constexpr std::size_t replica_key_bytes = 32;

struct ReplicaOptions {
  std::string vfs;  // name of the SQLite VFS; empty: the default one
  Bytes file_key;   // encrypts the file, where this build can; 32 bytes, or empty
  std::vector<QuietField> quiet;
  std::string app;  // this program and its version, for who looks after devices; 64 bytes are told
};

// The request that a plan asks for, and the chain head to sign with it.
struct PreparedRequest {
  SyncRequest request;
  Hash head;
};

// What taking a reply did.
struct Taken {
  bool rows_changed = false;  // something that queries show
  bool verdicts = false;      // some transaction got a verdict, or another one
  bool completed = false;     // a read was completed: the replica stands at the reply's head
  bool newer_schema = false;  // the server has a newer schema: fetch it, then adopt_schema
  bool behind = false;  // the server lacks what the rows here contain: its rows were left aside
};

struct ReplicaParts;

// One space's data on this device: one SQLite file that holds the rows in typed tables, the pending
// transactions, the verdicts and where reading stands. It knows no network and no thread: a sync
// machine asks it for requests and hands it replies; a user's program writes and reads.
//
// Invariants. What the user sees is what the server confirmed with the pending transactions
// replayed over it by the engine's merge. A transaction's bytes are made once. Every call that
// changes anything does so in one SQLite transaction: after a crash the file is as before the call
// or as after it, and after what a returned local commit made.
//
// Locks: while its lease has ended, or the device was revoked, everything under writing and
// reading, the tray and conflicts answer `locked`; syncing goes on. A revoked replica erases itself
// once all that it has to send is acknowledged.
//
// Failures: an error of the disk leaves the replica usable and the call undone. One thread at a
// time; the file is locked against other openers from creation or opening to destruction.
class Replica {
 public:
  // Makes a new file from what the server said at enrolment. `already_exists` when a file is there.
  static Result<std::unique_ptr<Replica>> create(const std::string& path,
                                                 const EnrollReply& enrolled,
                                                 const SecretSeed& secret, const std::string& url,
                                                 const ReplicaDoors& doors,
                                                 const ReplicaOptions& options = {},
                                                 const Bytes& tls_pin = {});
  // Whether `create` could make this file, before anything is given away for it; leaves none.
  static Result<void> check_place(const std::string& path, const ReplicaOptions& options = {});
  // `not_found`, `not_a_replica`, `newer_format`, `open_elsewhere`: the file is left untouched.
  static Result<std::unique_ptr<Replica>> open(const std::string& path, const ReplicaDoors& doors,
                                               const ReplicaOptions& options = {});
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Who this device is, and whom it talks to.
  [[nodiscard]] const SecretSeed& secret() const;
  [[nodiscard]] const std::string& url() const;
  // What its TLS key's SHA-256 must be, 32 bytes; empty: whatever its certificate proves.
  [[nodiscard]] const Bytes& tls_pin() const;
  [[nodiscard]] const std::string& space() const;
  [[nodiscard]] DeviceNumber device() const;
  [[nodiscard]] const PublicKey& server_key() const;
  [[nodiscard]] const std::string& path() const;
  // Where the server is now, and the pin of its TLS key there.
  // What a server that forgot this device needs to know it again (EnrollRequest::enrolment).
  [[nodiscard]] EnrollRequest readmission() const;
  Result<void> move_to(const std::string& url, const Bytes& tls_pin = {});

  [[nodiscard]] const Schema& schema() const;
  // Takes a newer compiled schema (canonical CBOR) in one local transaction; the outbox's bytes
  // stay as they are, and values that waited for their field move into its column. One that is not
  // newer changes nothing.
  Result<void> adopt_schema(BytesView bytes);

  // What this device keeps beside its rows, for itself alone: it is never synced, and no query
  // reads it. Kept values are on the disk when `keep_private` returns. `locked` as all reading.
  Result<std::optional<Bytes>> private_value(std::string_view name);
  Result<void> keep_private(std::string_view name, BytesView value);

  // The clock that stamps local transactions; it follows the server's, as replies tell.
  [[nodiscard]] const HybridClock& clock() const;
  // A refusal told the server's time (`stale`): follow it.
  Result<void> follow_time(std::int64_t server_ms);

  // ---- Writing

  // `already_exists` while another local transaction is open.
  Result<LocalTransaction> begin();

  // ---- Reading

  // Read-only SQL over the collections' views (engine tables begin with '_'). `sql` for anything
  // that is not one reading statement.
  Result<QueryRows> query(std::string_view sql, std::span<const ValueView> parameters = {});

  // The ids of rows whose searched fields hold all the words, or words that begin with them,
  // best first. Accents and case are folded. Any text is taken as words, never as query syntax.
  Result<std::vector<RowId>> search(std::string_view collection, std::string_view words,
                                    std::size_t limit);

  // Runs the query now, and again in each `deliver` after which a table that it reads has changed.
  Result<ObserverId> observe(std::string_view sql, std::span<const ValueView> parameters,
                             Observer observer);
  void unobserve(ObserverId id);
  // Runs those observed queries whose tables changed since they ran last. Not from an observer.
  Result<void> deliver();

  // ---- Syncing: what the sync machine needs

  // Revoked, and nothing is left: there is nothing to send, and nobody to sign it.
  [[nodiscard]] bool is_erased() const;
  [[nodiscard]] ReplicaFacts facts() const;
  // The request that the plan asks for: what to read next (bootstrap, heal or tail), what to push,
  // which verdicts were seen. Where nothing can be pushed (forked, or a gap) it is one that reads.
  Result<PreparedRequest> prepare(const RequestPlan& plan);
  // Takes what a reply brings, in local transactions of its own; `asked` is the request that it
  // answers. Repeated, late and reordered replies do no harm. An error is one of the disk, or of a
  // reply that breaks the protocol (`malformed` and its kin): nothing of it was taken then.
  Result<Taken> take_reply(const SyncRequest& asked, const SyncReply& reply);
  // The server cannot frame the oldest unsent transaction: from now on a void goes in its place,
  // and its writes stand in the tray. `not_found` when nothing is unsent, or when `refused` is
  // given and another one is the oldest: the refused one has its verdict by now.
  Result<TxNumber> void_oldest(std::optional<TxNumber> refused = std::nullopt);

  // ---- State

  Result<ReplicaStatus> status();

  Result<std::vector<Conflict>> conflicts(std::size_t limit = 1000);

  Result<std::vector<TrayEntry>> tray();
  // Makes a new transaction of the same writes, with the bases of now, and takes the old one out of
  // the tray. Not of parked or waiting ones (`not_allowed`): they are stored at the server.
  Result<Committed> retry(TxNumber number);
  // Takes it out of sight. The writes of a rejected one are gone with it.
  Result<void> discard(TxNumber number);
  // The transaction's writes as one JSON object, for people and other programs.
  Result<std::string> export_json(TxNumber number);

  // The digest of what the confirmed rows hold under a path prefix (empty: all paths), computed
  // from the rows themselves, whatever the kept sums say: sums over (path, row) as the server's.
  Result<std::uint64_t> content_digest(std::string_view scope = {});

  // The tests' and benchmarks' way in: the file's own checkpoint into one file without a WAL.
  Result<void> checkpoint();

 private:
  explicit Replica(std::unique_ptr<ReplicaParts> parts);
  Result<Taken> take(const SyncRequest& asked, const SyncReply& reply);
  Result<void> begin_epoch(const SyncReply& reply);
  [[nodiscard]] bool is_rolled_back(const SyncRequest& asked, const SyncReply& reply) const;
  // False when the reply tells of another chain than ours: this file was copied or restored.
  Result<bool> take_chain(const SyncReply& reply);
  // Looks where this file and the one that goes on with its chain part.
  Result<void> find_fork(const SyncRequest& asked, const SyncReply& reply);
  // Goes on as another device, with all that the other file does not have.
  Result<void> become(const ForkWant& want, const ForkReply& told);
  Result<bool> take_verdicts(const SyncRequest& asked, const SyncReply& reply);
  [[nodiscard]] bool is_order_to_leave(const SyncReply& reply) const;
  Result<void> leave(bool at_once);

  std::unique_ptr<ReplicaParts> parts_;
};

}  // namespace rollcall
