#include <gtest/gtest.h>

#include "engine/codec/transaction.h"
#include "engine/model/path.h"
#include "engine/protocol/limits.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit person(unsigned n, std::string_view name, std::string_view unit = "nc/wake") {
  return Edit::insert("person", id_of(n), {{"name", text(name)}, {"unit", text(unit)}});
}
Edit renamed(unsigned n, std::string_view name) {
  return Edit::set("person", id_of(n), {{"name", text(name)}});
}

// What the server says of a transaction, in one word or two.
std::string said(const Verdict& verdict) {
  static constexpr std::string_view kinds[] = {"", "applied", "merged", "rejected", "parked"};
  std::string word(kinds[static_cast<std::size_t>(verdict.kind)]);
  if (verdict.code != 0) {
    word += " " + std::string(error_name(static_cast<ErrorCode>(verdict.code)));
  }
  return word;
}

TEST(Push, AppliesAnInsertAndShowsItToAnother) {
  World world;
  auto ben = world.enroll({"unit/nc/wake"});
  auto cat = world.enroll({"unit/nc"});
  EXPECT_EQ(said(ben->write({person(1, "Ann")})), "applied");
  cat->read();
  EXPECT_EQ(cat->shows("person", id_of(1), "name"), "Ann");
}

TEST(Push, TellsRunsOfEqualVerdictsAsOne) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  for (unsigned n = 1; n <= 5; ++n) ben->make({person(n, "Ann")});
  const PushReply reply = ben->push();
  ASSERT_EQ(reply.verdicts.size(), 1u);
  EXPECT_EQ(reply.verdicts[0].number, TxNumber(1));
  EXPECT_EQ(reply.verdicts[0].more, 4u);
  EXPECT_EQ(reply.known_tx, TxNumber(5));
}

TEST(Push, AnswersARepeatWithTheStoredVerdictAndChangesNothing) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make({person(1, "Ann")});
  ben->make({renamed(2, "Nobody")});  // rejected: there is no such row
  const SyncRequest request = ben->push_request();
  const PushReply first = world.apply(*ben, request);
  const Sequence head = world.space().head();
  const PushReply again = world.apply(*ben, request);
  EXPECT_EQ(world.space().head(), head);
  ASSERT_EQ(again.verdicts.size(), first.verdicts.size());
  for (std::size_t i = 0; i < first.verdicts.size(); ++i) {
    EXPECT_FALSE(first.verdicts[i].repeated);
    EXPECT_TRUE(again.verdicts[i].repeated);
    EXPECT_EQ(again.verdicts[i].kind, first.verdicts[i].kind);
    EXPECT_EQ(again.verdicts[i].code, first.verdicts[i].code);
    EXPECT_EQ(again.verdicts[i].reason, first.verdicts[i].reason);
  }
}

TEST(Push, KeepsVerdictsThroughARestart) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make({person(1, "Ann")});
  ben->make({Edit::set("person", id_of(9), {{"name", text("x")}})});
  const SyncRequest request = ben->push_request();
  const PushReply before = world.apply(*ben, request);
  world.restart();
  const PushReply after = world.apply(*ben, request);
  ASSERT_EQ(after.verdicts.size(), 2u);
  EXPECT_EQ(said(after.verdicts[0]), "applied");
  EXPECT_EQ(said(after.verdicts[1]), "rejected gone");
  EXPECT_EQ(after.verdicts[1].reason, before.verdicts[1].reason);
}

TEST(Push, TellsVerdictsOnlyUntilTheyWereSeen) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->make({person(2, "Bob")});
  const PushReply reply = ben->push();  // names 1 as seen
  ASSERT_EQ(reply.verdicts.size(), 1u);
  EXPECT_EQ(reply.verdicts[0].number, TxNumber(2));
}

TEST(Push, RefusesAGapAndAppliesNothing_G4) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->make({person(2, "Bob")});
  ben->make({person(3, "Cat")});
  const PushReply reply = world.apply(*ben, ben->push_request(TxNumber(3)));
  EXPECT_EQ(reply.state, SyncState::gap);
  EXPECT_EQ(reply.known_tx, TxNumber(1));
  EXPECT_EQ(reply.known_head, Bytes(ben->made[0].head.view()));
  EXPECT_TRUE(reply.verdicts.empty());
  EXPECT_TRUE(reply.receipt.empty());
  EXPECT_FALSE(need(world.reader().row(CollectionId(1), id_of(3))).has_value());
}

