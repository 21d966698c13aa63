#include <gtest/gtest.h>

#include "engine/protocol/limits.h"
#include "schema/compiled.h"
#include "server/space/bootstrap_reader.h"
#include "server/space/snapshot.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit person(unsigned n, std::string_view name, std::string_view unit = "nc/wake") {
  return Edit::insert("person", id_of(n), {{"name", text(name)}, {"unit", text(unit)}});
}
Edit renamed(unsigned n, std::string_view name) {
  return Edit::set("person", id_of(n), {{"name", text(name)}});
}

std::vector<Edit> crowd(unsigned first, unsigned count) {
  std::vector<Edit> edits;
  for (unsigned n = first; n < first + count; ++n) {
    edits.push_back(person(n, "person " + std::to_string(n), n % 2 == 0 ? "nc/wake" : "nc/dare"));
  }
  return edits;
}

// How many rows of each kind a page holds: "whole 2 changed 1".
std::string kinds(const Bytes& page) {
  static constexpr std::string_view names[] = {"update",  "insert", "whole",
                                               "changed", "echo",   "evict"};
  if (page.empty()) return "nothing";
  PageReader reader;
  need(reader.open(page, PageUse::reply));
  std::string all;
  std::map<RowKind, std::size_t> counts;
  for (const Section& section : reader.sections()) counts[section.kind] += section.rows;
  for (const auto& [kind, count] : counts) {
    all += (all.empty() ? "" : " ") + std::string(names[static_cast<std::size_t>(kind)]) + " " +
           std::to_string(count);
  }
  return all;
}

TEST(Tail, CarriesOnlyTheFieldsThatChanged) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann").base("name", {})});
  cat->read();
  ben->write({Edit::set("person", id_of(1), {{"phone", text("919")}})});
  ben->write({Edit::set("person", id_of(1), {{"phone", text("920")}})});
  SyncRequest request = cat->read_request();
  request.tail = true;
  const SyncReply reply = cat->ask(request);
  EXPECT_EQ(kinds(reply.page), "changed 1");
  PageReader page;
  need(page.open(reply.page, PageUse::reply));
  ASSERT_EQ(page.sections().size(), 1u);
  ASSERT_EQ(page.sections()[0].fields.size(), 1u);
  EXPECT_EQ(page.sections()[0].fields[0], FieldId(2));
  cat->read();
  EXPECT_EQ(cat->shows("person", id_of(1), "phone"), "920");
}

TEST(Tail, IsEmptyWhenNothingVisibleChanged) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/ga"});
  cat->read();
  ben->write({person(1, "Ann")});
  SyncRequest request = cat->read_request();
  request.tail = true;
  ReadOutcome outcome{};
  const SyncReply reply = cat->ask(request, &outcome);
  EXPECT_EQ(outcome, ReadOutcome::nothing_new);
  EXPECT_TRUE(reply.page.empty());
  EXPECT_FALSE(reply.cursor.empty());  // but the log went on
}

TEST(Tail, AnIdleReadCarriesNoCursorAndOneSum) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->read();
  SyncRequest request = ben->read_request();
  request.tail = true;
  ReadOutcome outcome{};
  const SyncReply reply = ben->ask(request, &outcome);
  EXPECT_EQ(outcome, ReadOutcome::nothing_new);
  EXPECT_TRUE(reply.cursor.empty());
  EXPECT_TRUE(reply.position.empty());
  EXPECT_TRUE(reply.digests.empty());
  ASSERT_TRUE(reply.digest.has_value());
  std::uint64_t combined = 0;
  for (const Grant& grant : ben->grants()) {
    combined += ben->digest_of(grant) * (2 * grant.id.value + 1);
  }
  EXPECT_EQ(*reply.digest, combined);
}

