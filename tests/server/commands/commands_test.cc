#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/protocol/invitation_link.h"
#include "tests/server/commands/server_program.h"

namespace rollcall {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

std::string content_of(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Errors are one line with what to do.
void expect_refused(const Ran& ran, int exit, const std::string& message) {
  EXPECT_EQ(ran.exit, exit);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr(message));
  EXPECT_THAT(ran.err, StartsWith("rollcall-server: "));
  EXPECT_EQ(lines_of(ran.err), 1u) << ran.err;
}

TEST_F(CommandsTest, UsageIsExitTwoAndOneLine) {
  expect_refused(run_server_program({}), 2, "subcommand");
  expect_refused(run_server_program({"fly"}), 2, "--help");
  expect_refused(run_server_program({"serve"}), 2, "DIR");
  expect_refused(run("digest", {"nc", "--colour"}), 2, "--colour");
  expect_refused(run("export", {"nc", "person", "--format", "xml"}), 2, "xml");
  const Ran help = run_server_program({"--help"});
  EXPECT_EQ(help.exit, 0);
  for (const char* command :
       {"init", "space", "import", "invite", "device", "serve", "schema", "digest", "history",
        "export", "config", "compact", "backup", "verify", "restore", "reconcile"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
}

TEST_F(CommandsTest, CompactsEverySpaceAndSaysWhatWent) {
  EXPECT_EQ(run2("space", "add", {"va", "--name", "Virginia"}).exit, 0);
  EXPECT_EQ(said("compact"),
            "nc: nothing is older than 180 days\nva: nothing is older than 180 days\n");
  EXPECT_EQ(said("compact", {"--space", "va", "--older-than", "3"}),
            "va: nothing is older than 3 days\n");
  expect_refused(run("compact", {"--older-than", "0"}), 2, "--older-than");
  expect_refused(run("compact", {"--space", "md"}), 1, "md");
  Serving server(folder());
  EXPECT_EQ(said("compact", {"--space", "nc"}), "nc: nothing is older than 180 days\n");
}

TEST_F(CommandsTest, InitMakesAFolderThatOnlyItsOwnerReads) {
  EXPECT_EQ(mode_of(folder()), 0700u);
  EXPECT_EQ(mode_of(folder() + "/server.key"), 0600u);
  const std::string key = content_of(folder() + "/server.key");
  expect_refused(run("init", {"--schema", "schema/organizing"}), 1, "has a server already");
  EXPECT_EQ(content_of(folder() + "/server.key"), key);
}

TEST_F(CommandsTest, InitRefusesASchemaThatDoesNotCompile) {
  const std::string schema = file("schema");
  ::mkdir(schema.c_str(), 0700);
  write("schema/schema.json", R"({"schema": "x", "version": 1})");
  write("schema/person.json", "{\n  \"collection\": \"person\",\n  \"idd\": 1}");
  const Ran ran = run_server_program({"init", file("other"), "--schema", schema});
  expect_refused(ran, 1, "person.json:");
  struct stat status {};
  EXPECT_NE(::stat((file("other") + "/server.key").c_str(), &status), 0) << "nothing was made";
}

TEST_F(CommandsTest, AFolderWithoutAServerIsRefusedWithWhatToDo) {
  expect_refused(run_server_program({"digest", file("nothing"), "nc"}), 1, "rollcall-server init");
}

TEST_F(CommandsTest, SpacesAreAddedOnceAndListed) {
  expect_refused(run2("space", "add", {"nc", "--name", "Again"}), 1, "nc");
  EXPECT_NE(run2("space", "add", {"../x", "--name", "Out"}).exit, 0);
  EXPECT_EQ(run2("space", "add", {"va", "--name", "Virginia"}).exit, 0);
  const Ran list = run2("space", "list", {"--json"});
  EXPECT_EQ(list.exit, 0);
  ASSERT_EQ(lines_of(list.out), 2u);
  EXPECT_EQ(json::parse(list.out.substr(0, list.out.find('\n')))["name"], "North Carolina");
  expect_refused(run("digest", {"sc"}), 1, "there is nc, va");
}

TEST_F(CommandsTest, ASpaceWhoseMakingWasCutShortIsNoSpaceAndIsMadeAnew) {
  const std::string making = folder() + "/spaces/va.rollcall.making";
  std::ofstream(making) << "half";
  EXPECT_EQ(lines_of(run2("space", "list").out), 1u);
  EXPECT_EQ(run2("space", "add", {"va", "--name", "Virginia"}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(making));
  EXPECT_EQ(lines_of(run2("space", "list").out), 2u);
}

TEST_F(CommandsTest, InvitesWithALinkACodeAndATime) {
  const json invitation =
      json::parse(said("invite", {"nc", "--label", "Ann", "--scope", "unit/nc/wake", "--json"}));
  const auto link = InvitationLink::parse(invitation["link"].get<std::string>());
  ASSERT_TRUE(link.has_value());
  EXPECT_EQ(link->space, "nc");
  EXPECT_EQ(link->url, "http://127.0.0.1:8080") << "no public address is set";
  EXPECT_TRUE(normal_code(invitation["code"].get<std::string>()));
  EXPECT_THAT(invitation["expires"].get<std::string>(), HasSubstr("T"));
  expect_refused(run("invite", {"nc", "--label", "Ann", "--scope", "unit//x"}), 1, "unit//x");
}

TEST_F(CommandsTest, InvitationsCarryThePublicAddress) {
  ASSERT_EQ(run_server_program({"init", file("public"), "--schema", "schema/organizing", "--url",
                                "https://rollcall.example/"})
                .exit,
            0);
  ASSERT_EQ(run_server_program({"space", "add", file("public"), "nc", "--name", "NC"}).exit, 0);
  const Ran ran = run_server_program({"invite", file("public"), "nc", "--label", "x", "--json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(json::parse(ran.out)["link"].get<std::string>(),
              StartsWith("https://rollcall.example/enroll#"));
}

TEST_F(CommandsTest, TheSameFileTwiceChangesNothing) {
  const std::string units = write("units.csv",
                                  "\xef\xbb\xbfpath,kind,name\r\n"
                                  "nc/wake,county,\"Wake \"\"County\"\"\"\r\n"
                                  "nc/durham,county,Durham County\r\n");
  EXPECT_THAT(said("import", {"nc", "unit", units}), HasSubstr("2 written"));
  const std::string digest = said("digest", {"nc"});
  EXPECT_THAT(said("import", {"nc", "unit", units}), HasSubstr("0 written, 2 unchanged"));
  EXPECT_EQ(said("digest", {"nc"}), digest);
  EXPECT_EQ(lines_of(exported("unit")), 2u);
  EXPECT_THAT(exported("unit"), HasSubstr(R"(Wake \"County\")"));
}

TEST_F(CommandsTest, OnlyWhatChangedInAFileIsWritten) {
  said("import", {"nc", "unit", write("a.csv", "path,name\nnc/wake,Wake\nnc/durham,Durham\n")});
  EXPECT_THAT(said("import", {"nc", "unit",
                              write("b.csv", "path,name\nnc/wake,Wake\nnc/durham,Bull City\n")}),
              HasSubstr("1 written, 1 unchanged"));
  EXPECT_THAT(exported("unit"), HasSubstr("Bull City"));
}

TEST_F(CommandsTest, RefusedLinesAreToldAndTheOthersWritten) {
  const std::string units = write(
      "units.csv", "path,name,kind\nnc/wake,Wake,county\nNot A Path,X,county\nnc/lee,Lee,moon\n");
  const Ran ran = run("import", {"nc", "unit", units, "--errors", file("errors.jsonl")});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("1 written, 0 unchanged, 2 refused"));
  EXPECT_THAT(ran.err, HasSubstr("units.csv:3: "));
  EXPECT_THAT(ran.err, HasSubstr("units.csv:4: "));
  const std::string errors = content_of(file("errors.jsonl"));
  ASSERT_EQ(lines_of(errors), 2u);
  EXPECT_EQ(json::parse(errors.substr(0, errors.find('\n')))["line"], 3);
  EXPECT_EQ(lines_of(exported("unit")), 1u);
}

TEST_F(CommandsTest, ADryRunWritesNothing) {
  const std::string units = write("units.csv", "path,name\nnc/wake,Wake\n");
  EXPECT_THAT(said("import", {"nc", "unit", units, "--dry-run"}), HasSubstr("would import 1"));
  EXPECT_EQ(exported("unit"), "");
  EXPECT_EQ(run2("device", "list", {"nc"}).out, "") << "not even the device that imports";
  EXPECT_THAT(said("import", {"nc", "unit", units}), HasSubstr("1 written"));
}

TEST_F(CommandsTest, ColumnsAreMappedAndRowsKnownByTheirKey) {
  const std::string people =
      write("people.csv", "Precinct,First,Mail\nnc/wake,Ann,a@example.org\n");
  const std::vector<std::string> words = {
      "nc",    "person",      people,  "--map", "Precinct=unit", "--map", "First=given_name",
      "--map", "Mail=emails", "--key", "emails"};
  EXPECT_THAT(said("import", words), HasSubstr("1 written"));
  EXPECT_THAT(said("import", words), HasSubstr("1 unchanged"));
  const json person = json::parse(exported("person"));
  EXPECT_EQ(person["given_name"], "Ann");
  EXPECT_EQ(person["emails"], json::array({"a@example.org"}));
  EXPECT_NE(run("import", {"nc", "person", people}).exit, 0) << "columns that are no fields";
}

TEST_F(CommandsTest, AFileOfAnotherKindOrANameThatIsNotThereIsRefused) {
  expect_refused(run("import", {"nc", "unit", write("units.xls", "x")}), 2, ".csv and .jsonl");
  expect_refused(run("import", {"nc", "unit", file("none.csv")}), 1, "none.csv");
  expect_refused(run("import", {"nc", "planet", write("p.csv", "x\n")}), 2,
                 "there is no collection");
}

TEST_F(CommandsTest, ExportedCellsDoNotRunAsFormulas_G20) {
  said("import",
       {"nc", "unit", write("u.jsonl", R"j({"path": "nc/x", "name": "=HYPERLINK(\"x\")"})j")});
  const std::string csv = said("export", {"nc", "unit"});
  EXPECT_EQ(csv.find(",=HYPER"), std::string::npos) << csv;
  EXPECT_EQ(csv.find(",\"=HYPER"), std::string::npos) << csv;
  EXPECT_THAT(csv, HasSubstr("HYPERLINK"));
  EXPECT_THAT(csv, HasSubstr("\r\n")) << "lines end as RFC 4180 has it";
}

TEST_F(CommandsTest, HistoryTellsEveryTransactionOfARow) {
  said("import", {"nc", "unit", write("a.csv", "path,name\nnc/wake,Wake\n")});
  said("import", {"nc", "unit", write("b.csv", "path,name\nnc/wake,Wake County\n")});
  const std::string id = json::parse(exported("unit"))["id"];
  const std::string history = said("history", {"nc", "unit", id, "--json"});
  ASSERT_EQ(lines_of(history), 2u);
  const json last = json::parse(history.substr(history.find('\n') + 1));
  EXPECT_EQ(last["fields"]["name"], "Wake County");
  EXPECT_EQ(last["label"], "import");
  EXPECT_EQ(last["verdict"], "applied");
  EXPECT_THAT(said("history", {"nc", "unit", id}), HasSubstr("name=\"Wake County\""));
  expect_refused(run("history", {"nc", "unit", "00000000-0000-7000-8000-000000000000"}), 1,
                 "no transaction");
  expect_refused(run("history", {"nc", "unit", "x"}), 2, "UUID");
}

TEST_F(CommandsTest, DigestsAreOfTheWholeSpaceOrOfAScope) {
  said("import", {"nc", "unit", write("a.csv", "path,name\nnc/wake,Wake\nva/lee,Lee\n")});
  const json whole = json::parse(said("digest", {"nc", "--json"}));
  const json scope = json::parse(said("digest", {"nc", "--scope", "unit/nc", "--json"}));
  EXPECT_EQ(whole["digest"].get<std::string>() + "\n", said("digest", {"nc"}));
  EXPECT_EQ(whole["digest"].get<std::string>().size(), 16u);
  EXPECT_NE(whole["digest"], scope["digest"]);
  EXPECT_EQ(scope["scope"], "unit/nc");
}

TEST_F(CommandsTest, ASchemaIsCheckedAndAppliedToAllSpacesOrNone) {
  const std::string next = file("next");
  ASSERT_EQ(std::system(("cp -r schema/organizing " + next).c_str()), 0);
  std::string unit = content_of(next + "/unit.json");
  const std::string field = R"({"id": 8, "name": "valid_through", "type": "date"})";
  ASSERT_NE(unit.find(field), std::string::npos);
  unit.replace(unit.find(field), field.size(),
               field + R"(, {"id": 9, "name": "note", "type": "text"})");
  write("next/unit.json", unit);
  write("next/schema.json", R"({"schema": "organizing", "version": 5})");
  const Ran check = run2("schema", "check", {next});
  EXPECT_EQ(check.exit, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("from version 4 to 5"));
  EXPECT_EQ(run2("schema", "apply", {next}).exit, 0);
  EXPECT_THAT(run2("space", "list").out, HasSubstr("schema version 5"));
  EXPECT_THAT(said("import", {"nc", "unit", write("a.csv", "path,name,note\nnc/x,X,new\n")}),
              HasSubstr("1 written"));
  expect_refused(run2("schema", "apply", {"schema/organizing"}), 1, "removed");
}

TEST_F(CommandsTest, GrantsAreGivenAndEndedByNumberOrLabel) {
  said("import", {"nc", "unit", write("a.csv", "path,name\nnc/wake,Wake\n")});
  const Ran list = run2("device", "list", {"nc", "--json"});
  ASSERT_EQ(lines_of(list.out), 1u) << list.err;
  EXPECT_EQ(json::parse(list.out)["local"], true);
  const Ran shown = run2("device", "show", {"nc", "import", "--json"});
  EXPECT_EQ(json::parse(shown.out)["device"], json::parse(list.out)["device"]);
  expect_refused(run2("device", "show", {"nc", "nobody"}), 1, "device list");
  expect_refused(run2("device", "grant", {"nc", "nobody", "--scope", "public"}), 1, "nobody");
}

}  // namespace
}  // namespace rollcall
