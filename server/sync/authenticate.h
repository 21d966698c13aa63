#pragma once

#include <cstdint>

#include "engine/protocol/signing.h"
#include "server/http/http_message.h"

namespace rollcall {

// What a request's head says of its sender, before the body and any key are looked at: `malformed`
// or `unknown_key` without a proper Authorization.
Result<Authorization> read_authorization(const HttpHead& head);

// Whether the time that the sender named can be believed: not further than `request_skew_ms_max`
// from the server's, and not before this server's start, since what was taken before that is not
// remembered. The message says by how much it is off.
Result<void> check_time(const Authorization& who, std::int64_t server_ms, std::int64_t started_ms);

// Whether the device's key signed this request: method, target, body and all. `bad_signature`.
// `signed_by` is the text that was signed: the proof to keep.
Result<void> check_signature(const Cryptography& cryptography, const HttpHead& head, BytesView body,
                             const Authorization& who, const PublicKey& key,
                             std::string& signed_by);

}  // namespace rollcall
