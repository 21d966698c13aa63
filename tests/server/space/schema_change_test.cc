#include <gtest/gtest.h>

#include "server/space/limits.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit person(unsigned n) {
  return Edit::insert("person", id_of(n), {{"name", text("Ann")}, {"unit", text("nc")}});
}
ErrorCode code(const Device::Made& made) { return static_cast<ErrorCode>(made.verdict->code); }

// How many got another verdict.
std::size_t judge_waiting(Space& space) {
  std::size_t decided = 0;
  for (space.judge_waiting(); space.is_judging();) decided += need(space.judge_next());
  return decided;
}

TEST(SchemaChange, ParksWhatTheServerDoesNotKnowYetAndAppliesItLater) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1)});
  ben->read();
  // Ben's app is newer than the server.
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->make({Edit::set("person", id_of(1), {{"email", text("ann@example.org")}})});
  ben->make({Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  ben->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  ben->push();
  EXPECT_EQ(code(ben->made[1]), ErrorCode::unknown_field);
  EXPECT_EQ(code(ben->made[2]), ErrorCode::unknown_collection);
  EXPECT_EQ(ben->made[1].verdict->kind, VerdictKind::parked);
  EXPECT_EQ(ben->made[3].verdict->kind, VerdictKind::applied);  // nothing waits behind them

  world.news.clear();
  EXPECT_EQ(need(world.space().apply_schema(test_schema(2))), 2u);
  ASSERT_EQ(world.news.size(), 2u);
  EXPECT_TRUE(world.news[0].schema);
  EXPECT_EQ(world.news[1].verdicts, std::vector<DeviceNumber>{ben->number()});
  ben->read();
  EXPECT_EQ(ben->shows("person", id_of(1), "email"), "ann@example.org");
  EXPECT_EQ(ben->shows("person", id_of(1), "name"), "Anna");
  EXPECT_EQ(ben->made[1].verdict->kind, VerdictKind::applied);
  EXPECT_TRUE(ben->made[1].verdict->changed);
}

TEST(SchemaChange, AChangedVerdictIsToldUntilItWasSeen) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->write({Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  need(world.space().apply_schema(test_schema(2)));
  const SyncRequest request = ben->read_request();
  ASSERT_EQ(ben->ask(request).verdicts.size(), 1u);
  ASSERT_EQ(ben->ask(request).verdicts.size(), 1u);  // that reply may have been lost
  const auto name = [&](VerdictKind kind, ErrorCode why) {
    const SeenVerdict seen{TxNumber(1), kind, static_cast<std::uint32_t>(why)};
    need(world.space().note_seen(ben->number(), std::span<const SeenVerdict>(&seen, 1)));
  };
  // What he names is the verdict that he saw: it may have changed once more since.
  name(VerdictKind::parked, ErrorCode::unknown_collection);
  ASSERT_EQ(ben->ask(request).verdicts.size(), 1u);
  name(VerdictKind::applied, ErrorCode{});
  EXPECT_TRUE(ben->ask(request).verdicts.empty());
}

TEST(SchemaChange, ALaterAppliedTransactionIsNoEcho) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->write({Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  need(world.space().apply_schema(test_schema(2)));
  ben->read();
  EXPECT_EQ(ben->echoes, 0u);
  EXPECT_EQ(ben->shows("club", id_of(2), "unit"), "nc");
}

TEST(SchemaChange, AnEditOfARowWhoseInsertIsParkedWaitsWithIt) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->make({person(1), Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  ben->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  ben->make({Edit::set("person", id_of(3), {{"name", text("nobody")}})});
  ben->push();
  EXPECT_EQ(code(ben->made[0]), ErrorCode::unknown_collection);
  EXPECT_EQ(code(ben->made[1]), ErrorCode::unknown_row);
  EXPECT_EQ(ben->made[1].verdict->kind, VerdictKind::parked);
  EXPECT_EQ(code(ben->made[2]), ErrorCode::gone);
  EXPECT_EQ(need(world.space().apply_schema(test_schema(2))), 2u);
  ben->read();
  EXPECT_EQ(ben->shows("person", id_of(1), "name"), "Anna");
}

TEST(SchemaChange, WhatWaitedTooLongIsRejected) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->make({person(1), Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  ben->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  ben->push();
  EXPECT_EQ(judge_waiting(world.space()), 0u);
  world.clock.advance(waiting_ms_max);
  EXPECT_EQ(judge_waiting(world.space()), 1u);
  const SyncReply reply = ben->ask(ben->read_request());
  ASSERT_EQ(reply.verdicts.size(), 1u);
  EXPECT_EQ(reply.verdicts[0].number, TxNumber(2));
  EXPECT_EQ(static_cast<ErrorCode>(reply.verdicts[0].code), ErrorCode::gone);
  EXPECT_TRUE(reply.verdicts[0].changed);
}

TEST(SchemaChange, AJudgementAgainKeepsTheStampGivenFirst) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  ben->write({Edit::insert("club", id_of(2), {{"unit", text("nc")}})});
  const Stamp made = ben->made[0].stamp;
  world.clock.advance(24 * 3600 * 1000);
  need(world.space().apply_schema(test_schema(2)));
  ben->read();
  EXPECT_EQ(ben->stamp_of("club", id_of(2), "unit"), made);
}

TEST(SchemaChange, IsNoticedByReadersAndSurvivesARestart) {
  World world;
  SpaceReader& reader = world.reader();
  EXPECT_EQ(need(reader.schema())->version, 1u);
  need(world.space().apply_schema(test_schema(2)));
  EXPECT_EQ(need(reader.schema())->version, 2u);
  world.restart();
  EXPECT_EQ(world.space().schema().version, 2u);
  EXPECT_EQ(need(world.space().apply_schema(test_schema(2))), 0u);
}

TEST(SchemaChange, RefusesWhatIsNoEvolutionAndChangesNothing) {
  World world;
  need(world.space().apply_schema(test_schema(2)));
  EXPECT_EQ(code_of(world.space().apply_schema(test_schema(1))), ErrorCode::schema_change);
  EXPECT_EQ(world.space().schema().version, 2u);
}

TEST(SchemaChange, WritesNoRow) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1), person(2)});
  const std::uint64_t before = need(world.reader().digest(std::nullopt));
  const Sequence head = world.space().head();
  need(world.space().apply_schema(test_schema(2)));
  EXPECT_EQ(need(world.reader().digest(std::nullopt)), before);
  EXPECT_EQ(world.space().head(), head);
}

