#pragma once

#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/protocol/messages.h"

namespace rollcall {

class Connection;

// Who this device is and whom it talks to: written at enrolment; only where the server is
// ever changes. The
// table `_identity` is hidden from apps: it holds the secret.
struct Identity {
  SecretSeed secret;
  std::string url;
  std::string space;
  std::string space_title;
  std::string label;
  DeviceNumber device;
  PublicKey server_key;
  Bytes enrolment;  // sealed by the server
  Bytes tls_pin;    // SHA-256 of the SubjectPublicKeyInfo that the server must show; empty: any

  static std::vector<std::string> create_statements();
  // Adds what files before format 3 lack.
  static Result<void> upgrade(Connection& connection);
  static Identity of(const EnrollReply& enrolled, const SecretSeed& secret, const std::string& url,
                     const Bytes& tls_pin);
  static Result<Identity> load(Connection& connection);
  Result<void> save(Connection& connection) const;
};

}  // namespace rollcall
