#pragma once

#include <cstdint>
#include <string>

#include "engine/base/bytes.h"
#include "tests/server/http/loopback_client.h"

struct ssl_session_st;

namespace rollcall {

// A loopback client that speaks TLS, of any version, and believes any certificate.
class TlsClient final : public LoopbackClient {
 public:
  struct Wishes {
    int version_max = 0;                // TLS1_2_VERSION, ...; 0: the newest
    ssl_session_st* session = nullptr;  // to come back with
    std::string protocol;               // ALPN; empty: none
  };
  TlsClient(std::uint16_t port, const Wishes& wishes);
  explicit TlsClient(std::uint16_t port) : TlsClient(port, Wishes()) {}

  [[nodiscard]] bool is_connected() const { return connected_; }  // hands were shaken
  [[nodiscard]] bool is_resumed() const;
  [[nodiscard]] int version() const;
  // Of the key that the server showed.
  [[nodiscard]] Bytes shown_pin() const;
  // What the server gave to come back with, after something was read; the caller's to free.
  [[nodiscard]] ssl_session_st* session() const;

 private:
  class TlsWire;
  TlsWire* wire_ = nullptr;  // the base's
  bool connected_ = false;
};

}  // namespace rollcall
