// Who was shut out, or was out of reach for too long, sees and writes nothing; what they wrote
// before is kept for somebody to decide.
#include <fstream>
#include <iterator>

#include "engine/protocol/revocation.h"
#include "engine/storage/connection.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

constexpr std::int64_t hour_ms = 3'600'000;

constexpr std::string_view roles = R"({"roles": [
  {"name": "boss", "collections": {
    "thing": {"read": "all", "insert": "all", "update": "all", "delete": true, "undo": true},
    "fact": {"read": "all", "insert": "all"}}},
  {"name": "kiosk", "lease_hours": 12, "collections": {
    "thing": {"read": "all", "insert": "all", "update": "all"},
    "fact": {"read": "all", "insert": "all"}}},
  {"name": "phone", "lease_hours": 336, "collections": {
    "thing": {"read": "all", "insert": "all", "update": "all"}}}]})";

struct Access : ::testing::Test {
  ReplicaWorld world{1, test_schema_with_roles(roles)};
  std::unique_ptr<Phone> boss = world.enroll({"unit=boss"});
  std::unique_ptr<Phone> kiosk = world.enroll({"unit/a=kiosk"});
  RowId ann;

  void SetUp() override {
    ann = boss->put("thing", {{"unit", text("a")}, {"name", text("Ann canary77")}});
    boss->sync();
    kiosk->sync();
    ASSERT_EQ(kiosk->shows("thing", ann, "name"), "Ann canary77");
  }
  ErrorCode locked(Phone& phone) {
    const auto rows = phone.replica().query("SELECT count(*) FROM thing");
    return rows ? ErrorCode{} : rows.error().code;
  }
  std::vector<ParkedEntry> parked() { return need(world.reader().parked(0, 100)); }
};

bool file_holds(const std::string& path, const std::string& wanted) {
  for (const std::string& name : {path, path + "-wal"}) {
    std::ifstream file(name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (bytes.find(wanted) != std::string::npos) return true;
  }
  return false;
}

TEST_F(Access, ARevokedDevicesPendingWritesAreParkedAndDecidedByAPerson_F1_F2) {
  kiosk->set("thing", ann, {{"name", text("Ann of before")}});
  kiosk->put("fact", {{"unit", text("a")}, {"said", text("seen at the door")}}, id_of(7));
  need(world.space().revoke(kiosk->device(), false));
  kiosk->sync();
  EXPECT_TRUE(kiosk->replica().is_erased()) << "all that it had to send is acknowledged";

  boss->sync();
  EXPECT_EQ(boss->shows("thing", ann, "name"), "Ann canary77") << "nothing is applied by itself";
  auto waiting = parked();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(static_cast<ErrorCode>(waiting[0].verdict.code), ErrorCode::device_revoked);
  EXPECT_TRUE(waiting[0].is_revoked);
  EXPECT_EQ(waiting[0].device_label, "phone");
  EXPECT_GT(waiting[0].made.time, 0U);
  ASSERT_EQ(waiting[0].rows.size(), 1U);
  EXPECT_EQ(waiting[0].rows[0].writes[0].name, "name");

  EXPECT_EQ(need(world.space().decide(waiting[0].id, true)).kind, VerdictKind::applied);
  EXPECT_EQ(need(world.space().decide(waiting[1].id, false)).kind, VerdictKind::rejected);
  EXPECT_TRUE(parked().empty());
  EXPECT_EQ(world.space().decide(waiting[0].id, true).error().code, ErrorCode::not_found);
  boss->sync();
  EXPECT_EQ(boss->shows("thing", ann, "name"), "Ann of before");
  EXPECT_EQ(boss->count("SELECT count(*) FROM fact"), 0);
}

TEST_F(Access, ALostGrantsParkedWriteIsAcceptedByAPersonAndItsDeviceIsTold_F3) {
  kiosk->set("thing", ann, {{"name", text("Anna")}});
  need(world.space().ungrant(kiosk->device(), "unit/a=kiosk"));
  kiosk->sync();
  EXPECT_EQ(kiosk->status().parked, 1U);
  EXPECT_EQ(kiosk->count("SELECT count(*) FROM thing"), 0) << "rows leave at once";
  const auto waiting = parked();
  ASSERT_EQ(waiting.size(), 1U);
  EXPECT_EQ(need(world.space().decide(waiting[0].id, true)).kind, VerdictKind::applied);
  kiosk->sync();
  EXPECT_EQ(kiosk->status().parked, 0U);
  boss->sync();
  EXPECT_EQ(boss->shows("thing", ann, "name"), "Anna");
}

TEST_F(Access, ARevokedDeviceReadsNothingMoreAndIsErasedWhenItsWorkIsAcknowledged_F1) {
  kiosk->set("thing", ann, {{"name", text("canary88")}});
  need(world.space().revoke(kiosk->device(), false));
  boss->set("thing", ann, {{"note", text("canary99")}});
  boss->sync();
  // It hears of it by a read, with its work unsent.
  kiosk->exchange(false, true);
  EXPECT_EQ(kiosk->status().lock, Lock::revoked);
  EXPECT_EQ(locked(*kiosk), ErrorCode::locked);
  EXPECT_FALSE(kiosk->replica().begin().has_value());
  EXPECT_FALSE(kiosk->replica().tray().has_value());
  EXPECT_EQ(kiosk->status().pending, 1U) << "kept until the server has it";
  kiosk->restart();
  EXPECT_EQ(kiosk->status().lock, Lock::revoked);

  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::erased);
  EXPECT_EQ(parked().size(), 1U);
  const std::string path = kiosk->replica().path();
  const std::string secret(kiosk->replica().secret().view());
  EXPECT_EQ(secret, std::string(secret.size(), '\0'));
  kiosk->restart();
  EXPECT_EQ(locked(*kiosk), ErrorCode::locked);
  EXPECT_EQ(kiosk->status().lock, Lock::erased);
  kiosk->close();
  for (const char* canary : {"canary77", "canary88", "canary99"}) {
    EXPECT_FALSE(file_holds(path, canary)) << canary;
  }
  const std::string other = boss->replica().path();
  boss->close();
  EXPECT_EQ(file_holds(other, "canary99"), !Connection::encrypts()) << "the search finds it";
}

