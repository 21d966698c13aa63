#pragma once

#include <span>
#include <string_view>

#include "engine/base/result.h"
#include "server/http/http_message.h"

namespace rollcall {

struct HeadField {
  std::string_view name;
  std::string_view value;
};

// A head as the parser found it; views into its buffer.
struct RawHead {
  std::string_view method;
  std::string_view target;
  unsigned version = 11;  // 11 is HTTP/1.1
  std::span<const HeadField> fields;
};

// What was made of a head. With a refusal, `head` tells at least in which type to answer.
struct JudgedHead {
  HttpHead head;
  bool keep_alive = true;
  bool expects_continue = false;
  std::optional<HttpAnswer> refusal;  // closes the connection: where the body ends is in doubt
};

// Holds a head to what we speak: HTTP/1.1, one Host, a path, GET or POST, a body with one
// Content-Length and no Transfer-Encoding (proxies and Boost 1.81 disagree about where the odd ones
// end), types and encodings that we know.
JudgedHead judge_request_head(const RawHead& raw, std::size_t body_bytes_max);

}  // namespace rollcall
