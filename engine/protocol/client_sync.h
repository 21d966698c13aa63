#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/numbers.h"
#include "engine/base/random.h"
#include "engine/protocol/backoff.h"

namespace rollcall {

// Two requests may be under way at once: uploading never waits for downloading, nor the reverse.
enum class Lane : std::uint8_t {
  push = 0,  // transactions up, verdicts down
  read = 1,  // rows down; held open by the server while there is nothing to say
};
inline constexpr std::size_t lane_count = 2;

// What the machine has to know of the replica before it decides.
struct ReplicaFacts {
  bool unsent = false;         // transactions that the server has not acknowledged
  bool push_stopped = false;   // forked, or a gap: pushing would not help
  bool read_complete = false;  // everything that was to be read now is read and applied
  TxNumber last_tx{};          // the last transaction made here
  bool unread_own = false;     // acknowledged transactions that no completed read contains yet
};

// What a request is to carry; the replica fills in the bytes.
struct RequestPlan {
  Lane lane = Lane::read;
  bool push = false;
  bool push_one = false;  // exactly one transaction: the machine looks for the one that is refused
  bool read = false;
  std::uint32_t wait_ms = 0;
};

// How a request ended.
struct RequestOutcome {
  enum class Kind : std::uint8_t {
    answered,     // 200, decoded and taken
    refused,      // 400, 413, 415: something in it cannot be framed
    stale,        // 401 stale: the clock has been set right by the answer
    replayed,     // 409: sign afresh
    denied,       // 401 unknown_key, bad_signature: this device may not speak
    later,        // 429, 503
    behind,       // 200, and nothing gained: the server lacks what the replica contains
    unreachable,  // no connection, no answer in time, or something that is no Rollcall server
  };
  Kind kind = Kind::answered;
  std::int64_t retry_after_ms = 0;  // with `later`
};

// The client's side of a sync as a pure state machine: when to send what, when to rest, when to
// give up a request. It reads no clock, opens no socket and touches no replica; steady time comes
// in as `now_ms`. Every waiting state owns a deadline. One thread.
class ClientSync {
 public:
  enum class Mode : std::uint8_t {
    idle,      // nothing is sent
    catch_up,  // until everything is exchanged once, then idle; both directions in one request
    live,      // for ever: two lanes, the read lane held open
  };

  explicit ClientSync(Random& random) : random_(random) {}

  void start(Mode mode);
  void stop() { mode_ = Mode::idle; }
  [[nodiscard]] Mode mode() const { return mode_; }

  // What to send now; each plan's lane counts as under way until `ended`.
  std::vector<RequestPlan> decide(const ReplicaFacts& facts, std::int64_t now_ms);

  // The lane's request was answered, and the page after its reply is asked for before the reply is
  // applied: the lane stays under way, with a new plan and deadline...
  void goes_on(const RequestPlan& plan, std::int64_t now_ms);
  // ...and the reply could be applied: failures before it count no more.
  void succeeded(Lane which);

  void ended(Lane which, const RequestOutcome& outcome, std::int64_t now_ms);

  // A request that is past its deadline, to be cancelled and reported as unreachable.
  [[nodiscard]] std::optional<Lane> overdue(std::int64_t now_ms) const;
  // The next moment at which anything can happen by itself; nothing: only by an event.
  [[nodiscard]] std::optional<std::int64_t> next_wake_ms() const;

  // True when a transaction was refused alone: it is to be voided, then `voided()` called.
  [[nodiscard]] bool wants_void() const { return wants_void_; }
  void voided();

  // The network came back, or the user asked: no more resting, and one who was denied asks again.
  void hurry();

  [[nodiscard]] bool under_way(Lane lane) const { return at(lane).under_way; }
  [[nodiscard]] std::uint32_t failures() const;
  [[nodiscard]] bool is_denied() const { return denied_; }

 private:
  struct LaneState {
    bool under_way = false;
    std::int64_t deadline_ms = 0;  // while under way
    std::int64_t rest_until_ms = 0;
    Backoff backoff;
    bool stale_retried = false;
    bool is_behind = false;  // rests until the server has what it lacks
    RequestPlan plan;
  };

  [[nodiscard]] const LaneState& at(Lane lane) const {
    return lanes_[static_cast<std::size_t>(lane)];
  }
  LaneState& at(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  [[nodiscard]] bool is_ready(Lane lane, std::int64_t now_ms) const;
  void begin(RequestPlan plan, std::int64_t now_ms, std::vector<RequestPlan>& plans);
  void decide_catch_up(const ReplicaFacts& facts, std::int64_t now_ms,
                       std::vector<RequestPlan>& plans);
  void decide_live(const ReplicaFacts& facts, std::int64_t now_ms, std::vector<RequestPlan>& plans);
  void push_refused();
  void answered(LaneState& lane);

  Random& random_;
  Mode mode_ = Mode::idle;
  std::array<LaneState, lane_count> lanes_;
  bool read_once_ = false;  // catch_up: a reply with rows was taken since the start
  bool denied_ = false;
  // Looking for the transaction that the server cannot frame.
  std::uint32_t push_refusals_ = 0;
  bool push_one_ = false;
  bool pull_first_ = false;  // pull once without pushing before the search
  bool wants_void_ = false;
};

}  // namespace rollcall