TEST_F(Access, AnEraseOrderedWhileTheDeviceWasOfflineHappensAtItsNextContact_F8) {
  kiosk->set("thing", ann, {{"name", text("unsent")}});
  need(world.space().revoke(kiosk->device(), true));
  EXPECT_EQ(kiosk->shows("thing", ann, "name"), "unsent") << "it cannot know yet";
  kiosk->exchange(false, true);
  EXPECT_EQ(kiosk->status().lock, Lock::erased);
  EXPECT_TRUE(kiosk->replica().is_erased());
}

TEST_F(Access, NobodyButItsOwnServerMakesADeviceLockOrErase) {
  kiosk->set("thing", ann, {{"name", text("mine")}});
  kiosk->tamper = [](SyncReply& reply) {
    reply.revoked = true;
    reply.erase = true;
    reply.revocation = Bytes(Signature::size_bytes, 'x');
  };
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
  // Nor an order to lock that is passed off as one to erase.
  const Signature order =
      test_cryptography().sign(world.server_seed, revocation_text("nc", kiosk->device(), false));
  kiosk->tamper = [&](SyncReply& reply) {
    reply.revoked = true;
    reply.erase = true;
    reply.revocation = Bytes(order.view());
  };
  kiosk->set("thing", ann, {{"name", text("mine again")}});
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
}

