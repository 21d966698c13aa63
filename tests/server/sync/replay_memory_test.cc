#include "server/sync/replay_memory.h"

#include <gtest/gtest.h>

#include "engine/protocol/limits.h"

namespace rollcall {
namespace {

using Outcome = ReplayMemory::Outcome;

Bytes nonce(unsigned number) {
  Bytes bytes(8, 'n');
  put_u32(bytes, number);
  return bytes;
}

TEST(ReplayMemory, KnowsARequestForAsLongAsItCouldBeBelieved) {
  ReplayMemory memory(1000, 1000);
  const DeviceNumber device(7);
  const std::int64_t start = 1'000'000'000;
  EXPECT_EQ(memory.remember(device, nonce(1), start), Outcome::fresh);
  // A request whose time was ahead by all that is allowed stays believable for twice that.
  for (std::int64_t after = 0; after <= 2 * request_skew_ms_max; after += 1000) {
    EXPECT_EQ(memory.remember(device, nonce(1), start + after), Outcome::replayed) << after;
  }
}

TEST(ReplayMemory, TellsDevicesApart) {
  ReplayMemory memory(1000, 1000);
  EXPECT_EQ(memory.remember(DeviceNumber(1), nonce(1), 1000), Outcome::fresh);
  EXPECT_EQ(memory.remember(DeviceNumber(2), nonce(1), 1000), Outcome::fresh);
  EXPECT_EQ(memory.remember(DeviceNumber(1), nonce(1), 1000), Outcome::replayed);
}

TEST(ReplayMemory, TakesNoMoreThanItHoldsUntilTimeHasPassed) {
  ReplayMemory memory(3, 3);
  const DeviceNumber device(7);
  std::int64_t now = 1'000'000'000;
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(memory.remember(device, nonce(i), now), Outcome::fresh);
  }
  EXPECT_EQ(memory.remember(device, nonce(3), now), Outcome::full);
  EXPECT_EQ(memory.remember(device, nonce(0), now), Outcome::replayed) << "full, not forgetful";
  now += 2 * request_skew_ms_max + 1;
  EXPECT_EQ(memory.remember(device, nonce(3), now), Outcome::fresh);
  EXPECT_EQ(memory.remember(device, nonce(2), now), Outcome::replayed);
}

TEST(ReplayMemory, LeavesRoomForOthersWhenOneDeviceFillsItsPart) {
  ReplayMemory memory(1000, 2);
  for (unsigned i = 0; i < 2; ++i) {
    EXPECT_EQ(memory.remember(DeviceNumber(1), nonce(i), 1000), Outcome::fresh);
  }
  EXPECT_EQ(memory.remember(DeviceNumber(1), nonce(2), 1000), Outcome::full);
  EXPECT_EQ(memory.remember(DeviceNumber(2), nonce(2), 1000), Outcome::fresh);
}

TEST(ReplayMemory, ForgetsWhatNobodyWouldBelieve) {
  ReplayMemory memory(1, 1);
  std::int64_t now = 1'000'000'000;
  for (unsigned i = 0; i < 100; ++i) {
    EXPECT_EQ(memory.remember(DeviceNumber(7), nonce(i), now), Outcome::fresh) << i;
    now += 2 * request_skew_ms_max + 1;
  }
}

}  // namespace
}  // namespace rollcall
