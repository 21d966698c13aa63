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
  std::string last_error;
  std::recursive_mutex mutex;  // an observer may query inside the call that runs it

  std::thread background;
  std::atomic<bool> background_stops{false};
  std::atomic<bool> hurry{false};  // somebody asked for a try now; taken up by the next step

  ~rollcall_replica();

  void begin_session();
  // Writes just committed are to go out: ends the session's waiting.
  void wake() { transport.wake(); }
  void run_background();
  void stop_background();
};

struct rollcall_rows {
  rollcall_replica* owner;
  rollcall::QueryRows query;
  std::string shown;  // what the last `bytes` pointed to
};
