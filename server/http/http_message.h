#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.h"
#include "engine/base/error.h"
#include "engine/codec/compression.h"
#include "server/http/byte_budget.h"

namespace rollcall {

enum class HttpMethod : std::uint8_t { get, post };
std::string_view method_name(HttpMethod method);

// What a body is; the answer comes in the type of the request, or else in the one it accepts.
enum class MediaType : std::uint8_t { cbor, json, text };
std::string_view media_name(MediaType type);

// A request's head after its framing was found right.
struct HttpHead {
  HttpMethod method = HttpMethod::get;
  std::string target;  // "/v1/sync": origin form
  std::optional<std::string> authorization;
  std::optional<MediaType> type;  // of the body; nothing: none was named
  MediaType answer_type = MediaType::json;
  Encoding encoding = Encoding::identity;  // of the body
  std::string accept_encoding;             // as it came; empty: the answer comes plain
  std::size_t body_bytes = 0;              // as it travels
  bool is_local = false;                   // from this machine: its programs, or a proxy on it
};

struct ReceivedRequest {
  HttpHead head;
  Bytes body;  // as it travelled: still encoded
  ByteBudget::Hold hold;
};

struct HttpAnswer {
  unsigned status = 200;
  MediaType type = MediaType::json;
  Encoding encoding = Encoding::identity;  // in which `body` is already
  Bytes body;
  std::optional<ErrorCode> refused;  // for counting and logs: the body tells it too
  std::uint32_t retry_after_s = 0;   // 0: the header is left out
  std::string_view allow;            // with 405; static text
  bool close = false;                // nothing more is read from this connection
  bool proved = false;               // the request showed who sent it
};

}  // namespace rollcall