TEST(Push, CallsAChangedRepeatAFork_G4) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto twin = *ben;  // the file was copied
  ben->write({person(1, "Ann")});
  twin.make({person(2, "Bob")});
  twin.make({person(3, "Cat")});
  const PushReply reply = world.apply(twin, twin.push_request());
  EXPECT_EQ(reply.state, SyncState::forked);
  EXPECT_EQ(reply.known_tx, TxNumber(1));
  EXPECT_EQ(reply.known_head, Bytes(ben->made[0].head.view()));
  EXPECT_FALSE(need(world.reader().row(CollectionId(1), id_of(3))).has_value());
}

TEST(Push, CallsAChainThatDoesNotContinueAFork_G4) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto twin = *ben;
  ben->write({person(1, "Ann")});
  twin.make({person(2, "Bob")});
  twin.make({person(3, "Cat")});
  const PushReply reply = world.apply(twin, twin.push_request(TxNumber(2)));
  EXPECT_EQ(reply.state, SyncState::forked);
}

TEST(Push, StoresAVoidAsRejectedAndGoesOnBehindIt) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make_void(test_cryptography().hash({"bytes that could not be sent"}));
  ben->make({person(1, "Ann")});
  ben->push();
  EXPECT_EQ(said(*ben->made[0].verdict), "rejected voided");
  EXPECT_EQ(said(*ben->made[1].verdict), "applied");
}

TEST(Push, RefusesADeviceThatItDoesNotKnow) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  World other(2);
  ben->make({person(1, "Ann")});
  const PushReply reply = other.apply(*ben, ben->push_request());
  ASSERT_TRUE(reply.refused.has_value());
  EXPECT_EQ(reply.refused->code, ErrorCode::unknown_key);
}

// ---- what is wrong inside one transaction

TEST(Judge, RejectedTransactionBlocksNothingBehindIt) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make({renamed(7, "nobody")});
  ben->make({person(1, "Ann")});
  ben->push();
  EXPECT_EQ(said(*ben->made[0].verdict), "rejected gone");
  EXPECT_EQ(said(*ben->made[1].verdict), "applied");
}

TEST(Judge, OneRefusedRowRefusesItsWholeTransaction) {
  World world;
  auto ben = world.enroll({"unit/nc/wake"});
  const std::uint64_t before = need(world.reader().digest(std::nullopt));
  EXPECT_EQ(said(ben->write({person(1, "Ann"), person(2, "Bob"), person(3, "Far", "nc/dare")})),
            "rejected not_allowed");
  EXPECT_FALSE(need(world.reader().row(CollectionId(1), id_of(1))).has_value());
  EXPECT_EQ(need(world.reader().digest(std::nullopt)), before);
  // The refused rows' paths were new: what comes after must not be confused by them.
  EXPECT_EQ(said(ben->write({person(1, "Ann"), person(2, "Bob")})), "applied");
  ben->read();
  EXPECT_EQ(ben->shows("person", id_of(2), "name"), "Bob");
}

TEST(Judge, RefusesBytesThatAreNoTransactionWithoutHarm) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  for (const Bytes& bytes :
       {Bytes("x"), Bytes(200'000, '\x81'), Bytes("\xa5\x01\x01", 3), Bytes(300, '\xff')}) {
    ben->make_raw(bytes);
  }
  ben->make({person(1, "Ann")});
  ben->push();
  for (std::size_t i = 0; i + 1 < ben->made.size(); ++i) {
    EXPECT_EQ(said(*ben->made[i].verdict), "rejected bad_transaction");
  }
  EXPECT_EQ(said(*ben->made.back().verdict), "applied");
}

TEST(Judge, RefusesATransactionCutAtEachByte) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto model = *ben;
  model.make({person(1, "Ann"), Edit::insert("note", id_of(2), {{"unit", text("nc")}})});
  const Bytes whole = model.made[0].pushed.bytes;
  for (std::size_t size = 1; size < whole.size(); ++size) ben->make_raw(whole.substr(0, size));
  ben->push();
  for (const auto& made : ben->made) EXPECT_EQ(said(*made.verdict), "rejected bad_transaction");
  EXPECT_EQ(need(world.reader().digest(std::nullopt)), 0u);
}

