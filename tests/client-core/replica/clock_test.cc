// Clocks that are wrong.

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, IsPutRightWhenItsClockRanAhead) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  a->clock.wrong_by_ms = 86'400'000;
  a->set("thing", id, {{"name", text("from tomorrow")}});
  a->sync();
  EXPECT_LT(a->status().skew_ms, -86'000'000);
  world.expect_same(*a);
  b->sync();
  world.clock.advance(120'000);
  b->set("thing", id, {{"name", text("later, and wins")}});
  b->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "name"), "later, and wins");
  world.expect_same(*a);
}

TEST(Replica, AClockThatRanAheadOnceIsForgottenWithItsVerdict) {
  constexpr std::int64_t year_ms = 365 * 86'400'000LL;
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->clock.wrong_by_ms = year_ms;
  phone->put("thing", {{"unit", text("a")}});
  phone->sync();
  phone->clock.wrong_by_ms = 0;
  world.clock.advance(600'000);
  phone->sync();
  phone->restart();
  const Committed committed = need(phone->write([&](LocalTransaction& transaction) {
    need(transaction.put("thing", Values{{"unit", text("a")}}));
  }));
  EXPECT_EQ(committed.stamp.ms(), world.clock.utc_ms());
}

TEST(Replica, AClockThatJumpsForgetsNothingThatIsKeptForARestoredServer) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  auto other = world.enroll({"unit/a"});
  for (int i = 0; i < 5; ++i) phone->put("thing", {{"unit", text("a")}});
  phone->sync();
  other->put("thing", {{"unit", text("a")}});
  other->sync();
  phone->clock.wrong_by_ms = 200 * 86'400'000LL;
  phone->restart();
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM _outbox"), 5);
}

TEST(Replica, ShowsAnEditAtOnceThoughTheRowsStampLiesAhead) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  auto other = world.enroll({"unit/a"});
  const RowId id = other->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  world.clock.advance(1000);
  other->sync();
  phone->sync();
  phone->clock.wrong_by_ms = -3'600'000;
  phone->put("thing", {{"unit", text("a")}});  // stamped before the commit that it had read
  world.clock.advance(5000);
  other->clock.wrong_by_ms = 50'000;  // less ahead than the server clamps
  other->set("thing", id, {{"name", text("theirs")}});
  other->exchange();
  phone->exchange(false, true);
  ASSERT_EQ(phone->shows("thing", id, "name"), "theirs");
  phone->exchange(true, false);
  phone->set("thing", id, {{"name", text("mine")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "mine");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "mine");
  world.expect_same(*phone);
}

}  // namespace
}  // namespace rollcall
