// What devices give back to a server that was restored from a backup, and what they do not believe.

#include <filesystem>

#include "server/space/space_check.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

std::string stamps_of(ReplicaWorld& world) {
  std::string all;
  for (const auto& [key, row] : world.dump({"unit"})) {
    all.append(key).append(" ").append(row).append("\n");
  }
  return all;
}

// After a backup two devices wrote, the clock of one of them wrong; then the backup came back.
struct Restored {
  ReplicaWorld world;
  std::unique_ptr<Phone> a = world.enroll({"unit/a"});
  std::unique_ptr<Phone> b = world.enroll({"unit/a"});
  RowId kept = a->put("thing", {{"unit", text("a")}, {"name", text("kept")}});
  std::string copy;

  Restored() {
    a->sync();
    b->sync();
    copy = world.save_copy();
    world.clock.advance(1000);
  }
};

TEST(Receipts, GiveBackTheSameRowsWithTheSameStamps_C3) {
  Restored r;
  r.a->clock.wrong_by_ms = 3'600'000;  // its stamps are clamped
  const RowId made = r.a->put("thing", {{"unit", text("a")}, {"name", text("made")}});
  r.a->sync();
  r.world.clock.advance(1000);
  r.b->sync();
  r.b->set("thing", made, {{"name", text("changed")}});
  r.b->set("thing", r.kept, {{"note", text("edited")}});
  r.b->sync();
  r.a->sync();
  const std::string before = stamps_of(r.world);
  r.world.go_back_to(r.copy);
  r.world.clock.advance(86'400'000);
  // The one that changed the row comes before the one that made it: its edit waits.
  r.b->sync();
  r.a->sync();
  need(r.world.space().judge_next());
  r.b->sync();
  r.a->sync();
  EXPECT_EQ(stamps_of(r.world), before);
  EXPECT_EQ(r.a->shows("thing", made, "name"), "changed");
  EXPECT_EQ(r.b->shows("thing", made, "name"), "changed");
  EXPECT_EQ(r.a->status().waiting + r.b->status().waiting, 0u);
  EXPECT_EQ(r.a->status().orphans + r.b->status().orphans, 0u);
  r.world.expect_same(*r.a);
  r.world.expect_same(*r.b);
}

TEST(Receipts, AreOfferedOnlyToAServerThatLacksTheirTransactions_C3) {
  Restored r;
  r.a->put("thing", {{"unit", text("a")}, {"name", text("more")}});
  EXPECT_TRUE(r.a->prepare().receipts.empty());
  r.a->sync();
  r.world.go_back_to(r.copy);
  r.a->exchange();  // hears of the new epoch
  const SyncRequest offer = r.a->prepare();
  EXPECT_EQ(offer.transactions.size(), 1u);
  EXPECT_EQ(offer.receipts.size(), 1u);
  r.a->sync();
  r.a->put("thing", {{"unit", text("a")}, {"name", text("after")}});
  EXPECT_TRUE(r.a->prepare().receipts.empty());
}

TEST(Receipts, LetWhatWasRejectedStayRejected_C3) {
  Restored r;
  r.b->sync();
  r.a->erase("thing", r.kept);
  const RowId hers = r.b->put("thing", {{"unit", text("elsewhere")}, {"name", text("not hers")}});
  r.b->sync();
  EXPECT_EQ(r.b->status().rejected, 1u);
  r.world.go_back_to(r.copy);
  need(r.world.space().grant(r.b->device(), "unit/elsewhere"));  // would allow it now
  r.b->sync();
  EXPECT_EQ(r.b->status().rejected, 1u);
  EXPECT_TRUE(r.world.dump({"unit/elsewhere"}).empty());
  EXPECT_EQ(r.b->shows("thing", hers, "name"), "-");
}

TEST(Receipts, StandForTheAuthorityOfThen_C3) {
  Restored r;
  const RowId made = r.a->put("thing", {{"unit", text("a")}, {"name", text("allowed then")}});
  r.a->sync();
  r.world.go_back_to(r.copy);
  need(r.world.space().ungrant(r.a->device(), "unit/a"));
  r.a->sync();
  r.b->sync();
  EXPECT_EQ(r.b->shows("thing", made, "name"), "allowed then");
  EXPECT_EQ(r.a->status().parked, 0u);
}

TEST(Receipts, OfADeviceThatWasRevokedSinceDoNotHelp_C3) {
  Restored r;
  const RowId made = r.a->put("thing", {{"unit", text("a")}, {"name", text("of a thief")}});
  r.a->sync();
  r.world.go_back_to(r.copy);
  need(r.world.space().revoke(r.a->device(), false));
  r.a->exchange();
  r.a->exchange();
  r.b->sync();
  EXPECT_EQ(r.b->shows("thing", made, "name"), "-");
  EXPECT_EQ(need(r.world.reader().parked(0, 10)).size(), 1u);
}

