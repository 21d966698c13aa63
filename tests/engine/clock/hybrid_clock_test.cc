#include "engine/clock/hybrid_clock.h"

#include "engine/base/random.h"

namespace rollcall {
namespace {

constexpr DeviceNumber me(7);
constexpr std::int64_t year_ms = 365LL * 86'400'000;
constexpr std::int64_t now_ms = 1'790'000'000'000;

TEST(HybridClock, FollowsTheWallClock) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  EXPECT_EQ(clock.next(), Stamp::at(now_ms, 0, me));
  wall.advance(5);
  EXPECT_EQ(clock.next(), Stamp::at(now_ms + 5, 0, me));
}

TEST(HybridClock, CountsWithinOneMillisecond) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  EXPECT_EQ(clock.next().counter(), 0);
  EXPECT_EQ(clock.next().counter(), 1);
  EXPECT_EQ(clock.next().counter(), 2);
}

TEST(HybridClock, NeverGoesBackThroughJumpsOfYears) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  const Stamp before = clock.next();
  wall.set_utc(now_ms - 10 * year_ms);
  const Stamp behind = clock.next();
  EXPECT_EQ(behind, Stamp::at(now_ms, 1, me));
  wall.set_utc(now_ms + 10 * year_ms);
  const Stamp ahead = clock.next();
  EXPECT_EQ(ahead, Stamp::at(now_ms + 10 * year_ms, 0, me));
  wall.set_utc(now_ms);
  EXPECT_EQ(clock.next(), Stamp::at(now_ms + 10 * year_ms, 1, me));
  EXPECT_LT(before, behind);
}

TEST(HybridClock, GoesOnWhateverTimeSomebodyMadeUp) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  const Stamp before = clock.next();
  clock.observe(Stamp{~std::uint64_t{0}, DeviceNumber(2)});
  clock.reset_to(Stamp{~std::uint64_t{0} - 1, DeviceNumber(2)});
  EXPECT_GT(clock.next(), before);
}

TEST(HybridClock, RisesWhateverHappens) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    ManualClock wall(now_ms);
    HybridClock clock(wall, me);
    Stamp before;
    for (int i = 0; i < 500; ++i) {
      const std::int64_t jump =
          static_cast<std::int64_t>(random.below(40 * year_ms)) - 20 * year_ms;
      switch (random.below(4)) {
        case 0: wall.set_utc(now_ms + jump); break;
        case 1: clock.follow(now_ms + jump, wall.utc_ms()); break;
        case 2: clock.observe(Stamp{before.time + random.below(1u << 20), DeviceNumber(9)}); break;
        default: break;
      }
      const Stamp next = clock.next();
      ASSERT_LT(before, next) << "seed " << seed << ", stamp " << i;
      before = next;
    }
  }
}

TEST(HybridClock, AFullCounterCarriesIntoTheMilliseconds) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  clock.observe(Stamp::at(now_ms, 0xffff, DeviceNumber(1)));
  EXPECT_EQ(clock.next(), Stamp::at(now_ms + 1, 0, me));
}

TEST(HybridClock, ManyStampsInOneMillisecondStillRise) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  Stamp before;
  for (int i = 0; i < 200'000; ++i) {
    const Stamp next = clock.next();
    ASSERT_LT(before, next);
    before = next;
  }
  EXPECT_EQ(before.ms(), static_cast<std::uint64_t>(now_ms) + 3) << "199,999 = 3 * 65,536 + 3,391";
}

TEST(HybridClock, GoesBeyondWhatItWasShown) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  const Stamp seen = Stamp::at(now_ms + 1'000, 4, DeviceNumber(99));
  clock.observe(seen);
  EXPECT_GT(clock.next(), seen);
  clock.observe(Stamp::at(1, 0, DeviceNumber(99)));
  EXPECT_GT(clock.next(), seen) << "showing an old one takes nothing back";
}

TEST(HybridClock, FollowsTheServersTime) {
  ManualClock wall(now_ms);
  HybridClock clock(wall, me);
  clock.follow(now_ms + 90'000, wall.utc_ms());
  EXPECT_EQ(clock.offset_ms(), 90'000);
  EXPECT_EQ(clock.now_ms(), now_ms + 90'000);
  wall.advance(10);
  EXPECT_EQ(clock.next().ms(), static_cast<std::uint64_t>(now_ms) + 90'010);
}

TEST(HybridClock, ForgetsTimeAheadWhenTheServerClampedIt) {
  ManualClock wall(now_ms + 10 * year_ms);
  HybridClock clock(wall, me);
  (void)clock.next();
  const Stamp accepted = Stamp::at(now_ms + 60'000, 0, me);
  clock.follow(now_ms, wall.utc_ms());
  clock.reset_to(accepted);
  EXPECT_EQ(clock.next(), Stamp::at(now_ms + 60'000, 1, me));
  wall.advance(120'000);
  EXPECT_EQ(clock.next().ms(), static_cast<std::uint64_t>(now_ms) + 120'000);
}

TEST(HybridClock, AWallClockBefore1970OrBeyondTheEndStillGivesStamps) {
  ManualClock wall(-5);
  HybridClock clock(wall, me);
  EXPECT_EQ(clock.next(), Stamp::at(1, 0, me)) << "never the stamp that means never written";
  wall.set_utc(INT64_MAX);
  EXPECT_EQ(clock.next(), Stamp::at(Stamp::ms_max - 1, 0, me));
}

}  // namespace
}  // namespace rollcall
