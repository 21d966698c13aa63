#include "server/http/refusal.h"

#include "engine/codec/cbor_archive.h"
#include "engine/codec/json_archive.h"
#include "engine/protocol/messages.h"

namespace rollcall {
namespace {

HttpAnswer answer(MediaType type, unsigned status, ErrorCode code, const Refusal& refusal) {
  HttpAnswer response;
  response.status = status;
  response.type = type == MediaType::cbor ? MediaType::cbor : MediaType::json;
  response.body = response.type == MediaType::cbor ? to_cbor(refusal) : to_json(refusal);
  response.refused = code;
  return response;
}

// What is told may quote what came, and that may be anything: a refusal is UTF-8 and short.
std::string tellable(std::string_view message) {
  constexpr std::size_t message_bytes_max = 500;
  std::string text(message.substr(0, message_bytes_max));
  const bool cut = text.size() < message.size();
  if (cut || !is_utf8(text)) {
    for (char& c : text) {
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    }
  }
  if (cut) text += " ...";
  return text;
}

Refusal refusal_of(const Error& error) {
  Refusal refusal;
  refusal.code = static_cast<std::uint32_t>(error.code);
  refusal.name = error_name(error.code);
  refusal.message = tellable(error.message);
  return refusal;
}

}  // namespace

unsigned status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::unknown_key:
    case ErrorCode::bad_signature:
    case ErrorCode::stale: return 401;
    case ErrorCode::code_unknown:
    case ErrorCode::code_expired: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::replayed: return 409;
    case ErrorCode::too_large:
    case ErrorCode::limit: return 413;
    case ErrorCode::unsupported_media: return 415;
    case ErrorCode::later: return 503;
    case ErrorCode::invalid_argument: return 400;
    default: break;
  }
  // 2xx and 5xx are what a message says wrongly; the rest is ours.
  const auto kind = static_cast<std::int32_t>(code) / 100;
  return kind == 2 || kind == 5 ? 400 : 500;
}

HttpAnswer refuse(MediaType type, const Error& error) {
  return refuse(type, status_of(error.code), error);
}

HttpAnswer refuse(MediaType type, unsigned status, const Error& error) {
  return answer(type, status, error.code, refusal_of(error));
}

HttpAnswer refuse_stale(MediaType type, std::int64_t server_ms, std::string message) {
  Refusal refusal = refusal_of({ErrorCode::stale, std::move(message)});
  refusal.server_ms = server_ms;
  return answer(type, 401, ErrorCode::stale, refusal);
}

HttpAnswer refuse_later(MediaType type, std::uint32_t after_s, std::string message) {
  Refusal refusal = refusal_of({ErrorCode::later, std::move(message)});
  refusal.retry_ms = after_s * 1000;
  HttpAnswer response = answer(type, 503, ErrorCode::later, refusal);
  response.retry_after_s = after_s;
  return response;
}

}  // namespace rollcall
