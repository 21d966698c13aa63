#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/clock/clock.h"
#include "server/http/http_handler.h"
#include "server/sync/hosted_space.h"
#include "server/sync/limits.h"
#include "server/sync/long_poll_hub.h"
#include "server/sync/reader_pool.h"

namespace rollcall {

struct SyncCall;

// The protocol's server side over HTTP: who asks, what they push, what they read, how long they
// wait. A request goes
//
//   HTTP thread: route, Authorization, time  ->  reader: body, signature, replay, decoding
//     -> [pushes: the space's writer, group commit ->]  reader: the reply, encoded, or parked
//
// so that no HTTP thread ever decrypts, decodes or waits for a disk.
class SyncService final : public HttpHandler {
 public:
  struct Doors {
    const Clock& clock;
    const Cryptography& cryptography;
    std::function<std::unique_ptr<Random>()> make_random;
    SecretSeed server_seed;  // signs enrolments
    Metrics& metrics;
    Log& log;
    std::function<void()> failed;  // a space's disk failed: the program should end
  };

  explicit SyncService(Doors doors, std::size_t threads = reader_threads);
  ~SyncService() override;

  // Serves one more space. `already_exists` if one of that name is served.
  Result<void> add_space(std::unique_ptr<Space> space);
  // Null: none of this name. Lives as long as the service.
  [[nodiscard]] HostedSpace* space(std::string_view name) const;
  [[nodiscard]] std::vector<HostedSpace*> spaces() const;  // by name
  [[nodiscard]] const Cryptography& cryptography() const { return doors_.cryptography; }
  // What /metrics adds from outside.
  void set_gauges(std::function<void(MetricsNow&)> look) { look_ = std::move(look); }

  // Answers every long poll now, and lets none wait any more.
  void drain() { hub_.drain(); }
  // Ends all threads. No request may come any more.
  void stop();

  std::optional<HttpAnswer> judge_head(const HttpHead& head) override;
  [[nodiscard]] bool is_signed(const HttpHead& head) const override;
  void handle(ReceivedRequest request, std::shared_ptr<HttpExchange> exchange) override;
  void gone(const std::shared_ptr<HttpExchange>& exchange) override;
  void answering(const HttpHead* head, const HttpAnswer& response, std::size_t request_bytes,
                 std::size_t response_bytes) override;

 private:
  using CallPtr = std::shared_ptr<SyncCall>;

  Result<std::set<DeviceNumber>> devices_of(const Space& space) const;
  void take(const CallPtr& call, Readers& readers);
  static Result<void> unpack(SyncCall& call, std::size_t bytes_max);
  Result<void> authenticate(SyncCall& call, SpaceReader& reader);
  void take_sync(const CallPtr& call, Readers& readers);
  bool limit(SyncCall& call);
  bool has_forgotten(const SyncCall& call, BytesView cursor, Readers& readers);
  void charge_push(SyncCall& call);
  void take_push(const CallPtr& call);
  void take_fork(const CallPtr& call);
  void read(const CallPtr& call, Readers& readers, bool first);
  // True: the call waits, or is answered; false: it has to be read again.
  bool read_once(const CallPtr& call, SpaceReader& reader, bool first, bool last_try);
  static void note_health(const SyncCall& call, DeviceHealth health);
  bool park(const CallPtr& call, std::uint64_t version, const DeviceRecord& device,
            SyncReply& reply, bool last_try);
  void check_cursor(const CallPtr& call);
  void take_schema(SyncCall& call, SpaceReader& reader);
  void take_enroll(const CallPtr& call);
  void enroll(SyncCall& call, const EnrollRequest& request, Space* space);
  void answer(SyncCall& call, const SyncReply& reply);
  template <class M>
  void respond(SyncCall& call, const M& message);
  void refuse_full(SyncCall& call);
  // The file of its space does not know who was shut out since.
  void refuse_forgotten(SyncCall& call);
  HttpAnswer refusal_of(const SyncCall& call, const Error& error);
  void refuse_call(SyncCall& call, const Error& error);
  HttpAnswer healthz();
  HttpAnswer metrics_page();
  void wait_for_deadlines();

  Doors doors_;
  Metrics& metrics_;
  Log& log_;
  const std::int64_t started_steady_ms_;
  std::function<void(MetricsNow&)> look_;
  std::atomic<bool> broken_ = false;

  LongPollHub hub_;
  mutable std::shared_mutex spaces_mutex_;
  std::map<std::string, std::unique_ptr<HostedSpace>, std::less<>> spaces_;
  ReaderPool pool_;

  std::mutex alarm_mutex_;
  std::condition_variable alarm_;
  bool alarm_rings_ = false;
  bool stopping_ = false;
  std::thread deadlines_;
};

}  // namespace rollcall
