#pragma once

#include <cstdint>
#include <string>

#include "server/http/http_message.h"

namespace rollcall {

// The status that tells an error of this code: 400, 401, 404, 409, 413, 415, 429, 500 or 503.
unsigned status_of(ErrorCode code);

// An answer that is not 200: a Refusal message (engine/protocol/messages.h) in the type asked for.
HttpAnswer refuse(MediaType type, const Error& error);
HttpAnswer refuse(MediaType type, unsigned status, const Error& error);
// 401 with the server's time, so that the device sets its clock by it and tries again.
HttpAnswer refuse_stale(MediaType type, std::int64_t server_ms, std::string message);
// 503: come back after `after_s`.
HttpAnswer refuse_later(MediaType type, std::uint32_t after_s, std::string message);

}  // namespace rollcall
