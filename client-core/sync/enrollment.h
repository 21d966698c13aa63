#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client-core/replica/replica.h"
#include "client-core/sync/transport.h"
#include "engine/protocol/invitation_link.h"

namespace rollcall {

// What a user was given to get in with.
struct Entrance {
  std::string url;
  std::string space;
  Bytes secret;                  // from a link
  std::string code;              // or typed
  std::optional<PublicKey> pin;  // from a link: the server must prove to hold this key
  Bytes tls_pin;                 // from a link: the same of its TLS key; empty: none
  std::string label;             // what this device calls itself

  static Result<Entrance> from_link(std::string_view link);
};

// Shows the invitation to its server and makes the replica file with what it answers. Nothing is
// made on a failure: `already_exists`, `unreachable`, `code_unknown`, `code_expired`,
// `pin_mismatch` (the server is not the one that the invitation names), `not_trusted`. An answer
// may be lost on the way: where none comes within half of the time, the same is asked again.
Result<std::unique_ptr<Replica>> enroll(const std::string& path, const Entrance& entrance,
                                        Transport& transport, const ReplicaDoors& doors,
                                        const ReplicaOptions& options, std::int64_t timeout_ms);

}  // namespace rollcall