TEST(Tail, IsCutIntoPagesThatLoseAndRepeatNothing) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  cat->read();
  for (unsigned n = 0; n < 10; ++n) ben->write(crowd(n * 20, 20));
  cat->budget_bytes = 600;
  cat->pages = 0;
  cat->read();
  EXPECT_GT(cat->pages, 5u);
  EXPECT_EQ(cat->rows().size(), 200u);
}

TEST(Tail, GoesOnWhileRowsChangeBetweenItsPages) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  cat->read();
  ben->write(crowd(0, 100));
  ben->read();
  SyncRequest request = cat->read_request();
  request.tail = true;
  request.budget_bytes = 800;
  std::size_t pages = 0;
  std::set<std::string> seen;
  SyncReply reply;
  do {
    reply = cat->ask(request);
    request.position = reply.position;
    PageReader page;
    if (!reply.page.empty()) need(page.open(reply.page, PageUse::reply));
    for (SectionRow row; !reply.page.empty() && page.next(row);) seen.insert(row.id.text());
    if (++pages <= 3) ben->write({renamed(static_cast<unsigned>(pages), "again")});
  } while (!reply.position.empty());
  EXPECT_GT(pages, 4u);
  EXPECT_EQ(seen.size(), 100u);
  cat->read();
  EXPECT_EQ(cat->shows("person", id_of(3), "name"), "again");
}

TEST(Echo, OwnWritesComeBackAsIdsOnly) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  ben->write({person(1, "Ann"), person(2, "Bob")});
  SyncRequest request = ben->read_request();
  request.tail = true;
  EXPECT_EQ(kinds(ben->ask(request).page), "echo 2");
  request.no_echo = true;
  EXPECT_EQ(kinds(ben->ask(request).page), "whole 2");
  ben->read();
  EXPECT_EQ(ben->echoes, 2u);
  EXPECT_EQ(ben->shows("person", id_of(1), "name"), "Ann");
}

TEST(Echo, ARowThatAnotherTouchedTooComesWithItsValues) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann"), person(2, "Bob")});
  ben->read();
  cat->read();
  ben->write({Edit::set("person", id_of(1), {{"phone", text("1")}}),
              Edit::set("person", id_of(2), {{"phone", text("2")}})});
  cat->write({Edit::set("person", id_of(2), {{"name", text("Bobby")}})});
  SyncRequest request = ben->read_request();
  request.tail = true;
  EXPECT_EQ(kinds(ben->ask(request).page), "changed 1 echo 1");
  ben->read();
  EXPECT_EQ(ben->shows("person", id_of(2), "name"), "Bobby");
}

TEST(Echo, AMergedTransactionIsNone) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->read();
  cat->read();
  cat->write({renamed(1, "Cat's")});
  world.clock.advance(10);
  EXPECT_EQ(ben->write({renamed(1, "Ben's")}).kind, VerdictKind::merged);
  SyncRequest request = ben->read_request();
  request.tail = true;
  EXPECT_EQ(kinds(ben->ask(request).page), "changed 1");
}

TEST(Echo, ACreatorThatReadsForTheFirstTimeWithoutBootstrapGetsItsOwnRowAsSuch) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  ben->write({person(1, "Ann")});
  ben->write({Edit::set("person", id_of(1), {{"phone", text("1")}})});
  ben->read();
  EXPECT_EQ(ben->echoes, 1u);
  EXPECT_EQ(ben->shows("person", id_of(1), "phone"), "1");
}

TEST(Echo, ThroughTxStopsAtVerdictsThatWereTold) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  ben->make({person(1, "Ann")});
  ben->make({person(2, "Bob")});
  const SyncRequest push = ben->push_request();
  PushReply pushed = world.apply(*ben, push);  // its reply is lost
  SyncRequest request = ben->read_request();
  request.tail = true;
  const PushReply empty_handed = [] {
    PushReply reply;
    reply.known_tx = TxNumber(2);
    return reply;
  }();
  EXPECT_EQ(ben->ask(request, nullptr, &empty_handed).through_tx, TxNumber(0));
  EXPECT_EQ(ben->ask(request).through_tx, TxNumber(2));  // this one carries the verdicts
}

