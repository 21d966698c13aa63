#include "engine/merge/clamp.h"

#include "engine/merge/limits.h"
#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

constexpr DeviceNumber me(7);
Stamp at(std::int64_t ms, std::uint16_t counter = 0) {
  return Stamp::at(static_cast<std::uint64_t>(ms), counter, me);
}

TEST(Clamp, LeavesAnHonestStampAlone) {
  EXPECT_EQ(clamp_stamp(at(5'000, 3), {.cursor_commit_ms = 4'000, .server_ms = 5'100}),
            at(5'000, 3));
}

TEST(Clamp, AWrongClockIsAtMostAMinuteAhead) {
  EXPECT_EQ(clamp_stamp(at(60'000), {.server_ms = 0}), at(60'000));
  EXPECT_EQ(clamp_stamp(at(60'000, 1), {.server_ms = 0}), at(60'000));
  EXPECT_EQ(clamp_stamp(at(315'360'000'000), {.server_ms = 1'000}), at(1'000 + stamp_ahead_ms_max));
}

TEST(Clamp, AClockBehindIsLiftedAboveWhatItsOwnerHadSeen) {
  EXPECT_EQ(clamp_stamp(at(1), {.cursor_commit_ms = 4'000, .server_ms = 5'000}), at(4'000, 1));
  EXPECT_EQ(
      clamp_stamp(at(1),
                  {.cursor_commit_ms = 4'000, .last_accepted = at(4'500, 8), .server_ms = 5'000}),
      at(4'500, 9));
  EXPECT_EQ(clamp_stamp(at(1), {.cursor_commit_ms = 4'000,
                                .last_accepted = at(4'500, 8),
                                .seen_base = "b@4600"_stamp,
                                .server_ms = 5'000}),
            at(4'600, 1));
}

TEST(Clamp, WhatWasSeenCountsMoreThanTheCeiling) {
  // The base itself may stand a minute ahead; a write that saw it must not lose to it.
  EXPECT_EQ(clamp_stamp(at(90'000), {.seen_base = at(70'000), .server_ms = 1'000}), at(70'000, 1));
}

TEST(Clamp, AFullCounterCarriesIntoTheMilliseconds) {
  EXPECT_EQ(clamp_stamp(at(1), {.last_accepted = at(4'500, 0xffff), .server_ms = 5'000}),
            at(4'501));
}

TEST(Clamp, HostileNumbersDoNotOverflow) {
  const Stamp greatest{UINT64_MAX, me};
  EXPECT_EQ(clamp_stamp(greatest, {.server_ms = INT64_MAX}).device, me);
  EXPECT_EQ(clamp_stamp(greatest, {.last_accepted = greatest, .server_ms = 5}), greatest);
  EXPECT_EQ(clamp_stamp(at(0), {.cursor_commit_ms = -5, .server_ms = -5}), (Stamp{1, me}));
}

TEST(Clamp, TheTableOfTheDocumentHolds) {
  EXPECT_EQ(clamp_stamp(at(5'000), {.cursor_commit_ms = 4'000, .server_ms = 5'100}), at(5'000));
  EXPECT_EQ(
      clamp_stamp(at(1),
                  {.cursor_commit_ms = 4'000, .last_accepted = at(4'500, 8), .server_ms = 5'000}),
      at(4'500, 9));
  EXPECT_EQ(clamp_stamp(at(999'000), {.cursor_commit_ms = 4'000, .server_ms = 5'000}), at(65'000));
  EXPECT_EQ(clamp_stamp(at(90'000),
                        {.cursor_commit_ms = 4'000, .seen_base = at(70'000), .server_ms = 5'000}),
            at(70'000, 1));
}

TEST(Clamp, AReplicaRaisesAsTheServerWill) {
  EXPECT_EQ(raise_stamp(at(5'000), at(4'000), at(4'500)), at(5'000));
  EXPECT_EQ(raise_stamp(at(3'000), at(4'000), at(4'500)), at(4'500, 1));
  EXPECT_EQ(raise_stamp(at(4'000), at(4'000), Stamp()), at(4'000, 1));
}

}  // namespace
}  // namespace rollcall
