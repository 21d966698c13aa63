#include "engine/base/sha1.h"

namespace rollcall {
namespace {

std::string hex(BytesView message) {
  const auto digest = sha1(message);
  return to_hex(BytesView(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

TEST(Sha1, MatchesTheVectorsOfRfc3174) {
  EXPECT_EQ(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex(Bytes(1'000'000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  Bytes eights;
  for (int i = 0; i < 20; ++i) eights += "01234567012345670123456701234567";
  EXPECT_EQ(hex(eights), "dea356a2cddd90c7a7ecedc5ebb563934f460452");
}

TEST(Sha1, PadsRightAroundTheEndOfABlock) {
  // FIPS 180 test values of 'a' repeated, from another implementation (sha1sum).
  EXPECT_EQ(hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(Bytes(55, 'a')), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
  EXPECT_EQ(hex(Bytes(56, 'a')), "c2db330f6083854c99d4b5bfb6e8f29f201be699");
  EXPECT_EQ(hex(Bytes(63, 'a')), "03f09f5b158a7a8cdad920bddc29b81c18a551f5");
  EXPECT_EQ(hex(Bytes(64, 'a')), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
  EXPECT_EQ(hex(Bytes(65, 'a')), "11655326c708d70319be2610e8a57d9a5b959d3b");
}

}  // namespace
}  // namespace rollcall
