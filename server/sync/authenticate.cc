#include "server/sync/authenticate.h"

#include <string>

#include "engine/protocol/limits.h"

namespace rollcall {

Result<Authorization> read_authorization(const HttpHead& head) {
  if (!head.authorization) {
    return failure(ErrorCode::unknown_key,
                   "the request is not signed: send the Authorization header of a device that was "
                   "enrolled here");
  }
  return Authorization::parse(*head.authorization);
}

Result<void> check_time(const Authorization& who, std::int64_t server_ms, std::int64_t started_ms) {
  const std::int64_t ahead_ms = who.time_ms - server_ms;
  if (ahead_ms > request_skew_ms_max || ahead_ms < -request_skew_ms_max) {
    const std::int64_t seconds = (ahead_ms < 0 ? -ahead_ms : ahead_ms) / 1000;
    return failure(ErrorCode::stale, "the request's time is " + std::to_string(seconds) +
                                         (ahead_ms < 0 ? " s behind" : " s ahead of") +
                                         " the server's: sign it afresh with the server's time");
  }
  if (who.time_ms < started_ms) {
    return failure(ErrorCode::stale,
                   "the request was signed before the server started: sign it afresh");
  }
  return {};
}

Result<void> check_signature(const Cryptography& cryptography, const HttpHead& head, BytesView body,
                             const Authorization& who, const PublicKey& key,
                             std::string& signed_by) {
  signed_by = signed_text(method_name(head.method), head.target, cryptography.hash({body}), who);
  if (cryptography.verify(key, signed_by, who.signature)) return {};
  return failure(ErrorCode::bad_signature,
                 "the signature is not this device's over this very request: check what is signed");
}

}  // namespace rollcall
