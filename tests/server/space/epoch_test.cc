#include <gtest/gtest.h>

#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit person(unsigned n, std::string_view name) {
  return Edit::insert("person", id_of(n), {{"name", text(name)}, {"unit", text("nc")}});
}

SyncReply tail_of(Device& device, ReadOutcome* outcome = nullptr) {
  SyncRequest request = device.read_request();
  request.tail = true;
  return device.ask(request, outcome);
}

// A world whose file was copied away at one moment and copied back at a later one.
struct CopiedBack {
  World world;
  std::unique_ptr<Device> ben = world.enroll({"unit/nc"});

  CopiedBack() {
    ben->write({person(1, "Ann")});
    ben->read();
    world.close();
    const Bytes backup = world.disk.content(world.path);
    world.open();
    ben->write({person(2, "Bob")});
    ben->read();
    world.close();
    world.disk.set_content(world.path, backup);
    world.open();
  }
};

TEST(Epoch, ACursorThatThisLogNeverMadeShowsACopiedFile_C3) {
  CopiedBack c;
  ReadOutcome outcome{};
  tail_of(*c.ben, &outcome);
  EXPECT_EQ(outcome, ReadOutcome::copied_back);
  const Epoch before = c.world.space().epoch();
  EXPECT_TRUE(need(c.world.space().check_cursor(c.ben->cursor)));
  EXPECT_NE(c.world.space().epoch(), before);
  EXPECT_FALSE(need(c.world.space().check_cursor(c.ben->cursor)));  // of another epoch by now
  const SyncReply reply = tail_of(*c.ben, &outcome);
  EXPECT_EQ(outcome, ReadOutcome::answered);
  EXPECT_EQ(reply.state, SyncState::new_epoch);
  EXPECT_FALSE(reply.has_tail);
}

TEST(Epoch, APushWithSuchACursorBeginsANewEpochAndAppliesNothing_C3) {
  CopiedBack c;
  const Epoch before = c.world.space().epoch();
  c.ben->make({person(3, "Cat")});
  const PushReply reply = c.world.apply(*c.ben, c.ben->push_request());
  EXPECT_EQ(reply.state, SyncState::new_epoch);
  EXPECT_EQ(reply.known_tx, TxNumber(1));
  EXPECT_NE(c.world.space().epoch(), before);
  EXPECT_FALSE(need(c.world.reader().row(CollectionId(1), id_of(3))).has_value());
}

TEST(Epoch, ADifferentWriteAtTheSameSequenceIsNoticedToo) {
  CopiedBack c;
  auto cat = c.world.enroll({"unit/nc"});  // the copied-back log goes on by itself
  cat->write({person(7, "Dan")});
  cat->write({person(8, "Eve")});
  ReadOutcome outcome{};
  tail_of(*c.ben, &outcome);
  EXPECT_EQ(outcome, ReadOutcome::copied_back);
}

TEST(Epoch, DrillDownAndBootstrapAreAnsweredInTheNewEpoch) {
  CopiedBack c;
  need(c.world.space().check_cursor(c.ben->cursor));
  SyncRequest request = c.ben->read_request();
  request.tail = true;
  HealWant heal;
  heal.grant = c.ben->grants()[0].id;
  request.heal = heal;
  const SyncReply reply = c.ben->ask(request);
  EXPECT_EQ(reply.state, SyncState::new_epoch);
  ASSERT_TRUE(reply.heal.has_value());
  EXPECT_FALSE(reply.heal->floor.empty());
  EXPECT_EQ(reply.epoch, c.world.space().epoch());
}

TEST(Epoch, ADeviceThatReadsAnewPushesAgainWhatTheBackupLacks) {
  CopiedBack c;
  need(c.world.space().check_cursor(c.ben->cursor));
  c.ben->forget_rows();
  SyncRequest request = c.ben->push_request(TxNumber(2));
  request.cursor.clear();
  const PushReply reply = c.world.apply(*c.ben, request);
  EXPECT_EQ(reply.state, SyncState::ok);
  EXPECT_EQ(reply.known_tx, TxNumber(2));
  c.ben->no_echo = true;
  c.ben->read();
  EXPECT_EQ(c.ben->shows("person", id_of(2), "name"), "Bob");
}

TEST(Epoch, EveryStartIsAnotherOne) {
  World world;
  std::set<std::uint64_t> epochs = {world.space().epoch().value};
  for (int i = 0; i < 20; ++i) {
    need(world.space().start_epoch());
    EXPECT_TRUE(epochs.insert(world.space().epoch().value).second);
  }
  world.restart();
  EXPECT_EQ(world.space().epoch().value, *epochs.rbegin());
}

TEST(Cursor, OneThatDoesNotOpenIsUnknownAndStopsNoUpload) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->cursor = Bytes(61, 'x');
  EXPECT_EQ(ben->write({person(1, "Ann")}).kind, VerdictKind::applied);
  const SyncReply reply = tail_of(*ben);
  EXPECT_EQ(reply.state, SyncState::cursor_unknown);
  EXPECT_FALSE(reply.has_tail);
}

TEST(Cursor, OneOfAnotherSpaceIsUnknown) {
  World world;
  World other(2);
  auto ben = world.enroll({"unit/nc"});
  auto cat = other.enroll({"unit/nc"});
  ben->read();
  cat->cursor = ben->cursor;
  EXPECT_EQ(tail_of(*cat).state, SyncState::cursor_unknown);
}

TEST(Cursor, APositionThatDoesNotOpenGivesNoRows) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->read();
  SyncRequest request = ben->read_request();
  request.tail = true;
  request.position = ben->cursor;  // a cursor is no position
  const SyncReply reply = ben->ask(request);
  EXPECT_EQ(reply.state, SyncState::cursor_unknown);
  EXPECT_FALSE(reply.has_tail);
}

TEST(Cursor, ShowsNoSequence_G12) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  const Bytes before = ben->cursor;
  SyncRequest request = ben->read_request();
  request.cursor.clear();
  request.tail = true;
  request.complete = ben->complete;
  const Bytes again = ben->ask(request).cursor;
  EXPECT_NE(again, before);  // the same place, sealed afresh
  EXPECT_EQ(again.size(), before.size());
}

}  // namespace
}  // namespace rollcall
