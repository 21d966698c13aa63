// A file that was copied to a second device, or restored from a backup, goes on as another device
// of its family: nothing is lost, nothing counts twice.
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

struct Fork : ::testing::Test {
  ReplicaWorld world;
  std::unique_ptr<Phone> a = world.enroll({"unit/a"});
  RowId both = a->put("thing", {{"unit", text("a")}, {"name", text("both")}});

  void SetUp() override { a->sync(); }
  std::int64_t visits(Phone& phone) { return std::stoll(phone.shows("thing", both, "visits")); }
  void visit(Phone& phone, std::int64_t times) {
    phone.add("thing", both, "visits", number(times));
  }
  DeviceRecord record(const Phone& phone) { return *need(world.reader().device(phone.device())); }
  // A server that does not know the device lets it in again.
  void let_in_again(Phone& phone) {
    EXPECT_EQ(world.space().enroll(phone.replica().readmission()).error().code, ErrorCode::later);
    need(world.space().readmit(phone.device(), true));
  }
  // A copy that went on as another device, after what the restored server will lack.
  std::unique_ptr<Phone> fork_of(Phone& phone, std::int64_t times) {
    auto copy = phone.clone();
    visit(phone, 1);
    phone.sync();
    visit(*copy, times);
    copy->sync();
    EXPECT_EQ(record(*copy).forked_from, phone.device());
    return copy;
  }
  void expect_settled(Phone& phone) {
    phone.sync();
    EXPECT_EQ(phone.status().pending, 0U);
    EXPECT_EQ(phone.status().rejected, 0U);
    EXPECT_FALSE(phone.status().forked);
    EXPECT_FALSE(phone.status().gap);
    world.expect_same(phone);
  }
};

TEST_F(Fork, AFileThatWasCopiedToASecondDeviceGoesOnAsAnotherOfItsFamily_A8) {
  auto copy = a->clone();
  const DeviceNumber first = a->device();
  const RowId here = a->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  a->sync();
  const RowId there = copy->put("thing", {{"unit", text("a")}, {"name", text("second")}});
  copy->set("thing", there, {{"note", text("kept")}});
  copy->sync();

  EXPECT_NE(copy->device(), first);
  EXPECT_EQ(a->device(), first);
  EXPECT_EQ(record(*copy).family, first);
  EXPECT_EQ(record(*copy).forked_from, first);
  EXPECT_EQ(record(*copy).label, record(*a).label);
  EXPECT_FALSE(copy->status().forked);
  EXPECT_EQ(copy->status().pending, 0U);
  a->sync();
  for (Phone* phone : {a.get(), copy.get()}) {
    EXPECT_EQ(phone->shows("thing", here, "name"), "first");
    EXPECT_EQ(phone->shows("thing", there, "name"), "second");
    EXPECT_EQ(phone->shows("thing", there, "note"), "kept");
    world.expect_same(*phone);
  }
  // Both go on, through restarts.
  copy->restart();
  copy->set("thing", here, {{"name", text("from the copy")}});
  copy->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", here, "name"), "from the copy");
  world.expect_same(*copy);
}

TEST_F(Fork, WhatBothCopiesHoldUnsentCountsOnce_A8) {
  visit(*a, 3);
  visit(*a, 4);
  auto copy = a->clone();  // with two transactions that nobody has sent
  visit(*a, 10);
  a->sync();
  visit(*copy, 100);
  visit(*copy, 200);
  copy->sync();
  a->sync();
  EXPECT_EQ(visits(*a), 3 + 4 + 10 + 100 + 200);
  EXPECT_EQ(visits(*copy), 3 + 4 + 10 + 100 + 200);
  EXPECT_EQ(record(*copy).forked_at.value, 3U);
  world.expect_same(*copy);
}

TEST_F(Fork, ACopyThatDoesNotKeepWhereTheFilesPartGoesOnToo_A8) {
  auto copy = a->clone();
  visit(*a, 1);
  a->sync();
  visit(*copy, 2);
  copy->spoil("DELETE FROM _outbox WHERE number = 1");  // as its age or size would have it
  copy->sync();
  EXPECT_FALSE(copy->status().forked);
  EXPECT_EQ(visits(*copy), 3);
  world.expect_same(*copy);
}

