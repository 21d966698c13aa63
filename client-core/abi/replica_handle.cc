#include "client-core/abi/replica_handle.h"

#include <algorithm>

namespace {

// The background thread looks up at least so often, in ms, should a wake be missed.
constexpr std::int64_t background_wait_ms_max = 30'000;
// After an error of the disk the thread tries again so much later, in ms.
constexpr std::int64_t background_error_ms = 1'000;

}  // namespace

rollcall_replica::~rollcall_replica() {
  stop_background();
  transaction.reset();
  session.reset();
  replica.reset();
}

void rollcall_replica::begin_session() {
  session = std::make_unique<rollcall::SyncSession>(*replica, transport, system.doors());
}

void rollcall_replica::run_background() {
  while (!background_stops) {
    std::int64_t wait_ms = background_wait_ms_max;
    {
      const std::lock_guard lock(mutex);
      if (hurry.exchange(false)) session->hurry();
      const auto wait = session->begin_step(background_wait_ms_max);
      if (wait) {
        wait_ms = *wait;
      } else {
        last_error = wait.error().message;
        wait_ms = background_error_ms;
      }
    }
    const auto responses = transport.poll(wait_ms);
    const std::lock_guard lock(mutex);
    if (background_stops) break;
    const auto ended = session->end_step(responses);
    if (!ended) last_error = ended.error().message;
    if (const auto delivered = replica->deliver(); !delivered)
      last_error = delivered.error().message;
  }
}

void rollcall_replica::stop_background() {
  if (!background.joinable()) return;
  background_stops = true;
  transport.wake();
  background.join();
  background_stops = false;
  const std::lock_guard lock(mutex);
  session->stop();
}
