#include "client-core/abi/replica_handle.h"

#include <chrono>
#include <exception>

namespace {

// The background thread looks up at least so often, in ms, should a wake be missed.
constexpr std::int64_t background_wait_ms_max = 30'000;
// After an error of the disk the thread tries again so much later, in ms.
constexpr std::int64_t background_error_ms = 1'000;

}  // namespace

rollcall_replica::~rollcall_replica() {
  stop_background();
  end_transaction();
  session.reset();
  replica.reset();
}

void rollcall_replica::begin_session() {
  session = std::make_unique<rollcall::SyncSession>(*replica, transport, system.doors());
}

void rollcall_replica::end_transaction() {
  transaction.reset();
  background_may_go_on.notify_all();
}

bool rollcall_replica::wait_for_writer(std::unique_lock<std::recursive_mutex>& lock) {
  background_may_go_on.wait(lock, [this] { return !transaction || background_stops; });
  return !background_stops;
}

rollcall::Result<void> rollcall_replica::background_round() {
  std::unique_lock lock(mutex);
  if (!wait_for_writer(lock)) return {};
  if (hurry.exchange(false)) session->hurry();
  ROLLCALL_TRY_ASSIGN(const std::int64_t wait_ms, session->begin_step(background_wait_ms_max));
  lock.unlock();
  const auto responses = transport.poll(wait_ms);
  lock.lock();
  if (!wait_for_writer(lock)) return {};
  ROLLCALL_TRY(session->end_step(responses));
  return replica->deliver();
}

void rollcall_replica::run_background() {
  while (!background_stops) {
    std::optional<rollcall::Error> error;
    try {
      if (const auto done = background_round(); !done) error = done.error();
    } catch (const std::exception& thrown) {
      error = rollcall::failure(rollcall::ErrorCode::internal, thrown.what());
    }
    std::unique_lock lock(mutex);
    background_error = std::move(error);
    if (!background_error) continue;
    background_may_go_on.wait_for(lock, std::chrono::milliseconds(background_error_ms),
                                  [this] { return background_stops.load(); });
  }
}

void rollcall_replica::stop_background() {
  // A thread cannot wait for its own end: an observer must not ask for it.
  if (!background.joinable() || background.get_id() == std::this_thread::get_id()) return;
  {
    const std::lock_guard lock(mutex);
    background_stops = true;
  }
  background_may_go_on.notify_all();
  transport.wake();
  background.join();
  background_stops = false;
  const std::lock_guard lock(mutex);
  background_error.reset();
  session->stop();
}