TEST_F(Fork, TheCopyThatComesLastIsTheOneThatForks_A8) {
  auto copy = a->clone();
  const DeviceNumber first = a->device();
  visit(*copy, 1);
  copy->sync();
  visit(*a, 2);
  a->sync();
  EXPECT_EQ(copy->device(), first);
  EXPECT_NE(a->device(), first);
  copy->sync();
  EXPECT_EQ(visits(*copy), 3);
}

TEST_F(Fork, ARestoredBackupIsToldByAPullAndGoesOn_A9) {
  auto backup = a->clone();
  visit(*a, 5);
  visit(*a, 6);
  a->sync();
  a->close();  // the phone is gone, its backup comes back
  backup->exchange(false, true);
  EXPECT_TRUE(backup->status().forked) << "though it pushed nothing";
  backup->sync();
  EXPECT_FALSE(backup->status().forked);
  EXPECT_EQ(visits(*backup), 11) << "what it had sent before the backup is here again";
  visit(*backup, 7);
  backup->sync();
  EXPECT_EQ(visits(*backup), 18);
  world.expect_same(*backup);
}

TEST_F(Fork, ARestoredBackupThatWasWrittenToLosesNothing_A9) {
  auto backup = a->clone();
  visit(*a, 5);
  a->sync();
  visit(*backup, 6);
  const RowId made = backup->put("thing", {{"unit", text("a")}, {"name", text("offline")}});
  backup->sync();
  EXPECT_EQ(visits(*backup), 11);
  EXPECT_EQ(backup->shows("thing", made, "name"), "offline");
  world.expect_same(*backup);
}

TEST_F(Fork, AnAnswerThatWasLostIsGivenAgain_A8) {
  auto copy = a->clone();
  visit(*a, 1);
  a->sync();
  visit(*copy, 2);
  copy->exchange();  // told that it is a copy
  const SyncRequest asked = copy->prepare();
  ASSERT_TRUE(asked.fork.has_value());
  const SyncReply lost = copy->answer(asked);
  ASSERT_TRUE(lost.fork.has_value());
  copy->restart();
  const SyncReply again = copy->answer(copy->prepare());
  ASSERT_TRUE(again.fork.has_value());
  EXPECT_EQ(again.fork->device, lost.fork->device);
  copy->sync();
  EXPECT_EQ(copy->device(), lost.fork->device);
  EXPECT_EQ(visits(*copy), 3);
}

TEST_F(Fork, AFamilyForksOnceADayUnlessSomebodyAllowsIt_A8) {
  auto second = a->clone();
  auto third = a->clone();
  visit(*a, 1);
  a->sync();
  visit(*second, 2);
  second->sync();
  visit(*third, 4);
  for (int i = 0; i < 4; ++i) third->exchange();
  EXPECT_TRUE(third->status().forked);
  EXPECT_EQ(third->status().pending, 1U) << "its work waits";
  need(world.space().allow_fork(a->device()));
  third->sync();
  EXPECT_FALSE(third->status().forked);
  EXPECT_EQ(visits(*third), 7);
  auto fourth = third->clone();
  visit(*third, 8);
  third->sync();
  visit(*fourth, 16);
  for (int i = 0; i < 4; ++i) fourth->exchange();
  EXPECT_TRUE(fourth->status().forked) << "it was allowed once";
  world.clock.advance(25 * 3'600'000);
  fourth->sync();
  EXPECT_EQ(visits(*fourth), 31);
  EXPECT_EQ(record(*fourth).family, a->device());
}

// A copy that waits for leave to go on, while the server is restored to before where the files
// part.
TEST_F(Fork, AForkThatWasDecidedIsLookedForAnewAfterARestore_A9_C3) {
  const std::string before = world.save_copy();
  visit(*a, 1);
  a->sync();
  auto one = a->clone();
  auto two = a->clone();
  visit(*a, 10);
  a->sync();
  visit(*one, 100);
  one->sync();  // the day's fork
  visit(*two, 1000);
  two->exchange();
  two->exchange();
  EXPECT_EQ(two->status().pending, 1U);
  world.go_back_to(before);
  need(world.space().start_epoch());
  a->sync();
  need(world.space().allow_fork(a->device()));
  two->sync();
  EXPECT_EQ(two->status().pending, 0U);
  EXPECT_FALSE(two->status().forked);
  a->sync();
  EXPECT_EQ(visits(*a) % 100, 11) << "what was acknowledged came back";
  EXPECT_EQ(visits(*a) / 1000, 1) << "and what waited came";
}

