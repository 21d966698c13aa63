#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/commands/server_program.h"
#include "tests/server/http/test_certificate.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

// The settings file, read by the real program.
class ConfigTest : public CommandsTest {
 protected:
  [[nodiscard]] Ran check(const std::string& content) const {
    return run_server_program({"config", "check", write("server.toml", content)});
  }
  [[nodiscard]] std::string line(const std::string& key, const std::string& value) const {
    return key + " = \"" + value + "\"\n";
  }
};

TEST_F(ConfigTest, ShowsWhatCountsAndReadsWhatItShows) {
  const Ran given = check(
      "[serve]\nlisten = \"[::1]:9000\"\nlog = \"warn\"\n[limits]\n"
      "connections = 77\n[backup]\nkeep = 3\n");
  ASSERT_EQ(given.exit, 0) << given.err;
  for (const char* part : {"listen = \"[::1]:9000\"", "log = \"warn\"", "connections = 77",
                           "keep = 3", "address_strangers = 512", "address_refusals_a_minute = 120",
                           "pin = true", "drain_seconds = 10", "behind_proxy = false"}) {
    EXPECT_THAT(given.out, HasSubstr(part));
  }
  // A file of all that was shown says the same, but for what nobody set.
  std::string shown = given.out;
  for (std::size_t at; (at = shown.find("= \"\"")) != std::string::npos;) {
    const std::size_t begin = shown.rfind('\n', at) + 1;
    shown.erase(begin, shown.find('\n', at) + 1 - begin);
  }
  const Ran again = check(line("folder", folder()) + shown);
  ASSERT_EQ(again.exit, 0) << again.err << shown;
  EXPECT_EQ(again.out.substr(again.out.find('\n')), given.out.substr(given.out.find('\n')));
}

TEST_F(ConfigTest, RefusesWhatIsWrongByLineAndColumn) {
  struct Case {
    const char* content;
    const char* told;
  };
  const std::vector<Case> cases = {
      {"[serve]\nlisten = 8080\n", "server.toml:2:10: serve.listen is text in quotes"},
      {"[serve]\n\nlog = \"loud\"\n", "server.toml:3:7: serve.log is \"debug\""},
      {"[serve]\nbehind_proxy = 1\n", "server.toml:2:16: serve.behind_proxy is true or false"},
      {"[limits]\nconnections = 0\n", "server.toml:2:15: limits.connections is a number from 1 to"},
      {"[limits]\nconnections = 99999999999999999999\n", "server.toml:2:"},
      {"[tls]\ncertficate = \"x\"\n",
       "server.toml:2:1: there is no setting 'tls.certficate'; there are certificate, key, pin"},
      {"[server]\n", "there is no setting 'server'; there are folder, serve, tls, limits, backup"},
      {"folder = \"\"\n", "server.toml:1:10: folder is text in quotes"},
      {"serve = 3\n", "server.toml:1:9: serve is a table: write [serve]"},
      {"listen = \n", "server.toml:1:"},
      {"[serve]\nlisten = \"nowhere\"\n", "it has no port"},
      {"[serve]\nlisten = \"0.0.0.0:8080\"\n", "without TLS"},
      {"[tls]\ncertificate = \"/none.pem\"\n", "belong together"},
      {"[tls]\ncertificate = \"/none.pem\"\nkey = \"/none.pem\"\n", "/none.pem"},
      {"folder = \"/nonexistent\"\n", "/nonexistent"},
      {"[backup]\nkeep = 0\n", "backup.keep is a number from 1 to"},
  };
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.content);
    const Ran told = check(wrong.content);
    EXPECT_NE(told.exit, 0);
    EXPECT_EQ(told.out, "");
    EXPECT_THAT(told.err, HasSubstr(wrong.told));
  }
  const Ran missing = run_server_program({"config", "check", file("missing.toml")});
  EXPECT_NE(missing.exit, 0);
  EXPECT_THAT(missing.err, HasSubstr("missing.toml"));
}

TEST_F(ConfigTest, ServesByItAndFlagsOverrideIt) {
  // An address of which this machine has none, and --listen beside it.
  const std::string config =
      write("server.toml", line("folder", folder()) + line("[serve]\nlisten", "192.0.2.1:1") +
                               "behind_proxy = true\n");
  const Ran elsewhere = run_server_program({"--config", config, "serve"});
  EXPECT_EQ(elsewhere.exit, 1);
  EXPECT_THAT(elsewhere.err, HasSubstr("192.0.2.1"));
  Serving server(folder(), {"--config", config});
  EXPECT_THAT(server.url(), HasSubstr("127.0.0.1"));
  EXPECT_EQ(server.end(SIGTERM), 0);
  const Ran nowhere = run_server_program({"serve"});
  EXPECT_EQ(nowhere.exit, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("which folder?"));
}

TEST_F(ConfigTest, BacksUpWhereItSays) {
  const std::string config = write("server.toml", line("folder", folder()) + "[backup]\n" +
                                                      line("to", file("copies")) + "keep = 1\n");
  for (int i = 0; i < 2; ++i) {
    const Ran made = run_server_program({"backup", "--config", config});
    ASSERT_EQ(made.exit, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr(file("copies")));
  }
  EXPECT_EQ(run_server_program({"verify", "--config", config}).exit, 0);
}

TEST_F(ConfigTest, AReloadTakesWhatItCanAndTellsWhatItCannot) {
  const std::string settings = line("folder", folder());
  const std::string config = write("server.toml", settings + "[serve]\nlog = \"info\"\n");
  Serving server(folder(), {"--config", config});
  const auto reload = [&](const std::string& content, const std::string& word) {
    write("server.toml", content);
    ::kill(server.process(), SIGHUP);
    server.await_logged(word, 1);
  };
  reload(settings + "[serve]\nlog = \"nonsense\"\n", "event=settings_kept");
  reload(settings + "[limits]\nconnections = 5\n", "event=restart_needed");
  reload(settings, "event=reloaded");
  EXPECT_EQ(server.end(SIGTERM), 0);
}

}  // namespace
}  // namespace rollcall
