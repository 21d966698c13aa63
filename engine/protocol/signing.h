#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"

namespace rollcall {

// Who sends a request, and the proof of it: the content of the header
//   Authorization: Rollcall p=<space>,d=<8 hex>,t=<ms>,n=<16 base64>,h=<43 base64>,s=<86 base64>
// No expiry, nothing to steal from a log.
struct Authorization {
  static constexpr std::size_t nonce_bytes = 12;

  std::string space;
  DeviceNumber device;
  std::int64_t time_ms = 0;  // the client's estimate of the server's time
  Bytes nonce;               // nonce_bytes
  Hash head;                 // of the device's chain at SyncRequest::last_tx
  Signature signature;

  [[nodiscard]] std::string header() const;
  // `malformed`, naming the part that is wrong.
  static Result<Authorization> parse(std::string_view header);
};

// The text that a request's signature covers; stored with it as proof of what the request brought.
std::string signed_text(std::string_view method, std::string_view target, const Hash& body,
                        const Authorization& who);

// The text that the server's key signs when it enrols a device.
std::string enroll_signed_text(const Hash& request, const Hash& reply);

}  // namespace rollcall
