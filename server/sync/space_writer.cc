#include "server/sync/space_writer.h"

#include <algorithm>
#include <chrono>
#include <future>

#include "server/space/limits.h"
#include "server/sync/limits.h"

namespace rollcall {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error stopped() { return failure(ErrorCode::later, "the server is ending: try again in a moment"); }

Error broken() {
  return failure(ErrorCode::io,
                 "the disk failed, and nothing is written until the server is started again");
}

}  // namespace

SpaceWriter::SpaceWriter(std::unique_ptr<Space> space, Metrics& metrics, Log& log,
                         std::function<void()> failed)
    : space_(std::move(space)),
      name_(space_->name()),
      metrics_(metrics),
      log_(log),
      failed_(std::move(failed)),
      thread_([this] { run(); }) {}

SpaceWriter::~SpaceWriter() { stop(); }

bool SpaceWriter::push(PushJob job) { return enqueue(std::move(job)); }
bool SpaceWriter::try_post(Task task) { return enqueue(std::move(task)); }

bool SpaceWriter::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || bounded_queued_ >= writer_queue_max) return false;
    ++bounded_queued_;
    queue_.push_back(std::move(job));
  }
  metrics_.writer_queue.fetch_add(1, std::memory_order_relaxed);
  wake_.notify_one();
  return true;
}

Result<void> SpaceWriter::call(const std::function<Result<void>(Space&)>& task) {
  std::promise<Result<void>> promise;
  std::future<Result<void>> outcome = promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return stopped();
    queue_.emplace_back(Task([&](Space* space) {
      promise.set_value(space == nullptr ? Result<void>(broken()) : task(*space));
    }));
  }
  wake_.notify_one();
  return outcome.get();
}

void SpaceWriter::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void SpaceWriter::run() {
  auto next_judging = SteadyClock::now() + std::chrono::milliseconds(judge_waiting_ms);
  auto next_health = SteadyClock::now() + std::chrono::milliseconds(write_health_ms);
  for (bool judging = true;;) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !queue_.empty(); };
      if (!judging) wake_.wait_until(lock, std::min(next_judging, next_health), ready);
      if (queue_.empty() && stopping_) break;
    }
    for (std::deque<Job> jobs = take(); !jobs.empty();) {
      if (auto* task = std::get_if<Task>(&jobs.front())) {
        (*task)(broken_ ? nullptr : space_.get());
        jobs.pop_front();
        if (space_->is_poisoned()) after_error(broken());
      } else {
        commit(jobs);
      }
    }
    if (SteadyClock::now() >= next_judging) {
      next_judging += std::chrono::milliseconds(judge_waiting_ms);
      space_->judge_waiting();
    }
    if (SteadyClock::now() >= next_health) {
      next_health = SteadyClock::now() + std::chrono::milliseconds(write_health_ms);
      write_health();
    }
    judging = judge();
  }
  write_health();
}

void SpaceWriter::write_health() {
  if (broken_) return;
  if (const auto written = space_->write_health(); !written) after_error(written.error());
}

bool SpaceWriter::judge() {
  if (broken_ || !space_->is_judging()) return false;
  if (const auto judged = space_->judge_next(); !judged) {
    after_error(judged.error());
    return false;
  }
  return space_->is_judging();
}

std::deque<SpaceWriter::Job> SpaceWriter::take() {
  const std::lock_guard lock(mutex_);
  metrics_.writer_queue.fetch_sub(static_cast<std::int64_t>(bounded_queued_),
                                  std::memory_order_relaxed);
  bounded_queued_ = 0;
  return std::exchange(queue_, {});
}

// Takes the pushes at the front of `jobs`, as many as make one group, and commits them.
void SpaceWriter::commit(std::deque<Job>& jobs) {
  const auto began = SteadyClock::now();
  std::vector<PushJob> group;
  std::size_t transactions = 0;
  while (!jobs.empty()) {
    auto* job = std::get_if<PushJob>(&jobs.front());
    if (job == nullptr) break;
    const std::size_t more = job->request->transactions.size();
    if (!group.empty() && transactions + more > group_transactions_max) break;
    transactions += more;
    group.push_back(std::move(*job));
    jobs.pop_front();
  }
  if (broken_) return answer(group, broken(), transactions, 0);
  std::vector<Push> pushes;
  pushes.reserve(group.size());
  for (const PushJob& job : group) {
    pushes.push_back(
        {job.device, job.request.get(), job.signed_head, job.signed_text, job.signature});
  }
  Result<std::vector<PushReply>> replies = space_->apply(pushes);
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - began);
  answer(group, std::move(replies), transactions, took.count());
}

void SpaceWriter::answer(std::span<PushJob> group, Result<std::vector<PushReply>> replies,
                         std::size_t transactions, std::int64_t ms) {
  if (!replies) {
    const Error& error = replies.error();
    if (!broken_) after_error(error);
    for (PushJob& job : group) job.done(error);
    return;
  }
  metrics_.commit_pushes.add(group.size());
  metrics_.commit_transactions.add(transactions);
  metrics_.commit_ms.add(static_cast<std::uint64_t>(ms));
  metrics_.pushes.fetch_add(group.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i < group.size(); ++i) {
    PushReply& reply = (*replies)[i];
    for (const Verdict& verdict : reply.verdicts) {
      if (verdict.repeated) continue;
      metrics_.transactions[static_cast<std::size_t>(verdict.kind)].fetch_add(
          verdict.more + 1, std::memory_order_relaxed);
    }
    group[i].done(std::move(reply));
  }
  if (log_.shows(Log::Level::debug)) {
    log_.debug(
        "commit",
        {{"space", name_}, {"pushes", group.size()}, {"transactions", transactions}, {"ms", ms}});
  }
}

void SpaceWriter::after_error(const Error& error) {
  log_.error("write_failed",
             {{"space", name_}, {"code", error_name(error.code)}, {"message", error.message}});
  if (broken_ || !space_->is_poisoned()) return;
  broken_ = true;
  failed_();
}

}  // namespace rollcall
