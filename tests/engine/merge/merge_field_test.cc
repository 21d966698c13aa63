#include "engine/merge/merge_field.h"

#include "engine/merge/limits.h"
#include "engine/model/limits.h"
#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

using Lines = std::vector<std::string>;

std::string play(MergeRule rule, const Lines& lines) { return Script(rule).play(lines); }

std::string verdict(MergeRule rule, const Lines& lines) {
  Script script(rule);
  script.play(lines);
  return script.verdict();
}

constexpr auto latest = MergeRule::latest;
constexpr auto first = MergeRule::first;
constexpr auto counter = MergeRule::counter;
constexpr auto set = MergeRule::set;
constexpr auto ladder = MergeRule::ladder;
constexpr auto once = MergeRule::once;

TEST(Latest, GreatestStampStandsAndTheOtherIsKept) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write blue"}), "blue b@6; lost red a@5");
  EXPECT_EQ(play(latest, {"b@6 write blue", "a@5 write red"}), "blue b@6; lost red a@5");
}

TEST(Latest, DeviceNumberBreaksATie) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@5 write blue"}), "blue b@5; lost red a@5");
  EXPECT_EQ(play(latest, {"b@5 write blue", "a@5 write red"}), "blue b@5; lost red a@5");
}

TEST(Latest, AWriteThatSawTheOtherIsNoConflict) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write blue seeing a@5"}), "blue b@6");
  EXPECT_EQ(verdict(latest, {"a@5 write red", "b@6 write blue seeing a@5"}), "applied");
}

TEST(Latest, ADeviceNeverConflictsWithItself) {
  EXPECT_EQ(play(latest, {"a@5 write red", "a@6 write blue"}), "blue a@6");
  EXPECT_EQ(verdict(latest, {"a@5 write red", "a@6 write blue"}), "applied");
}

TEST(Latest, AFieldNeverWrittenLosesToAnyWrite) {
  EXPECT_EQ(play(latest, {"a@1 write null"}), "null a@1");
  EXPECT_EQ(verdict(latest, {"a@1 write null"}), "applied");
}

TEST(Latest, NullIsAValueThatWinsAndLosesLikeAnother) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write null"}), "null b@6; lost red a@5");
  EXPECT_EQ(play(latest, {"b@6 write red", "a@5 write null"}), "red b@6; lost null a@5");
}

TEST(Latest, ALaterWriteOfADeviceReplacesItsOwnLoser) {
  EXPECT_EQ(play(latest, {"c@9 write sea", "a@5 write red", "a@6 write blue"}),
            "sea c@9; lost blue a@6");
  EXPECT_EQ(play(latest, {"c@9 write sea", "a@5 write red", "a@10 write blue"}),
            "blue a@10; lost sea c@9");
  EXPECT_EQ(play(latest, {"c@9 write sea", "a@5 write red", "a@6 write sea"}),
            "sea c@9; agreed a@6");
}

TEST(Latest, ATransactionAppliedLateNeverReplacesItsDevicesLaterLoser) {
  EXPECT_EQ(play(latest, {"c@9 write sea", "a@6 write blue", "a@5 write red"}),
            "sea c@9; lost blue a@6");
  EXPECT_EQ(verdict(latest, {"c@9 write sea", "a@6 write blue", "a@5 write red"}), "merged");
  EXPECT_EQ(play(latest, {"a@6 write blue", "a@5 write red"}), "blue a@6");
  EXPECT_EQ(play(latest, {"c@9 write sea", "a@6 write sea", "a@5 write red"}),
            "sea c@9; agreed a@6");
}

TEST(Latest, AWriteThatSawALoserWhileItStoodReplacesIt) {
  // c had seen red stand; that b displaced it meanwhile does not bring it back as a conflict.
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write blue", "c@7 write sea seeing a@5"}),
            "sea c@7; lost blue b@6");
  EXPECT_EQ(play(latest, {"a@5 write red", "c@7 write sea seeing a@5", "b@6 write blue"}),
            "sea c@7; lost blue b@6");
}

TEST(Latest, AWriteThatLosesInSpiteOfItsBaseIsKept) {
  EXPECT_EQ(play(latest, {"a@9 write red", "b@6 write blue seeing a@9"}), "red a@9; lost blue b@6");
}

TEST(Latest, AgreeingWritesAreNoConflictAndTakeTheGreaterStamp) {
  for (const Lines& lines :
       {Lines{"a@5 write red", "b@6 write red"}, Lines{"b@6 write red", "a@5 write red"}}) {
    EXPECT_EQ(play(latest, lines), "red b@6; agreed a@5");
  }
  // So a third that lies between loses to both orders.
  EXPECT_EQ(play(latest, {"a@5 write red", "b@7 write red", "c@6 write blue"}),
            "red b@7; lost blue c@6; agreed a@5");
  EXPECT_EQ(play(latest, {"a@5 write red", "c@6 write blue", "b@7 write red"}),
            "red b@7; lost blue c@6; agreed a@5");
}

