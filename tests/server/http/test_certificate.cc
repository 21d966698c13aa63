#include "tests/server/http/test_certificate.h"

#include <atomic>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "engine/base/check.h"

namespace rollcall {
namespace {

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long length = BIO_get_mem_data(bio, &bytes);
  std::string text(bytes, static_cast<std::size_t>(length));
  BIO_free(bio);
  return text;
}

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  ROLLCALL_CHECK(extension != nullptr);
  ROLLCALL_CHECK(X509_add_ext(to, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509* new_certificate(EVP_PKEY* key, const char* name, std::int64_t begins_s, std::int64_t ends_s) {
  static std::atomic<long> serial = 1;
  X509* made = X509_new();
  X509_set_version(made, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made), begins_s);
  X509_gmtime_adj(X509_getm_notAfter(made), ends_s);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  X509_set_pubkey(made, key);
  return made;
}

}  // namespace

void TestCertificate::KeyFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void TestCertificate::CertificateFree::operator()(x509_st* made) const { X509_free(made); }

TestCertificate::TestCertificate() = default;
TestCertificate::TestCertificate(TestCertificate&&) noexcept = default;
TestCertificate& TestCertificate::operator=(TestCertificate&&) noexcept = default;
TestCertificate::~TestCertificate() = default;

void TestCertificate::make_key() {
  key_.reset(EVP_EC_gen("P-256"));
  ROLLCALL_CHECK(key_ != nullptr);
}

TestCertificate TestCertificate::authority(const char* name) {
  TestCertificate made;
  made.make_key();
  made.certificate_.reset(new_certificate(made.key_.get(), name, -7'200, 864'000));
  X509* const certificate = made.certificate_.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  ROLLCALL_CHECK(X509_sign(certificate, made.key_.get(), EVP_sha256()) > 0);
  return made;
}

TestCertificate TestCertificate::issue(const Wishes& wishes) const {
  TestCertificate made;
  made.make_key();
  return sign(std::move(made), wishes);
}

TestCertificate TestCertificate::renew(const TestCertificate& of) const {
  TestCertificate made;
  EVP_PKEY_up_ref(of.key_.get());
  made.key_.reset(of.key_.get());
  return sign(std::move(made), Wishes());
}

TestCertificate TestCertificate::sign(TestCertificate subject, const Wishes& wishes) const {
  X509* const made =
      new_certificate(subject.key_.get(), "Test server", wishes.begins_s, wishes.ends_s);
  subject.certificate_.reset(made);
  X509_set_issuer_name(made, X509_get_subject_name(certificate_.get()));
  add_extension(made, certificate_.get(), NID_subject_alt_name,
                "DNS:" + wishes.host + (wishes.names_address ? ",IP:127.0.0.1" : ""));
  ROLLCALL_CHECK(X509_sign(made, key_.get(), EVP_sha256()) > 0);
  return subject;
}

std::string TestCertificate::certificate_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  ROLLCALL_CHECK(PEM_write_bio_X509(bio, certificate_.get()) == 1);
  return text_of(bio);
}

std::string TestCertificate::key_pem() const {
  BIO* bio = BIO_new(BIO_s_mem());
  ROLLCALL_CHECK(PEM_write_bio_PrivateKey(bio, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) ==
                 1);
  return text_of(bio);
}

Bytes TestCertificate::pin() const {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key_.get(), &der);
  unsigned char sum[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(length), sum);
  OPENSSL_free(der);
  return {reinterpret_cast<const char*>(sum), sizeof sum};
}

}  // namespace rollcall