TEST_F(Access, ALapsedLeaseLocksTheFaceNeverTheOutboxAndOneSyncOpensIt_F8) {
  kiosk->set("thing", ann, {{"name", text("Anna")}});
  world.clock.advance(12 * hour_ms - 60'000);
  EXPECT_EQ(kiosk->status().lock, Lock::open);
  world.clock.advance(120'000);
  EXPECT_EQ(kiosk->status().lock, Lock::lease);
  EXPECT_EQ(locked(*kiosk), ErrorCode::locked);
  EXPECT_FALSE(kiosk->replica().begin().has_value());
  kiosk->restart();
  EXPECT_EQ(locked(*kiosk), ErrorCode::locked);
  EXPECT_EQ(kiosk->status().pending, 1U);

  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
  EXPECT_EQ(kiosk->status().pending, 0U);
  EXPECT_EQ(kiosk->shows("thing", ann, "name"), "Anna");
  boss->sync();
  EXPECT_EQ(boss->shows("thing", ann, "name"), "Anna");
}

TEST_F(Access, AClockThatIsSetBackGainsNothingForALease_D2) {
  world.clock.advance(13 * hour_ms);
  kiosk->restart();
  EXPECT_EQ(kiosk->status().lock, Lock::lease);
  kiosk->clock.wrong_by_ms = -5 * hour_ms;
  kiosk->restart();
  EXPECT_EQ(kiosk->status().lock, Lock::lease);
  kiosk->clock.wrong_by_ms = 0;
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
}

TEST_F(Access, AClockThatIsSetBackBeforeALeaseEndsDoesNotHoldItOpenWhileTheProgramRuns_D2) {
  world.clock.advance(11 * hour_ms);
  kiosk->restart();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
  kiosk->clock.wrong_by_ms = -90 * 24 * hour_ms;
  EXPECT_EQ(kiosk->status().lock, Lock::open);
  world.clock.advance(2 * hour_ms);
  EXPECT_EQ(kiosk->status().lock, Lock::lease);
  kiosk->clock.wrong_by_ms = 0;
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open);
}

// A full-text index has its own memory. Words share their beginnings in it, so each is looked for
// by its end.
TEST_F(Access, WordsOfRowsThatLeftAreNotInTheFile_F4_G17) {
  const auto tail = [](unsigned n) { return "tail" + std::to_string(n * 7919); };
  need(boss->write([&](LocalTransaction& transaction) {
    for (unsigned n = 100; n < 400; ++n) {
      const std::string name = std::to_string(n) + tail(n);
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text(name)}};
      need(transaction.put("thing", thing, id_of(n)));
    }
  }));
  boss->sync();
  kiosk->sync();
  const std::string path = kiosk->replica().path();
  for (const unsigned n : {150u, 250u}) boss->set("thing", id_of(n), {{"unit", text("b")}});
  boss->set("thing", id_of(200), {{"name", text("another")}});
  boss->sync();
  kiosk->sync();
  // While the program runs: nobody may wait for it to end cleanly.
  for (const unsigned gone : {150u, 250u}) EXPECT_FALSE(file_holds(path, tail(gone))) << gone;
  kiosk->close();
  EXPECT_EQ(file_holds(path, tail(151)), !Connection::encrypts()) << "the search finds it";
  for (const unsigned gone : {150u, 200u, 250u}) EXPECT_FALSE(file_holds(path, tail(gone))) << gone;
}

TEST_F(Access, TheShortestLeaseOfItsRolesCounts) {
  EXPECT_EQ(boss->status().lease_until_ms, 0) << "its role has none";
  auto both = world.enroll({"unit/a=phone", "unit/b=kiosk"});
  both->sync();
  EXPECT_EQ(both->status().lease_until_ms, world.clock.utc_ms() + 12 * hour_ms);
  auto one = world.enroll({"unit/a=phone"});
  one->sync();
  EXPECT_EQ(one->status().lease_until_ms, world.clock.utc_ms() + 336 * hour_ms);
}

TEST_F(Access, AReplacedDeviceIsShutOutWhenItsSuccessorComesIn_F7) {
  const DeviceRecord before = *need(world.reader().device(kiosk->device()));
  std::vector<std::string> scopes;
  for (const GrantRecord& grant : before.grants) scopes.push_back(grant.path + "=" + grant.role);
  const Invitation invitation = need(world.space().invite("kiosk", scopes, kiosk->device()));
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::open) << "until the invitation is used";

  auto successor = world.enroll_by(invitation);
  successor->sync();
  EXPECT_EQ(successor->shows("thing", ann, "name"), "Ann canary77");
  kiosk->sync();
  EXPECT_EQ(kiosk->status().lock, Lock::erased);
}

TEST_F(Access, ARevokedDeviceGetsNoGrantAndIsNotRevokedTwice) {
  const DeviceRecord first = need(world.space().revoke(kiosk->device(), false));
  EXPECT_TRUE(first.is_revoked());
  EXPECT_TRUE(first.grants.empty());
  ASSERT_EQ(first.grants_before.size(), 1U);
  EXPECT_EQ(first.grants_before[0].role, "kiosk");
  const DeviceRecord again = need(world.space().revoke(kiosk->device(), true));
  EXPECT_EQ(again.revoked, first.revoked);
  EXPECT_TRUE(again.erase);
  EXPECT_EQ(world.space().grant(kiosk->device(), "unit/a=kiosk").error().code,
            ErrorCode::not_allowed);
  EXPECT_EQ(world.space().revoke(DeviceNumber(1), false).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace rollcall
