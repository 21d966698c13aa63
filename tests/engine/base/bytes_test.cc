#include "engine/base/bytes.h"

#include <limits>

#include "engine/base/random.h"

namespace rollcall {
namespace {

// Any bytes, of a length below `bound`.
Bytes some_bytes(Random& random, std::uint64_t bound) {
  Bytes bytes(random.below(bound), '\0');
  random.fill(bytes.data(), bytes.size());
  return bytes;
}

TEST(Hex, WritesLowerCaseAndReadsBoth) {
  EXPECT_EQ(to_hex(BytesView("\x00\x7f\xff\xAb", 4)), "007fffab");
  EXPECT_EQ(from_hex("007FffAB").value(), Bytes("\x00\x7f\xff\xAb", 4));
  EXPECT_EQ(from_hex("").value(), "");
}

TEST(Hex, RefusesOddLengthsAndOtherCharacters) {
  for (const char* text : {"0", "abc", "0g", "g0", " 0", "0x", "--"}) {
    EXPECT_EQ(from_hex(text).error().code, ErrorCode::malformed) << text;
  }
}

TEST(Base64, MatchesTheVectorsOfRfc4648WithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(plain), text);
    EXPECT_EQ(from_base64(text).value(), plain);
  }
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "-__-") << "the URL-safe letters";
}

TEST(Base64, RefusesPaddingOtherLettersAndBitsThatSayNothing) {
  EXPECT_EQ(from_base64("Zg==").error().code, ErrorCode::malformed);
  EXPECT_EQ(from_base64("Zm9+").error().code, ErrorCode::malformed);
  EXPECT_EQ(from_base64("Zm 9").error().code, ErrorCode::malformed);
  EXPECT_EQ(from_base64("Z").error().code, ErrorCode::not_canonical);
  EXPECT_EQ(from_base64("Zh").error().code, ErrorCode::not_canonical);
  EXPECT_EQ(from_base64("Zm9=").error().code, ErrorCode::malformed);
  EXPECT_EQ(from_base64("Zm9vZm9").error().code, ErrorCode::not_canonical);
}

TEST(Base64, AnyBytesComeBack) {
  SeededRandom random(1);
  for (int i = 0; i < 500; ++i) {
    const Bytes bytes = some_bytes(random, 80);
    ASSERT_EQ(from_base64(to_base64(bytes)).value(), bytes);
    ASSERT_EQ(from_hex(to_hex(bytes)).value(), bytes);
  }
}

TEST(FixedWidth, IsBigEndianSoThatBytesSortAsNumbers) {
  Bytes out;
  put_u16(out, 0x0102);
  put_u32(out, 0x03040506);
  put_u64(out, 0x0708090a0b0c0d0e);
  EXPECT_EQ(to_hex(out), "0102030405060708090a0b0c0d0e");
  EXPECT_EQ(get_u16(out), 0x0102);
  EXPECT_EQ(get_u32(BytesView(out).substr(2)), 0x03040506u);
  EXPECT_EQ(get_u64(BytesView(out).substr(6)), 0x0708090a0b0c0d0eULL);
}

TEST(FixedWidthDeathTest, ReadingBeyondTheEndIsABug) {
  EXPECT_DEATH((void)get_u32("abc"), "broken invariant");
}

TEST(Varint, TakesSevenBitsAByteAndComesBackAtEachBoundary) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    for (const int around : {-1, 0, 1}) {
      const std::uint64_t edge = bits == 64 ? 0 : std::uint64_t{1} << bits;
      const std::uint64_t value = edge + static_cast<std::uint64_t>(around);
      Bytes out;
      put_varint(out, value);
      std::size_t expected = 1;
      for (std::uint64_t rest = value >> 7; rest != 0; rest >>= 7) ++expected;
      EXPECT_EQ(out.size(), expected) << value;
      out += "rest";
      BytesView in = out;
      EXPECT_EQ(take_varint(in).value(), value);
      EXPECT_EQ(in, "rest");
    }
  }
}

TEST(Varint, IsTruncatedAtEveryByteBeforeItsLast) {
  Bytes out;
  put_varint(out, std::numeric_limits<std::uint64_t>::max());
  ASSERT_EQ(out.size(), 10u);
  for (std::size_t size = 0; size < out.size(); ++size) {
    BytesView in = BytesView(out).substr(0, size);
    EXPECT_EQ(take_varint(in).error().code, ErrorCode::truncated) << size;
  }
}

TEST(Varint, RefusesLongFormsAndMoreThanSixtyFourBits) {
  const auto code = [](BytesView bytes) { return take_varint(bytes).error().code; };
  EXPECT_EQ(code(BytesView("\x80\x00", 2)), ErrorCode::not_canonical);
  EXPECT_EQ(code(BytesView("\xff\x80\x00", 3)), ErrorCode::not_canonical);
  EXPECT_EQ(code("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), ErrorCode::not_canonical);
  EXPECT_EQ(code("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01"), ErrorCode::not_canonical);
}

TEST(Zigzag, MakesSmallNumbersSmallAndComesBack) {
  EXPECT_EQ(zigzag(0), 0u);
  EXPECT_EQ(zigzag(-1), 1u);
  EXPECT_EQ(zigzag(1), 2u);
  EXPECT_EQ(zigzag(-2), 3u);
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{77},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(unzigzag(zigzag(value)), value);
  }
}

}  // namespace
}  // namespace rollcall
