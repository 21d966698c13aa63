#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX
#include <sys/stat.h>

#include <algorithm>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/server/commands/server_program.h"
#include "tests/server/http/loopback_client.h"

namespace rollcall {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class ServeTest : public CommandsTest {
 protected:
  static std::string get(const Serving& server, const std::string& target) {
    LoopbackClient client(server.port());
    const auto answer = client.ask("GET " + target + " HTTP/1.1\r\nHost: here\r\n\r\n");
    return answer ? answer->body : "";
  }
  std::string units(std::size_t count) const {
    std::string csv = "path,name\n";
    for (std::size_t i = 0; i < count; ++i) {
      csv += "nc/unit-" + std::to_string(i) + ",Unit " + std::to_string(i) + "\n";
    }
    return write("units.csv", csv);
  }
  std::size_t exported_units() const {
    const std::string lines = exported("unit");
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
};

TEST_F(ServeTest, EveryCommandWorksWhileItRuns) {
  Serving server(folder());
  EXPECT_EQ(get(server, "/healthz"), "ok\n");
  EXPECT_THAT(said("import", {"nc", "unit", units(50)}), HasSubstr("50 written"));
  EXPECT_THAT(said("import", {"nc", "unit", units(50)}), HasSubstr("50 unchanged"));
  EXPECT_EQ(exported_units(), 50u) << "read beside the running writer";
  const json invitation = json::parse(said("invite", {"nc", "--label", "x", "--json"}));
  EXPECT_THAT(invitation["link"].get<std::string>(), HasSubstr(server.url() + "/enroll#"))
      << "it knows where it listens";
  EXPECT_EQ(run2("space", "add", {"va", "--name", "Virginia"}).exit, 0);
  EXPECT_THAT(said("import", {"va", "unit", units(5)}), HasSubstr("5 written"))
      << "served from now on";
  EXPECT_EQ(run2("schema", "apply", {"schema/organizing"}).exit, 0);
  EXPECT_EQ(run2("device", "list", {"nc"}).exit, 0);
  EXPECT_EQ(run2("space", "list").exit, 0);
  EXPECT_EQ(run("digest", {"nc"}).exit, 0);
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_EQ(exported_units(), 50u);
}

TEST_F(ServeTest, ListensWithoutTlsOnLoopbackOnlyAndSaysWhy) {
  const Ran ran = run("serve", {"--listen", "0.0.0.0:0"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("TLS"));
}

TEST_F(ServeTest, RunsOnceOnAFolder) {
  const Serving server(folder());
  const Ran second = run("serve", {"--listen", "127.0.0.1:0"});
  EXPECT_EQ(second.exit, 1);
  EXPECT_THAT(second.err, HasSubstr("in use"));
  EXPECT_EQ(get(server, "/healthz"), "ok\n");
}

TEST_F(ServeTest, AnswersAnInterruptLikeATermination) {
  Serving server(folder());
  EXPECT_EQ(server.end(SIGINT), 0);
}

TEST_F(ServeTest, ComesBackAfterAKillWithAllThatItAcknowledged) {
  {
    Serving server(folder());
    EXPECT_THAT(said("import", {"nc", "unit", units(50)}), HasSubstr("50 written"));
    EXPECT_EQ(server.end(SIGKILL), -SIGKILL);
  }
  EXPECT_EQ(exported_units(), 50u);
  struct stat status {};
  EXPECT_EQ(::stat((folder() + "/control.sock").c_str(), &status), 0) << "left behind";
  EXPECT_THAT(said("import", {"nc", "unit", units(51)}), HasSubstr("1 written"))
      << "a dead socket and a dead lock stop nobody";
  const Serving again(folder());
  EXPECT_EQ(get(again, "/healthz"), "ok\n");
  EXPECT_EQ(run2("space", "add", {"va", "--name", "Virginia"}).exit, 0);
}

// Kills the server somewhere in an import, again and again, a little later each time: whatever the
// import had been told is there, and the import itself can simply be run again.
TEST_F(ServeTest, AnImportThatAKillCutShortIsFinishedByTheNext) {
  const std::string file = units(12'000);
  for (int commits = 1; commits <= 5; ++commits) {
    Serving server(folder());
    std::future<Ran> import = std::async(std::launch::async, [&] {
      return run("import", {"nc", "unit", file});
    });
    const std::string wanted = "rollcall_commits_total ";
    for (;;) {
      const std::string metrics = get(server, "/metrics");
      const std::size_t at = metrics.find("\n" + wanted);
      ASSERT_NE(at, std::string::npos);
      if (std::stoi(metrics.substr(at + 1 + wanted.size())) >= commits) break;
      if (import.wait_for(std::chrono::seconds(0)) == std::future_status::ready) break;
    }
    server.end(SIGKILL);
    const Ran ran = import.get();
    if (ran.exit != 0) {
      EXPECT_EQ(ran.exit, 1);
      EXPECT_THAT(ran.err, HasSubstr("went away"));
    }
  }
  EXPECT_THAT(said("import", {"nc", "unit", file}), HasSubstr("0 refused"));
  EXPECT_EQ(exported_units(), 12'000u);
  EXPECT_THAT(said("import", {"nc", "unit", file}), HasSubstr("0 written, 12000 unchanged"));
}

}  // namespace
}  // namespace rollcall
