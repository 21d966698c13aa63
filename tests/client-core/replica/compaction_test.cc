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
  // The sleeper's copy of row 1 is whole when it edits the row, which is gone elsewhere.
  void edit_what_was_deleted_long_ago() {
    awake_->set("thing", id_of(1), {{"note", text("of before")}});
    awake_->sync();
    asleep_->sync();
    awake_->erase("thing", id_of(1));
    awake_->sync();
    half_a_year();
    asleep_->set("thing", id_of(1), {{"name", text("Anna")}});
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

TEST_F(CompactionTest, ARetryInsertsARowThatIsGoneFromTheDevicesCopy_C5) {
  awake_->add("thing", id_of(1), "visits", number(5));
  awake_->add("thing", id_of(1), "tags", text("tall"));
  edit_what_was_deleted_long_ago();
  asleep_->add("thing", id_of(1), "visits", number(2));
  need(asleep_->write([&](LocalTransaction& transaction) {
    need(transaction.set("thing", id_of(1), Values{{"rung", text("mid")}}));
    need(transaction.put("ticket",
                         Values{{"event", id_value(id_of(9))}, {"person", id_value(id_of(1))}}));
  }));
  asleep_->erase("thing", id_of(1));
  static_cast<void>(compact(world_, 180));
  asleep_->sync();
  const std::vector<TrayEntry> tray = need(asleep_->replica().tray());
  ASSERT_EQ(tray.size(), 4u);
  EXPECT_EQ(asleep_->shows("thing", id_of(1), "name"), "-");
  asleep_->restart();

  const auto id_in = [&](const std::string& sql) {
    QueryRows found = need(asleep_->replica().query(sql));
    ROLLCALL_CHECK(need(found.step()));
    return RowId::from_bytes(found.value(0).bytes);
  };
  // The later ones go on with the row that the first of them inserted.
  const auto things = asleep_->count("SELECT count(*) FROM thing");
  need(asleep_->replica().retry(tray[1].number));
  EXPECT_EQ(asleep_->count("SELECT count(*) FROM thing"), things + 1);
  const RowId again = id_in("SELECT id FROM thing WHERE note = 'of before'");
  EXPECT_NE(again, id_of(1));
  EXPECT_EQ(asleep_->shows("thing", again, "unit"), "a");
  EXPECT_EQ(asleep_->shows("thing", again, "name"), "Ann");
  EXPECT_EQ(asleep_->shows("thing", again, "tags"), R"(["tall"])");
  EXPECT_EQ(asleep_->shows("thing", again, "visits"), "2") << "only what was rejected";
  need(asleep_->replica().retry(tray[0].number));
  EXPECT_EQ(asleep_->count("SELECT count(*) FROM ticket"), 0);
  need(asleep_->replica().retry(tray[2].number));
  EXPECT_EQ(asleep_->count("SELECT count(*) FROM thing"), things + 1);
  EXPECT_EQ(asleep_->shows("thing", again, "name"), "Anna");
  EXPECT_EQ(asleep_->shows("thing", again, "rung"), "mid");
  EXPECT_EQ(id_in("SELECT person FROM ticket"), again) << "whoever named the row names it still";
  EXPECT_EQ(asleep_->count("SELECT count(*) FROM _gone_rows"), 1);
  need(asleep_->replica().discard(tray[3].number));
  EXPECT_EQ(asleep_->count("SELECT count(*) FROM _gone_rows"), 0) << "nothing wants it any more";

  need(world_.space().grant(asleep_->device(), "event/" + id_of(9).text()));
  asleep_->sync();
  EXPECT_EQ(asleep_->status().rejected, 0u);
  EXPECT_EQ(asleep_->status().pending, 0u);
  world_.expect_same(*asleep_);
  awake_->sync();
  EXPECT_EQ(awake_->shows("thing", again, "visits"), "2");
}

TEST_F(CompactionTest, ADeletionOfARowThatIsGoneIsDoneWhenItIsRetried_C5) {
  awake_->erase("thing", id_of(1));
  awake_->sync();
  half_a_year();
  asleep_->erase("thing", id_of(1));
  static_cast<void>(compact(world_, 180));
  asleep_->sync();
  const std::vector<TrayEntry> tray = need(asleep_->replica().tray());
  ASSERT_EQ(tray.size(), 1u);
  EXPECT_EQ(need(asleep_->replica().retry(tray[0].number)).number, TxNumber(0));
  EXPECT_TRUE(need(asleep_->replica().tray()).empty());
  EXPECT_EQ(asleep_->status().pending, 0u);
}

TEST_F(CompactionTest, ALostGrantTakesTheCopiesOfRowsThatAreGoneAlong_F5) {
  edit_what_was_deleted_long_ago();
  static_cast<void>(compact(world_, 180));
  asleep_->sync();
  EXPECT_EQ(asleep_->count("SELECT count(image) FROM _gone_rows"), 1);
  need(world_.space().ungrant(asleep_->device(), "unit/a"));
  asleep_->sync();
  EXPECT_EQ(asleep_->count("SELECT count(image) FROM _gone_rows"), 0);
  const std::vector<TrayEntry> tray = need(asleep_->replica().tray());
  ASSERT_EQ(tray.size(), 1u);
  EXPECT_EQ(code_of(asleep_->replica().retry(tray[0].number)), ErrorCode::gone);
  EXPECT_NE(need(asleep_->replica().export_json(tray[0].number)).find("Anna"), std::string::npos);
}

}  // namespace
}  // namespace rollcall
