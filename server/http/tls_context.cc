#include "server/http/tls_context.h"

#include <ctime>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "engine/base/check.h"
#include "server/http/limits.h"

namespace rollcall {
namespace {

// OpenSSL's last word about what went wrong; its queue is empty afterwards.
std::string told_by_openssl() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string told = reason == nullptr ? "it cannot be read" : reason;
  ERR_clear_error();
  return told;
}

Error unusable(const std::string& what) { return failure(ErrorCode::invalid_argument, what); }

// A key with a passphrase would make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

// The one thing that a client of ours may ask for; one that asks for others only is refused.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned offered_bytes, void*) {
  static constexpr unsigned char http[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int done =
      SSL_select_next_proto(&found, length, http, sizeof http - 1, offered, offered_bytes);
  *chosen = found;
  return done == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

void configure(SSL_CTX* context) {
  ROLLCALL_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1);
  ROLLCALL_CHECK(SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1);
  // Messages say how long they are: an end without a word of goodbye cuts none short unseen.
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A ticket holds what the server would else have to remember of each device. Its key is of this
  // context and in memory only.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(context, tls_ticket_s_max);
  ROLLCALL_CHECK(SSL_CTX_set_num_tickets(context, 1) == 1);
  ROLLCALL_CHECK(SSL_CTX_set_max_early_data(context, 0) == 1);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

Result<std::int64_t> milliseconds_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return unusable("the certificate has no proper dates");
  return std::int64_t{::timegm(&parts)} * 1000;
}

std::string date_text(const ASN1_TIME* time) {
  std::tm parts{};
  char text[32] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof text, "%F %TZ", &parts);
  return text;
}

Bytes pin_of(X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  ROLLCALL_CHECK(length > 0);
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned sum_bytes = 0;
  ROLLCALL_CHECK(EVP_Digest(der, static_cast<std::size_t>(length), sum, &sum_bytes, EVP_sha256(),
                            nullptr) == 1);
  OPENSSL_free(der);
  return {reinterpret_cast<const char*>(sum), sum_bytes};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const std::string& certificate_file,
                                                           const std::string& key_file,
                                                           std::int64_t now_ms) {
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  ROLLCALL_CHECK(context != nullptr);
  std::shared_ptr<TlsContext> loaded(new TlsContext(context));
  configure(context);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return unusable("the TLS certificate " + certificate_file + ": " + told_by_openssl() +
                    "; give a PEM file, the server's certificate first");
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return unusable("the TLS key " + key_file + ": " + told_by_openssl() +
                    "; give the PEM file of the key of " + certificate_file +
                    ", without a passphrase");
  }
  X509* const certificate = SSL_CTX_get0_certificate(context);
  const ASN1_TIME* const begins = X509_get0_notBefore(certificate);
  const ASN1_TIME* const ends = X509_get0_notAfter(certificate);
  ROLLCALL_TRY_ASSIGN(const std::int64_t begins_ms, milliseconds_of(begins));
  ROLLCALL_TRY_ASSIGN(loaded->expires_ms_, milliseconds_of(ends));
  if (now_ms >= loaded->expires_ms_) {
    return unusable("the TLS certificate " + certificate_file + " expired at " + date_text(ends) +
                    ": every device would refuse it; renew it");
  }
  if (now_ms < begins_ms) {
    return unusable("the TLS certificate " + certificate_file + " is valid only from " +
                    date_text(begins) + ": look at this machine's clock");
  }
  loaded->pin_ = pin_of(certificate);
  return std::shared_ptr<const TlsContext>(std::move(loaded));
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

ssl_st* TlsContext::make() const {
  SSL* made = SSL_new(context_);
  ROLLCALL_CHECK(made != nullptr);
  SSL_set_accept_state(made);
  return made;
}

}  // namespace rollcall
