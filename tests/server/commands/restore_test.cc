#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"
#include "server/commands/server_folder.h"
#include "server/space/space.h"
#include "tests/engine/base/need.h"
#include "tests/server/commands/server_program.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class RestoreTest : public CommandsTest {
 protected:
  std::string units(std::size_t count) const {
    std::string csv = "path,name\n";
    for (std::size_t i = 0; i < count; ++i) {
      csv += "nc/unit-" + std::to_string(i) + ",Unit " + std::to_string(i) + "\n";
    }
    return write("units.csv", csv);
  }
  Ran restore(const std::string& backup, std::vector<std::string> words = {}) const {
    words.insert(words.begin(), {"--from", backup});
    return run("restore", words);
  }
  std::unique_ptr<Space> open() {
    return need(
        Space::open(folder() + "/spaces/nc.rollcall", {clock_, random_, cryptography_, ""}));
  }
  std::uint64_t epoch() { return open()->epoch().value; }
  // Lets a device in; its eight digits.
  std::string enroll(const std::string& label) {
    const auto space = open();
    const Invitation invitation = need(space->invite(label, {"unit/nc=captain"}));
    EnrollRequest request;
    request.space = "nc";
    request.secret = invitation.secret;
    SecretSeed seed;
    random_.fill(seed.bytes.data(), seed.bytes.size());
    request.key = cryptography_.public_key(seed);
    Bytes number;
    put_u32(number, need(space->enroll(request)).device.value);
    return to_hex(number);
  }
  std::string list_path() const { return folder() + "/spaces/nc.rollcall-revocations"; }

  SystemClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
};

TEST_F(RestoreTest, PutsTheBackupInPlaceInANewEpochAndKeepsWhatWasThere_C3) {
  said("import", {"nc", "unit", units(5)});
  const std::string backup = back_up();
  const std::string digest = said("digest", {"nc"});
  said("import", {"nc", "unit", units(9)});
  const std::uint64_t before = epoch();
  const Ran ran = restore(backup);
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(said("digest", {"nc"}), digest);
  EXPECT_GT(epoch(), before);
  EXPECT_THAT(ran.out, HasSubstr("nc: restored, epoch " + std::to_string(epoch())));
  bool kept = false;
  for (const auto& entry : fs::directory_iterator(folder())) {
    kept = kept || fs::exists(entry.path() / "nc.rollcall");
  }
  EXPECT_TRUE(kept) << "the file of before lies aside";
  EXPECT_EQ(run("verify").exit, 0);
  EXPECT_THAT(said("import", {"nc", "unit", units(9)}), HasSubstr("4 written, 5 unchanged"))
      << "and goes on";
}

TEST_F(RestoreTest, NoEpochOfALaterRestoreIsBelowOneThatWas_C3) {
  const std::string backup = back_up();
  std::uint64_t last = epoch();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(restore(backup).exit, 0);
    EXPECT_GT(epoch(), last) << "whatever epoch the backup is of";
    last = epoch();
  }
  // Where nothing is known of those before, the time is.
  const std::int64_t now_ms = clock_.utc_ms();
  EXPECT_EQ(run_server_program({"restore", file("elsewhere"), "--from", backup}).exit, 0);
  const auto space = need(
      Space::open(file("elsewhere") + "/spaces/nc.rollcall", {clock_, random_, cryptography_, ""}));
  EXPECT_GE(space->epoch().value >> 16, static_cast<std::uint64_t>(now_ms / 1000));
}

TEST_F(RestoreTest, RefusesWhatIsNoWholeBackupOfThisServer_C3) {
  const std::string backup = back_up();
  EXPECT_THAT(restore(folder()).err, HasSubstr("is no backup"));
  EXPECT_THAT(restore(backup, {"--space", "va"}).err, HasSubstr("no space 'va'"));
  const Ran other = run_server_program({"init", file("other"), "--schema", "schema/organizing"});
  ASSERT_EQ(other.exit, 0);
  const Ran foreign = run_server_program({"restore", file("other"), "--from", backup});
  EXPECT_EQ(foreign.exit, 2);
  EXPECT_THAT(foreign.err, HasSubstr("is of another server"));
  std::ofstream(backup + "/schema.cbor", std::ios::app) << "x";
  EXPECT_THAT(restore(backup).err, HasSubstr("schema.cbor is not what was backed up"));
}

TEST_F(RestoreTest, NeverWhileAServerRuns_C3) {
  const std::string backup = back_up();
  const Serving server(folder());
  const Ran ran = restore(backup);
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("in use"));
}

TEST_F(RestoreTest, ABackupItselfIsNotServed_C3) {
  const Ran ran = run_server_program({"serve", back_up(), "--listen", "127.0.0.1:0"});
  EXPECT_EQ(ran.exit, 2);
  EXPECT_THAT(ran.err, HasSubstr("is a backup"));
}

