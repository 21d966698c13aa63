#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <gmock/gmock.h>
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
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A phone's clock that is wrong all day.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(std::int64_t ahead_ms) : ahead_ms_(ahead_ms) {}
  [[nodiscard]] std::int64_t utc_ms() const override { return system_.utc_ms() + ahead_ms_; }
  [[nodiscard]] std::int64_t steady_ms() const override { return system_.steady_ms(); }

 private:
  SystemClock system_;
  const std::int64_t ahead_ms_;
};

class DeviceHealthTest : public CommandsTest {
 protected:
  ReplicaDoors doors() { return {clock_, random_, cryptography_}; }
  std::unique_ptr<Replica> enroll(const std::string& label, const std::string& scope) {
    const json invitation =
        json::parse(said("invite", {"nc", "--label", label, "--scope", scope, "--json"}));
    const Entrance entrance = need(Entrance::from_link(invitation["link"].get<std::string>()));
    CurlTransport transport;
    ReplicaOptions options;
    options.app = "captain 1.4";
    return need(
        rollcall::enroll(file(label + ".db"), entrance, transport, doors(), options, 30'000));
  }
  void catch_up(Replica& replica) {
    CurlTransport transport;
    SyncSession session(replica, transport, doors());
    const auto done = session.catch_up(1);
    EXPECT_TRUE(done) << done.error().message;
  }
  json shown(const std::string& label) const {
    const Ran ran = run2("device", "show", {"nc", label, "--json"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return json::parse(ran.out);
  }
  std::string units(std::size_t count) const {
    std::string csv = "path,name\n";
    for (std::size_t i = 0; i < count; ++i) {
      csv += "nc/unit-" + std::to_string(i) + ",Unit " + std::to_string(i) + "\n";
    }
    return write("units.csv", csv);
  }

  static constexpr std::int64_t ahead_ms = 10 * 60'000;
  WrongClock clock_{ahead_ms};
  SystemRandom random_;
  SodiumCryptography cryptography_;
};

TEST_F(DeviceHealthTest, IsSaidOverTheWireListedAndKeptWhenTheServerEnds) {
  said("import", {"nc", "unit", units(5)});
  {
    Serving server(folder());
    const auto ann = enroll("Ann", "unit/nc=captain");
    EXPECT_FALSE(shown("Ann").contains("seen")) << "it never synced";
    EXPECT_THAT(run2("device", "list", {"nc"}).out, HasSubstr("never seen"));
    catch_up(*ann);
    catch_up(*ann);
    EXPECT_TRUE(shown("Ann").contains("seen")) << "at once, while the server runs";
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  const json fresh = shown("Ann");
  EXPECT_TRUE(fresh.contains("seen")) << fresh;
  EXPECT_EQ(fresh["lag"], 0);
  EXPECT_EQ(fresh["unconfirmed"], 0);
  EXPECT_EQ(fresh["pending"], 0);
  EXPECT_EQ(fresh["app"], "captain 1.4");
  EXPECT_GE(fresh["schema_version"], 1);
  EXPECT_NEAR(fresh["skew_ms"].get<double>(), -ahead_ms, 5'000) << "what its own clock is off by";
  EXPECT_NEAR(fresh["late_ms"].get<double>(), 0, 5'000) << "it follows the server's";
  EXPECT_TRUE(fresh.contains("lease_until")) << "captains have a lease";

  said("import", {"nc", "unit", units(9)});
  EXPECT_GT(shown("Ann")["lag"], 0) << "others wrote since";
  EXPECT_THAT(run2("device", "list", {"nc"}).out, HasSubstr(" behind ("));
  EXPECT_THAT(run2("device", "show", {"nc", "Ann"}).out, HasSubstr("captain 1.4"));
}

}  // namespace
}  // namespace rollcall
