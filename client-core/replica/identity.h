#pragma once

#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/protocol/messages.h"

namespace rollcall {

class Connection;

// Who this device is and whom it talks to: written at enrolment; only the URL ever changes. The
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

  static std::vector<std::string> create_statements();
  static Identity of(const EnrollReply& enrolled, const SecretSeed& secret, const std::string& url);
  static Result<Identity> load(Connection& connection);
  Result<void> save(Connection& connection) const;
};

}  // namespace rollcall