TEST(Bootstrap, ReadsAPrefixOfMorePathsThanOneLookTakes) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  constexpr unsigned count = 2 * static_cast<unsigned>(scanned_paths_max) + 10;
  std::vector<Edit> edits;
  std::vector<std::string> units;
  for (unsigned n = 0; n < count; ++n) units.push_back("nc/p" + std::to_string(n));
  for (unsigned n = 0; n < count; ++n) {
    edits.push_back(
        Edit::insert("person", id_of(n), {{"name", text("Ann")}, {"unit", text(units[n])}}));
  }
  ben->make(edits);
  ben->push();
  EXPECT_EQ(ben->made.back().verdict->kind, VerdictKind::applied);
  auto ann = world.enroll({"unit/nc"});
  ann->read();
  EXPECT_EQ(ann->rows().size(), count);
}

TEST(Bootstrap, PagesCoverTheGrantOnceEach) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 150));
  ben->write({Edit::insert("note", id_of(3), {{"unit", text("nc/wake")}, {"words", text("hi")}})});
  auto cat = world.enroll({"unit/nc"});
  cat->budget_bytes = 500;
  cat->read();
  EXPECT_GT(cat->pages, 10u);
  EXPECT_EQ(cat->rows().size(), 151u);
}

TEST(Bootstrap, SendsARowOfSeveralPathsOnce) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({Edit::insert("notice", id_of(1), {{"title", text("Picnic")}})
                  .add("hosts", text("nc/a"))
                  .add("hosts", text("nc/b"))
                  .add("hosts", text("nc/c"))});
  auto cat = world.enroll({"unit/nc"});
  cat->ask(cat->read_request());
  cat->read();
  const GrantId grant = cat->grants()[0].id;
  SyncRequest request = cat->read_request();
  request.bootstrap = BootstrapWant{grant, {}, {}};
  const SyncReply reply = cat->ask(request);
  EXPECT_EQ(kinds(reply.bootstrap->page), "whole 1");
  EXPECT_EQ(cat->row("notice", id_of(1))->paths.size(), 3u);
}

TEST(Bootstrap, ARowThatGainsAnEarlierPathBetweenTwoPagesIsInOneOfThem_C6) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 60));
  ben->write(
      {Edit::insert("notice", id_of(900), {{"title", text("Picnic")}}).add("hosts", text("nc/z"))});
  auto cat = world.enroll({"unit/nc"});
  cat->ask(cat->read_request());
  SyncRequest request = cat->read_request();
  request.budget_bytes = 400;
  request.bootstrap =
      BootstrapWant{need(world.reader().device(cat->number()))->grants[0].id, {}, {}};
  SyncReply reply = cat->ask(request);
  ASSERT_TRUE(reply.bootstrap && !reply.bootstrap->position.empty());
  ASSERT_LT(reply.bootstrap->through->path, "unit/nc/z");
  // Now it also lies where the first page has been.
  ben->write({Edit::set("notice", id_of(900), {}).add("hosts", text("nc/a"))});
  std::string rows;
  while (!reply.bootstrap->position.empty()) {
    request.bootstrap->position = reply.bootstrap->position;
    reply = cat->ask(request);
    rows += reply.bootstrap->page;
  }
  EXPECT_NE(rows.find("Picnic"), std::string::npos);
}

TEST(Bootstrap, IsResumedFromItsPositionAfterARestart_C6) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 60));
  auto cat = world.enroll({"unit/nc"});
  cat->ask(cat->read_request());
  SyncRequest request = cat->read_request();
  request.bootstrap =
      BootstrapWant{need(world.reader().device(cat->number()))->grants[0].id, {}, {}};
  request.budget_bytes = 500;
  std::size_t rows = 0;
  while (true) {
    const SyncReply reply = cat->ask(request);
    PageReader page;
    need(page.open(reply.bootstrap->page, PageUse::reply));
    rows += page.rows();
    EXPECT_EQ(reply.bootstrap->rows_left == 0, reply.bootstrap->position.empty());
    if (reply.bootstrap->position.empty()) break;
    request.bootstrap->position = reply.bootstrap->position;
    request.bootstrap->floor = reply.bootstrap->floor;
    world.restart();
  }
  EXPECT_EQ(rows, 60u);
}

