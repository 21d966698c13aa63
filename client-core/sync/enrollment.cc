#include "client-core/sync/enrollment.h"

#include "client-core/sync/envelope.h"
#include "engine/protocol/signing.h"

namespace rollcall {
namespace {

constexpr int enroll_tries_max = 2;

Result<HttpResponse> exchange(Transport& transport, HttpRequest request, const Clock& clock,
                              std::int64_t timeout_ms) {
  request.id = 1;
  const std::int64_t deadline = clock.steady_ms() + timeout_ms;
  transport.begin(std::move(request));
  for (;;) {
    const std::int64_t left = deadline - clock.steady_ms();
    if (left <= 0) {
      transport.cancel(1);
      return failure(ErrorCode::timed_out, "the server did not answer in time; try again");
    }
    for (HttpResponse& response : transport.poll(left)) return std::move(response);
  }
}

Result<EnrollReply> checked_reply(const Entrance& entrance, const Bytes& sent,
                                  const Bytes& received, const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(const auto envelope, from_cbor<SignedEnrollReply>(received));
  ROLLCALL_TRY_ASSIGN(auto reply, from_cbor<EnrollReply>(envelope.reply));
  const bool pinned = !entrance.pin || *entrance.pin == reply.server_key;
  const bool proven = envelope.signature.size() == Signature::size_bytes &&
                      cryptography.verify(reply.server_key,
                                          enroll_signed_text(cryptography.hash({sent}),
                                                             cryptography.hash({envelope.reply})),
                                          Signature::from_bytes(envelope.signature));
  if (!pinned || !proven) {
    return failure(ErrorCode::pin_mismatch,
                   "the server at " + entrance.url +
                       " is not the one that made this invitation; nothing was set up");
  }
  return reply;
}

}  // namespace

Result<Entrance> Entrance::from_link(std::string_view link) {
  ROLLCALL_TRY_ASSIGN(auto parsed, InvitationLink::parse(link));
  Entrance entrance;
  entrance.url = std::move(parsed.url);
  entrance.space = std::move(parsed.space);
  entrance.secret = std::move(parsed.secret);
  entrance.pin = parsed.pin;
  entrance.tls_pin = std::move(parsed.tls_pin);
  return entrance;
}

Result<std::unique_ptr<Replica>> enroll(const std::string& path, const Entrance& entrance,
                                        Transport& transport, const ReplicaDoors& doors,
                                        const ReplicaOptions& options, std::int64_t timeout_ms) {
  // Before the invitation is shown: it is good only once.
  ROLLCALL_TRY(Replica::check_place(path, options));
  SecretSeed secret;
  doors.random.fill(secret.bytes.data(), secret.bytes.size());
  EnrollRequest request;
  request.space = entrance.space;
  request.secret = entrance.secret;
  if (!entrance.code.empty()) {
    ROLLCALL_TRY_ASSIGN(request.code, normal_code(entrance.code));
  }
  request.key = doors.cryptography.public_key(secret);
  request.label = entrance.label;
  const Bytes body = to_cbor(request);

  HttpRequest http = unsigned_request(entrance.url, enroll_target, body);
  http.tls_pin = entrance.tls_pin;
  // An answer may be lost on the way: with the same key the invitation is as good as before.
  OpenedResponse opened;
  for (int tries_left = enroll_tries_max; tries_left > 0; --tries_left) {
    auto response = exchange(transport, http, doors.clock, timeout_ms / enroll_tries_max);
    if (!response && tries_left == 1) return std::move(response).error();
    if (!response) continue;
    opened = open_response(*response);
    if (opened.error.code != ErrorCode::unreachable) break;
  }
  if (opened.outcome.kind != RequestOutcome::Kind::answered) return opened.error;
  ROLLCALL_TRY_ASSIGN(const EnrollReply reply,
                      checked_reply(entrance, body, opened.body, doors.cryptography));
  return Replica::create(path, reply, secret, entrance.url, doors, options, entrance.tls_pin);
}

}  // namespace rollcall
