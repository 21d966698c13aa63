// Digests that differ.

#include "engine/protocol/limits.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, HealsADifferenceByReadingOnlyTheRangeThatDiffers) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 3'000; ++i) {
    if (i % 100 == 0) world.clock.advance(1);
    if (i % 500 != 0) continue;
    need(a->write([&](LocalTransaction& transaction) {
      for (int row = 0; row < 500; ++row) {
        const NamedValue thing[] = {{"unit", text(row % 2 == 0 ? "a/x" : "a/y")},
                                    {"name", text("Ann")}};
        need(transaction.put("thing", thing));
      }
    }));
  }
  a->sync();
  auto b = world.enroll({"unit/a"});
  b->sync();
  world.expect_same(*b);
  b->spoil("UPDATE _thing SET name = 'wrong' WHERE _key = 77");
  b->spoil("DELETE FROM _thing WHERE _key = 1200");
  b->spoil("UPDATE _grants SET sum = sum + 1");
  a->put("thing", {{"unit", text("a/x")}, {"name", text("one more")}});
  a->sync();
  const std::uint64_t before = b->rows_received;
  b->sync();
  EXPECT_GT(b->heals_asked, 0u);
  EXPECT_LT(b->rows_received - before, 700u);
  EXPECT_FALSE(b->status().diverged);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 3'001);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing WHERE name = 'wrong'"), 0);
  world.expect_same(*b);
}

TEST(Replica, ReportsADifferenceThatARereadDidNotHealAndRestsForAnHour) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  // A server that says a digest which is not that of its rows.
  a->tamper = [](SyncReply& reply) {
    for (GrantSum& sum : reply.digests) ++sum.sum;
    if (reply.digest) ++*reply.digest;
  };
  a->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  a->sync();
  EXPECT_TRUE(a->status().diverged);
  const std::uint64_t heals = a->heals_asked;
  EXPECT_GT(heals, 0u);
  a->put("thing", {{"unit", text("a")}, {"name", text("Cat")}});
  a->sync();
  EXPECT_EQ(a->heals_asked, heals);
  world.clock.advance(3'700'000);
  a->put("thing", {{"unit", text("a")}, {"name", text("Dan")}});
  a->sync();
  EXPECT_GT(a->heals_asked, heals);
  a->tamper = nullptr;
  a->put("thing", {{"unit", text("a")}, {"name", text("Eve")}});
  a->sync();
  EXPECT_FALSE(a->status().diverged);
  world.expect_same(*a);
}

TEST(Replica, IsNotDivergedWhenTheRestOfALongGrantTurnsOutEqual) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  need(a->write([&](LocalTransaction& transaction) {
    for (int row = 0; row < 2'000; ++row) {
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}};
      need(transaction.put("thing", thing));
    }
  }));
  a->sync();
  a->spoil("UPDATE _grants SET sum = sum + 1");
  // The server lists only so much at once; the rest comes as one part with a sum that fits nothing.
  std::size_t cut = 0;
  a->tamper = [&](SyncReply& reply) {
    if (!reply.heal || ++cut > 1) return;
    std::vector<RangeSum>& ranges = reply.heal->ranges;
    ASSERT_GT(ranges.size(), 100u);
    RangeSum rest = ranges.back();
    rest.sum = 1;
    rest.rows = 0;
    for (std::size_t i = 100; i < ranges.size(); ++i) rest.rows += ranges[i].rows;
    ranges.resize(100);
    ranges.push_back(rest);
  };
  a->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  a->sync();
  EXPECT_GE(cut, 2u) << "the rest was descended into";
  EXPECT_FALSE(a->status().diverged);
  world.expect_same(*a);
}

TEST(Replica, TakesNoSumsForAGrantThatTheSameReplyTakesAway) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  phone->spoil("UPDATE _grants SET reread = 1");
  const SyncRequest asked = phone->prepare(false, true);
  ASSERT_TRUE(asked.heal.has_value());
  SyncReply reply = phone->answer(asked);
  ASSERT_TRUE(reply.heal.has_value());
  reply.grants.emplace();
  reply.grants_version = phone->status().epoch.value + 1'000;
  phone->take(asked, reply);
  EXPECT_TRUE(phone->status().grants.empty());
}

TEST(Replica, ForgetsPathSetsThatNoRowHasAnyMore) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit"});
  phone->sync();
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"visits", number(1)}});
  phone->sync();
  phone->spoil(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) INSERT INTO "
      "_path_sets SELECT i + 1000, 'unit/gone/' || i || char(10) FROM n");
  phone->add("thing", id, "visits", number(1));
  phone->put("thing", {{"unit", text("b")}});
  phone->sync();
  EXPECT_LT(phone->count("SELECT count(*) FROM _path_sets"), 10);
  phone->put("thing", {{"unit", text("c")}});
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "visits"), "2");
  world.expect_same(*phone);
  phone->restart();
  world.expect_same(*phone);
}

}  // namespace
}  // namespace rollcall