TEST(Bootstrap, FloorIsTheEarliestSnapshotOfItsPages) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 40));
  auto cat = world.enroll({"unit/nc"});
  SyncRequest request = cat->read_request();
  request.budget_bytes = 500;
  request.bootstrap =
      BootstrapWant{need(world.reader().device(cat->number()))->grants[0].id, {}, {}};
  const SyncReply first = cat->ask(request);
  ben->read();
  ben->write({renamed(1, "changed since")});
  request.bootstrap->position = first.bootstrap->position;
  request.bootstrap->floor = first.bootstrap->floor;
  const SyncReply second = cat->ask(request);
  EXPECT_EQ(second.bootstrap->floor, first.bootstrap->floor);
}

TEST(Heal, SumsOfRangesAddUpToTheGrantsDigest) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 700));
  ben->read();
  SyncRequest request = ben->read_request();
  HealWant want;
  want.grant = ben->grants()[0].id;
  request.heal = want;
  const SyncReply reply = ben->ask(request);
  ASSERT_TRUE(reply.heal.has_value());
  EXPECT_LE(reply.heal->ranges.size(), heal_ranges_max);
  std::uint64_t sum = 0;
  std::uint64_t rows = 0;
  for (const RangeSum& range : reply.heal->ranges) {
    sum += range.sum;
    rows += range.rows;
  }
  EXPECT_EQ(rows, 700u);
  EXPECT_EQ(sum, ben->digest_of(ben->grants()[0]));
  EXPECT_EQ(reply.heal->sum, sum);
}

TEST(Heal, DescendsToTheRowsOfOneRange) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 700));
  ben->read();
  SyncRequest request = ben->read_request();
  HealWant want;
  want.grant = ben->grants()[0].id;
  request.heal = want;
  const SyncReply sums = ben->ask(request);
  const auto& ranges = sums.heal->ranges;
  request.heal->after = ranges[9].through;
  request.heal->through = ranges[10].through;
  const SyncReply part = ben->ask(request);
  EXPECT_EQ(part.heal->sum, ranges[10].sum);
  EXPECT_EQ(part.heal->ranges.size(), ranges[10].rows);
  request.heal->rows = true;
  const SyncReply rows = ben->ask(request);
  ASSERT_TRUE(rows.bootstrap.has_value());
  EXPECT_EQ(kinds(rows.bootstrap->page), "whole " + std::to_string(ranges[10].rows));
  EXPECT_EQ(rows.bootstrap->after, request.heal->after);
  EXPECT_EQ(rows.bootstrap->through, request.heal->through);
  EXPECT_FALSE(rows.heal.has_value());
}

