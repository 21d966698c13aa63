#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "engine/protocol/messages.h"
#include "engine/protocol/signing.h"
#include "server/http/http_server.h"
#include "server/sync/sync_service.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/server/http/loopback_client.h"

// A server on a loopback port with one space, "nc", whose one collection "note" has a text and lies
// where its `place` says; and devices that speak to it byte by byte.
namespace rollcall {

// The system's time, moved on when a test says so.
class MovableClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t utc_ms() const override { return system_.utc_ms() + ahead_ms_; }
  [[nodiscard]] std::int64_t steady_ms() const override { return system_.steady_ms(); }
  void advance(std::int64_t ms) { ahead_ms_ += ms; }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> ahead_ms_ = 0;
};

class SyncWorld {
 public:
  // `ahead_ms`: the server that ran before had a clock that was so far ahead.
  explicit SyncWorld(std::int64_t ahead_ms = 0);
  ~SyncWorld();

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  SyncService& service() { return *service_; }
  HttpServer& server() { return *server_; }
  Metrics& metrics() { return metrics_; }
  SpaceWriter& writer() { return service_->space("nc")->writer(); }
  const Cryptography& cryptography() const { return cryptography_; }
  PublicKey server_key() const { return cryptography_.public_key(seed_); }
  std::int64_t now_ms() const { return clock_.utc_ms(); }
  void advance(std::int64_t ms) { clock_.advance(ms); }
  Random& random() { return random_; }

  Invitation invite(std::vector<std::string> scopes);
  // Rows of "note" that are stored.
  std::size_t notes();
  // The order of a server's end.
  void shut_down();

 private:
  MovableClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
  SecretSeed seed_;
  TempFolder folder_;
  Metrics metrics_;
  Log log_{Log::Level::off};
  std::unique_ptr<SyncService> service_;
  std::unique_ptr<HttpServer> server_;
};

// What came back: a message, or the refusal.
struct Said {
  unsigned status = 0;
  std::optional<SyncReply> reply;
  Refusal refusal;
};

class WireDevice {
 public:
  WireDevice(SyncWorld& world, std::vector<std::string> scopes);

  // Makes a transaction that inserts one note there; it waits for `push_request`.
  void write(std::string_view place, std::string_view text);
  // What was written and is not acknowledged.
  SyncRequest push_request();
  // From the start: every grant taken as complete, all rows by the tail.
  SyncRequest read_request(std::uint32_t wait_ms = 0);

  // The whole HTTP request, signed. The parts before the signature may be spoilt by a test.
  struct Spoilt {
    std::optional<std::int64_t> time_ms;
    std::optional<SecretSeed> seed;
    std::optional<DeviceNumber> device;
    std::string space = "nc";
    MediaType type = MediaType::cbor;
    std::string more;  // further header lines
    std::string target = "/v1/sync";
  };
  std::string http(const SyncRequest& request, const Spoilt& spoilt);
  std::string http(const SyncRequest& request) { return http(request, Spoilt()); }
  std::string http_body(BytesView body, const Spoilt& spoilt);
  // As it travels: `body` is what is signed, `travels` what is sent.
  std::string http_encoded(BytesView body, BytesView travels, const Spoilt& spoilt);

  Said ask(const SyncRequest& request) { return hear(http(request)); }
  Said hear(std::string_view http, MediaType type = MediaType::cbor);
  // Sends on a connection of its own and does not wait for the answer.
  std::unique_ptr<LoopbackClient> begin(const SyncRequest& request);
  static Said end(LoopbackClient& connection, MediaType type = MediaType::cbor);

  // Pushes what is unacknowledged; fails the test if it is not applied.
  void push();

  [[nodiscard]] DeviceNumber number() const { return enrolled_.device; }
  [[nodiscard]] const EnrollReply& enrolled() const { return enrolled_; }
  [[nodiscard]] const SecretSeed& seed() const { return seed_; }

 private:
  SyncWorld& world_;
  SecretSeed seed_;
  EnrollReply enrolled_;
  std::unique_ptr<LoopbackClient> connection_;
  std::unique_ptr<RowIdSource> ids_;
  std::vector<PushedTransaction> unacknowledged_;
  TxNumber last_;
  TxNumber acknowledged_;
  Hash head_;
  std::uint64_t last_time_ = 0;
};

// Posts an enrolment and gives the answer as it came.
std::optional<RawAnswer> post_enrolment(std::uint16_t port, BytesView body,
                                        std::string_view type = "application/cbor");

}  // namespace rollcall
