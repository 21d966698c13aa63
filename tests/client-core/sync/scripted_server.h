#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client-core/sync/transport.h"
#include "engine/codec/cbor_archive.h"
#include "engine/protocol/signing.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {

// A request as it reached the server, opened.
struct Arrived {
  HttpRequest http;
  Bytes body;                        // plain
  std::optional<Authorization> who;  // of a signed one; its signature was checked
  std::optional<SyncRequest> sync;   // of POST /v1/sync
  std::int64_t at_ms = 0;            // steady time
  [[nodiscard]] bool is_to(std::string_view target) const { return http.url.ends_with(target); }
  [[nodiscard]] std::vector<std::uint64_t> pushed() const;  // numbers of its transactions
};

// How a request is answered.
struct Answer {
  enum class Kind : std::uint8_t { real, silence, scripted };
  Kind kind = Kind::real;
  HttpResponse response;
};
inline Answer real() { return {}; }
inline Answer silence() { return {Answer::Kind::silence, {}}; }
Answer scripted(int status, std::string_view content_type, Bytes body);
template <class M>
Answer scripted(int status, const M& message) {
  return scripted(status, "application/cbor", to_cbor(message));
}
// A refusal as a Rollcall server words it.
Answer refusal(int status, ErrorCode code, std::string_view message = "no");
inline Answer busy(int retry_after_s) {
  Answer answer = refusal(503, ErrorCode::later, "busy");
  answer.response.retry_after_ms = retry_after_s * 1000;
  return answer;
}

// The transport of a session under test. It carries requests to the world's real space in memory,
// checks what every request must have, and puts other answers in the place of real ones where the
// test says so. Nobody waits: when there is nothing to tell, `poll` moves the world's clock.
class ScriptedServer final : public Transport {
 public:
  // Whoever signs is this phone; none: nobody is enrolled yet.
  explicit ScriptedServer(ReplicaWorld& world, Phone* phone = nullptr);

  // The next requests get these, one each; after them `otherwise` decides, and it gives real ones.
  void then(std::vector<Answer> answers);
  std::function<Answer(const Arrived&)> otherwise = [](const Arrived&) { return real(); };
  // A response that comes without having been waited for.
  void deliver(HttpResponse response) { stray_.push_back(std::move(response)); }
  // Called when a request begins, while the session is in the middle of what made it send.
  std::function<void(const Arrived&)> on_begin = [](const Arrived&) {};

  std::vector<Arrived> log;
  std::vector<std::uint64_t> cancelled;
  std::uint64_t wakes = 0;

  // What the real server answers now.
  HttpResponse real_response(const Arrived& arrived);
  // The enrolment reply, signed with the server's key.
  SignedEnrollReply signed_reply(const Arrived& arrived, const EnrollReply& reply) const;
  SecretSeed server_seed;

  void begin(HttpRequest request) override;
  void cancel(std::uint64_t id) override;
  std::vector<HttpResponse> poll(std::int64_t timeout_ms) override;
  void wake() override { ++wakes; }

 private:
  Arrived open(HttpRequest request) const;

  ReplicaWorld& world_;
  Phone* phone_;
  std::deque<Answer> script_;
  std::deque<Arrived> waiting_;
  std::vector<HttpResponse> stray_;
};

}  // namespace rollcall
