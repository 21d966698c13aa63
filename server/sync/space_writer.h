#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

#include "server/space/space.h"
#include "server/sync/log.h"
#include "server/sync/metrics.h"

namespace rollcall {

// The thread that writes one space. What waits is taken together: all pushes in a row make one
// group commit, flushed once, and are answered after it; while the disk flushes, the next group
// gathers. So latency stays that of one flush, and a thousand devices cost no more flushes than
// one.
//
// The queue is bounded. After the disk failed beyond repair the writer refuses everything: the
// program has to be started again. `push`, `try_post` and `call` from any thread.
class SpaceWriter {
 public:
  struct PushJob {
    DeviceNumber device;
    std::shared_ptr<const SyncRequest> request;
    Hash signed_head;
    std::string signed_text;  // empty: of the server's own device
    std::optional<Signature> signature;
    // On the writer's thread, after the commit. Must be quick and not throw.
    std::function<void(Result<PushReply>)> done;
  };
  // Anything else that the writer does, in its turn between pushes. Null: the writer cannot, the
  // disk failed.
  using Task = std::function<void(Space*)>;

  // `failed` is called once, on the writer's thread, when the disk failed beyond repair.
  SpaceWriter(std::unique_ptr<Space> space, Metrics& metrics, Log& log,
              std::function<void()> failed);
  // Readers of the space must be gone.
  ~SpaceWriter();

  // False: the queue is full, or the writer stopped; `done` will not be called.
  bool push(PushJob job);
  // False: as with `push`; the task will not be called.
  bool try_post(Task task);
  // Runs a task and waits for it; for the operator's commands, of which few are connected.
  Result<void> call(const std::function<Result<void>(Space&)>& task);

  // Does what is queued, then ends the thread. The space stays open.
  void stop();

  // Immutable, or safe to call from any thread.
  [[nodiscard]] HealthBook& health() const { return space_->health(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  Result<std::unique_ptr<SpaceReader>> open_reader(Random& random) const {
    return space_->open_reader(random);
  }

 private:
  using Job = std::variant<PushJob, Task>;

  bool enqueue(Job job);
  void run();
  std::deque<Job> take();
  void commit(std::deque<Job>& jobs);
  void write_health();
  // Judges some parked transactions again, if any are to be. True: there are more.
  bool judge();
  void answer(std::span<PushJob> group, Result<std::vector<PushReply>> replies,
              std::size_t transactions, std::int64_t ms);
  void after_error(const Error& error);

  const std::unique_ptr<Space> space_;
  const std::string name_;
  Metrics& metrics_;
  Log& log_;
  const std::function<void()> failed_;
  bool broken_ = false;  // the writer's thread only

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
  std::size_t bounded_queued_ = 0;  // jobs that count against the queue's bound
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rollcall