TEST(Receipts, OfOtherBytesOrAnotherDeviceAreNone_C3) {
  Restored r;
  r.a->clock.wrong_by_ms = 3'600'000;
  r.a->put("thing", {{"unit", text("a")}, {"name", text("one")}});
  r.a->sync();
  r.b->put("thing", {{"unit", text("a")}, {"name", text("two")}});
  r.b->sync();
  r.world.go_back_to(r.copy);
  r.a->exchange();
  r.b->exchange();
  const SyncRequest of_a = r.a->prepare();
  SyncRequest forged = r.b->prepare();
  ASSERT_FALSE(of_a.receipts.empty());
  forged.receipts = of_a.receipts;
  // Judged anew: applied as of now, not refused, and not with the other's stamps.
  r.b->take(forged, r.b->answer(forged));
  r.b->sync();
  r.world.expect_same(*r.b);
  EXPECT_EQ(r.b->status().rejected, 0u);
}

TEST(Receipts, LetAChainGoOnBeyondWhatIsNotKeptAndTheGapIsRecorded_C3) {
  Restored r;
  r.a->put("thing", {{"unit", text("a")}, {"name", text("lost for good")}});
  r.a->sync();
  const RowId later = r.a->put("thing", {{"unit", text("a")}, {"name", text("later")}});
  r.a->sync();
  const RowId unsent = r.a->put("thing", {{"unit", text("a")}, {"name", text("unsent")}});
  r.a->spoil("DELETE FROM _outbox WHERE number <= 2");  // as age and size do
  r.world.go_back_to(r.copy);
  r.a->sync();
  EXPECT_FALSE(r.a->status().gap);
  EXPECT_EQ(r.a->status().pending, 0u);
  r.b->sync();
  EXPECT_EQ(r.b->shows("thing", later, "name"), "later");
  EXPECT_EQ(r.b->shows("thing", unsent, "name"), "unsent");
  r.world.expect_same(*r.a);
  EXPECT_EQ(r.a->status().orphans, 1u) << "what could not be given back stays on the device";
  EXPECT_EQ(r.a->count("SELECT count(*) FROM orphaned_by_restore WHERE collection = 'thing' AND "
                       "fields LIKE '%\"lost for good\"%'"),
            1);
  r.a->restart();
  EXPECT_EQ(r.a->status().orphans, 1u);
}

TEST(Receipts, RowsOfOthersThatNobodyBringsBackAreOrphaned_C3) {
  Restored r;
  const RowId theirs = r.b->put("thing", {{"unit", text("a")}, {"name", text("of a lost phone")}});
  r.b->sync();
  r.a->sync();
  EXPECT_EQ(r.a->shows("thing", theirs, "name"), "of a lost phone");
  r.world.go_back_to(r.copy);
  r.a->sync();
  EXPECT_EQ(r.a->shows("thing", theirs, "name"), "-");
  EXPECT_EQ(r.a->status().orphans, 1u);
  EXPECT_EQ(r.a->count("SELECT count(*) FROM orphaned_by_restore WHERE id = x'" +
                       to_hex(theirs.view()) + "'"),
            1);
  // Afterwards rows come and go as ever.
  r.a->erase("thing", r.kept);
  r.a->sync();
  need(r.world.space().ungrant(r.a->device(), "unit/a"));
  r.a->sync();
  EXPECT_EQ(r.a->status().orphans, 1u);
  r.world.expect_same(*r.a);
}

TEST(Rollback, AServerOfAnEarlierEpochIsNotReadFromAndTheUserIsTold_G22) {
  Restored r;
  const std::string old_epoch = r.world.save_copy();
  need(r.world.space().start_epoch());
  r.a->sync();
  const RowId made = r.a->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  r.a->sync();
  const Epoch epoch = r.a->status().epoch;
  r.world.go_back_to(old_epoch);
  const SyncRequest asked = r.a->prepare(false, true);
  SyncReply old = r.a->answer(asked);
  old.epoch = Epoch(epoch.value - 1);
  const Taken taken = r.a->take(asked, old);
  EXPECT_FALSE(taken.completed);
  EXPECT_TRUE(r.a->status().rolled_back);
  EXPECT_EQ(r.a->status().epoch, epoch);
  EXPECT_EQ(r.a->shows("thing", made, "name"), "new");
}

TEST(Rollback, AServerThatForgotWhatItGaveAReceiptForIsNotReadFrom_G22) {
  Restored r;
  const RowId made = r.a->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  r.a->sync();
  const Epoch epoch = r.a->status().epoch;
  const SyncRequest asked = r.a->prepare(false, true);
  SyncReply honest = r.a->answer(asked);
  SyncReply old = honest;
  old.known_tx = TxNumber(1);
  r.a->take(asked, old);
  EXPECT_TRUE(r.a->status().rolled_back);
  EXPECT_EQ(r.a->status().epoch, epoch);
  EXPECT_EQ(r.a->status().pending, 0u);
  EXPECT_EQ(r.a->shows("thing", made, "name"), "new");
  // The right one answers again.
  r.a->take(asked, honest);
  EXPECT_FALSE(r.a->status().rolled_back);
}

TEST(Rollback, AReplyThatComesLateIsNoRollback_G22) {
  Restored r;
  const SyncRequest early = r.a->prepare(false, true);
  const SyncReply late = r.a->answer(early);
  r.a->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  r.a->sync();
  r.a->take(early, late);
  EXPECT_FALSE(r.a->status().rolled_back);
  r.world.expect_same(*r.a);
}

}  // namespace
}  // namespace rollcall
