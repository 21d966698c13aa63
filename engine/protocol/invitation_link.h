#pragma once

#include <string>
#include <string_view>

#include "engine/base/cryptography.h"

namespace rollcall {

// What an invitation carries to a new device, as a link (and later a QR code):
//   <server URL>/enroll#<space>.<secret: 22 base64>.<pin: 43 base64>
//   <server URL>/enroll#<space>.<secret: 22 base64>.~<TLS pin: 43 base64>.<pin: 43 base64>
// The part behind '#' never reaches a server or its log. The pin is the server's Ed25519 key; the
// TLS pin, of a server that ends TLS itself, is the SHA-256 of its SubjectPublicKeyInfo.
struct InvitationLink {
  static constexpr std::size_t secret_bytes = 16;
  static constexpr std::size_t tls_pin_bytes = 32;

  std::string url;  // "http://127.0.0.1:8080"
  std::string space;
  Bytes secret;
  PublicKey pin;
  Bytes tls_pin;  // empty: none

  [[nodiscard]] std::string text() const;
  static Result<InvitationLink> parse(std::string_view text);
};

// Eight typed characters, 40 bits, from Crockford's alphabet (no I, L, O, U): "7KQM-2XWD".
inline constexpr std::size_t invitation_code_length = 8;
// Upper case, no dashes or blanks, O read as 0, I and L as 1; `malformed` if that is no code.
Result<std::string> normal_code(std::string_view typed);
// A fresh one.
std::string make_code(Random& random);
// With the dash in the middle, for people.
std::string shown_code(std::string_view code);

}  // namespace rollcall