TEST(Judge, SurvivesATransactionWithEachByteFlipped) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto model = *ben;
  model.make({person(1, "Ann").add("tags", text("a")), person(2, "Bob")});
  const Bytes whole = model.made[0].pushed.bytes;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    Bytes flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x15);
    ben->make_raw(flipped);
  }
  const PushReply reply = ben->push();
  EXPECT_EQ(reply.state, SyncState::ok);
  auto cat = world.enroll({"unit", "person"});
  cat->read();  // whatever was taken, the digests agree
}

TEST(Judge, RefusesANumberThatIsNotItsPlace) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto model = *ben;
  model.make({person(1, "Ann")});
  ben->make({person(2, "Bob")});
  ben->make_raw(model.made[0].pushed.bytes);  // number 1 in the place of 2
  ben->push();
  EXPECT_EQ(said(*ben->made[1].verdict), "rejected bad_transaction");
}

TEST(Judge, RefusesAStampOfAnotherDevice_G1) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  cat->make({person(1, "Ann")});
  ben->make_raw(cat->made[0].pushed.bytes);
  ben->push();
  EXPECT_EQ(said(*ben->made[0].verdict), "rejected wrong_device");
}

struct BadEdit {
  std::string what;
  Edit edit;
  std::string verdict;
};

TEST(Judge, ChecksEveryValueAgain) {
  const std::string wide(101, 'x');
  const std::vector<BadEdit> cases = {
      {"text too long", person(1, wide), "rejected too_long"},
      {"number for text",
       Edit::insert("person", id_of(1), {{"name", number(1)}, {"unit", text("nc")}}),
       "rejected bad_value"},
      {"no path", person(1, "Ann", "NC//x"), "rejected bad_value"},
      {"required field left out", Edit::insert("person", id_of(1), {{"name", text("Ann")}}),
       "rejected bad_value"},
      {"required field null", Edit::insert("person", id_of(1), {{"unit", Value()}}),
       "rejected bad_value"},
      {"no choice of an enum", person(1, "Ann").generation("state", 0), "rejected bad_value"},
      {"set as value",
       Edit::insert("person", id_of(1), {{"unit", text("nc")}, {"tags", text("x")}}),
       "rejected bad_value"},
      {"too many elements",
       person(1, "Ann")
           .add("tags", text("a"))
           .add("tags", text("b"))
           .add("tags", text("c"))
           .add("tags", text("d"))
           .add("tags", text("e")),
       "rejected bad_value"},
      {"elements of no set", person(1, "Ann").add("name", text("x")), "rejected bad_value"},
      {"generation of a plain field", person(1, "Ann").generation("name", 1), "rejected bad_value"},
      {"derived id of other fields",
       Edit::insert(
           "ticket", id_of(5),
           {{"event", id_value(id_of(6))}, {"person", id_value(id_of(7))}, {"unit", text("nc")}}),
       "rejected wrong_id"},
      {"inserts a deleted row",
       Edit::insert("person", id_of(1), {{"unit", text("nc")}, {"_deleted", Value::boolean(true)}}),
       "rejected bad_transaction"},
  };
  World world;
  auto ben = world.enroll({"unit/nc"});
  for (const BadEdit& bad : cases) {
    if (bad.what == "no choice of an enum") {
      Edit edit =
          Edit::insert("person", id_of(1), {{"unit", text("nc")}, {"state", text("crowned")}});
      EXPECT_EQ(said(ben->write({edit})), bad.verdict) << bad.what;
      continue;
    }
    if (bad.what == "inserts a deleted row") {
      Edit edit = Edit::insert("person", id_of(1), {{"unit", text("nc")}});
      edit.raw_write().fields.front().value = ValueView::of_boolean(true);
      EXPECT_EQ(said(ben->write({edit})), bad.verdict) << bad.what;
      continue;
    }
    EXPECT_EQ(said(ben->write({bad.edit})), bad.verdict) << bad.what;
  }
  EXPECT_EQ(need(world.reader().digest(std::nullopt)), 0u);
}

TEST(Judge, RefusesASetThatWouldGrowBeyondItsLimit) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write(
      {person(1, "Ann").add("tags", text("a")).add("tags", text("b")).add("tags", text("c"))});
  EXPECT_EQ(said(ben->write({Edit::set("person", id_of(1), {}).add("tags", text("d"))})),
            "applied");
  EXPECT_EQ(said(ben->write({Edit::set("person", id_of(1), {}).add("tags", text("e"))})),
            "rejected too_long");
}

