// Grants, bootstraps, tails: what is read, and that a read is one step.

#include "engine/protocol/limits.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, TakesTheRowsOfANewGrantAndDropsThoseOfALostOne) {
  ReplicaWorld world;
  auto all = world.enroll({"unit"});
  std::vector<RowId> ids;
  for (const char* unit : {"a", "a/x", "b"}) {
    ids.push_back(all->put("thing", {{"unit", text(unit)}, {"name", text(unit)}}));
  }
  all->sync();
  auto phone = world.enroll({"unit/a/x"});
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
  need(world.space().grant(phone->device(), "unit/b"));
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 2);
  world.expect_same(*phone);
  need(world.space().ungrant(phone->device(), "unit/a/x"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", ids[1], "name"), "-");
  EXPECT_EQ(phone->shows("thing", ids[2], "name"), "b");
  world.expect_same(*phone);
}

TEST(Replica, KeepsAnEvictedRowInSightUntilItsPendingWriteIsJudged) {
  ReplicaWorld world;
  auto all = world.enroll({"unit"});
  const RowId id = all->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  all->sync();
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  phone->set("thing", id, {{"note", text("mine")}});
  all->set("thing", id, {{"unit", text("b")}});
  all->sync();
  phone->exchange(false, true);
  EXPECT_EQ(phone->shows("thing", id, "note"), "mine");
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "-");
  EXPECT_EQ(phone->status().rejected + phone->status().parked, 1u);
  world.expect_same(*phone);
}

TEST(Replica, ShowsNothingOfATailBeforeItsLastPage) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  b->sync();
  need(a->write([&](LocalTransaction& transaction) {
    for (int i = 0; i < 200; ++i) {
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text("together")}};
      need(transaction.put("thing", thing));
    }
  }));
  a->sync();
  b->budget_bytes = 1'000;
  int pages = 0;
  while (!b->exchange().completed) {
    EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 0);
    ++pages;
    if (pages % 3 == 0) b->restart();
  }
  EXPECT_GT(pages, 2);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 200);
  world.expect_same(*b);
}

TEST(Replica, ShowsTheRowsOfAFirstBootstrapAsTheyComeAndSaysSo) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 200; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  auto b = world.enroll({"unit/a"});
  b->budget_bytes = 1'000;
  EXPECT_TRUE(b->status().catching_up);
  bool saw_some = false;
  while (!b->exchange().completed) {
    const std::int64_t rows = b->count("SELECT count(*) FROM thing");
    saw_some = saw_some || (rows > 0 && rows < 200);
    EXPECT_TRUE(b->status().catching_up);
    EXPECT_EQ(b->status().bootstrap_rows, static_cast<std::uint64_t>(rows));
  }
  EXPECT_TRUE(saw_some);
  EXPECT_FALSE(b->status().catching_up);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 200);
  world.expect_same(*b);
}

}  // namespace
}  // namespace rollcall
