#include "engine/codec/cbor_writer.h"

#include <limits>

#include <gtest/gtest.h>

namespace rollcall {
namespace {

template <class Write>
std::string written(Write write) {
  Bytes out;
  CborWriter writer(out);
  write(writer);
  return to_hex(out);
}

std::string number(std::int64_t value) {
  return written([value](CborWriter& out) { out.integer(value); });
}

// Appendix A of RFC 8949, as far as it is used here.
TEST(CborWriter, WritesTheExamplesOfTheRfc) {
  EXPECT_EQ(number(0), "00");
  EXPECT_EQ(number(23), "17");
  EXPECT_EQ(number(24), "1818");
  EXPECT_EQ(number(100), "1864");
  EXPECT_EQ(number(1000), "1903e8");
  EXPECT_EQ(number(1'000'000), "1a000f4240");
  EXPECT_EQ(number(1'000'000'000'000), "1b000000e8d4a51000");
  EXPECT_EQ(number(-1), "20");
  EXPECT_EQ(number(-100), "3863");
  EXPECT_EQ(number(-1000), "3903e7");
  EXPECT_EQ(written([](CborWriter& out) { out.unsigned_integer(~std::uint64_t{0}); }),
            "1bffffffffffffffff");
  EXPECT_EQ(written([](CborWriter& out) { out.bytes("\1\2\3\4"); }), "4401020304");
  EXPECT_EQ(written([](CborWriter& out) { out.text("\xe6\xb0\xb4"); }), "63e6b0b4");
  EXPECT_EQ(written([](CborWriter& out) {
              out.map(2);
              out.text("a");
              out.integer(1);
              out.text("b");
              out.array(2);
              out.integer(2);
              out.integer(3);
            }),
            "a26161016162820203");
}

TEST(CborWriter, TakesTheShortestHeadAtEachEdge) {
  EXPECT_EQ(number(255), "18ff");
  EXPECT_EQ(number(256), "190100");
  EXPECT_EQ(number(65'535), "19ffff");
  EXPECT_EQ(number(65'536), "1a00010000");
  EXPECT_EQ(number(4'294'967'295), "1affffffff");
  EXPECT_EQ(number(4'294'967'296), "1b0000000100000000");
  EXPECT_EQ(number(std::numeric_limits<std::int64_t>::max()), "1b7fffffffffffffff");
  EXPECT_EQ(number(std::numeric_limits<std::int64_t>::min()), "3b7fffffffffffffff");
  EXPECT_EQ(number(-24), "37");
  EXPECT_EQ(number(-25), "3818");
}

TEST(CborWriter, WritesEveryKindOfValue) {
  EXPECT_EQ(written([](CborWriter& out) {
              out.value(ValueView::null());
              out.value(ValueView::of_boolean(false));
              out.value(ValueView::of_boolean(true));
              out.value(ValueView::of_integer(-1));
              out.value(ValueView::of_text("a"));
              out.value(ValueView::of_bytes("a"));
            }),
            "f6f4f52061614161");
}

}  // namespace
}  // namespace rollcall
