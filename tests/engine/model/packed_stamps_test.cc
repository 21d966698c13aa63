#include "engine/model/packed_stamps.h"

#include "engine/base/random.h"
#include "engine/model/limits.h"

namespace rollcall {
namespace {

Stamp at(std::uint64_t ms, std::uint32_t device) { return Stamp::at(ms, 0, DeviceNumber(device)); }
FieldStamp field(std::uint16_t id, Stamp stamp) { return {FieldId(id), stamp}; }

Bytes packed(const std::vector<FieldStamp>& stamps) {
  Bytes out;
  pack_stamps(stamps, out);
  return out;
}

ErrorCode refusal(BytesView bytes) {
  std::vector<FieldStamp> out;
  const auto done = unpack_stamps(bytes, out);
  EXPECT_FALSE(done) << to_hex(bytes);
  return done ? ErrorCode::internal : done.error().code;
}

// Fields of a row that a few transactions wrote.
std::vector<FieldStamp> some_stamps(Random& random) {
  std::vector<FieldStamp> stamps;
  const std::uint64_t spread = 1 + random.below(200);
  for (std::uint64_t id = random.below(spread); id <= field_id_max;
       id += 1 + random.below(spread)) {
    stamps.push_back(field(static_cast<std::uint16_t>(id), at(1 + random.below(6), 7)));
  }
  return stamps;
}

TEST(PackedStamps, TheCommonRowTakesFourteenBytes) {
  std::vector<FieldStamp> stamps;
  for (std::uint16_t id = 0; id <= 13; ++id) stamps.push_back(field(id, at(0x0102030405, 9)));
  EXPECT_EQ(to_hex(packed(stamps)), "000102030405000000000009ff7f");
}

TEST(PackedStamps, GroupsFieldsByStampAscending) {
  EXPECT_EQ(to_hex(packed({field(0, at(5, 1)), field(1, at(6, 2)), field(7, at(5, 1))})),
            "000000000005000000000001"
            "8101"
            "000000000006000000000002"
            "02");
  EXPECT_EQ(packed({}), "");
}

TEST(PackedStamps, OneStampPacksAsAnyOther) {
  const FieldId ids[] = {FieldId(0), FieldId(3), FieldId(14), FieldId(field_id_max)};
  Bytes one;
  pack_one_stamp(at(5, 1), ids, one);
  EXPECT_EQ(one, packed({field(0, at(5, 1)), field(3, at(5, 1)), field(14, at(5, 1)),
                         field(field_id_max, at(5, 1))}));
  EXPECT_EQ(one.size(), 12u + 147u) << "the widest mask";
}

TEST(PackedStamps, AnyFieldsComeBack) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    const auto stamps = some_stamps(random);
    std::vector<FieldStamp> back;
    ASSERT_TRUE(unpack_stamps(packed(stamps), back)) << "seed " << seed;
    ASSERT_EQ(back, stamps) << "seed " << seed;
  }
}

TEST(PackedStamps, EveryRowFullOfDifferentStampsComesBack) {
  std::vector<FieldStamp> stamps;
  for (std::uint16_t id = 0; id <= field_id_max; ++id) {
    stamps.push_back(field(id, at(10'000u - id, id + 1u)));
  }
  std::vector<FieldStamp> back;
  ASSERT_TRUE(unpack_stamps(packed(stamps), back));
  EXPECT_EQ(back, stamps);
}

TEST(PackedStamps, IsRefusedWhenCutAtAnyByteWithinAGroup) {
  const Bytes whole = packed({field(0, at(5, 1)), field(1, at(6, 2)), field(7, at(5, 1))});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    if (size == 0 || size == 14) continue;  // a whole number of groups
    EXPECT_EQ(refusal(whole.substr(0, size)), ErrorCode::truncated) << size;
  }
}

TEST(PackedStamps, RefusesWhatPackingWouldNotHaveMade) {
  const Bytes five = at(5, 1).bytes();
  const Bytes six = at(6, 1).bytes();
  EXPECT_EQ(refusal(six + "\x01" + five + "\x02"), ErrorCode::not_canonical) << "descending";
  EXPECT_EQ(refusal(five + "\x01" + five + "\x02"), ErrorCode::not_canonical) << "twice";
  EXPECT_EQ(refusal(Bytes(12, '\0') + "\x01"), ErrorCode::not_canonical) << "never written";
  EXPECT_EQ(refusal(five + "\x01" + six + "\x03"), ErrorCode::not_canonical) << "field 0 twice";
  EXPECT_EQ(refusal(five + Bytes(1, '\0')), ErrorCode::not_canonical) << "no field";
  EXPECT_EQ(refusal(five + Bytes("\x81\x00", 2)), ErrorCode::not_canonical) << "not shortest";
  EXPECT_EQ(refusal(five + Bytes(146, '\x80') + "\x04"), ErrorCode::limit) << "field 1024";
  EXPECT_EQ(refusal(five + Bytes(100'000, '\x80')), ErrorCode::limit) << "a mask without end";
}

TEST(PackedStamps, WhatIsTakenPacksToTheSameBytes) {
  // Any bytes at all: either refused or canonical.
  std::size_t taken = 0;
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    SeededRandom random(seed);
    Bytes bytes = packed(some_stamps(random));
    if (random.below(4) == 0) bytes.resize(random.below(bytes.size() + 1));
    for (std::uint64_t flips = random.below(3); flips > 0 && !bytes.empty(); --flips) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    std::vector<FieldStamp> back;
    if (!unpack_stamps(bytes, back)) continue;
    ++taken;
    ASSERT_EQ(packed(back), bytes) << "seed " << seed;
  }
  EXPECT_GT(taken, 100u);
}

TEST(PackedSequences, PackAsStampsDoWithAVarintInFront) {
  const std::vector<FieldSequence> sequences = {
      {FieldId(0), Sequence(300)}, {FieldId(1), Sequence(7)}, {FieldId(9), Sequence(300)}};
  Bytes out;
  pack_sequences(sequences, out);
  EXPECT_EQ(to_hex(out),
            "0702"
            "ac02"
            "8104");
  std::vector<FieldSequence> back;
  ASSERT_TRUE(unpack_sequences(out, back));
  EXPECT_EQ(back, sequences);
  const FieldId ids[] = {FieldId(1)};
  Bytes one;
  pack_one_sequence(Sequence(7), ids, one);
  EXPECT_EQ(to_hex(one), "0702");
}

TEST(PackedSequences, RefusesZeroLongFormsAndCuts) {
  std::vector<FieldSequence> out;
  EXPECT_EQ(unpack_sequences(BytesView("\x00\x01", 2), out).error().code, ErrorCode::not_canonical);
  EXPECT_EQ(unpack_sequences(BytesView("\x87\x00\x01", 3), out).error().code,
            ErrorCode::not_canonical);
  EXPECT_EQ(unpack_sequences("\x87", out).error().code, ErrorCode::truncated);
  EXPECT_EQ(unpack_sequences("\x07", out).error().code, ErrorCode::truncated);
  EXPECT_EQ(unpack_sequences("\x07\x02\x06\x01", out).error().code, ErrorCode::not_canonical);
}

TEST(PackedStampsDeathTest, PackingWhatIsNotInOrderIsABug) {
  EXPECT_DEATH(packed({field(1, at(5, 1)), field(0, at(5, 1))}), "broken invariant");
  EXPECT_DEATH(packed({field(1, Stamp())}), "broken invariant");
}

}  // namespace
}  // namespace rollcall