// The backup knows the first device and not all that both had before the files parted.
TEST_F(Fork, OneThatABackupForgotBringsBackWhatWasBeforeItForkedOnce_A8_C3) {
  for (const bool fork_comes_first : {true, false}) {
    SCOPED_TRACE(fork_comes_first);
    a = world.enroll({"unit/a"});
    both = a->put("thing", {{"unit", text("a")}, {"name", text("both")}});
    a->sync();
    const std::string before = world.save_copy();
    visit(*a, 10);
    a->sync();
    visit(*a, 10);
    a->sync();
    auto fork = fork_of(*a, 100);
    visit(*fork, 1000);  // not sent yet
    world.go_back_to(before);
    need(world.space().start_epoch());
    let_in_again(*fork);
    EXPECT_EQ(record(*fork).family, a->device());
    EXPECT_EQ(record(*fork).forked_from, a->device());
    if (!fork_comes_first) a->sync();
    fork->sync();
    if (fork_comes_first) {
      EXPECT_EQ(visits(*fork), 1120);
    }
    expect_settled(*a);
    expect_settled(*fork);
    EXPECT_EQ(visits(*a), 1121) << "each once, whoever brought it";
    EXPECT_EQ(visits(*fork), 1121);
    visit(*fork, 5000);
    expect_settled(*fork);
    expect_settled(*a);
    EXPECT_EQ(visits(*a), 6121);
    need(world.space().revoke(a->device(), false));
    EXPECT_TRUE(record(*fork).is_revoked()) << "one family, as before";
  }
}

// Nobody of the family is in the backup, and a copy of a copy comes first.
TEST_F(Fork, AWholeFamilyThatABackupForgotComesBackWithOne_A8_C3) {
  const std::string before = world.save_copy();
  a = world.enroll({"unit/a"});
  both = a->put("thing", {{"unit", text("a")}, {"name", text("both")}});
  a->sync();
  auto fork = fork_of(*a, 10);
  need(world.space().allow_fork(a->device()));
  auto second = fork_of(*fork, 100);
  const DeviceNumber first = a->device();
  world.go_back_to(before);
  need(world.space().start_epoch());
  let_in_again(*second);
  EXPECT_EQ(record(*second).family, first);
  EXPECT_EQ(record(*second).forked_from, fork->device());
  second->sync();
  EXPECT_EQ(visits(*second), 110);
  for (Phone* phone : {a.get(), fork.get(), second.get(), a.get()}) expect_settled(*phone);
  for (Phone* phone : {fork.get(), second.get()}) expect_settled(*phone);
  EXPECT_EQ(visits(*a), 112);
  EXPECT_EQ(visits(*fork), 112);
  EXPECT_EQ(visits(*second), 112);
  EXPECT_EQ(record(*a).number, first);
  EXPECT_FALSE(record(*a).is_revoked());
}

// What was before it forked is not kept any more: it goes on after that, and the other one may
// still bring its own.
TEST_F(Fork, OneThatABackupForgotGoesOnBeyondWhatItDoesNotKeep_A8_C3) {
  const std::string before = world.save_copy();
  visit(*a, 10);
  a->sync();
  auto fork = fork_of(*a, 100);
  world.go_back_to(before);
  need(world.space().start_epoch());
  let_in_again(*fork);
  fork->spoil("DELETE FROM _outbox WHERE number <= 2");
  fork->sync();
  EXPECT_EQ(visits(*fork), 100);
  EXPECT_FALSE(fork->status().gap);
  expect_settled(*a);
  expect_settled(*fork);
  EXPECT_EQ(visits(*fork), 111);
  EXPECT_EQ(visits(*a), 111);
}