TEST(Latest, WhoChangesHisMindDoesNotHideWhoAgreedWithHim) {
  // Whichever of the two changes his mind, the other's red is kept: neither had seen the other.
  for (const Lines& lines : {Lines{"a@5 write red", "b@6 write red", "a@7 write blue"},
                             Lines{"b@6 write red", "a@5 write red", "a@7 write blue"},
                             Lines{"a@5 write red", "a@7 write blue", "b@6 write red"}}) {
    EXPECT_EQ(play(latest, lines), "blue a@7; lost red b@6");
  }
  for (const Lines& lines : {Lines{"a@5 write red", "b@6 write red", "b@8 write blue"},
                             Lines{"b@6 write red", "a@5 write red", "b@8 write blue"},
                             Lines{"b@6 write red", "b@8 write blue", "a@5 write red"}}) {
    EXPECT_EQ(play(latest, lines), "blue b@8; lost red a@5");
  }
}

TEST(Latest, WhoSawTheValueSawAllThatAgreed) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write red", "c@7 write blue seeing b@6"}),
            "blue c@7");
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write red", "c@7 write blue seeing a@5"}),
            "blue c@7; lost red b@6");
}

TEST(Latest, AnyoneClosesALoserByNamingIt) {
  EXPECT_EQ(play(latest, {"a@5 write red", "b@6 write blue", "c@7 close a@5"}), "blue b@6");
  Script script(latest);
  script.play({"a@5 write red", "b@6 write blue", "a@7 write sea", "c@8 close a@5"});
  EXPECT_EQ(script.text(), "sea a@7; lost blue b@6") << "a close of what is not open does nothing";
  EXPECT_TRUE(script.effect().changed.empty());
  EXPECT_FALSE(script.effect().stored);
  script.line("c@9 close b@6");
  EXPECT_EQ(script.effect().changed, std::vector<std::uint16_t>{1}) << "a close moves the sequence";
  EXPECT_EQ(script.verdict(), "applied");
}

TEST(Latest, RestoringIsANewWriteThatCloses) {
  EXPECT_EQ(
      play(latest, {"a@5 write red", "b@6 write blue", "c@7 write red seeing b@6 closing a@5"}),
      "red c@7");
}

TEST(Latest, KeepsTheSixteenGreatestLosersInAnyOrder) {
  Lines lines;
  for (char device = 'a'; device < 'a' + 20; ++device) {
    lines.push_back(std::string(1, device) + "@" + std::to_string(device - 'a' + 1) + " write " +
                    device);
  }
  Script upward(latest);
  upward.play(lines);
  ASSERT_EQ(upward.field().losers.size(), open_losers_max);
  EXPECT_EQ(upward.field().losers.front().writer, "d@4"_stamp);
  Script downward(latest);
  downward.play(Lines(lines.rbegin(), lines.rend()));
  EXPECT_EQ(downward.row, upward.row);
  EXPECT_EQ(downward.verdict(), "merged") << "one that is in the history only is still no success";
}

TEST(Latest, KeepsFewerLosersOfALongFieldInAnyOrder) {
  FieldDef long_field = field_of(1, "f", latest);
  long_field.bytes_max = 100'000;
  Lines lines;
  for (char device = 'a'; device < 'a' + 6; ++device) {
    lines.push_back(std::string(1, device) + "@" + std::to_string(device - 'a' + 1) + " write " +
                    device);
  }
  Script upward(std::vector<FieldDef>{long_field});
  upward.play(lines);
  ASSERT_EQ(upward.field().losers.size(), 2u);
  EXPECT_EQ(upward.field().losers.front().writer, "d@4"_stamp);
  Script downward(std::vector<FieldDef>{long_field});
  downward.play(Lines(lines.rbegin(), lines.rend()));
  EXPECT_EQ(downward.row, upward.row);
  long_field.bytes_max = 1'000'000;
  EXPECT_EQ(long_field.losers_max(), 1u);
}

TEST(Latest, KeepsFewerLosersOnceItsFieldMayBeLonger) {
  Script script(std::vector<FieldDef>{field_of(1, "f", latest)});
  for (char device = 'a'; device < 'a' + 6; ++device) {
    script.line(std::string(1, device) + "@" + std::to_string(device - 'a' + 1) + " write " +
                device);
  }
  ASSERT_EQ(script.field().losers.size(), 5u);
  script.collection.fields[1].bytes_max = 100'000;
  script.line("g@7 write g");
  ASSERT_EQ(script.field().losers.size(), 2u);
  EXPECT_EQ(script.field().losers.front().writer, "e@5"_stamp);
}

