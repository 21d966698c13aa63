#include "engine/codec/cbor_reader.h"

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/codec/cbor_writer.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"

namespace rollcall {
namespace {

Result<void> read_all(BytesView in) {
  CborReader reader(in);
  ROLLCALL_TRY(reader.skip());
  return reader.end();
}

std::string verdict(BytesView in) {
  const auto read = read_all(in);
  return read ? "taken" : std::string(error_name(read.error().code));
}

TEST(CborReader, TakesWhatIsDeterministic) {
  for (const Bytes& good :
       {"00"_hex, "1818"_hex, "1bffffffffffffffff"_hex, "20"_hex, "40"_hex, "60"_hex, "80"_hex,
        "a0"_hex, "f4"_hex, "f5"_hex, "f6"_hex, "a26161016162820203"_hex, "8380a08180"_hex,
        "63e6b0b4"_hex, "a3 01 01 1818 02 20 03"_hex, "a2 41 61 00 61 61 00"_hex}) {
    EXPECT_EQ(verdict(good), "taken") << to_hex(good);
  }
}

TEST(CborReader, RefusesEachBreachWithItsCode) {
  const std::pair<Bytes, std::string_view> cases[] = {
      {""_hex, "truncated"},
      {"18"_hex, "truncated"},
      {"1900"_hex, "truncated"},
      {"61"_hex, "truncated"},
      {"81"_hex, "truncated"},
      {"a1 01"_hex, "truncated"},
      {"1817"_hex, "not_canonical"},    // 23 in two bytes
      {"1900ff"_hex, "not_canonical"},  // 255 in three
      {"1a0000ffff"_hex, "not_canonical"},
      {"1b00000000ffffffff"_hex, "not_canonical"},
      {"7800"_hex, "not_canonical"},      // a length of 0 in two bytes
      {"9f01ff"_hex, "not_canonical"},    // indefinite list
      {"5f4101ff"_hex, "not_canonical"},  // indefinite bytes
      {"bf0101ff"_hex, "not_canonical"},
      {"a2 02 00 01 00"_hex, "not_canonical"},      // keys 2, 1
      {"a2 6162 00 6161 00"_hex, "not_canonical"},  // keys b, a
      {"a2 61 61 00 01 00"_hex, "not_canonical"},   // keys "a", 1
      {"a2 01 00 01 00"_hex, "duplicate_key"},
      {"a2 6161 00 6161 00"_hex, "duplicate_key"},
      {"a1 80 00"_hex, "malformed"},  // a list as a key
      {"a1 a0 00"_hex, "malformed"},
      {"61ff"_hex, "not_utf8"},
      {"62c080"_hex, "not_utf8"},      // overlong NUL
      {"63eda080"_hex, "not_utf8"},    // a surrogate
      {"64f4908080"_hex, "not_utf8"},  // beyond U+10FFFF
      {"a1 61ff 00"_hex, "not_utf8"},
      {"f93c00"_hex, "malformed"},  // a float
      {"fa3f800000"_hex, "malformed"},
      {"fb3ff0000000000000"_hex, "malformed"},
      {"f7"_hex, "malformed"},  // undefined
      {"f0"_hex, "malformed"},
      {"f820"_hex, "malformed"},
      {"c000"_hex, "malformed"},    // a tag
      {"1c"_hex, "malformed"},      // reserved
      {"ff"_hex, "not_canonical"},  // a break of nothing
      {"0000"_hex, "trailing_bytes"},
  };
  for (const auto& [bytes, code] : cases) EXPECT_EQ(verdict(bytes), code) << to_hex(bytes);
}

TEST(CborReader, ChecksTheInsideOfWhatItSkips) {
  EXPECT_EQ(verdict("82 a1 01 81 61ff 00"_hex), "not_utf8");
  EXPECT_EQ(verdict("82 00 a2 02 00 01 00"_hex), "not_canonical");
}

TEST(CborReader, NamesTheOffset) {
  EXPECT_NE(read_all("82 00 1817"_hex).error().message.find("byte 2"), std::string::npos);
}

TEST(CborReader, HoldsSixteenLevelsAndNotSeventeen_G6) {
  Bytes deep(codec_depth_max, '\x81');
  EXPECT_EQ(verdict(deep + Bytes("\0", 1)), "taken");
  EXPECT_EQ(verdict(deep + "\x81" + Bytes("\0", 1)), "too_deep");
  EXPECT_EQ(verdict(Bytes(200'000, '\x81')), "too_deep");
  EXPECT_EQ(verdict(Bytes(200'000, '[')), "truncated");  // CBOR's eye: bytes of length 27
}

TEST(CborReader, EmptyContainersAtEveryDepthAreClosed) {
  EXPECT_EQ(verdict("82 81 80 82 a0 a1 00 80"_hex), "taken");
  EXPECT_EQ(verdict("81 81 81 80 00"_hex), "trailing_bytes");
}

TEST(CborReader, ACountBeyondTheBytesIsRefusedAtOnce) {
  EXPECT_EQ(verdict("9b 00000000ffffffff ff"_hex), "not_canonical");
  EXPECT_EQ(verdict("9a ffffffff 00"_hex), "truncated");
  EXPECT_EQ(verdict("bb 8000000000000000 00"_hex), "truncated");
  EXPECT_EQ(verdict("7b ffffffffffffffff 61"_hex), "truncated");
}

TEST(CborReader, ReadsItemByItemWithoutACopy) {
  const Bytes in = "84 1864 2a 6161 41 ff"_hex;
  CborReader reader(in);
  EXPECT_EQ(reader.array().value(), 4u);
  EXPECT_EQ(reader.unsigned_integer().value(), 100u);
  EXPECT_EQ(reader.integer().value(), -11);
  EXPECT_EQ(reader.text().value(), "a");
  EXPECT_FALSE(reader.end());
  const BytesView content = reader.bytes().value();
  EXPECT_EQ(content.data(), in.data() + in.size() - 1);
  EXPECT_TRUE(reader.end());
}

TEST(CborReader, AnotherTypeThanWantedIsRefused) {
  const auto code = [](auto result) { return result.error().code; };
  EXPECT_EQ(code(CborReader("20"_hex).unsigned_integer()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("60"_hex).bytes()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("40"_hex).text()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("f6"_hex).boolean()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("f5"_hex).null()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("80"_hex).map()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("a0"_hex).array()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("80"_hex).value()), ErrorCode::wrong_type);
  EXPECT_EQ(code(CborReader("1b8000000000000000"_hex).integer()), ErrorCode::bad_value);
  EXPECT_EQ(code(CborReader("3b8000000000000000"_hex).integer()), ErrorCode::bad_value);
  EXPECT_EQ(CborReader("3b7fffffffffffffff"_hex).integer().value(),
            std::numeric_limits<std::int64_t>::min());
}

TEST(CborReader, RawGivesTheBytesOfOneItem) {
  const Bytes in = "82 a1 01 82 02 03 04"_hex;
  CborReader reader(in);
  ASSERT_TRUE(reader.array());
  EXPECT_EQ(to_hex(reader.raw().value()), "a101820203");
  EXPECT_EQ(reader.unsigned_integer().value(), 4u);
  EXPECT_TRUE(reader.end());
}

// A random item, at most `depth` deep.
void write_some(Random& random, CborWriter& out, int depth) {
  switch (random.below(depth > 0 ? 8 : 6)) {
    case 0: return out.unsigned_integer(random.next() >> random.below(64));
    case 1:
      return out.integer(-1 - static_cast<std::int64_t>(random.next() >> (1 + random.below(63))));
    case 2: return out.text(std::string(random.below(30), 'x') + "\u00e9");
    case 3: return out.bytes(Bytes(random.below(300), '\xff'));
    case 4: return out.boolean(random.below(2) == 1);
    case 5: return out.null();
    case 6: {
      const std::uint64_t items = random.below(30);
      out.array(items);
      for (std::uint64_t i = 0; i < items; ++i) write_some(random, out, depth - 1);
      return;
    }
    default: {
      const std::uint64_t pairs = random.below(30);
      out.map(pairs);
      for (std::uint64_t i = 0; i < pairs; ++i) {
        out.unsigned_integer(i * 3);
        write_some(random, out, depth - 1);
      }
    }
  }
}

TEST(CborReader, TakesAllThatTheWriterWritesAndNoBeginningOfIt) {
  SeededRandom random(20260);
  for (int i = 0; i < 60; ++i) {
    Bytes out;
    CborWriter writer(out);
    write_some(random, writer, 3);
    EXPECT_EQ(verdict(out), "taken") << to_hex(out);
    if (out.size() > 2'000) continue;
    expect_every_truncation_refused(out, [](BytesView part) { return !read_all(part); });
    read_with_every_bit_turned(out, [](BytesView turned) { (void)read_all(turned).has_value(); });
  }
}

}  // namespace
}  // namespace rollcall
