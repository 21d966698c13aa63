#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "client-core/replica/replica.h"
#include "client-core/sync/curl_transport.h"
#include "client-core/sync/sync_session.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"

namespace rollcall {

// The doors of a program that runs on a real machine.
struct SystemDoors {
  SystemClock clock;
  SystemRandom random;
  SodiumCryptography cryptography;

  [[nodiscard]] ReplicaDoors doors() { return {clock, random, cryptography}; }
};

}  // namespace rollcall

// What a `rollcall_replica *` points to: a replica, its session, and the thread if one was asked
// for. Every function of the C ABI that touches the replica holds `mutex`.
struct rollcall_replica {
  rollcall::SystemDoors system;
  std::unique_ptr<rollcall::Replica> replica;
  rollcall::CurlTransport transport;
  std::unique_ptr<rollcall::SyncSession> session;
  std::optional<rollcall::LocalTransaction> transaction;
  bool is_calling_back = false;  // a caller's function runs inside one of ours
  std::string last_error;        // of the user's calls
  std::recursive_mutex mutex;    // an observer may query inside the call that runs it

  std::thread background;
  std::atomic<bool> background_stops{false};
  std::atomic<bool> hurry{false};  // somebody asked for a try now; taken up by the next step
  // What the thread could not do in its last round; the user's threads only read it in `status`.
  std::optional<rollcall::Error> background_error;
  std::condition_variable_any background_may_go_on;  // a transaction ended, or the thread is to end

  ~rollcall_replica();

  void begin_session();
  void end_transaction();
  // Writes just committed are to go out: ends the session's waiting.
  void wake() { transport.wake(); }
  void run_background();
  void stop_background();

 private:
  rollcall::Result<void> background_round();
  // No reply can be taken while a transaction of the user's is open. False: the thread is to end.
  bool wait_for_writer(std::unique_lock<std::recursive_mutex>& lock);
};

struct rollcall_rows {
  rollcall_replica* owner;
  rollcall::QueryRows query;
  std::string shown;  // what the last `bytes` pointed to
};