TEST(Latest, KeepsTheSixteenGreatestAgreeing) {
  Script script(latest);
  for (char device = 'a'; device < 'a' + 20; ++device) {
    script.line(std::string(1, device) + "@" + std::to_string(device - 'a' + 1) + " write red");
  }
  ASSERT_EQ(script.field().agreeing.size(), open_losers_max);
  EXPECT_EQ(script.field().agreeing.front(), "d@4"_stamp);
}

TEST(First, SmallestStampStandsAndTheLoserIsKept) {
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write blue"}), "red a@5; lost blue b@6");
  EXPECT_EQ(play(first, {"b@6 write blue", "a@5 write red"}), "red a@5; lost blue b@6");
  EXPECT_EQ(verdict(first, {"a@5 write red", "b@6 write blue"}), "merged");
  EXPECT_EQ(verdict(first, {"b@6 write blue", "a@5 write red"}), "merged");
}

TEST(First, WhoSawThatItIsTakenLosesKnowingly) {
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write blue seeing a@5"}), "red a@5");
  EXPECT_EQ(verdict(first, {"a@5 write red", "b@6 write blue seeing a@5"}), "merged");
  // ... also when an earlier one turns up before his write.
  EXPECT_EQ(play(first, {"a@5 write red", "c@4 write sea", "b@6 write blue seeing a@5"}),
            "sea c@4; lost red a@5");
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write blue seeing a@5", "c@4 write sea"}),
            "sea c@4; lost red a@5");
}

TEST(First, AgreeingWritesTakeTheSmallerStamp) {
  // With the greater, c would come first though a was there before.
  for (const Lines& lines : {Lines{"a@5 write red", "b@7 write red", "c@6 write blue"},
                             Lines{"b@7 write red", "a@5 write red", "c@6 write blue"},
                             Lines{"a@5 write red", "c@6 write blue", "b@7 write red"}}) {
    EXPECT_EQ(play(first, lines), "red a@5; lost blue c@6; agreed b@7");
  }
}

TEST(First, TheFirstOfADevicesWritesCounts) {
  EXPECT_EQ(play(first, {"a@5 write red", "a@6 write blue"}), "red a@5");
  for (const Lines& lines : {Lines{"a@5 write red", "a@6 write blue", "b@4 write sea"},
                             Lines{"b@4 write sea", "a@5 write red", "a@6 write blue"},
                             Lines{"a@5 write red", "b@4 write sea", "a@6 write blue"}}) {
    EXPECT_EQ(play(first, lines), "sea b@4; lost red a@5");
  }
}

TEST(First, AnUndoOpensTheNextGeneration) {
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write null seeing a@5 generation 1"}),
            "null b@6 generation 1");
  EXPECT_EQ(verdict(first, {"a@5 write red", "b@6 write null seeing a@5 generation 1"}), "applied");
  EXPECT_EQ(
      play(first, {"a@5 write red", "b@6 write null seeing a@5 generation 1", "c@4 write sea"}),
      "null b@6 generation 1; lost sea c@4")
      << "earlier, but of a generation that was undone";
}

TEST(First, AnUndoKeepsWhatItsAuthorHadNotSeen) {
  EXPECT_EQ(
      play(first, {"a@5 write red", "c@4 write sea", "b@6 write null seeing a@5 generation 1"}),
      "null b@6 generation 1; lost sea c@4");
  EXPECT_EQ(
      play(first, {"a@5 write red", "b@6 write null seeing a@5 generation 1", "c@4 write sea"}),
      "null b@6 generation 1; lost sea c@4");
}

TEST(First, AWriteInAGenerationThatNobodyOpenedIsTakenInThePresentOne) {
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write blue generation 2"}),
            "red a@5; lost blue b@6");
  Script script(first);
  script.may_open_generation = false;
  EXPECT_EQ(script.play({"a@5 write red", "b@4 write blue generation 1"}),
            "blue b@4; lost red a@5");
  EXPECT_EQ(script.verdict(), "merged");
}

TEST(First, RestoringALoserOpensTheNextGenerationWithIt) {
  EXPECT_EQ(play(first, {"a@5 write red", "b@6 write blue",
                         "c@7 write blue seeing a@5 generation 1 closing b@6"}),
            "blue c@7 generation 1");
}