// The first device's own file went back to before the files parted, and went on otherwise.
TEST_F(Fork, OneThatABackupForgotForksAnewWhereItsAncestorWentOnOtherwise_A8_C3) {
  const std::string before = world.save_copy();
  visit(*a, 10);
  a->sync();
  auto old = a->clone();
  visit(*a, 20);
  a->sync();
  auto fork = fork_of(*a, 100);
  world.go_back_to(before);
  need(world.space().start_epoch());
  let_in_again(*fork);
  visit(*old, 1000);
  old->sync();
  EXPECT_EQ(old->device(), a->device());
  need(world.space().allow_fork(a->device()));
  fork->sync();
  EXPECT_FALSE(fork->status().forked);
  EXPECT_EQ(fork->status().pending, 0U);
  EXPECT_EQ(visits(*fork), 1130);
  EXPECT_EQ(record(*fork).forked_from, old->device());
}

TEST_F(Fork, NobodyComesBackAsACopyOfOneThatWasRevoked_A8_C3_F1) {
  const std::string before = world.save_copy();
  auto fork = fork_of(*a, 100);
  world.go_back_to(before);
  need(world.space().start_epoch());
  need(world.space().revoke(a->device(), false));
  EXPECT_EQ(world.space().enroll(fork->replica().readmission()).error().code, ErrorCode::refused);
  EXPECT_EQ(world.space().readmit(fork->device(), true).error().code, ErrorCode::not_found);
}

TEST_F(Fork, RevocationShutsOutTheWholeFamily_A8_F1) {
  auto copy = a->clone();
  visit(*a, 1);
  a->sync();
  visit(*copy, 2);
  copy->sync();
  need(world.space().revoke(copy->device(), false));
  for (Phone* phone : {a.get(), copy.get()}) {
    phone->sync();
    EXPECT_TRUE(phone->replica().is_erased());
  }
}

TEST_F(Fork, GrantsOfTheFamilyGoOn_A8) {
  auto copy = a->clone();
  visit(*a, 1);
  a->sync();
  visit(*copy, 2);
  copy->sync();
  need(world.space().grant(a->device(), "unit/b"));
  auto other = world.enroll({"unit/b"});
  const RowId there = other->put("thing", {{"unit", text("b")}, {"name", text("Bob")}});
  other->sync();
  for (Phone* phone : {a.get(), copy.get()}) {
    phone->sync();
    EXPECT_EQ(phone->shows("thing", there, "name"), "Bob");
    world.expect_same(*phone);
  }
}

TEST_F(Fork, AVerdictThatChangesLaterIsToldToWhoForkedSince_A8) {
  auto other = world.enroll({"unit/a"});
  other->sync();
  a->set("thing", both, {{"name", text("mine")}});
  need(world.space().ungrant(a->device(), "unit/a"));
  need(world.space().grant(a->device(), "unit/elsewhere"));  // else its replica would refuse
  a->sync();
  ASSERT_EQ(a->status().parked, 1U);
  auto copy = a->clone();
  a->put("fact", {{"unit", text("a")}});  // refused, but its chain goes on
  a->sync();
  copy->put("fact", {{"unit", text("a")}});
  copy->sync();
  ASSERT_EQ(copy->status().parked, 1U);
  const auto waiting = need(world.reader().parked(0, 10));
  ASSERT_EQ(waiting.size(), 1U);
  need(world.space().decide(waiting.front().id, true));
  copy->sync();
  EXPECT_EQ(copy->status().parked, 0U);
  other->sync();
  EXPECT_EQ(other->shows("thing", both, "name"), "mine");
}

TEST_F(Fork, AnElementThatWasAddedBeforeTheFilesPartedCanBeTakenAwayAfter_A8) {
  a->add("thing", both, "tags", text("early"));
  auto copy = a->clone();
  visit(*a, 1);
  a->sync();
  copy->remove("thing", both, "tags",
               text("early"));  // names the own add that nobody confirmed yet
  copy->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", both, "tags"), copy->shows("thing", both, "tags"));
  EXPECT_EQ(a->shows("thing", both, "tags").find("early"), std::string::npos);
}

}  // namespace
}  // namespace rollcall
