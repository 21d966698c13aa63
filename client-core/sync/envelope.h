#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client-core/sync/transport.h"
#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/random.h"
#include "engine/codec/cbor_archive.h"
#include "engine/protocol/client_sync.h"
#include "engine/protocol/messages.h"

namespace rollcall {

// Who signs requests, and for whom.
struct Signer {
  const Cryptography& cryptography;
  Random& random;
  const SecretSeed& secret;
  std::string url;  // of the server, without a path
  std::string space;
  DeviceNumber device;
  Bytes tls_pin;  // that the server must have; empty: none
};

// A message as an HTTP request: encoded, compressed where that pays, signed.
HttpRequest signed_request(const Signer& signer, std::string_view method, std::string_view target,
                           Bytes body, const Hash& head, std::int64_t server_time_ms);
inline constexpr std::string_view enroll_target = "/v1/enroll";
// One that nobody signs: an enrolment.
HttpRequest unsigned_request(const std::string& url, std::string_view target, Bytes body);

// What an HTTP response says, before its message is decoded.
struct OpenedResponse {
  RequestOutcome outcome;
  Bytes body;                             // plain; of a 200
  Error error;                            // when not answered: what to tell the user
  std::optional<std::int64_t> server_ms;  // told with `stale`
};

// A server that did not prove who it is: `unreachable` with that error. Never trusts what came:
// another content type, a body that does not decompress or a page of a captive portal are
// `unreachable` with the error `not_rollcall`.
OpenedResponse open_response(const HttpResponse& response);

}  // namespace rollcall
