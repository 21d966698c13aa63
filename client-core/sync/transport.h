#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/error.h"

namespace rollcall {

// An HTTP exchange as bytes. What HTTP itself needs (Host, Content-Length) the transport adds.
struct HttpRequest {
  std::uint64_t id = 0;  // the caller's; repeated in the response
  std::string method;    // "POST" or "GET"
  std::string url;
  std::string authorization;     // header value; empty: none
  std::string content_type;      // of the body; empty: no body
  std::string content_encoding;  // "zstd" or empty
  std::string accept_encoding;   // "zstd" or empty
  // SHA-256 of the SubjectPublicKeyInfo that the server's certificate must have, 32 bytes; empty:
  // whatever certificate the system trusts for this host. Without TLS it says nothing.
  Bytes tls_pin;
  Bytes body;
};

struct HttpResponse {
  std::uint64_t id = 0;
  int status = 0;  // 0: no answer; `error` says why
  std::string error;
  // With status 0: `unreachable`, or the server did not prove who it is (`not_trusted`,
  // `pin_mismatch`), and was sent nothing.
  ErrorCode failed = ErrorCode::unreachable;
  std::string content_type;
  std::string content_encoding;
  std::int64_t retry_after_ms = 0;
  Bytes body;                         // as it came, still compressed
  std::uint64_t wire_bytes_sent = 0;  // headers and body
  std::uint64_t wire_bytes_received = 0;
};

// The door to the network. Requests run side by side; nothing happens but inside `poll`, except
// `wake`, which any thread may call. Otherwise one thread.
class Transport {
 public:
  virtual ~Transport() = default;

  // Begins a request and sends as much of it as goes without waiting.
  virtual void begin(HttpRequest request) = 0;
  // Gives up a request; no response of it will come.
  virtual void cancel(std::uint64_t id) = 0;
  // Waits until a response is there, `wake` was called, or the time is over; the responses so far.
  virtual std::vector<HttpResponse> poll(std::int64_t timeout_ms) = 0;
  virtual void wake() = 0;
};

}  // namespace rollcall