TEST(Counter, AddsSignedIncrementsInAnyOrder) {
  EXPECT_EQ(play(counter, {"a@5 count 3", "b@4 count -1", "a@6 count 10"}), "12 a@6");
  EXPECT_EQ(play(counter, {"b@4 count -1", "a@5 insert 3", "a@6 count 10"}), "live a@5 | 12 a@6");
  EXPECT_EQ(verdict(counter, {"a@5 count 3", "b@4 count -1"}), "applied");
}

TEST(Counter, IsExactBeyondSixtyFourBitsOnTheWay) {
  const std::string greatest = "9223372036854775807";
  EXPECT_EQ(play(counter, {"a@5 count " + greatest, "b@6 count 5", "c@7 count -5"}),
            greatest + " c@7");
}

TEST(Set, JoinsElementsEachWithItsLatestAdd) {
  EXPECT_EQ(play(set, {"a@5 add red blue", "b@6 add red"}), "{blue a@5, red b@6} b@6");
  EXPECT_EQ(play(set, {"b@6 add red", "a@5 add red blue"}), "{blue a@5, red b@6} b@6");
  EXPECT_EQ(verdict(set, {"b@6 add red", "a@5 add red blue"}), "applied");
}

TEST(Set, ARemovalTakesAwayTheAddThatItNamesAndOlder) {
  EXPECT_EQ(play(set, {"a@5 add red", "b@6 remove red of a@5"}), "{} b@6; removed red a@5");
  EXPECT_EQ(verdict(set, {"a@5 add red", "b@6 remove red of a@5"}), "applied");
  EXPECT_EQ(play(set, {"a@5 add red", "c@6 add red", "b@7 remove red of c@6"}),
            "{} b@7; removed red c@6");
}

TEST(Set, AnAddThatTheRemoverHadNotSeenWins) {
  EXPECT_EQ(play(set, {"a@5 add red", "c@7 add red", "b@6 remove red of a@5"}),
            "{red c@7} c@7; removed red a@5");
  EXPECT_EQ(verdict(set, {"a@5 add red", "c@7 add red", "b@6 remove red of a@5"}), "merged");
  EXPECT_EQ(play(set, {"a@5 add red", "b@6 remove red of a@5", "c@7 add red"}),
            "{red c@7} c@7; removed red a@5");
}

TEST(Set, OfWhatComesLaterARemovalTakesAwayOnlyTheAddThatItNames) {
  EXPECT_EQ(play(set, {"b@6 remove red of a@5", "a@5 add red"}), "{} b@6; removed red a@5");
  EXPECT_EQ(verdict(set, {"b@6 remove red of a@5", "a@5 add red"}), "merged");
  EXPECT_EQ(play(set, {"b@6 remove red of a@5", "c@4 add red"}), "{red c@4} b@6; removed red a@5")
      << "an add from somebody long offline, whom the remover had not seen";
}

TEST(Set, ARemovalMayNameAnOwnTransaction) {
  Script script(set);
  script.own[4] = "a@5"_stamp;
  EXPECT_EQ(script.play({"a@5 add red", "a@6 remove red of tx 4"}), "{} a@6; removed red a@5");
  Script refused(set);
  EXPECT_EQ(refused.play({"b@5 add red", "a@6 remove red of tx 4"}), "{red b@5} a@6")
      << "a refused transaction names nothing";
  EXPECT_EQ(refused.verdict(), "merged");
}

TEST(Set, RemovingAndAddingInOneTransactionLeavesTheElement) {
  // In one write the removals come first.
  Script script(set);
  script.play({"a@5 add red"});
  FieldWrite write;
  write.field = FieldId(1);
  write.adds.push_back(Value::text("red"));
  write.removes.push_back({Value::text("red"), "a@5"_stamp, TxNumber()});
  const MergeEffect effect =
      merge_field(script.collection.fields[1], script.row.fields[1], write, "b@6"_stamp, {});
  EXPECT_EQ(script.text(), "{red b@6} b@6; removed red a@5");
  EXPECT_FALSE(effect.merged);
}

TEST(Set, WhatOnlyTheServerKeepsMovesNoSequence) {
  Script script(set);
  script.play({"a@5 add red", "b@9 remove red of a@5", "c@7 remove red of d@4"});
  EXPECT_TRUE(script.effect().stored);
  EXPECT_TRUE(script.effect().changed.empty());
}

