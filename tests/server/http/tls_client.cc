#include "tests/server/http/tls_client.h"

#include <csignal>

#include <gtest/gtest.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

namespace rollcall {

class TlsClient::TlsWire final : public LoopbackClient::Wire {
 public:
  TlsWire(int socket, const Wishes& wishes) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without saying that it wants none
    context = SSL_CTX_new(TLS_client_method());
    if (wishes.version_max != 0) SSL_CTX_set_max_proto_version(context, wishes.version_max);
    tls = SSL_new(context);
    SSL_set_fd(tls, socket);
    if (wishes.session != nullptr) SSL_set_session(tls, wishes.session);
    if (!wishes.protocol.empty()) {
      const std::string offered = static_cast<char>(wishes.protocol.size()) + wishes.protocol;
      SSL_set_alpn_protos(tls, reinterpret_cast<const unsigned char*>(offered.data()),
                          static_cast<unsigned>(offered.size()));
    }
  }
  ~TlsWire() override {
    SSL_free(tls);
    SSL_CTX_free(context);
  }
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;

  ssize_t receive(char* to, std::size_t room) override {
    const int got = SSL_read(tls, to, static_cast<int>(room));
    if (got > 0) return got;
    const int why = SSL_get_error(tls, got);
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
  }
  ssize_t send(std::string_view bytes) override {
    return SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
  }

  SSL_CTX* context = nullptr;
  SSL* tls = nullptr;
};

TlsClient::TlsClient(std::uint16_t port, const Wishes& wishes) : LoopbackClient(port) {
  auto wire = std::make_unique<TlsWire>(descriptor(), wishes);
  wire_ = wire.get();
  connected_ = SSL_connect(wire->tls) == 1;
  speak_by(std::move(wire));
}

bool TlsClient::is_resumed() const { return SSL_session_reused(wire_->tls) == 1; }

int TlsClient::version() const { return SSL_version(wire_->tls); }

Bytes TlsClient::shown_pin() const {
  X509* const shown = SSL_get1_peer_certificate(wire_->tls);
  EXPECT_NE(shown, nullptr);
  if (shown == nullptr) return {};
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(X509_get0_pubkey(shown), &der);
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(length), sum);
  OPENSSL_free(der);
  X509_free(shown);
  return {reinterpret_cast<const char*>(sum), sizeof sum};
}

ssl_session_st* TlsClient::session() const { return SSL_get1_session(wire_->tls); }

}  // namespace rollcall
