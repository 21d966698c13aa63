#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "engine/storage/connection.h"
#include "server/space/space_file.h"
#include "tests/engine/base/need.h"
#include "tests/server/commands/server_program.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

class BackupTest : public CommandsTest {
 protected:
  std::string units(std::size_t count) const {
    std::string csv = "path,name\n";
    for (std::size_t i = 0; i < count; ++i) {
      csv += "nc/unit-" + std::to_string(i) + ",Unit " + std::to_string(i) + "\n";
    }
    return write("units.csv", csv);
  }
  // The backups, oldest first.
  std::vector<std::string> backups() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(file("backups"))) {
      const std::string name = entry.path().filename().string();
      if (name.front() != '.') names.push_back(entry.path().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string back_up() const {
    const Ran ran = run("backup", {"--to", file("backups")});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return backups().back();
  }
  static Ran verify(const std::string& path) { return run_server_program({"verify", path}); }
  static void flip_byte(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1));
  }
};

TEST_F(BackupTest, IsAWholeServersFolderThatVerifies_C3) {
  said("import", {"nc", "unit", units(20)});
  const std::string backup = back_up();
  const Ran ran = verify(backup);
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("nc: all is right: 1 transactions of 1 devices"));
  EXPECT_THAT(ran.out, HasSubstr("20 rows, digest " + said("digest", {"nc"}).substr(0, 16)));
  EXPECT_EQ(said("verify"), ran.out) << "the store itself says the same";
  const json manifest = json::parse(std::ifstream(backup + "/manifest.json"));
  std::vector<std::string> names;
  for (const json& one : manifest["files"]) names.push_back(one["name"]);
  EXPECT_THAT(names, ::testing::ElementsAre("server.key", "schema.cbor", "imports/nc.key",
                                            "imports/nc.imports", "spaces/nc.rollcall"));
  struct stat status {};
  for (const std::string& name : names) {
    const std::string path = std::filesystem::path(backup) / name;
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << name;
  }
  ASSERT_EQ(::stat(backup.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(BackupTest, AVerifiedBackupHasNotChanged_C3) {
  said("import", {"nc", "unit", units(3)});
  const std::string backup = back_up();
  EXPECT_EQ(verify(backup).exit, 0);
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(backup))
    files += entry.is_regular_file();
  EXPECT_EQ(files, 6u) << "five files and the manifest";
  EXPECT_EQ(verify(backup).exit, 0);
}

// Rows go on coming while backup after backup is taken: each is one moment, whole in itself.
TEST_F(BackupTest, IsOneMomentWhileTheServerWrites_C3) {
  Serving server(folder());
  const std::string rows = units(12'000);
  std::future<Ran> import = std::async(std::launch::async, [&] {
    return run("import", {"nc", "unit", rows});
  });
  std::size_t taken = 0;
  do {
    back_up();
    ++taken;
  } while (import.wait_for(std::chrono::seconds(0)) != std::future_status::ready);
  EXPECT_EQ(import.get().exit, 0);
  EXPECT_EQ(run("verify").exit, 0) << "beside the running server";
  const auto all = backups();
  EXPECT_EQ(all.size(), taken);
  for (const std::string& backup : all) {
    const Ran ran = verify(backup);
    EXPECT_EQ(ran.exit, 0) << backup << ": " << ran.err;
  }
}

TEST_F(BackupTest, KeepsTheNewestAndTouchesNothingElse_C3) {
  fs::create_directories(file("backups") + "/backup-of-my-photos");
  std::string last;
  for (int i = 0; i < 4; ++i) {
    const Ran ran = run("backup", {"--to", file("backups"), "--keep", "2"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const auto all = backups();
    EXPECT_EQ(all.size(), std::min(i + 1, 2) + 1u);
    EXPECT_GT(all[all.size() - 2], last) << "the newest stays";
    last = all[all.size() - 2];
  }
  EXPECT_TRUE(fs::exists(file("backups") + "/backup-of-my-photos"));
  EXPECT_EQ(run("backup", {"--to", file("backups"), "--keep", "0"}).exit, 2);
}

TEST_F(BackupTest, OneThatWasCutShortIsNoBackupAndGoesWithTheNext_C3) {
  fs::create_directories(file("backups") + "/.making-backup-20260101T000000.000Z/spaces");
  back_up();
  EXPECT_FALSE(fs::exists(file("backups") + "/.making-backup-20260101T000000.000Z"));
  EXPECT_EQ(backups().size(), 1u);
}

TEST_F(BackupTest, VerifyNamesTheFileThatIsMissingOrAnother_C3) {
  said("import", {"nc", "unit", units(3)});
  const std::string backup = back_up();
  flip_byte(backup + "/spaces/nc.rollcall", 9000);
  const Ran changed = verify(backup);
  EXPECT_EQ(changed.exit, 1);
  EXPECT_THAT(changed.err, HasSubstr("/spaces/nc.rollcall is not what was backed up"));
  fs::remove(backup + "/spaces/nc.rollcall");
  const Ran missing = verify(backup);
  EXPECT_EQ(missing.exit, 1);
  EXPECT_THAT(missing.err, HasSubstr("/spaces/nc.rollcall is missing"));
}

TEST_F(BackupTest, VerifyNamesWhatIsWrongInAStore_G19) {
  said("import", {"nc", "unit", units(3)});
  {
    ConnectionOptions options;
    options.access = Access::writer;
    options.application_id = space_application_id;
    options.format_version = space_format_version;
    Connection insider = need(Connection::open(folder() + "/spaces/nc.rollcall", options));
    need(insider.execute("UPDATE _unit SET name = 'Elsewhere' WHERE name = 'Unit 1'"));
    ASSERT_EQ(insider.changes(), 1);
  }
  const Ran ran = run("verify");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("the space 'nc': unit "));
  EXPECT_THAT(ran.err, HasSubstr(", name: its value is not what the log makes of it"));
}

}  // namespace
}  // namespace rollcall
