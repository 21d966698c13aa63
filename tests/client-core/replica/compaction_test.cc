// Devices that slept past the horizon: Space::compact_next.

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

Compacted compact(ReplicaWorld& world, std::int64_t days) {
  Space::CompactionPlace place;
  const std::int64_t before_ms = world.clock.utc_ms() - days * day_ms;
  while (!place.done) need(world.space().compact_next(before_ms, place));
  return place.compacted;
}

// Many rows, of which few change while a device sleeps: some are deleted, some leave its scope,
// some lose elements, some are edited.
class CompactionTest : public ::testing::Test {
 protected:
  static constexpr unsigned rows = 3'000;

  CompactionTest() {
    need(awake_->write([&](LocalTransaction& transaction) {
      for (unsigned n = 1; n <= rows; ++n) {
        const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}};
        need(transaction.put("thing", thing, id_of(n)));
      }
    }));
    awake_->sync();
    asleep_->sync();
    world_.expect_same(*asleep_);
  }
  // Half a year in which `awake_` syncs now and then.
  void half_a_year() {
    for (int i = 0; i < 10; ++i) {
      world_.clock.advance(20 * day_ms);
      awake_->put("fact", {{"unit", text("a")}, {"said", text("here")}});
      awake_->sync();
    }
  }

  ReplicaWorld world_;
  std::unique_ptr<Phone> awake_ = world_.enroll({"unit/a", "unit/b"});
  std::unique_ptr<Phone> asleep_ = world_.enroll({"unit/a"});
};

TEST_F(CompactionTest, ADeviceThatSleptPastTheHorizonComparesAndDrainsItsOutbox_C5) {
  awake_->erase("thing", id_of(1));
  awake_->erase("thing", id_of(2));
  awake_->set("thing", id_of(3), {{"unit", text("b")}});
  awake_->set("thing", id_of(4), {{"name", text("Bob")}});
  awake_->sync();
  half_a_year();
  // Written while it slept, of rows that are there, deleted and gone elsewhere, and of a new one.
  asleep_->set("thing", id_of(5), {{"note", text("mine")}});
  asleep_->set("thing", id_of(1), {{"note", text("of the deleted one")}});
  asleep_->set("thing", id_of(3), {{"note", text("of the one that left")}});
  const RowId fresh = asleep_->put("thing", {{"unit", text("a")}, {"name", text("New")}});

  const Compacted gone = compact(world_, 180);
  EXPECT_EQ(gone.rows, 2u);
  EXPECT_EQ(gone.leavings, 1u);
  EXPECT_TRUE(compact(world_, 180).is_nothing()) << "what is gone is gone once";

  const std::uint64_t before = asleep_->rows_received;
  asleep_->sync();
  EXPECT_GT(asleep_->heals_asked, 0u);
  EXPECT_LT(asleep_->rows_received - before, rows / 3) << "only what differs";
  EXPECT_EQ(asleep_->status().pending, 0u);
  EXPECT_EQ(asleep_->status().rejected, 2u) << "edits of rows that are gone, kept and shown";
  EXPECT_EQ(asleep_->shows("thing", id_of(1), "name"), "-");
  EXPECT_EQ(asleep_->shows("thing", id_of(2), "name"), "-");
  EXPECT_EQ(asleep_->shows("thing", id_of(3), "name"), "-");
  EXPECT_EQ(asleep_->shows("thing", id_of(4), "name"), "Bob");
  EXPECT_EQ(asleep_->shows("thing", id_of(5), "note"), "mine");
  EXPECT_EQ(asleep_->shows("thing", fresh, "name"), "New");
  world_.expect_same(*asleep_);
  awake_->sync();
  EXPECT_EQ(awake_->heals_asked, 0u) << "who read on lately is not asked to compare";
  EXPECT_EQ(awake_->shows("thing", id_of(5), "note"), "mine");
}

TEST_F(CompactionTest, WhatIsYoungerThanTheHorizonStays_C5) {
  awake_->erase("thing", id_of(1));
  awake_->sync();
  world_.clock.advance(179 * day_ms);
  EXPECT_TRUE(compact(world_, 180).is_nothing());
  asleep_->sync();
  EXPECT_EQ(asleep_->heals_asked, 0u);
  EXPECT_EQ(asleep_->shows("thing", id_of(1), "name"), "-");
  world_.expect_same(*asleep_);
}

TEST_F(CompactionTest, ARowThatIsGoneMayComeAgainWithNothingOfBefore) {
  awake_->set("thing", id_of(1), {{"note", text("before")}});
  awake_->erase("thing", id_of(1));
  awake_->add("thing", id_of(7), "tags", text("x"));
  awake_->sync();
  awake_->remove("thing", id_of(7), "tags", text("x"));
  awake_->set("thing", id_of(3), {{"unit", text("b")}});
  awake_->sync();
  half_a_year();
  const Compacted gone = compact(world_, 180);
  EXPECT_EQ(gone.rows, 1u);
  EXPECT_EQ(gone.leavings, 1u);
  EXPECT_EQ(gone.removals, 1u);
  auto other = world_.enroll({"unit/a"});
  other->put("thing", {{"unit", text("a")}, {"name", text("again")}}, id_of(1));
  other->sync();
  EXPECT_EQ(other->shows("thing", id_of(1), "name"), "again");
  EXPECT_EQ(other->shows("thing", id_of(1), "note"), "");
  asleep_->sync();
  EXPECT_EQ(asleep_->shows("thing", id_of(1), "name"), "again");
  world_.expect_same(*asleep_);
}

}  // namespace
}  // namespace rollcall
