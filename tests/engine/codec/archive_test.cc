#include <gtest/gtest.h>

#include "engine/base/row_id.h"
#include "engine/codec/cbor_archive.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"
#include "tests/engine/codec/sample_message.h"

namespace rollcall {
namespace {

template <class M>
ErrorCode refusal(BytesView in) {
  const auto read = from_cbor<M>(in);
  EXPECT_FALSE(read) << to_hex(in);
  return read ? ErrorCode::internal : read.error().code;
}

TEST(CborArchive, LeavesZerosOut) {
  EXPECT_EQ(to_hex(to_cbor(Letter{})), "a0");
  EXPECT_EQ(from_cbor<Letter>("a0"_hex).value(), Letter{});
}

TEST(CborArchive, GivesBackEveryKindOfField) {
  const Letter letter = full_letter();
  EXPECT_EQ(from_cbor<Letter>(to_cbor(letter)).value(), letter);
}

TEST(CborArchive, KeepsAnOptionalZeroApartFromNothing) {
  Letter letter;
  letter.page = 0;
  letter.nickname = "";
  EXPECT_EQ(to_hex(to_cbor(letter)),
            "a2086013"
            "00");
  EXPECT_EQ(from_cbor<Letter>(to_cbor(letter)).value(), letter);
}

TEST(CborArchive, RefusesAnExplicitZero) {
  EXPECT_EQ(refusal<Letter>("a1 01 f4"_hex), ErrorCode::not_canonical);  // false
  EXPECT_EQ(refusal<Letter>("a1 02 00"_hex), ErrorCode::not_canonical);
  EXPECT_EQ(refusal<Letter>("a1 04 60"_hex), ErrorCode::not_canonical);
  EXPECT_EQ(refusal<Letter>("a1 06 80"_hex), ErrorCode::not_canonical);
  EXPECT_EQ(refusal<Letter>("a1 07 a0"_hex), ErrorCode::not_canonical);  // an empty message
  EXPECT_EQ(refusal<Letter>("a1 0e f6"_hex), ErrorCode::not_canonical);  // a null value
}

TEST(CborArchive, AnEmptyMessageInAListStands) {
  Letter letter;
  letter.stamps.resize(2);
  EXPECT_EQ(to_hex(to_cbor(letter)),
            "a106"
            "82a0a0");
  EXPECT_EQ(from_cbor<Letter>(to_cbor(letter)).value().stamps.size(), 2u);
}

TEST(CborArchive, SkipsWhatANewerPeerAdds) {
  // Keys 0, 3 (between known ones), 99 (behind all), and 5 inside the nested message.
  const Bytes in = "a5 00 8161 78 02 07 03 a101 02 07 a2 01 02 05 f6 1863 4100"_hex;
  const auto letter = from_cbor<Letter>(in);
  ASSERT_TRUE(letter) << letter.error().message;
  EXPECT_EQ(letter->number, Sequence(7));
  EXPECT_EQ(letter->first.weight, 2);
}

TEST(CborArchive, CountsUnknownFieldsAgainstTheirLimit) {
  const auto letter_of = [](std::size_t unknown) {
    Bytes out;
    CborWriter writer(out);
    writer.map(unknown);
    for (std::size_t i = 0; i < unknown; ++i) {
      writer.unsigned_integer(1'000 + i);
      writer.null();
    }
    return out;
  };
  EXPECT_TRUE(from_cbor<Letter>(letter_of(message_unknown_fields_max)));
  EXPECT_EQ(refusal<Letter>(letter_of(message_unknown_fields_max + 1)), ErrorCode::limit);
}

TEST(CborArchive, CountsTheElementsOfAllListsTogether) {
  const auto letter_of = [](std::size_t elements) {
    Letter letter;
    letter.stamps.resize(elements);
    return to_cbor(letter);
  };
  EXPECT_TRUE(from_cbor<Letter>(letter_of(message_items_max)));
  EXPECT_EQ(refusal<Letter>(letter_of(message_items_max + 1)), ErrorCode::limit);
}

TEST(CborArchive, RefusesABodyBeyondTheLimitUnread_G5) {
  EXPECT_EQ(refusal<Letter>(Bytes(message_bytes_max + 1, '\0')), ErrorCode::too_large);
}

TEST(CborArchive, RefusesWhatAFieldCannotHold) {
  EXPECT_EQ(refusal<Letter>("a1 01 01"_hex), ErrorCode::wrong_type);
  EXPECT_EQ(refusal<Letter>("a1 02 20"_hex), ErrorCode::wrong_type);
  EXPECT_EQ(refusal<Letter>("a1 04 4161"_hex), ErrorCode::wrong_type);
  EXPECT_EQ(refusal<Letter>("a1 05 6161"_hex), ErrorCode::wrong_type);
  EXPECT_EQ(refusal<Letter>("a1 09 4100"_hex), ErrorCode::wrong_type);  // a hash of one byte
  EXPECT_EQ(refusal<Letter>("a1 0c 18ff"_hex), ErrorCode::bad_value);   // an unknown enum
  EXPECT_EQ(refusal<Letter>("a1 0d 1b0000000100000000"_hex), ErrorCode::bad_value);
  EXPECT_EQ(refusal<Letter>("a1 07 a1 01 1a80000000"_hex), ErrorCode::bad_value);
  EXPECT_EQ(refusal<Letter>("a1 6161 00"_hex), ErrorCode::wrong_type);  // a text as key
  EXPECT_EQ(refusal<Letter>("80"_hex), ErrorCode::wrong_type);
  EXPECT_EQ(refusal<Letter>("a0 00"_hex), ErrorCode::trailing_bytes);
}

TEST(CborArchive, NamesTheFieldThatIsWrong) {
  const auto read = from_cbor<Letter>("a1 07 a1 01 6161"_hex);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("first: weight: CBOR, byte 4"), 0u) << read.error().message;
}

TEST(CborArchive, AnEnumWithoutAZeroMustBeGiven) {
  EXPECT_EQ(refusal<Parcel>("a0"_hex), ErrorCode::malformed);
  EXPECT_EQ(from_cbor<Parcel>("a1 01 02"_hex).value().size, ParcelSize::large);
}

TEST(CborArchive, WritesMapsOfMoreThan23Fields) {
  Wide wide;
  for (std::size_t i = 0; i < wide.numbers.size(); ++i) wide.numbers[i] = static_cast<int>(i + 1);
  const Bytes out = to_cbor(wide);
  EXPECT_EQ(to_hex(out.substr(0, 4)), "b81e0101");
  EXPECT_EQ(from_cbor<Wide>(out).value().numbers, wide.numbers);
}

TEST(CborArchive, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  const Bytes whole = to_cbor(full_letter());
  expect_every_truncation_refused(whole, [](BytesView part) { return !from_cbor<Letter>(part); });
  read_with_every_bit_turned(whole, [&](BytesView turned) {
    const auto read = from_cbor<Letter>(turned);
    // Strict: what is read is written back as the same bytes, but for fields that were unknown.
    if (read && to_cbor(*read) != turned) {
      EXPECT_LT(to_cbor(*read).size(), turned.size());
    }
  });
}

}  // namespace
}  // namespace rollcall
