#include "engine/clock/clock.h"

namespace rollcall {
namespace {

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(1'000);
  EXPECT_EQ(clock.utc_ms(), 1'000);
  EXPECT_EQ(clock.steady_ms(), 0);
  clock.advance(250);
  EXPECT_EQ(clock.utc_ms(), 1'250);
  EXPECT_EQ(clock.steady_ms(), 250);
}

TEST(ManualClock, SteadyTimeDoesNotNoticeTheWallClockBeingSet) {
  ManualClock clock(1'000);
  clock.advance(10);
  clock.set_utc(-5);
  EXPECT_EQ(clock.utc_ms(), -5);
  EXPECT_EQ(clock.steady_ms(), 10);
}

TEST(SystemClock, KnowsThatItIsLaterThanWhenThisWasWritten) {
  const SystemClock clock;
  EXPECT_GT(clock.utc_ms(), 1'700'000'000'000);
  const std::int64_t before = clock.steady_ms();
  EXPECT_LE(before, clock.steady_ms());
}

}  // namespace
}  // namespace rollcall