TEST(SchemaChange, ParkedTransactionsAreJudgedAgainInCommitsOfBoundedSize) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto ann = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  constexpr unsigned count = 2 * judged_again_max + 10;
  for (unsigned n = 0; n < count; ++n) {
    ben->make({Edit::insert("club", id_of(n), {{"unit", text("nc")}})});
  }
  ben->push();
  EXPECT_EQ(need(world.space().apply_schema(test_schema(2))), judged_again_max);
  EXPECT_TRUE(world.space().is_judging());
  ann->write({person(1)});  // others write meanwhile
  EXPECT_EQ(need(world.space().judge_next()), judged_again_max);
  EXPECT_EQ(need(world.space().judge_next()), 10u);
  EXPECT_FALSE(world.space().is_judging());
  ann->schema_version = 2;
  ann->read();
  EXPECT_EQ(ann->rows().size(), count + 1);
}

TEST(SchemaChange, AJudgingThatARestartCutShortIsFinishedAfterIt) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.schema = test_schema(2);
  ben->schema_version = 2;
  for (unsigned n = 0; n < judged_again_max + 10; ++n) {
    ben->make({Edit::insert("club", id_of(n), {{"unit", text("nc")}})});
  }
  ben->push();
  EXPECT_EQ(need(world.space().apply_schema(test_schema(2))), judged_again_max);
  world.restart();
  EXPECT_TRUE(world.space().is_judging());
  EXPECT_EQ(need(world.space().judge_next()), 10u);
  EXPECT_FALSE(world.space().is_judging());
}

}  // namespace
}  // namespace rollcall
