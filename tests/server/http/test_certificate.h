#pragma once

#include <cstdint>
#include <ctime>
#include <memory>
#include <string>

#include "engine/base/bytes.h"

struct evp_pkey_st;
struct x509_st;

namespace rollcall {

// A certificate with its key, made by OpenSSL for a test.
class TestCertificate {
 public:
  struct Wishes {
    std::string host = "localhost";  // its subject alternative name, beside the IP 127.0.0.1
    std::int64_t begins_s = -3'600;  // from now
    std::int64_t ends_s = 86'400;
    bool names_address = true;
  };
  // An authority that signs others, and what it signed.
  static TestCertificate authority(const char* name = "Test authority");
  [[nodiscard]] TestCertificate issue(const Wishes& wishes) const;
  [[nodiscard]] TestCertificate issue() const { return issue(Wishes()); }
  // Another certificate over this one's key.
  [[nodiscard]] TestCertificate renew(const TestCertificate& of) const;

  TestCertificate(TestCertificate&&) noexcept;
  TestCertificate& operator=(TestCertificate&&) noexcept;
  ~TestCertificate();

  [[nodiscard]] std::string certificate_pem() const;
  [[nodiscard]] std::string key_pem() const;
  // The SHA-256 of its SubjectPublicKeyInfo, worked out by another way than the server's.
  [[nodiscard]] Bytes pin() const;

 private:
  TestCertificate();
  void make_key();
  [[nodiscard]] TestCertificate sign(TestCertificate subject, const Wishes& wishes) const;
  struct KeyFree {
    void operator()(evp_pkey_st* key) const;
  };
  struct CertificateFree {
    void operator()(x509_st* certificate) const;
  };
  std::unique_ptr<evp_pkey_st, KeyFree> key_;
  std::unique_ptr<x509_st, CertificateFree> certificate_;
};

}  // namespace rollcall
