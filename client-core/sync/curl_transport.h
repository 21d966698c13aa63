#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "client-core/sync/transport.h"

namespace rollcall {

// The network by libcurl's multi interface: keep-alive connections, no thread of its own, no
// redirects, HTTP and HTTPS only. A body longer than `reply_bytes_max` ends the request.
// HTTPS means TLS 1.3, a certificate that is valid for the host at this device's time, and the
// request's pin besides where it has one; what fails of these is told (`not_trusted`,
// `pin_mismatch`), and nothing is sent.
class CurlTransport final : public Transport {
 public:
  // `ca_file`: PEM certificates of who is trusted to vouch for servers; empty: the system's.
  explicit CurlTransport(std::string ca_file = {});
  ~CurlTransport() override;
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;

  void begin(HttpRequest request) override;
  void cancel(std::uint64_t id) override;
  std::vector<HttpResponse> poll(std::int64_t timeout_ms) override;
  void wake() override;

 private:
  struct Exchange;

  void drive();
  std::vector<HttpResponse> collect();

  const std::string ca_file_;
  void* multi_;  // CURLM
  std::unordered_map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<Exchange>> resting_;  // finished ones, their handles kept for reuse
};

}  // namespace rollcall
