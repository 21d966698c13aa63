#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client-core/sync/curl_transport.h"
#include "client-core/sync/enrollment.h"
#include "client-core/sync/sync_session.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "tests/engine/base/need.h"
#include "tests/server/commands/server_program.h"

namespace rollcall {

// Devices as people have them, beside the real server.
class RealDevicesTest : public CommandsTest {
 protected:
  // One for all of nc.
  std::unique_ptr<Replica> enroll(const std::string& name, const std::string& role = "captain") {
    const std::string link = nlohmann::json::parse(
        said("invite", {"nc", "--label", name, "--scope", "unit/nc=" + role, "--json"}))["link"];
    CurlTransport transport;
    return need(rollcall::enroll(file(name), need(Entrance::from_link(link)), transport, doors(),
                                 {}, 30'000));
  }
  Result<void> try_sync(Replica& replica) {
    CurlTransport transport;
    SyncSession session(replica, transport, doors());
    return session.catch_up(1);
  }
  // Where the server is now.
  Result<void> try_sync(Replica& replica, const Serving& server) {
    ROLLCALL_TRY(replica.move_to(server.url(), {}));
    return try_sync(replica);
  }
  void sync(Replica& replica) { need(try_sync(replica)); }
  ReplicaDoors doors() { return {clock_, random_, cryptography_}; }

  SystemClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
};

}  // namespace rollcall
