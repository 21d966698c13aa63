#include "server/sync/reader_pool.h"

namespace rollcall {

Result<SpaceReader*> Readers::of(const SpaceWriter& space) {
  std::unique_ptr<SpaceReader>& reader = readers_[&space];
  if (reader == nullptr) {
    auto opened = space.open_reader(*random_);
    if (!opened) return std::move(opened).error();
    reader = std::move(*opened);
  }
  return reader.get();
}

ReaderPool::ReaderPool(std::size_t threads, std::size_t queue_max, Metrics& metrics,
                       const std::function<std::unique_ptr<Random>()>& make_random)
    : queue_max_(queue_max), metrics_(metrics) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, random = make_random()]() mutable { run(std::move(random)); });
  }
}

ReaderPool::~ReaderPool() { close(); }

bool ReaderPool::try_post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || queue_.size() >= queue_max_) return false;
    queue_.push_back(std::move(task));
  }
  metrics_.reader_queue.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_one();
  return true;
}

void ReaderPool::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    queue_.push_back(std::move(task));
  }
  metrics_.reader_queue.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_one();
}

void ReaderPool::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void ReaderPool::run(std::unique_ptr<Random> random) {
  Readers readers(std::move(random));
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    metrics_.reader_queue.fetch_sub(1, std::memory_order_relaxed);
    task(readers);
  }
}

}  // namespace rollcall
