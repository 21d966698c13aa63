#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/space/commit_news.h"
#include "server/sync/metrics.h"

namespace rollcall {

// Requests that wait for news: each is woken by the first commit that its device could see, by its
// deadline, or by the end of the server. No timer stands between a commit and its wake: the thread
// that committed calls `wake`, which only hands the request on.
//
// A request reads first and parks after, and a commit may fall between; so it takes the hub's
// version before it reads, and parking fails if anything since then concerns it.
// Thread-safe. `wake` is called without a lock, once.
class LongPollHub {
 public:
  struct Poll {
    std::size_t space = 0;  // which one: as in `committed`
    DeviceNumber device;
    std::vector<std::string> prefixes;  // of the device's active grants, in the snapshot it read
    std::int64_t deadline_ms = 0;       // steady time
    std::function<void()> wake;
  };
  enum class Parked : std::uint8_t {
    waiting,
    moved_on,  // a commit since `version` concerns it: read again
    draining,  // the server ends: answer now
  };

  explicit LongPollHub(Metrics& metrics) : metrics_(metrics) {}

  // How many commits of the space were told so far. To be taken before the snapshot is.
  [[nodiscard]] std::uint64_t version(std::size_t space);
  // `owner` names the poll for `forget`.
  Parked park(const void* owner, std::uint64_t version, Poll poll);
  // The poll's client went away; its `wake` is destroyed uncalled.
  void forget(const void* owner);

  void committed(std::size_t space, const CommitNews& told);
  // Wakes what is due; the next deadline, if any poll waits.
  std::optional<std::int64_t> expire(std::int64_t now_ms);
  // Called, under no lock, when a poll parks whose deadline comes before all others.
  void set_alarm(std::function<void()> earlier) { alarm_ = std::move(earlier); }
  // Wakes all, and lets none wait any more.
  void drain();

  [[nodiscard]] std::size_t waiting();

 private:
  using PollId = std::uint64_t;
  struct Waiting {
    Poll poll;
    const void* owner = nullptr;
  };
  struct SpaceNews {
    std::uint64_t version = 0;
    // The last commits, newest last; nothing for one with too many paths to keep.
    std::deque<std::optional<CommitNews>> recent;
    std::map<std::string, std::set<PollId>, std::less<>> by_prefix;
    std::map<DeviceNumber, std::set<PollId>> by_device;
  };
  using Wakes = std::vector<std::function<void()>>;

  SpaceNews& news_of(std::size_t space);
  static bool concerns(const CommitNews& news, const Poll& poll);
  void remove(PollId id, Wakes* wakes);
  void call(const Wakes& wakes);

  Metrics& metrics_;
  std::function<void()> alarm_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SpaceNews>> spaces_;
  std::map<PollId, Waiting> polls_;
  std::map<const void*, PollId> by_owner_;
  std::set<std::pair<std::int64_t, PollId>> by_deadline_;
  PollId next_ = 1;
  bool draining_ = false;
};

}  // namespace rollcall
