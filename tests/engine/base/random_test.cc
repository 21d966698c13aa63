#include "engine/base/random.h"

namespace rollcall {
namespace {

TEST(SeededRandom, IsSplitmix64) {
  // The first numbers of the reference implementation (Vigna, splitmix64.c) from seed 0.
  SeededRandom random(0);
  EXPECT_EQ(random.next(), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(random.next(), 0x6e789e6aa1b965f4ULL);
  EXPECT_EQ(random.next(), 0x06c45d188009454fULL);
}

TEST(SeededRandom, OneSeedGivesOneSequence) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t next = a.next();
    EXPECT_EQ(next, b.next());
    differs |= next != other.next();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededRandom, FillsEveryByte) {
  SeededRandom random(5);
  for (std::size_t size = 0; size < 20; ++size) {
    bool last_changes = size == 0;
    for (int i = 0; i < 64; ++i) {
      std::vector<unsigned char> bytes(size + 1, 0xaa);
      random.fill(bytes.data(), size);
      EXPECT_EQ(bytes[size], 0xaa) << "wrote beyond the end";
      if (size > 0) last_changes |= bytes[size - 1] != 0xaa;
    }
    EXPECT_TRUE(last_changes) << size;
  }
}

TEST(Random, BelowReachesEveryNumberUnderItsBoundAndNoOther) {
  SeededRandom random(9);
  std::vector<int> seen(7);
  for (int i = 0; i < 7'000; ++i) ++seen[random.below(7)];
  for (const int count : seen) EXPECT_GT(count, 700);
  EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomDeathTest, BelowNothingIsABug) {
  SeededRandom random(9);
  EXPECT_DEATH((void)random.below(0), "broken invariant");
}

}  // namespace
}  // namespace rollcall
