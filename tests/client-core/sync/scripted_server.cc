#include "tests/client-core/sync/scripted_server.h"

#include <algorithm>

#include "engine/codec/compression.h"
#include "engine/protocol/limits.h"
#include "schema/compiled.h"

namespace rollcall {
namespace {

constexpr std::string_view server_url = "http://127.0.0.1:8080";

HttpResponse cbor_response(int status, Bytes body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/cbor";
  response.content_encoding = "zstd";
  response.body = compress(Encoding::zstd, body);
  response.wire_bytes_sent = 100;
  response.wire_bytes_received = response.body.size() + 100;
  return response;
}

}  // namespace

std::vector<std::uint64_t> Arrived::pushed() const {
  std::vector<std::uint64_t> numbers;
  if (!sync) return numbers;
  for (std::size_t i = 0; i < sync->transactions.size(); ++i) {
    numbers.push_back(sync->first_tx.value + i);
  }
  return numbers;
}

Answer scripted(int status, std::string_view content_type, Bytes body) {
  Answer answer;
  answer.kind = Answer::Kind::scripted;
  answer.response.status = status;
  answer.response.content_type = content_type;
  answer.response.body = std::move(body);
  return answer;
}

Answer refusal(int status, ErrorCode code, std::string_view message) {
  Refusal told;
  told.code = static_cast<std::uint32_t>(code);
  told.name = error_name(code);
  told.message = message;
  return scripted(status, told);
}

ScriptedServer::ScriptedServer(ReplicaWorld& world, Phone* phone) : world_(world), phone_(phone) {
  server_seed.bytes.fill('s');
}

void ScriptedServer::then(std::vector<Answer> answers) {
  for (Answer& answer : answers) script_.push_back(std::move(answer));
}

Arrived ScriptedServer::open(HttpRequest request) const {
  Arrived arrived;
  arrived.at_ms = world_.clock.steady_ms();
  EXPECT_TRUE(request.url.starts_with(server_url)) << request.url;
  EXPECT_EQ(request.accept_encoding, "zstd");
  EXPECT_EQ(request.content_type, request.body.empty() ? "" : "application/cbor");
  arrived.body = request.content_encoding.empty()
                     ? request.body
                     : need(decompress(need(encoding_of_name(request.content_encoding)),
                                       request.body, request_bytes_max));
  if (!request.authorization.empty()) {
    arrived.who = need(Authorization::parse(request.authorization));
    const std::string text =
        signed_text(request.method, std::string_view(request.url).substr(server_url.size()),
                    test_cryptography().hash({arrived.body}), *arrived.who);
    EXPECT_TRUE(phone_ != nullptr && test_cryptography().verify(
                                         test_cryptography().public_key(phone_->replica().secret()),
                                         text, arrived.who->signature))
        << request.url;
    EXPECT_EQ(arrived.who->device, phone_->device());
  }
  arrived.http = std::move(request);
  if (arrived.is_to("/v1/sync")) {
    EXPECT_TRUE(arrived.who.has_value());
    arrived.sync = need(from_cbor<SyncRequest>(arrived.body));
  }
  return arrived;
}

HttpResponse ScriptedServer::real_response(const Arrived& arrived) {
  if (arrived.is_to("/v1/enroll")) {
    auto reply = world_.space().enroll(need(from_cbor<EnrollRequest>(arrived.body)));
    if (!reply) return refusal(403, reply.error().code, reply.error().message).response;
    return cbor_response(200, to_cbor(signed_reply(arrived, *reply)));
  }
  const std::int64_t now = world_.clock.utc_ms();
  const std::int64_t skew = arrived.who->time_ms - now;
  if (skew > request_skew_ms_max || skew < -request_skew_ms_max) {
    Refusal stale;
    stale.code = static_cast<std::uint32_t>(ErrorCode::stale);
    stale.server_ms = now;
    return cbor_response(401, to_cbor(stale));
  }
  if (arrived.is_to("/v1/schema")) {
    EXPECT_EQ(arrived.http.method, "GET");
    SchemaReply reply;
    reply.schema_version = world_.space().schema().version;
    reply.schema = encode_schema(world_.space().schema());
    return cbor_response(200, to_cbor(reply));
  }
  return cbor_response(
      200, to_cbor(world_.answer(arrived.who->device, *arrived.sync, arrived.who->head)));
}

SignedEnrollReply ScriptedServer::signed_reply(const Arrived& arrived,
                                               const EnrollReply& reply) const {
  const Cryptography& cryptography = test_cryptography();
  EnrollReply filled = reply;
  filled.server_key = cryptography.public_key(server_seed);
  SignedEnrollReply letter;
  letter.reply = to_cbor(filled);
  letter.signature =
      Bytes(cryptography
                .sign(server_seed, enroll_signed_text(cryptography.hash({arrived.body}),
                                                      cryptography.hash({letter.reply})))
                .view());
  return letter;
}

void ScriptedServer::begin(HttpRequest request) {
  for (const Arrived& other : waiting_) EXPECT_NE(other.http.id, request.id) << "not a new id";
  Arrived arrived = open(std::move(request));
  on_begin(arrived);
  log.push_back(arrived);
  waiting_.push_back(std::move(arrived));
}

void ScriptedServer::cancel(std::uint64_t id) {
  cancelled.push_back(id);
  std::erase_if(waiting_, [id](const Arrived& arrived) { return arrived.http.id == id; });
}

std::vector<HttpResponse> ScriptedServer::poll(std::int64_t timeout_ms) {
  EXPECT_GE(timeout_ms, 0);
  std::vector<HttpResponse> responses = std::move(stray_);
  stray_.clear();
  for (const Arrived& arrived : waiting_) {
    Answer answer;
    if (script_.empty()) {
      answer = otherwise(arrived);
    } else {
      answer = std::move(script_.front());
      script_.pop_front();
    }
    if (answer.kind == Answer::Kind::silence) continue;
    if (answer.kind == Answer::Kind::real) answer.response = real_response(arrived);
    answer.response.id = arrived.http.id;
    responses.push_back(std::move(answer.response));
  }
  waiting_.clear();
  world_.clock.advance(responses.empty() ? timeout_ms : 3);
  return responses;
}

}  // namespace rollcall
