#include "client-core/replica/replica.h"

#include <fstream>

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, ShowsAWriteAtOnceAndKeepsItThroughARestart) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/nc"});
  const RowId id = phone->put("thing", {{"unit", text("nc/wake")}, {"name", text("Ann")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->status().pending, 1u);
  phone->restart();
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->status().pending, 1u);
}

TEST(Replica, BringsAnInsertToTheServerAndToAnotherReplica) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/nc"});
  const RowId id = a->put("thing", {{"unit", text("nc/wake")}, {"name", text("Ann")}});
  a->sync();
  EXPECT_EQ(a->status().pending, 0u);
  EXPECT_EQ(a->status().unread, 0u);
  world.expect_same(*a);
  auto b = world.enroll({"unit/nc/wake"});
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "name"), "Ann");
  world.expect_same(*b);
  a->set("thing", id, {{"note", text("calls back")}});
  a->sync();
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "note"), "calls back");
  world.expect_same(*a);
  world.expect_same(*b);
}

}  // namespace
}  // namespace rollcall
