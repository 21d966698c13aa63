// Epochs, cursors and chains that do not go on where they were.

#include <filesystem>
#include <fstream>

#include "engine/protocol/limits.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, ComparesAfterANewEpochAndReadsNothingThatIsEqual) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 50; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  const RowId waiting = a->put("thing", {{"unit", text("a")}, {"name", text("not yet")}});
  need(world.space().start_epoch());
  const std::uint64_t before = a->rows_received;
  a->sync();
  EXPECT_LE(a->rows_received - before, 2u);
  EXPECT_EQ(a->status().epoch, world.space().epoch());
  EXPECT_EQ(a->shows("thing", waiting, "name"), "not yet");
  EXPECT_EQ(a->count("SELECT count(*) FROM thing"), 51);
  world.expect_same(*a);
}

TEST(Replica, ReadsByDrillDownWhenItsCursorIsUnknown) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  for (int i = 0; i < 50; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  a->sync();
  b->spoil("UPDATE _standing SET cursor = x'0102030405'");
  const RowId own = b->put("thing", {{"unit", text("a")}, {"name", text("own")}});
  b->sync();
  EXPECT_GT(b->heals_asked, 0u);
  EXPECT_EQ(b->shows("thing", id, "name"), "new");
  EXPECT_EQ(b->shows("thing", own, "name"), "own");
  world.expect_same(*b);
}

TEST(Replica, GivesARestoredServerBackWhatItLost_C3) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  const RowId kept = a->put("thing", {{"unit", text("a")}, {"name", text("kept")}});
  a->sync();
  const std::string copy = world.save_copy();
  const RowId lost = a->put("thing", {{"unit", text("a")}, {"name", text("lost")}});
  a->set("thing", kept, {{"note", text("edited")}});
  a->sync();
  EXPECT_EQ(a->status().pending, 0u);
  world.go_back_to(copy);
  a->sync();
  EXPECT_EQ(a->shows("thing", lost, "name"), "lost");
  EXPECT_EQ(a->shows("thing", kept, "note"), "edited");
  EXPECT_EQ(a->status().pending, 0u);
  EXPECT_FALSE(a->status().forked);
  world.expect_same(*a);
}

TEST(Replica, SaysThatARestoredServerLacksWhatIsNotKeptAndGoesOnAsking) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const std::string copy = world.save_copy();
  const RowId first = a->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("second")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("third")}});
  a->sync();
  a->spoil("DELETE FROM _outbox WHERE number <= 2");  // as age and size do
  a->spoil("DELETE FROM _receipts");                  // nothing proves where the chain goes on
  const RowId unsent = a->put("thing", {{"unit", text("a")}, {"name", text("unsent")}});
  world.go_back_to(copy);
  EXPECT_FALSE(a->exchange().behind);  // hears of the new epoch
  bool behind = false;
  for (int i = 0; i < 5; ++i) {
    const SyncRequest asked = a->prepare();
    EXPECT_TRUE(asked.transactions.empty());
    EXPECT_TRUE(asked.bootstrap || asked.heal || asked.tail);
    behind = a->take(asked, a->answer(asked)).behind || behind;
  }
  EXPECT_TRUE(behind);
  EXPECT_TRUE(a->replica().facts().push_stopped);
  EXPECT_FALSE(a->replica().facts().read_complete);
  for (int i = 0; i < 2; ++i, a->restart()) {
    EXPECT_TRUE(a->status().gap);
    EXPECT_TRUE(a->status().behind);
    EXPECT_FALSE(a->status().forked);
    EXPECT_EQ(a->shows("thing", first, "name"), "first");
    EXPECT_EQ(a->shows("thing", unsent, "name"), "unsent");
  }
}

TEST(Replica, ReadsOnWhenWhatIsToBePushedIsGone) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  a->put("thing", {{"unit", text("a")}, {"name", text("lost")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("after it")}});
  a->spoil("DELETE FROM _outbox WHERE number = 1");
  const RowId id = b->put("thing", {{"unit", text("a")}, {"name", text("theirs")}});
  b->sync();
  EXPECT_TRUE(a->exchange().completed);
  EXPECT_EQ(a->shows("thing", id, "name"), "theirs");
  EXPECT_TRUE(a->status().gap);
  EXPECT_FALSE(a->status().behind);
  EXPECT_EQ(a->status().pending, 2u);
}

TEST(Replica, IsBehindNoMoreOnceTheServerHasEverythingBack) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const std::string copy = world.save_copy();
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  world.go_back_to(copy);
  a->exchange(false, true);
  for (int i = 0; i < 4; ++i) a->exchange(false, true);  // reads only: nothing of it is taken
  EXPECT_TRUE(a->status().behind);
  EXPECT_FALSE(a->status().gap);
  EXPECT_FALSE(a->replica().facts().read_complete);
  a->sync();
  EXPECT_FALSE(a->status().behind);
  world.expect_same(*a);
}

TEST(Replica, IgnoresAnAnswerThatCallsItForkedAfterItsPushWentThrough) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const SyncRequest early = a->prepare(false, true);
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  a->take(early, a->answer(early));
  EXPECT_FALSE(a->status().forked);
  world.expect_same(*a);
}

}  // namespace
}  // namespace rollcall