TEST(Set, RemembersABoundedNumberOfRemovals) {
  FieldState field;
  const FieldDef def = field_of(1, "f", MergeRule::set);
  for (std::uint64_t i = 0; i < set_removals_max + 10; ++i) {
    FieldWrite write;
    write.removes.push_back(
        {Value::integer(static_cast<std::int64_t>(i)), Stamp{i + 1, DeviceNumber(1)}, TxNumber()});
    (void)merge_field(def, field, write, Stamp{i + 2, DeviceNumber(2)}, {});
  }
  ASSERT_EQ(field.removals.size(), set_removals_max);
  EXPECT_EQ(field.removals.front().value, Value::integer(10)) << "the oldest are forgotten";
}

TEST(Ladder, OnlyClimbs) {
  EXPECT_EQ(play(ladder, {"a@5 write started", "b@4 write attended"}), "attended b@4");
  EXPECT_EQ(play(ladder, {"b@4 write attended", "a@5 write started"}), "attended b@4");
  EXPECT_EQ(verdict(ladder, {"b@4 write attended", "a@5 write started"}), "merged");
  EXPECT_EQ(verdict(ladder, {"a@5 write started", "b@4 write attended"}), "applied");
}

TEST(Ladder, OneDeviceDoesNotClimbDownEither) {
  EXPECT_EQ(play(ladder, {"a@4 write attended", "a@5 write started seeing a@4"}), "attended a@4");
}

TEST(Ladder, AnEqualRungTakesTheGreaterStamp) {
  EXPECT_EQ(play(ladder, {"a@5 write started", "b@6 write started seeing a@5"}), "started b@6");
  EXPECT_EQ(play(ladder, {"b@6 write started", "a@5 write started"}), "started b@6; agreed a@5");
}

TEST(Ladder, NullIsBelowTheLowestRung) {
  EXPECT_EQ(play(ladder, {"a@5 write null", "b@4 write enrolled"}), "enrolled b@4");
}

TEST(Ladder, AnUndoOpensTheNextGenerationAndKeepsWhatItHadNotSeen) {
  for (const Lines& lines :
       {Lines{"a@5 write attended", "b@6 write completed",
              "c@7 write enrolled seeing a@5 generation 1"},
        Lines{"a@5 write attended", "c@7 write enrolled seeing a@5 generation 1",
              "b@6 write completed"}}) {
    EXPECT_EQ(play(ladder, lines), "enrolled c@7 generation 1; lost completed b@6");
  }
}

TEST(Ladder, RestoringALoserOpensTheNextGenerationWithIt) {
  EXPECT_EQ(play(ladder, {"a@5 write attended", "c@7 write enrolled seeing a@5 generation 1",
                          "b@6 write completed",
                          "d@8 write completed seeing c@7 generation 2 closing b@6"}),
            "completed d@8 generation 2");
}

TEST(Once, TheFirstToArriveStaysAndALaterOneIsKept) {
  EXPECT_EQ(play(once, {"b@6 insert blue", "a@5 insert red"}),
            "live b@6; agreed a@5 | blue b@6; lost red a@5");
  EXPECT_EQ(play(once, {"a@5 insert red", "b@6 insert blue"}),
            "live b@6; agreed a@5 | red a@5; lost blue b@6");
}

TEST(Once, AnEqualValueChangesNothing) {
  Script script(once);
  EXPECT_EQ(script.play({"a@5 write red", "b@6 write red"}), "red a@5");
  EXPECT_FALSE(script.effect().stored);
  EXPECT_EQ(script.verdict(), "merged");
}

TEST(Once, ALoserIsOnlyClosed) {
  EXPECT_EQ(play(once, {"a@5 write red", "b@6 write blue", "a@7 close b@6"}), "red a@5");
  EXPECT_EQ(play(once, {"a@5 write red", "b@6 write blue", "a@7 write blue seeing a@5"}),
            "red a@5; lost blue b@6");
}

TEST(EveryRule, TheSameWriteAgainChangesNothing) {
  const std::vector<std::pair<MergeRule, Lines>> cases = {
      {latest, {"a@5 write red", "b@6 write blue"}},
      {latest, {"b@6 write blue", "a@5 write red"}},
      {latest, {"b@6 write red", "a@5 write red"}},
      {first, {"a@5 write red", "b@6 write blue"}},
      {first, {"b@6 write blue", "a@5 write red"}},
      {ladder, {"a@5 write attended", "b@6 write started"}},
      {once, {"a@5 write red", "b@6 write blue"}},
      {set, {"a@5 add red", "b@6 remove red of a@5"}},
  };
  for (const auto& [rule, lines] : cases) {
    Script script(rule);
    script.play(lines);
    const RowState before = script.row;
    script.line(lines.back());
    EXPECT_EQ(script.row, before) << rule_name(rule);
    EXPECT_FALSE(script.effect().stored) << rule_name(rule);
  }
}

}  // namespace
}  // namespace rollcall