TEST(Judge, TakesFactsOnceAndNeverChangesThem) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  const auto fact = [](std::string_view words) {
    return Edit::insert("note", id_of(1), {{"unit", text("nc")}, {"words", text(words)}});
  };
  EXPECT_EQ(said(ben->write({fact("seen")})), "applied");
  const Sequence head = world.space().head();
  EXPECT_EQ(said(ben->write({fact("seen")})), "applied");  // says nothing new
  EXPECT_EQ(said(ben->write({fact("not seen")})), "rejected append_only");
  EXPECT_EQ(said(ben->write({Edit::set("note", id_of(1), {{"words", text("x")}})})),
            "rejected append_only");
  EXPECT_EQ(said(ben->write({Edit::remove("note", id_of(1))})), "rejected append_only");
  EXPECT_EQ(world.space().head().value, head.value + 1);
}

TEST(Judge, InsertsOfOneDerivedIdMeetInOneRow) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  const CollectionDef& ticket = *world.schema.find("ticket");
  const RowId id =
      derive_row_id(ticket, {ValueView::of_bytes(id_of(6).view()),
                             ValueView::of_bytes(id_of(7).view()), ValueView::of_text("nc")});
  const auto made_by = [&](std::string_view badge) {
    return Edit::insert("ticket", id,
                        {{"event", id_value(id_of(6))},
                         {"person", id_value(id_of(7))},
                         {"unit", text("nc")},
                         {"badge", text(badge)}});
  };
  EXPECT_EQ(said(ben->write({made_by("first")})), "applied");
  world.clock.advance(1000);
  EXPECT_EQ(said(cat->write({made_by("second")})), "merged");
  ben->read();
  EXPECT_EQ(ben->shows("ticket", id, "badge"), "second");
  const MirrorRow* row = ben->row("ticket", id);
  ASSERT_NE(row, nullptr);
  ASSERT_EQ(row->state.fields[4].losers.size(), 1u);
  EXPECT_EQ(row->state.fields[4].losers[0].value, text("first"));
}

// ---- clocks

TEST(Judge, ClampsAStampFromTheFutureAndTellsIt_G3) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->clock_offset_ms = 10LL * 365 * 24 * 3600 * 1000;
  const Verdict verdict = ben->write({person(1, "Ann")});
  ASSERT_TRUE(verdict.accepted.has_value());
  EXPECT_EQ(verdict.accepted->ms(),
            static_cast<std::uint64_t>(world.clock.utc_ms() + stamp_ahead_ms_max));
  ben->read();
  EXPECT_EQ(ben->stamp_of("person", id_of(1), "name"), *verdict.accepted);
}

TEST(Judge, LiftsAStampFromThePastAboveTheEnrolment) {
  World world;
  const std::int64_t enrolled_ms = world.clock.utc_ms();
  auto ben = world.enroll({"unit/nc"});
  ben->clock_offset_ms = -10LL * 365 * 24 * 3600 * 1000;
  const Verdict verdict = ben->write({person(1, "Ann")});
  ASSERT_TRUE(verdict.accepted.has_value());
  EXPECT_EQ(verdict.accepted->ms(), static_cast<std::uint64_t>(enrolled_ms));
  EXPECT_EQ(verdict.accepted->counter(), 1);
}

TEST(Judge, AWriteThatSawAnotherNeverLosesToIt) {
  World world;
  auto fast = world.enroll({"unit/nc"});
  auto slow = world.enroll({"unit/nc"});
  fast->clock_offset_ms = 50'000;
  slow->clock_offset_ms = -3'600'000;
  fast->write({person(1, "Ann")});
  slow->read();
  const Verdict verdict = slow->write({renamed(1, "Anna")});
  EXPECT_EQ(verdict.kind, VerdictKind::applied);
  fast->read();
  EXPECT_EQ(fast->shows("person", id_of(1), "name"), "Anna");
  EXPECT_TRUE(fast->row("person", id_of(1))->state.fields[1].losers.empty());
}