TEST_F(RestoreTest, RevokesAgainWhatTheBackupForgot_C4) {
  const std::string ann = enroll("ann");
  const std::string ben = enroll("ben");
  EXPECT_EQ(run2("device", "revoke", {"nc", "ben"}).exit, 0);
  const std::string backup = back_up();
  EXPECT_EQ(run2("device", "revoke", {"nc", "ann"}).exit, 0);
  const Ran ran = restore(backup);
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("nc: revoked again: " + ann + " (ann)"));
  EXPECT_THAT(ran.out, Not(HasSubstr(ben)));
  EXPECT_THAT(run2("device", "show", {"nc", "ann"}).out, HasSubstr("revoked"));
  EXPECT_EQ(run("verify").exit, 0);
  Serving server(folder());
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(RestoreTest, WhatAFileCopiedBackByHandForgotIsRevokedBeforeItIsServed_C4) {
  const std::string ann = enroll("ann");
  const std::string backup = back_up();
  EXPECT_EQ(run2("device", "revoke", {"nc", "ann"}).exit, 0);
  fs::copy_file(backup + "/spaces/nc.rollcall", folder() + "/spaces/nc.rollcall",
                fs::copy_options::overwrite_existing);
  for (const char* suffix : {"-wal", "-shm"}) fs::remove(folder() + "/spaces/nc.rollcall" + suffix);
  EXPECT_THAT(run2("device", "show", {"nc", "ann"}).out, Not(HasSubstr("revoked")));
  Serving server(folder());
  EXPECT_THAT(run2("device", "show", {"nc", "ann"}).out, HasSubstr("revoked"));
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(run("reconcile", {"nc"}).out, HasSubstr("0 had been forgotten"));
}

// The list is written first: where the rest did not follow, the next start makes it so.
TEST_F(RestoreTest, ARevocationThatWasCutShortIsMadeAtTheNextStart_C4) {
  const std::string ann = enroll("ann");
  const std::string ben = enroll("ben");
  EXPECT_EQ(run2("device", "revoke", {"nc", "ben"}).exit, 0);
  std::ifstream list(list_path());
  std::string text((std::istreambuf_iterator<char>(list)), {});
  const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
  std::string line = text.substr(last);
  line.replace(line.find(ben), ben.size(), ann);
  std::ofstream(list_path(), std::ios::app) << line;
  Serving server(folder());
  EXPECT_THAT(run2("device", "show", {"nc", "ann"}).out, HasSubstr("revoked"));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(RestoreTest, WithoutTheListSomebodyHasToSayWhatWasRevoked_C4) {
  enroll("ann");
  const std::string backup = back_up();
  EXPECT_EQ(run2("device", "revoke", {"nc", "ann"}).exit, 0);
  const auto elsewhere = [&](std::vector<std::string> words) {
    words.insert(words.begin() + 1, file("elsewhere"));
    return run_server_program(words);
  };
  const Ran restored = elsewhere({"restore", "--from", backup});
  EXPECT_EQ(restored.exit, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("no list says all that was revoked"));
  const Ran refused = elsewhere({"serve", "--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("--list FILE, --device DEVICE or --none"));
  EXPECT_EQ(elsewhere({"reconcile", "nc"}).exit, 2) << "nothing is taken for granted";
  const Ran reconciled = elsewhere({"reconcile", "nc", "--list", list_path()});
  EXPECT_EQ(reconciled.exit, 0) << reconciled.err;
  EXPECT_THAT(reconciled.out, HasSubstr("1 had been forgotten"));
  Serving server(file("elsewhere"));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(RestoreTest, NamingTheDevicesOrNoneReconcilesToo_C4) {
  enroll("ann");
  enroll("ben");
  const std::string backup = back_up();
  EXPECT_EQ(restore(backup).exit, 0);
  EXPECT_EQ(run("serve", {"--listen", "127.0.0.1:0"}).exit, 1);
  EXPECT_THAT(run("reconcile", {"nc", "--device", "ann"}).out, HasSubstr("1 had been forgotten"));
  EXPECT_THAT(run2("device", "show", {"nc", "ann"}).out, HasSubstr("revoked"));
  fs::remove(list_path());
  EXPECT_EQ(restore(backup).exit, 0);
  EXPECT_THAT(run("reconcile", {"nc", "--none"}).out, HasSubstr("0 had been forgotten"));
  Serving server(folder());
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(RestoreTest, AListThatCannotBeReadIsNotTakenForEmpty_C4) {
  enroll("ann");
  EXPECT_EQ(run2("device", "revoke", {"nc", "ann"}).exit, 0);
  std::ofstream(list_path(), std::ios::app) << "torn";
  const Ran refused = run("serve", {"--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("nc.rollcall-revocations cannot be read"));
}

}  // namespace
}  // namespace rollcall
