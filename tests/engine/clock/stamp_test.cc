#include "engine/clock/stamp.h"

#include "engine/base/random.h"

namespace rollcall {
namespace {

TEST(Stamp, TakesTwelveBytesAsDrawn) {
  const Stamp stamp = Stamp::at(0x0102030405ff, 0x0607, DeviceNumber(0x9f00c1d2));
  EXPECT_EQ(to_hex(stamp.bytes()), "0102030405ff06079f00c1d2");
  EXPECT_EQ(Stamp::from_bytes(stamp.bytes()), stamp);
  EXPECT_EQ(stamp.ms(), 0x0102030405ffu);
  EXPECT_EQ(stamp.counter(), 0x0607);
}

TEST(Stamp, ComparesByTimeThenCounterThenDeviceAsItsBytesDo) {
  EXPECT_LT(Stamp::at(5, 9, DeviceNumber(9)), Stamp::at(6, 0, DeviceNumber(1)));
  EXPECT_LT(Stamp::at(5, 1, DeviceNumber(9)), Stamp::at(5, 2, DeviceNumber(1)));
  EXPECT_LT(Stamp::at(5, 1, DeviceNumber(1)), Stamp::at(5, 1, DeviceNumber(0xffffffff)));
  SeededRandom random(2);
  for (int i = 0; i < 1'000; ++i) {
    const Stamp a{random.next() >> (random.below(64)),
                  DeviceNumber(static_cast<std::uint32_t>(random.next()))};
    const Stamp b{random.next() >> (random.below(64)),
                  DeviceNumber(static_cast<std::uint32_t>(random.next()))};
    ASSERT_EQ(a < b, a.bytes() < b.bytes());
  }
}

TEST(Stamp, NoneIsSmallerThanEveryOther) {
  EXPECT_TRUE(Stamp().is_none());
  EXPECT_FALSE(Stamp::at(0, 0, DeviceNumber(1)).is_none());
  EXPECT_LT(Stamp(), Stamp::at(0, 0, DeviceNumber(1)));
  EXPECT_LT(Stamp(), Stamp::at(0, 1, DeviceNumber(0)));
}

TEST(Stamp, ReadsAsPeopleWriteTime) {
  EXPECT_EQ(Stamp::at(1'793'714'709'120, 3, DeviceNumber(0x9f00c1d2)).text(),
            "2026-11-03T14:05:09.120Z+3@9f00c1d2");
}

TEST(StampDeathTest, FewerThanTwelveBytesAreABug) {
  EXPECT_DEATH((void)Stamp::from_bytes("elevenbytes"), "broken invariant");
}

}  // namespace
}  // namespace rollcall
