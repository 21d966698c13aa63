#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client-core/replica/replica.h"
#include "client-core/sync/envelope.h"
#include "client-core/sync/transport.h"
#include "engine/protocol/client_sync.h"

namespace rollcall {

// What a session has moved since it began.
struct SyncTraffic {
  std::uint64_t requests = 0;
  std::uint64_t sent_bytes = 0;      // on the wire, headers included
  std::uint64_t received_bytes = 0;  // likewise
  std::uint64_t pushed = 0;          // transactions
};

// Brings a replica, the client's state machine and a transport together: asks the machine what to
// send, the replica what to say, signs, sends, and hands replies back. It starts no thread. While a
// page of a bootstrap or a tail is being applied, the next one is already asked for, so that client
// and server work at the same time. One thread, the replica's.
class SyncSession {
 public:
  SyncSession(Replica& replica, Transport& transport, const ReplicaDoors& doors);
  ~SyncSession();
  SyncSession(const SyncSession&) = delete;
  SyncSession& operator=(const SyncSession&) = delete;

  void start(ClientSync::Mode mode);
  void stop();
  // The network came back, or the user asked.
  void hurry() { machine_.hurry(); }

  // Sends what is due, waits at most `budget_ms` for answers, and takes those that came. Returns
  // true while there is something under way or planned. An error is the disk's; the network's are
  // in `last_error`.
  Result<bool> step(std::int64_t budget_ms);
  // The same in three parts, for a thread that lets others at the replica while it waits:
  // `begin_step` sends and says how long `Transport::poll` may wait; `end_step` takes what came.
  Result<std::int64_t> begin_step(std::int64_t budget_ms);
  Result<bool> end_step(const std::vector<HttpResponse>& responses);

  // Asks the server for replies of at most so many bytes from now on; 0: its own limit.
  void set_reply_budget(std::int64_t bytes);

  // `start(catch_up)` and steps until all is exchanged. `unreachable` (or what the server said)
  // after `attempts` failures in a row; local work is kept in any case. `on_progress`, if given, is
  // asked after every step; false stops with `timed_out`.
  Result<void> catch_up(std::uint32_t attempts, const std::function<bool()>& on_progress = {});

  [[nodiscard]] bool is_idle() const { return machine_.mode() == ClientSync::Mode::idle; }
  [[nodiscard]] const SyncTraffic& traffic() const { return traffic_; }
  // Of the last request that failed; none after one that was answered.
  [[nodiscard]] const std::optional<Error>& last_error() const { return last_error_; }
  // Steady time; nothing: only an event starts something.
  [[nodiscard]] std::optional<std::int64_t> next_try_ms() const { return machine_.next_wake_ms(); }

 private:
  struct UnderWay {
    std::uint64_t id = 0;  // 0: nothing
    RequestPlan plan;
    SyncRequest request;
    Hash head;
  };

  UnderWay& at(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] Signer signer() const;
  Result<void> send_due();
  void send(const RequestPlan& plan, SyncRequest request, const Hash& head);
  Result<void> take(const HttpResponse& response);
  Result<void> take_reply(const UnderWay& asked, const Bytes& body);
  // A reply that could not be taken; an error if this machine is to blame, and not the server.
  Result<void> not_taken(Lane lane, Error error);
  // A reply that could be taken and brought nothing on: the server lacks what the replica contains.
  void left_aside(Lane lane);
  // In a catch-up both directions share the push lane, and the next request is to push again.
  [[nodiscard]] bool goes_on_pushing(const UnderWay& asked, const SyncReply& reply) const;
  void cancel_ahead(Lane lane);
  // Asks for the page after this reply's; false when there is none, or something else goes first.
  bool ask_ahead(const UnderWay& asked, const SyncReply& reply);
  // A server that does not know this device any more was restored, it may be: then it is asked to
  // let it in again, which somebody has to agree to.
  void ask_to_come_back();
  void take_readmission(const HttpResponse& response);
  Result<void> take_schema(const HttpResponse& response);
  Result<void> ask_schema();
  void cancel_all();

  Replica& replica_;
  Transport& transport_;
  ReplicaDoors doors_;
  ClientSync machine_;
  std::array<UnderWay, lane_count> lanes_;
  TxNumber refused_;                  // pushed alone, and the server could not read it
  std::uint64_t schema_request_ = 0;  // 0: none under way
  std::int64_t schema_deadline_ms_ = 0;
  std::uint64_t readmission_request_ = 0;  // likewise
  std::int64_t readmission_deadline_ms_ = 0;
  std::uint64_t last_id_ = 0;
  std::uint32_t reply_budget_ = 0;
  SyncTraffic traffic_;
  std::optional<Error> last_error_;
};

}  // namespace rollcall
