#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/base/bytes.h"
#include "engine/base/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX
struct ssl_st;      // OpenSSL's SSL

namespace rollcall {

// What the server needs to speak TLS: a certificate with its chain, its key, and the settings.
// TLS 1.3 alone (so no renegotiation), one ticket for coming back within two hours, no early data,
// no buffers while a connection is silent. Never changes; any thread. A new certificate is a new
// context; connections keep the one that they began with.
class TlsContext {
 public:
  // PEM files: the certificate first, then what leads to a trusted one; the key without a
  // passphrase. `invalid_argument`, naming the file: it cannot be read, is none, the key is
  // another's, or the certificate is over or not valid yet at `now_ms`.
  static Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate_file,
                                                        const std::string& key_file,
                                                        std::int64_t now_ms);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  // SHA-256 of the certificate's SubjectPublicKeyInfo, 32 bytes (RFC 7469, section 2.4).
  [[nodiscard]] const Bytes& pin() const { return pin_; }
  [[nodiscard]] std::int64_t expires_ms() const { return expires_ms_; }
  // The server's side of a new connection; the caller's to free.
  [[nodiscard]] ssl_st* make() const;

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* const context_;
  Bytes pin_;
  std::int64_t expires_ms_ = 0;
};

}  // namespace rollcall
