#include "client-core/sync/envelope.h"

#include "engine/codec/compression.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/signing.h"

namespace rollcall {
namespace {

constexpr std::string_view cbor_type = "application/cbor";
// Below this size compression saves less than its header costs.
constexpr std::size_t compressed_bytes_min = 512;

void put_body(HttpRequest& request, Bytes body) {
  if (body.empty()) return;
  request.content_type = cbor_type;
  if (body.size() >= compressed_bytes_min) {
    request.content_encoding = encoding_name(Encoding::zstd);
    request.body = compress(Encoding::zstd, body);
  } else {
    request.body = std::move(body);
  }
}

Result<Bytes> plain_body(const HttpResponse& response) {
  if (response.content_encoding.empty()) return response.body;
  ROLLCALL_TRY_ASSIGN(const Encoding encoding, encoding_of_name(response.content_encoding));
  return decompress(encoding, response.body, reply_bytes_max);
}

// The server's own words about a refusal, if this is a Rollcall server.
std::optional<Refusal> read_refusal(const HttpResponse& response) {
  if (response.content_type != cbor_type) return std::nullopt;
  const auto body = plain_body(response);
  if (!body) return std::nullopt;
  auto refusal = from_cbor<Refusal>(*body);
  if (!refusal) return std::nullopt;
  return std::move(*refusal);
}

RequestOutcome::Kind kind_of(int status, const Refusal& refusal) {
  const auto code = static_cast<ErrorCode>(refusal.code);
  switch (status) {
    case 400:
    case 413:
    case 415: return RequestOutcome::Kind::refused;
    case 401:
      return code == ErrorCode::stale ? RequestOutcome::Kind::stale : RequestOutcome::Kind::denied;
    case 409: return RequestOutcome::Kind::replayed;
    default: return RequestOutcome::Kind::later;
  }
}

}  // namespace

HttpRequest signed_request(const Signer& signer, std::string_view method, std::string_view target,
                           Bytes body, const Hash& head, std::int64_t server_time_ms) {
  Authorization who;
  who.space = signer.space;
  who.device = signer.device;
  who.time_ms = server_time_ms;
  who.nonce.resize(Authorization::nonce_bytes);
  signer.random.fill(who.nonce.data(), who.nonce.size());
  who.head = head;
  const Hash body_hash = signer.cryptography.hash({body});
  who.signature =
      signer.cryptography.sign(signer.secret, signed_text(method, target, body_hash, who));

  HttpRequest request;
  request.method = method;
  request.url = signer.url + std::string(target);
  request.authorization = who.header();
  request.tls_pin = signer.tls_pin;
  request.accept_encoding = encoding_name(Encoding::zstd);
  put_body(request, std::move(body));
  return request;
}

HttpRequest unsigned_request(const std::string& url, std::string_view target, Bytes body) {
  HttpRequest request;
  request.method = "POST";
  request.url = url + std::string(target);
  request.accept_encoding = encoding_name(Encoding::zstd);
  put_body(request, std::move(body));
  return request;
}

OpenedResponse open_response(const HttpResponse& response) {
  OpenedResponse opened;
  const auto fail = [&](RequestOutcome::Kind kind, ErrorCode code, std::string message) {
    opened.outcome.kind = kind;
    opened.error = failure(code, std::move(message));
    return opened;
  };
  if (response.status == 0 && response.failed != ErrorCode::unreachable) {
    return fail(RequestOutcome::Kind::unreachable, response.failed,
                response.error + "; nothing was sent, local work is kept");
  }
  if (response.status == 0) {
    return fail(RequestOutcome::Kind::unreachable, ErrorCode::unreachable,
                "the server cannot be reached (" + response.error + "); local work is kept");
  }
  if (response.status == 200) {
    if (response.content_type != cbor_type) {
      return fail(RequestOutcome::Kind::unreachable, ErrorCode::not_rollcall,
                  "something answers that is no Rollcall server (content type \"" +
                      response.content_type.substr(0, 60) +
                      "\"): is there a sign-in page of the network to get past?");
    }
    auto body = plain_body(response);
    if (!body) {
      return fail(RequestOutcome::Kind::unreachable, ErrorCode::not_rollcall,
                  "the answer came damaged: " + body.error().message);
    }
    opened.body = std::move(*body);
    return opened;
  }
  const std::optional<Refusal> refusal = read_refusal(response);
  if (!refusal) {
    opened.outcome.retry_after_ms = response.retry_after_ms;
    const bool busy = response.status == 429 || response.status == 503;
    return fail(busy ? RequestOutcome::Kind::later : RequestOutcome::Kind::unreachable,
                busy ? ErrorCode::later : ErrorCode::not_rollcall,
                "the answer has HTTP status " + std::to_string(response.status) +
                    " and is not a Rollcall server's");
  }
  opened.outcome.retry_after_ms =
      std::max<std::int64_t>(response.retry_after_ms, refusal->retry_ms);
  if (refusal->server_ms != 0) opened.server_ms = refusal->server_ms;
  return fail(kind_of(response.status, *refusal), static_cast<ErrorCode>(refusal->code),
              refusal->message);
}

}  // namespace rollcall