TEST(Judge, AnInsertThatSawTheRowNeverLosesToIt) {
  World world;
  auto fast = world.enroll({"unit/nc"});
  auto slow = world.enroll({"unit/nc"});
  fast->clock_offset_ms = 50'000;
  slow->clock_offset_ms = -3'600'000;
  fast->write({person(1, "Ann")});
  slow->read();
  const Stamp seen = slow->stamp_of("person", id_of(1), "name");
  Edit again = person(1, "Anna");
  again.base("name", seen).base("unit", seen);
  EXPECT_EQ(slow->write({again}).kind, VerdictKind::applied);
  fast->read();
  EXPECT_EQ(fast->shows("person", id_of(1), "name"), "Anna");
  EXPECT_TRUE(fast->row("person", id_of(1))->state.fields[1].losers.empty());
}

TEST(Judge, ATransactionThatDoesNotDecodeDoesNotTakeTheCursorOfTheOneBefore) {
  World world;
  auto ann = world.enroll({"unit/nc"});
  auto ben = world.enroll({"unit/nc"});
  ann->write({person(1, "Ann")});
  ben->read();
  ann->write({Edit::set("person", id_of(1), {}).add("tags", text("tall"))});
  ann->read();
  // Ann has read everything, Ben has not; in one group, so that one judge takes both.
  ann->make({person(2, "Cid")});
  ben->make_raw(Bytes(300, '\xff'));
  Edit tag = Edit::set("person", id_of(1), {});
  ben->make({tag.add("tags", text("glad"))});
  const SyncRequest from_ann = ann->push_request();
  const SyncRequest from_ben = ben->push_request();
  const Push pushes[] = {{ann->number(), &from_ann, ann->head(), "", {}},
                         {ben->number(), &from_ben, ben->head(), "", {}}};
  const std::vector<PushReply> replies = need(world.space().apply(pushes));
  ASSERT_EQ(replies[1].verdicts.size(), 2u);
  EXPECT_EQ(said(replies[1].verdicts[0]), "rejected bad_transaction");
  // The other tag came behind Ben's own cursor.
  EXPECT_EQ(replies[1].verdicts[1].kind, VerdictKind::merged);
}

TEST(Judge, ARefusalForgetsThePathsThatItMadeAndNoOthers) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann", "nc/old")});
  for (unsigned n = 0; n < 20; ++n) {
    const std::string fresh = "nc/new" + std::to_string(n % 3);
    ben->make({person(100 + n, "Bob", fresh), person(200 + n, "Cid", "va/elsewhere")});
    ben->make({person(300 + n, "Dan", n % 2 == 0 ? fresh : "nc/old")});
  }
  ben->push();
  for (std::size_t i = 1; i < ben->made.size(); ++i) {
    EXPECT_EQ(said(*ben->made[i].verdict), i % 2 == 1 ? "rejected not_allowed" : "applied");
  }
  cat->read();  // checks the digests
  EXPECT_EQ(cat->rows().size(), 21u);
}

TEST(Judge, KeepsTheLoserOfTwoConcurrentWrites) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  ben->read();
  cat->read();
  ben->make({renamed(1, "Ben's")});
  world.clock.advance(10);
  cat->make({renamed(1, "Cat's")});
  ben->push();
  cat->push();
  EXPECT_EQ(said(*cat->made.back().verdict), "merged");
  ben->read();
  cat->read();
  EXPECT_EQ(ben->shows("person", id_of(1), "name"), "Cat's");
  ASSERT_EQ(ben->row("person", id_of(1))->state.fields[1].losers.size(), 1u);
  EXPECT_EQ(*ben->row("person", id_of(1)), *cat->row("person", id_of(1)));
}

TEST(Judge, ASetRemovalMayNameAnOwnTransactionThatIsNotConfirmed) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make({person(1, "Ann").add("tags", text("a")).add("tags", text("b"))});
  ben->make({Edit::set("person", id_of(1), {}).take("tags", text("a"), {}, TxNumber(1))});
  ben->push();
  ben->no_echo = true;
  ben->read();
  EXPECT_EQ(ben->shows("person", id_of(1), "tags"), "b");
}

// ---- group commit

TEST(GroupCommit, ManyDevicesShareOneCommitAndEachGetsItsOwnAnswer) {
  World world;
  std::vector<std::unique_ptr<Device>> devices;
  std::vector<SyncRequest> requests;
  for (unsigned n = 0; n < 8; ++n) devices.push_back(world.enroll({"unit/nc/wake"}));
  for (unsigned n = 0; n < 8; ++n) {
    devices[n]->make({person(n, "p" + std::to_string(n), n == 5 ? "nc/dare" : "nc/wake")});
    requests.push_back(devices[n]->push_request());
  }
  std::vector<Push> pushes;
  for (unsigned n = 0; n < 8; ++n) {
    pushes.push_back({devices[n]->number(), &requests[n], devices[n]->head(), "", std::nullopt});
  }
  world.news.clear();
  const auto replies = need(world.space().apply(pushes));
  EXPECT_EQ(world.news.size(), 1u);
  for (unsigned n = 0; n < 8; ++n) {
    ASSERT_EQ(replies[n].verdicts.size(), 1u);
    EXPECT_EQ(said(replies[n].verdicts[0]), n == 5 ? "rejected not_allowed" : "applied");
  }
}

