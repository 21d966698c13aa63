#pragma once

#include <memory>
#include <unordered_map>

#include "client-core/sync/transport.h"

namespace rollcall {

// The network by libcurl's multi interface: keep-alive connections, no thread of its own, no
// redirects, HTTP and HTTPS only. A body longer than `reply_bytes_max` ends the request.
class CurlTransport final : public Transport {
 public:
  CurlTransport();
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

  void* multi_;  // CURLM
  std::unordered_map<std::uint64_t, std::unique_ptr<Exchange>> exchanges_;
  std::vector<std::unique_ptr<Exchange>> resting_;  // finished ones, their handles kept for reuse
};

}  // namespace rollcall
