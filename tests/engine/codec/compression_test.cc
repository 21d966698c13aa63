#include "engine/codec/compression.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/codec/limits.h"
#include "tests/engine/codec/damage.h"

namespace rollcall {
namespace {

constexpr Encoding all[] = {Encoding::identity, Encoding::gzip, Encoding::zstd};
constexpr Encoding packed_bytes[] = {Encoding::gzip, Encoding::zstd};

Bytes some(std::size_t size, unsigned letters) {
  SeededRandom random(11);
  Bytes out(size, '\0');
  for (char& c : out) c = static_cast<char>(random.below(letters));
  return out;
}

ErrorCode refusal(Encoding encoding, BytesView packed, std::size_t plain_bytes_max) {
  const auto plain = decompress(encoding, packed, plain_bytes_max);
  EXPECT_FALSE(plain);
  return plain ? ErrorCode::internal : plain.error().code;
}

TEST(Compression, GivesBackWhatItWasGiven) {
  for (const Encoding encoding : all) {
    for (const std::size_t size : {0u, 1u, 100u, 65'536u, 65'537u, 1'000'000u}) {
      for (const unsigned letters : {1u, 4u, 256u}) {
        const Bytes plain = some(size, letters);
        const auto back = decompress(encoding, compress(encoding, plain), size);
        ASSERT_TRUE(back) << encoding_name(encoding) << " " << size << " " << back.error().message;
        EXPECT_EQ(*back, plain);
      }
    }
  }
}

TEST(Compression, NeverMakesMoreThanTheCap) {
  for (const Encoding encoding : all) {
    const Bytes packed = compress(encoding, some(100'000, 4));
    EXPECT_TRUE(decompress(encoding, packed, 100'000));
    EXPECT_EQ(refusal(encoding, packed, 99'999), ErrorCode::too_large);
    EXPECT_EQ(refusal(encoding, packed, 0), ErrorCode::too_large);
  }
}

TEST(Compression, ABombIsRefusedAtTheCap_G8) {
  for (const Encoding encoding : packed_bytes) {
    const Bytes bomb = compress(encoding, Bytes(message_bytes_max * 3, '\0'));
    EXPECT_LT(bomb.size(), message_bytes_max / 50);
    EXPECT_EQ(refusal(encoding, bomb, message_bytes_max), ErrorCode::too_large);
  }
}

TEST(Compression, AZstdFrameCannotAskForAHugeWindow) {
  // A frame head that names a window of 2 GiB: magic, descriptor, window descriptor 21 << 3.
  const Bytes greedy("\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00", 9);
  EXPECT_EQ(refusal(Encoding::zstd, greedy, message_bytes_max), ErrorCode::malformed);
}

TEST(Compression, RefusesEveryTruncation) {
  for (const Encoding encoding : packed_bytes) {
    const Bytes packed = compress(encoding, some(3'000, 4));
    expect_every_truncation_refused(packed, [encoding](BytesView part) {
      const auto plain = decompress(encoding, part, 3'000);
      return !plain && plain.error().code == ErrorCode::truncated;
    });
  }
}

TEST(Compression, RefusesWhatFollowsTheEnd) {
  for (const Encoding encoding : packed_bytes) {
    const Bytes packed = compress(encoding, "plain");
    EXPECT_EQ(refusal(encoding, packed + "x", 100), ErrorCode::trailing_bytes);
    EXPECT_EQ(refusal(encoding, packed + packed, 100), ErrorCode::trailing_bytes);
  }
}

TEST(Compression, RefusesWhatIsNoneOfItsStreams) {
  for (const Encoding encoding : packed_bytes) {
    EXPECT_EQ(refusal(encoding, "not compressed at all", 100), ErrorCode::malformed);
  }
  EXPECT_EQ(refusal(Encoding::gzip, compress(Encoding::zstd, "plain"), 100), ErrorCode::malformed);
  EXPECT_EQ(refusal(Encoding::zstd, compress(Encoding::gzip, "plain"), 100), ErrorCode::malformed);
}

TEST(Compression, SurvivesEveryTurnedBit) {
  for (const Encoding encoding : packed_bytes) {
    read_with_every_bit_turned(compress(encoding, some(300, 4)), [encoding](BytesView turned) {
      const auto plain = decompress(encoding, turned, 10'000);
      if (plain) {
        EXPECT_LE(plain->size(), 10'000u);
      }
    });
  }
}

TEST(Compression, KnowsTheNamesOfHttp) {
  EXPECT_EQ(encoding_of_name("").value(), Encoding::identity);
  for (const Encoding encoding : all) {
    EXPECT_EQ(encoding_of_name(encoding_name(encoding)).value(), encoding);
  }
  EXPECT_EQ(encoding_of_name("br").error().code, ErrorCode::unsupported_media);
  EXPECT_EQ(encoding_of_name("gzip, zstd").error().code, ErrorCode::unsupported_media);
}

TEST(Compression, ChoosesTheBestThatTheReaderAllows) {
  const auto chosen = [](std::string_view accept) {
    return encoding_name(choose_encoding(accept, compress_bytes_min));
  };
  EXPECT_EQ(chosen(""), "identity");
  EXPECT_EQ(chosen("br"), "identity");
  EXPECT_EQ(chosen("gzip"), "gzip");
  EXPECT_EQ(chosen("gzip, deflate, br, zstd"), "zstd");
  EXPECT_EQ(chosen("zstd;q=0.2 , gzip;q=1.0"), "zstd");
  EXPECT_EQ(chosen("zstd;q=0, gzip"), "gzip");
  EXPECT_EQ(chosen("zstd;q=0.000,gzip;q=0"), "identity");
  EXPECT_EQ(chosen("zstdx, xgzip"), "identity");
  EXPECT_EQ(choose_encoding("zstd", compress_bytes_min - 1), Encoding::identity);
}

}  // namespace
}  // namespace rollcall