TEST(GroupCommit, TellsWhichPathsAndDevicesItTouched) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->write({person(1, "Ann")});
  world.news.clear();
  ben->write({Edit::set("person", id_of(1), {{"unit", text("nc/dare")}})});
  ASSERT_EQ(world.news.size(), 1u);
  const std::vector<std::string> paths = {"person/" + id_of(1).text(), "unit/nc/dare",
                                          "unit/nc/wake"};
  EXPECT_EQ(world.news[0].paths, paths);
  EXPECT_EQ(world.news[0].verdicts, std::vector<DeviceNumber>{ben->number()});
  EXPECT_EQ(world.news[0].head, world.space().head());
}

TEST(GroupCommit, GivesDenseSequencesToWhatTookEffectOnly) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  const std::uint64_t head = world.space().head().value;
  for (unsigned n = 1; n <= 6; ++n) {
    ben->make(n % 2 == 0 ? std::vector<Edit>{renamed(99, "x")}
                         : std::vector<Edit>{person(n, "Ann")});
  }
  ben->push();
  EXPECT_EQ(world.space().head().value, head + 3);
}

TEST(GroupCommit, ServerTimeNeverRunsBackwardsThroughARestart) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  world.clock.advance(3'600'000);
  ben->write({person(1, "Ann")});
  const std::int64_t then = world.space().server_ms();
  world.clock.set_utc(then - 10'000'000);
  world.restart();
  EXPECT_GE(world.space().server_ms(), then);
  EXPECT_EQ(said(ben->write({person(2, "Bob")})), "applied");
}

TEST(GroupCommit, RowsOfOneLargeTransactionAreMergedLikeThoseOfASmallOne) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  auto cat = world.enroll({"unit/nc"});
  std::vector<Edit> inserts;
  for (unsigned n = 0; n < 300; ++n) inserts.push_back(person(n, "Ann"));
  ben->write(std::move(inserts));
  cat->read();
  std::vector<Edit> edits;
  for (unsigned n = 0; n < 300; ++n) {
    edits.push_back(renamed(n, "Anna"));
    if (n % 3 == 0) edits.back().add("tags", text("t"));
  }
  EXPECT_EQ(said(cat->write(std::move(edits))), "applied");
  ben->read();
  for (unsigned n = 0; n < 300; ++n) EXPECT_EQ(ben->shows("person", id_of(n), "name"), "Anna");
}

// ---- history

TEST(History, TellsEveryTransactionThatNamedTheRow) {
  World world;
  auto ben = world.enroll({"unit/nc"}, "ben's phone");
  auto cat = world.enroll({"unit/nc/dare"}, "cat's phone");
  ben->write({person(1, "Ann"), person(2, "Bob")});
  ben->write({renamed(2, "Bobby")});
  cat->write({renamed(1, "Mine")});  // hidden from her
  ben->read();
  ben->write({renamed(1, "Anna").add("tags", text("vip"))});
  const auto history = need(world.reader().history(CollectionId(1), id_of(1)));
  ASSERT_EQ(history.size(), 3u);
  EXPECT_EQ(history[0].device_label, "ben's phone");
  EXPECT_TRUE(history[0].insert);
  EXPECT_EQ(said(history[0].verdict), "applied");
  EXPECT_EQ(history[1].device_label, "cat's phone");
  EXPECT_EQ(said(history[1].verdict), "rejected gone");
  EXPECT_EQ(history[1].sequence, Sequence());
  ASSERT_EQ(history[2].writes.size(), 2u);
  EXPECT_EQ(history[2].writes[0].name, "name");
  EXPECT_EQ(history[2].writes[0].value, text("Anna"));
  EXPECT_EQ(history[2].writes[1].adds, std::vector<Value>{text("vip")});
}

}  // namespace
}  // namespace rollcall