TEST(Budget, RowsAreCutByWhatVerdictsTakeAndVerdictsNever) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->read();
  cat->write(crowd(0, 1'000));
  SyncRequest request = ben->read_request();
  request.tail = true;
  request.budget_bytes = 20'000;
  const auto rows_of = [](const SyncReply& reply) {
    PageReader page;
    need(page.open(reply.page, PageUse::reply));
    return page.rows();
  };
  EXPECT_GT(rows_of(ben->ask(request)), 100u);
  for (int n = 0; n < 300; ++n) ben->make_raw("x");
  world.apply(*ben, ben->push_request());
  const SyncReply reply = ben->ask(request);
  EXPECT_EQ(reply.verdicts.size(), 300u);
  EXPECT_EQ(reply.verdicts.back().number, TxNumber(300));
  EXPECT_EQ(rows_of(reply), 1u);  // it goes on, if slowly
  EXPECT_FALSE(reply.position.empty());
}

// The space as the reading classes see it, without a reader around them.
std::unique_ptr<Snapshot> snapshot_of(World& world, Random& random) {
  const Space::Doors doors = world.doors();
  auto snapshot = need(Snapshot::open(need(SpaceFile::open(world.path, doors.vfs, Access::reader)),
                                      doors.cryptography, random, doors.clock, nullptr));
  need(snapshot->begin());
  return snapshot;
}

GrantRecord grant_of(Snapshot& snapshot, const Device& device) {
  return need(snapshot.devices().find(device.number()))->record.grants[0];
}

TEST(Echo, IsNotLookedUpForMoreOwnTransactionsThanAreLookedUpAtOnce) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 1));
  SeededRandom random(5);
  const auto snapshot = snapshot_of(world, random);
  const auto looked_up = [&](std::uint64_t through) {
    std::vector<std::uint64_t> sequences;
    need(snapshot->log().echo_sequences(ben->number(), TxNumber(0), TxNumber(through), sequences));
    return sequences.size();
  };
  EXPECT_EQ(looked_up(echo_transactions_max), 1u);
  EXPECT_EQ(looked_up(echo_transactions_max + 1), 0u);
}

TEST(Heal, ALongRangeIsSummedInPartsThatAddUpToIt) {
  constexpr std::size_t part = 1'000;
  World world;
  auto ben = world.enroll({"unit/nc"});
  for (unsigned n = 0; n < 4; ++n) ben->write(crowd(n * 1'000, 1'000));
  ben->write(crowd(4'000, 100));
  ben->read();
  SeededRandom random(5);
  const auto snapshot = snapshot_of(world, random);
  const GrantRecord grant = grant_of(*snapshot, *ben);
  std::uint64_t sum = 0;
  std::uint64_t rows = 0;
  std::size_t requests = 0;
  for (std::optional<Boundary> after, through;; ++requests) {
    const HealRanges part_of = need(read_heal_ranges(*snapshot, grant, after, through, part));
    ASSERT_LE(part_of.ranges.size(), heal_ranges_max);
    ASSERT_FALSE(part_of.ranges.empty());
    const RangeSum rest = part_of.ranges.back();
    for (const RangeSum& range : part_of.ranges) {
      if (range.sum == unsummed) continue;
      sum += range.sum;
      rows += range.rows;
    }
    if (rest.sum != unsummed) break;
    EXPECT_EQ(rows, (requests + 1) * part);  // no more work than allowed
    EXPECT_GT(rest.rows, heal_rows_max);     // it is descended into, not read again whole
    after = part_of.ranges[part_of.ranges.size() - 2].through;
    through = rest.through;
  }
  EXPECT_EQ(requests, 3u);  // the last takes the small rest along
  EXPECT_EQ(rows, 4'100u);
  EXPECT_EQ(sum, ben->digest_of(ben->grants()[0]));
}

TEST(Bootstrap, APageEndsAfterSoManyEntriesThoughTheirRowsCameBefore) {
  World world;
  auto ben = world.enroll({"notice", "unit"});
  for (unsigned n = 0; n < 30; ++n) {
    ben->write({Edit::insert("notice", id_of(n), {{"title", text("x")}, {"open", text("no")}})
                    .add("hosts", text("a"))
                    .add("hosts", text("b"))});
  }
  SeededRandom random(5);
  const auto snapshot = snapshot_of(world, random);
  const auto grants = need(snapshot->devices().find(ben->number()))->record.grants;
  ScopeView scope(snapshot->paths(), snapshot->roles().book(), grants, {});
  BootstrapReader reader(*snapshot, scope);
  BootstrapReader::Want want;
  want.prefix = "unit";
  want.role = snapshot->roles().book().bit("member");
  want.rows_max = 1'000;
  want.bytes_max = 1u << 20;
  want.scan_rows_max = 40;
  PageWriter page;
  const auto reached = need(reader.read(want, page));
  ASSERT_TRUE(reached.has_value());
  EXPECT_EQ(page.rows(), 30u);  // of the first path; ten of the second were looked at
  page.clear();
  want.after = reached;
  ScopeView anew(snapshot->paths(), snapshot->roles().book(), grants, {});  // one a page
  EXPECT_FALSE(need(BootstrapReader(*snapshot, anew).read(want, page)).has_value());
}

TEST(Digest, WholeSpaceIsTheSumOverEveryPath) {
  World world;
  auto ben = world.enroll({"unit", "person", "notice", "event"});
  ben->write(crowd(0, 20));
  ben->write({Edit::insert("notice", id_of(900), {{"title", text("x")}, {"open", text("yes")}})
                  .add("hosts", text("nc"))});
  ben->read();
  std::uint64_t all = 0;
  for (const Grant& grant : ben->grants()) all += ben->digest_of(grant);
  EXPECT_EQ(need(world.reader().digest(std::nullopt)), all);
}

TEST(Digest, KeptUpWithEqualsScannedAnew) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->read();
  for (unsigned round = 0; round < 5; ++round) {
    ben->write(crowd(round * 10, 10));
    ben->write({Edit::remove("person", id_of(round * 10)),
                Edit::set("person", id_of(round * 10 + 1), {{"unit", text("nc/new")}})});
    const std::uint64_t kept = need(world.reader().digest("unit/nc"));
    SeededRandom random(5);
    auto fresh = need(SpaceReader::open(
        world.path, {world.clock, random, test_cryptography(), world.disk.vfs()}));
    EXPECT_EQ(kept, need(fresh->digest("unit/nc")));
  }
}

TEST(Digest, OfAnOlderSnapshotIsThatOfThen) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 10));
  SpaceReader& reader = world.reader();
  need(reader.digest("unit/nc"));  // watched from now on
  need(reader.begin());
  const std::uint64_t then = need(reader.digest("unit/nc"));
  ben->write(crowd(10, 10));
  EXPECT_EQ(need(reader.digest("unit/nc")), then);
  reader.end();
  EXPECT_NE(need(reader.digest("unit/nc")), then);
}

