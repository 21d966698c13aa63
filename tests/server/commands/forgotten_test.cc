// What a restored server forgot, and its devices know.
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/limits.h"
#include "engine/protocol/limits.h"
#include "server/space/device_digits.h"
#include "server/space/durable_file.h"
#include "server/space/space.h"
#include "tests/server/commands/real_devices.h"

namespace rollcall {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ForgottenTest : public RealDevicesTest {
 protected:
  std::string said2(const std::string& group, const std::string& command,
                    std::vector<std::string> words) const {
    const Ran ran = run2(group, command, std::move(words));
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran.out;
  }
  static void add_person(Replica& replica, const char* name) {
    auto transaction = need(replica.begin());
    const NamedValue person[] = {{"given_name", ValueView::of_text(name)},
                                 {"unit", ValueView::of_text("nc/wake")}};
    need(transaction.put("person", person));
    need(transaction.commit());
  }
  [[nodiscard]] std::string list_path() const {
    return folder() + "/spaces/nc.rollcall-revocations";
  }
};

// Every request mirrors how many revocations its device was told of: nobody is let in by a server
// that knows of fewer, whatever somebody said at its restore.
TEST_F(ForgottenTest, ADeviceThatWasToldOfMoreRevocationsStopsTheServerUntilItIsReconciled_C4) {
  std::unique_ptr<Replica> ann;
  std::string backup;
  {
    Serving server(folder());
    ann = enroll("ann.db");
    enroll("ben.db");
    backup = back_up();
    EXPECT_EQ(run2("device", "revoke", {"nc", "ben.db"}).exit, 0);
    sync(*ann);
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  fs::remove(list_path());
  EXPECT_EQ(run("restore", {"--from", backup}).exit, 0);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0) << "somebody is wrong";
  {
    Serving server(folder());
    const auto refused = try_sync(*ann, server);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("does not know who was shut out since"));
    EXPECT_THAT(server.log(), HasSubstr("forgot_revocations"));
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  const Ran refused = run("serve", {"--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("--list FILE, --device DEVICE or --none"));
  EXPECT_EQ(run("reconcile", {"nc", "--device", "ben.db"}).exit, 0);
  Serving server(folder());
  const auto served = try_sync(*ann, server);
  EXPECT_TRUE(served.has_value()) << served.error().message;
  EXPECT_EQ(server.end(SIGTERM), 0);
}

// The restore drill: a copy that goes on by itself knows nothing of the space that is served.
TEST_F(ForgottenTest, ADeviceOfTheRestoreDrillStopsNobodyElse_C4) {
  std::unique_ptr<Replica> ann, eve;
  std::string backup;
  {
    Serving server(folder());
    ann = enroll("ann.db");
    eve = enroll("eve.db");
    enroll("ben.db");
    backup = back_up();
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  const std::string drill = file("drill");
  EXPECT_EQ(run_server_program({"restore", drill, "--from", backup}).exit, 0);
  EXPECT_EQ(run_server_program({"reconcile", drill, "nc", "--none"}).exit, 0);
  {
    Serving server(drill);
    EXPECT_EQ(run_server_program({"device", "revoke", drill, "nc", "ben.db"}).exit, 0);
    need(try_sync(*eve, server));
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  Serving server(folder());
  static_cast<void>(try_sync(*eve, server));
  need(try_sync(*ann, server));
  EXPECT_THAT(server.log(), Not(HasSubstr("forgot_revocations")));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

// A list that was lost begins anew with whom the file knows; one that lacks a number is not all.
TEST_F(ForgottenTest, AListThatIsNotAllIsTakenForNothing_C4) {
  std::string first, second;
  {
    Serving server(folder());
    enroll("eve.db");
    enroll("ben.db");
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  first = back_up();
  EXPECT_EQ(run2("device", "revoke", {"nc", "eve.db"}).exit, 0);
  second = back_up();
  fs::remove(list_path());
  EXPECT_EQ(run("restore", {"--from", second}).exit, 0);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  EXPECT_EQ(run2("device", "revoke", {"nc", "ben.db"}).exit, 0);
  const std::string list = need(read_small_file(list_path(), 10'000));
  EXPECT_THAT(list, HasSubstr("\n1 "));
  EXPECT_THAT(list, HasSubstr("eve.db"));
  EXPECT_THAT(list, HasSubstr("ben.db"));
  const std::string restored = said("restore", {"--from", first});
  EXPECT_THAT(restored, HasSubstr("(eve.db)"));
  EXPECT_THAT(restored, HasSubstr("(ben.db)"));

  const std::size_t eve = list.find("\n1 ");
  need(write_file_durably(list_path(), list.substr(0, eve) + list.substr(list.find("\n2 ")), 0600));
  EXPECT_THAT(said("restore", {"--from", first}), HasSubstr("no list says all"));
  const Ran refused = run("serve", {"--listen", "127.0.0.1:0"});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("no list says all that was revoked"));
  EXPECT_EQ(run("reconcile", {"nc"}).exit, 2);
  EXPECT_THAT(said("reconcile", {"nc", "--device", "eve.db"}), HasSubstr("2 had been forgotten"));
  Serving server(folder());
  EXPECT_EQ(server.end(SIGTERM), 0);
}

// A captain who was invited after the backup: what she did is not lost, nor does she come in by
// herself.
TEST_F(ForgottenTest, ADeviceThatABackupForgotComesBackWithAllItsWorkOnceSomebodyAgrees_C3) {
  const std::string backup = back_up();
  std::unique_ptr<Replica> ann;
  std::string number;
  {
    Serving server(folder());
    ann = enroll("ann.db");
    sync(*ann);
    add_person(*ann, "Acknowledged");
    sync(*ann);
    number = nlohmann::json::parse(said2("device", "list", {"nc", "--json"}))["device"];
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  add_person(*ann, "Pending");
  EXPECT_EQ(run("restore", {"--from", backup}).exit, 0);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  Serving server(folder());
  for (int i = 0; i < 2; ++i) {
    const auto refused = try_sync(*ann, server);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::later);
    EXPECT_THAT(refused.error().message, HasSubstr("has to let it in again"));
  }
  const std::string waiting = said2("readmission", "list", {"nc"});
  EXPECT_THAT(waiting, HasSubstr(number + "  ann.db  enrolled "));
  EXPECT_THAT(waiting, HasSubstr("unit/nc=captain"));
  EXPECT_EQ(std::count(waiting.begin(), waiting.end(), '\n'), 1) << "asked twice, listed once";
  EXPECT_EQ(run2("readmission", "accept", {"nc", "00000000"}).exit, 1);
  EXPECT_EQ(run2("readmission", "accept", {"nc", "ann"}).exit, 2);
  EXPECT_EQ(run2("readmission", "accept", {"nc", number}).exit, 0);
  EXPECT_EQ(said2("readmission", "list", {"nc"}), "");
  const auto back = try_sync(*ann, server);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  const std::string people = exported("person");
  EXPECT_THAT(people, HasSubstr("Acknowledged"));
  EXPECT_THAT(people, HasSubstr("Pending"));
  EXPECT_EQ(need(ann->status()).pending, 0u);
  EXPECT_EQ(need(ann->status()).rejected, 0u);
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
}

// A phone whose file was copied to another one, after the backup: the copy comes back alone, with
// what both had, and each request still proves what it brought.
TEST_F(ForgottenTest, ACopyThatABackupForgotBringsItsFamilysWorkToo_A8_C3) {
  std::unique_ptr<Replica> ann, copy;
  std::string backup, number;
  {
    Serving server(folder());
    ann = enroll("ann.db");
    add_person(*ann, "Before");
    sync(*ann);
    backup = back_up();
    add_person(*ann, "Both");
    sync(*ann);
    ann.reset();
    fs::copy_file(file("ann.db"), file("copy.db"));
    ann = need(Replica::open(file("ann.db"), doors()));
    copy = need(Replica::open(file("copy.db"), doors()));
    add_person(*ann, "Ann's");
    sync(*ann);
    add_person(*copy, "The copy's");
    sync(*copy);
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  EXPECT_EQ(run("restore", {"--from", backup}).exit, 0);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  Serving server(folder());
  EXPECT_EQ(try_sync(*copy, server).error().code, ErrorCode::later);
  const nlohmann::json waiting =
      nlohmann::json::parse(said2("readmission", "list", {"nc", "--json"}));
  EXPECT_EQ(waiting["forked_from"], device_digits(ann->device()));
  EXPECT_THAT(said2("readmission", "list", {"nc"}),
              HasSubstr("  copied from " + device_digits(ann->device())));
  EXPECT_EQ(run2("readmission", "accept", {"nc", waiting["device"]}).exit, 0);
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
  need(try_sync(*copy, server));
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
  for (Replica* one : {ann.get(), copy.get()}) {
    need(try_sync(*one, server));
    EXPECT_EQ(need(one->status()).pending, 0u);
    EXPECT_EQ(need(one->status()).rejected, 0u);
  }
  const std::string people = exported("person");
  for (const char* name : {"Before", "Both", "Ann's", "The copy's"}) {
    EXPECT_THAT(people, HasSubstr(name));
  }
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

// Its enrolment names all that it was given: as much as a device can have.
TEST_F(ForgottenTest, ADeviceWithTheLongestGrantsCanAskToComeBack_C3) {
  const std::string backup = back_up();
  std::unique_ptr<Replica> ann;
  {
    Serving server(folder());
    std::vector<std::string> arguments{"nc", "--label", "ann.db", "--json"};
    for (std::size_t i = 0; i + 1 < device_grants_max; ++i) {
      std::string path = "unit/" + std::to_string(100 + i) + "/";
      path.append(path_bytes_max - path.size(), 'x');
      arguments.insert(arguments.end(), {"--scope", path + "=captain"});
    }
    const std::string link = nlohmann::json::parse(said("invite", arguments))["link"];
    CurlTransport transport;
    ann = need(rollcall::enroll(file("ann.db"), need(Entrance::from_link(link)), transport, doors(),
                                {}, 30'000));
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  EXPECT_EQ(run("restore", {"--from", backup}).exit, 0);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  Serving server(folder());
  EXPECT_EQ(try_sync(*ann, server).error().code, ErrorCode::later);
  EXPECT_EQ(run2("readmission", "accept", {"nc", device_digits(ann->device())}).exit, 0);
  need(try_sync(*ann, server));
  EXPECT_EQ(server.end(SIGTERM), 0);
}

TEST_F(ForgottenTest, NobodyComesBackWhoWasRefusedOrRevokedOrShowsAnothersEnrolment_C3_F1) {
  const std::string backup = back_up();
  std::unique_ptr<Replica> ann, ben;
  {
    Serving server(folder());
    ann = enroll("ann.db");
    ben = enroll("ben.db");
    EXPECT_EQ(run2("device", "revoke", {"nc", "ben.db"}).exit, 0);
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  EXPECT_EQ(run("restore", {"--from", backup}).exit, 0);
  Serving server(folder());
  EXPECT_EQ(try_sync(*ann, server).error().code, ErrorCode::later);
  EXPECT_EQ(try_sync(*ben, server).error().code, ErrorCode::refused) << "the list names it";
  const nlohmann::json waiting =
      nlohmann::json::parse(said2("readmission", "list", {"nc", "--json"}));
  EXPECT_EQ(run2("readmission", "refuse", {"nc", waiting["device"]}).exit, 0);
  EXPECT_EQ(try_sync(*ann, server).error().code, ErrorCode::refused);
  EnrollRequest stolen = ann->readmission();
  stolen.key = ben->readmission().key;
  EXPECT_EQ(server.end(SIGTERM), 0);
  const auto space =
      need(Space::open(folder() + "/spaces/nc.rollcall", {clock_, random_, cryptography_, ""}));
  EXPECT_EQ(space->enroll(stolen).error().code, ErrorCode::code_unknown);
  stolen.enrolment.back() ^= 1;
  EXPECT_EQ(space->enroll(stolen).error().code, ErrorCode::code_unknown);
}

}  // namespace
}  // namespace rollcall
