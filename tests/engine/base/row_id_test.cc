#include "engine/base/row_id.h"

#include "engine/base/random.h"

namespace rollcall {
namespace {

constexpr std::int64_t now_ms = 1'790'000'000'000;

// Begins with the greatest tail there is.
class FullTailRandom final : public Random {
 public:
  void fill(void* bytes, std::size_t count) override {
    std::memset(bytes, calls_++ < 2 ? 0xff : 0x01, count);
  }

 private:
  int calls_ = 0;
};

std::uint64_t ms_of(const RowId& id) { return get_u64(id.view()) >> 16; }

void expect_version_7(const RowId& id) {
  EXPECT_EQ(static_cast<unsigned char>(id.bytes[6]) >> 4, 7);
  EXPECT_EQ(static_cast<unsigned char>(id.bytes[8]) >> 6, 2);
}

TEST(RowId, ReadsAndWritesTextOfEitherCase) {
  const RowId id = RowId::parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F").value();
  EXPECT_EQ(id.text(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(RowId::from_bytes(id.view()), id);
  EXPECT_FALSE(id.is_nil());
  EXPECT_TRUE(RowId().is_nil());
}

TEST(RowId, RefusesWhatIsNotOne) {
  for (const char* text :
       {"", "017f22e279b07cc398c4dc0c0c07398f", "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f", "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}"}) {
    EXPECT_EQ(RowId::parse(text).error().code, ErrorCode::malformed) << text;
  }
}

TEST(RowId, DerivesTheVersion5OfRfc9562) {
  // RFC 9562 appendix A.4.
  const RowId dns = RowId::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8").value();
  EXPECT_EQ(RowId::derive(dns, "www.example.com").text(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(RowId, ComparesAsUnsignedBytes) {
  EXPECT_LT(RowId::parse("7f000000-0000-0000-0000-000000000000").value(),
            RowId::parse("80000000-0000-0000-0000-000000000000").value());
}

TEST(RowIdSource, CarriesTheTimeAndTheVersion) {
  SeededRandom random(1);
  RowIdSource source(random);
  const RowId id = source.next(now_ms);
  expect_version_7(id);
  EXPECT_EQ(ms_of(id), static_cast<std::uint64_t>(now_ms));
}

TEST(RowIdSource, RisesStrictlyWhateverTheClockDoes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    RowIdSource source(random);
    RowId before;
    std::int64_t clock = now_ms;
    for (int i = 0; i < 2'000; ++i) {
      if (random.below(10) == 0) {
        clock += static_cast<std::int64_t>(random.below(2'000'000'000)) - 1'000'000'000;
      }
      const RowId id = source.next(clock);
      ASSERT_LT(before, id) << "seed " << seed << ", id " << i;
      expect_version_7(id);
      before = id;
    }
  }
}

TEST(RowIdSource, RisesWhenTheRandomTailIsFull) {
  FullTailRandom random;
  RowIdSource source(random);
  const RowId full = source.next(now_ms);
  ASSERT_EQ(full.text().substr(14), "77ff-bfff-ffffffffffff");
  const RowId next = source.next(now_ms);
  EXPECT_LT(full, next);
  EXPECT_EQ(next.text().substr(14, 9), "7800-8000") << "carried into the twelve bits before";
  expect_version_7(next);
}

TEST(RowIdSource, IdsMadeTogetherLieNearEachOther) {
  SeededRandom random(3);
  RowIdSource source(random);
  const RowId a = source.next(now_ms);
  const RowId b = source.next(now_ms);
  EXPECT_EQ(a.view().substr(0, 8), b.view().substr(0, 8));
  EXPECT_LT(get_u64(b.view().substr(8)) - get_u64(a.view().substr(8)), 1u << 21);
}

TEST(RowIdSource, TakesATimeBefore1970AsThat) {
  SeededRandom random(4);
  RowIdSource source(random);
  EXPECT_EQ(ms_of(source.next(-5)), 0u);
}

TEST(RowIdHash, TellsIdsThatDifferInOneByteApart) {
  const RowId id = RowId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").value();
  for (std::size_t i = 0; i < RowId::size_bytes; ++i) {
    RowId other = id;
    other.bytes[i] = static_cast<char>(other.bytes[i] ^ 1);
    EXPECT_NE(std::hash<RowId>()(id), std::hash<RowId>()(other)) << i;
  }
}

}  // namespace
}  // namespace rollcall
