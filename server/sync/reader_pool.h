#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/random.h"
#include "server/space/space_reader.h"
#include "server/sync/metrics.h"
#include "server/sync/space_writer.h"

namespace rollcall {

// One worker's connections, one to each space that it was asked about.
class Readers {
 public:
  explicit Readers(std::unique_ptr<Random> random) : random_(std::move(random)) {}
  Result<SpaceReader*> of(const SpaceWriter& space);

 private:
  std::unique_ptr<Random> random_;
  std::map<const SpaceWriter*, std::unique_ptr<SpaceReader>> readers_;
};

// A few threads that check, decode, read and encode. The queue is bounded for new work; what
// continues work that was taken is always queued, since that was bounded when it was taken.
class ReaderPool {
 public:
  using Task = std::function<void(Readers&)>;

  // `make_random` is called once for each thread, here.
  ReaderPool(std::size_t threads, std::size_t queue_max, Metrics& metrics,
             const std::function<std::unique_ptr<Random>()>& make_random);
  ~ReaderPool();

  bool try_post(Task task);  // false: the queue is full or closed
  void post(Task task);      // dropped when closed

  // Does what is queued, then ends the threads and closes their connections.
  void close();

 private:
  void run(std::unique_ptr<Random> random);

  const std::size_t queue_max_;
  Metrics& metrics_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rollcall
