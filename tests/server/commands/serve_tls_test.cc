#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "client-core/sync/curl_transport.h"
#include "client-core/sync/enrollment.h"
#include "client-core/sync/sync_session.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "tests/server/commands/server_program.h"
#include "tests/server/http/test_certificate.h"
#include "tests/server/http/tls_client.h"

namespace rollcall {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// The real program with a certificate, and real devices.
class ServeTlsTest : public CommandsTest {
 protected:
  ServeTlsTest() {
    write("authority.pem", authority_.certificate_pem());
    put(certificate_);
  }

  void put(const TestCertificate& one) const {
    write("certificate.pem", one.certificate_pem());
    write("key.pem", one.key_pem());
  }
  std::vector<std::string> tls_options() const {
    return {"--tls-cert", file("certificate.pem"), "--tls-key", file("key.pem")};
  }
  std::string invitation() const {
    return json::parse(said("invite", {"nc", "--label", "Ada", "--json"}))["link"];
  }
  ReplicaDoors doors() { return {clock_, random_, cryptography_}; }
  Result<std::unique_ptr<Replica>> enroll(const std::string& link) {
    auto entrance = Entrance::from_link(link);
    if (!entrance) return entrance.error();
    CurlTransport transport(file("authority.pem"));
    return rollcall::enroll(file("ada.db"), *entrance, transport, doors(), {}, 30'000);
  }
  Result<void> catch_up(Replica& replica) {
    CurlTransport transport(file("authority.pem"));
    SyncSession session(replica, transport, doors());
    return session.catch_up(1);
  }
  const TestCertificate authority_ = TestCertificate::authority();
  const TestCertificate certificate_ = authority_.issue();
  SystemClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
};

TEST_F(ServeTlsTest, ADeviceEnrolsByALinkThatPinsTheServersKeyAndSyncs_B9) {
  Serving server(folder(), tls_options());
  EXPECT_THAT(server.url(), HasSubstr("https://"));
  const auto replica = enroll(invitation());
  ASSERT_TRUE(replica) << replica.error().message;
  EXPECT_EQ((*replica)->tls_pin(), certificate_.pin());
  const auto done = catch_up(**replica);
  EXPECT_TRUE(done) << done.error().message;

  // Another key, vouched for as well: the device keeps to the one that it was told of.
  put(authority_.issue());
  ASSERT_EQ(::kill(server.process(), SIGHUP), 0);
  server.await_logged("certificate_reloaded", 1);
  const auto refused = catch_up(**replica);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::pin_mismatch) << refused.error().message;

  put(authority_.renew(certificate_));
  ASSERT_EQ(::kill(server.process(), SIGHUP), 0);
  server.await_logged("certificate_reloaded", 2);
  EXPECT_TRUE(catch_up(**replica)) << "a renewed certificate of the same key";
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(ServeTlsTest, ThePinIsKeptInTheReplicaFile_B9) {
  Serving server(folder(), tls_options());
  {
    const auto made = enroll(invitation());
    ASSERT_TRUE(made) << made.error().message;
  }
  const auto replica = Replica::open(file("ada.db"), doors());
  ASSERT_TRUE(replica) << replica.error().message;
  EXPECT_EQ((*replica)->tls_pin(), certificate_.pin());
}

TEST_F(ServeTlsTest, ALinkToAnotherServerIsNotFollowed_B9) {
  const Serving server(folder(), tls_options());
  const std::string link = invitation();
  put(authority_.issue());
  ASSERT_EQ(::kill(server.process(), SIGHUP), 0);
  server.await_logged("certificate_reloaded", 1);
  const auto replica = enroll(link);
  ASSERT_FALSE(replica);
  EXPECT_EQ(replica.error().code, ErrorCode::pin_mismatch);
  EXPECT_FALSE(std::filesystem::exists(file("ada.db")));
  EXPECT_TRUE(enroll(invitation())) << "a new link names the new key";
}

TEST_F(ServeTlsTest, ABadNewCertificateIsToldAndTheOldOneStays) {
  const Serving server(folder(), tls_options());
  write("key.pem", authority_.issue().key_pem());
  ASSERT_EQ(::kill(server.process(), SIGHUP), 0);
  server.await_logged("certificate_kept", 1);
  EXPECT_THAT(server.log(), HasSubstr("key.pem"));
  TlsClient peer(server.port());
  EXPECT_EQ(peer.shown_pin(), certificate_.pin());
  const auto metrics = peer.ask("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  ASSERT_TRUE(metrics);
  EXPECT_THAT(metrics->body, HasSubstr("rollcall_certificate_expires_timestamp_seconds "));
}

TEST_F(ServeTlsTest, InvitationsNameTheKeyOnlyWhereTheServerShowsIt) {
  {
    const Serving server(folder(), tls_options());
    EXPECT_THAT(invitation(), HasSubstr(".~"));
  }
  {
    std::vector<std::string> options = tls_options();
    options.emplace_back("--no-tls-pin");
    const Serving server(folder(), options);
    EXPECT_THAT(invitation(), Not(HasSubstr(".~")));
  }
  const Serving plain(folder());
  EXPECT_THAT(invitation(), Not(HasSubstr(".~")));
}

TEST_F(ServeTlsTest, SaysWhatIsWrongWithItsOptions) {
  const std::string certificate = file("certificate.pem");
  const std::string key = file("key.pem");
  struct Case {
    std::vector<std::string> options;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{"--tls-cert", certificate}, "--tls-key"},
      {{"--tls-key", key}, "--tls-cert"},
      {{"--tls-cert", certificate, "--tls-key", key, "--behind-proxy"}, "--behind-proxy"},
      {{"--tls-cert", file("none.pem"), "--tls-key", key}, "none.pem"},
      {{"--listen", "0.0.0.0:0"}, "--tls-cert FILE and --tls-key FILE"},
      {{"--listen", "0.0.0.0:0"}, "--behind-proxy"},
  };
  for (const Case& wrong : cases) {
    const Ran ran = run("serve", wrong.options);
    EXPECT_EQ(ran.exit, 2) << wrong.message;
    EXPECT_THAT(ran.err, HasSubstr(wrong.message));
  }
}

}  // namespace
}  // namespace rollcall