TEST(Snapshot, AReaderThatLacksATableReadsNothingInsteadOfTheOthersOnly) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 3));
  EXPECT_TRUE(world.reader().digest(std::nullopt).has_value());
  SpaceFile file = need(SpaceFile::open(world.path, world.doors().vfs, Access::writer));
  need(file.set_schema(2, encode_schema(test_schema(2))));  // and no table of "club"
  for (int tries = 0; tries < 3; ++tries) {
    EXPECT_FALSE(world.reader().digest(std::nullopt).has_value());
  }
}

TEST(Snapshot, StaysWhileTheWriterGoesOn) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(crowd(0, 3));
  SpaceReader& reader = world.reader();
  need(reader.begin());
  ben->write(crowd(3, 3));
  std::size_t rows = 0;
  need(reader.rows(CollectionId(1), [&](const RowView&) -> Result<void> {
    ++rows;
    return {};
  }));
  EXPECT_EQ(rows, 3u);
  reader.end();
}

TEST(Chain, APullOfADeviceThatFellBehindItsOwnNumberIsToldSo_A9) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto old_backup = *ben;
  ben->write({person(1, "Ann")});
  const SyncRequest request = old_backup.read_request();
  ReadRequest wanted;
  wanted.device = old_backup.number();
  wanted.request = &request;
  wanted.signed_head = old_backup.head();
  SyncReply reply;
  EXPECT_EQ(need(world.reader().read(wanted, reply)), ReadOutcome::answered);
  EXPECT_EQ(reply.state, SyncState::forked);
  EXPECT_EQ(reply.known_tx, TxNumber(1));
  EXPECT_EQ(reply.known_head, Bytes(ben->head().view()));
}

}  // namespace
}  // namespace rollcall
