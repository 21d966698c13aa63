#include "engine/base/bytes.h"

namespace rollcall {
namespace {

// RFC 3629's encoding of a number, also of those that it forbids.
Bytes encoded(std::uint32_t point, std::size_t length) {
  if (length == 1) return Bytes(1, static_cast<char>(point));
  Bytes out;
  const std::uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0, 0xf8};
  out.push_back(static_cast<char>(lead[length] | (point >> (6 * (length - 1)))));
  for (std::size_t i = length - 1; i-- > 0;) {
    out.push_back(static_cast<char>(0x80 | ((point >> (6 * i)) & 0x3f)));
  }
  return out;
}

std::size_t shortest(std::uint32_t point) {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

bool is_surrogate(std::uint32_t point) { return point >= 0xd800 && point <= 0xdfff; }

TEST(Utf8, TakesEveryCodePointInItsShortestFormOnly) {
  for (std::uint32_t point = 0; point < 0x200000; ++point) {
    const bool allowed = point <= 0x10ffff && !is_surrogate(point);
    ASSERT_EQ(is_utf8(encoded(point, shortest(point))), allowed) << point;
  }
  for (std::size_t length = 2; length <= 4; ++length) {
    const std::uint32_t first_fit[] = {0, 0, 0x80, 0x800, 0x10000};
    for (std::uint32_t point = 0; point < first_fit[length]; ++point) {
      ASSERT_FALSE(is_utf8(encoded(point, length))) << point << " in " << length << " bytes";
    }
  }
}

TEST(Utf8, TakesNothingThatIsCutOrContinuesNothing) {
  for (const std::uint32_t point : {0x80u, 0x7ffu, 0x800u, 0xffffu, 0x10000u, 0x10ffffu}) {
    const Bytes whole = encoded(point, shortest(point));
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(is_utf8(whole.substr(0, size)));
      EXPECT_FALSE(is_utf8(whole.substr(0, size) + "a"));
    }
    EXPECT_FALSE(is_utf8(whole + "\x80"));
  }
  for (int byte = 0x80; byte < 0x100; ++byte) {
    EXPECT_FALSE(is_utf8(Bytes(1, static_cast<char>(byte)))) << byte;
  }
}

TEST(Utf8, FindsABadByteAtEveryPlaceOfALongText) {
  const Bytes good = "Pittsboro, Siler City \xc3\xa9\xe2\x82\xac\xf0\x9f\x97\xb3 Chatham";
  ASSERT_TRUE(is_utf8(good));
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8(BytesView("a\0b", 3))) << "NUL is a character";
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] = '\xff';
    EXPECT_FALSE(is_utf8(bad)) << i;
  }
}

}  // namespace
}  // namespace rollcall
