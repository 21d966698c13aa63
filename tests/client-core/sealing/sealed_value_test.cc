#include "client-core/sealing/sealed_value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-core/sealing/limits.h"
#include "engine/codec/cbor_archive.h"
#include "tests/client-core/sealing/sealing_world.h"

namespace rollcall {
namespace {

class SealedValueTest : public ::testing::Test, protected SealingWorld {};

TEST_F(SealedValueTest, OpensForEveryMemberAndTheRecoveryKeyAndTellsWhoWroteIt) {
  const Bytes value = sealed("nobody calls back", list(3, "abc"));
  for (const char who : {'a', 'b', 'c', 'R'}) {
    const auto got = opened(who, value);
    ASSERT_TRUE(got) << who << ": " << got.error().message;
    EXPECT_EQ(got->text, "nobody calls back");
    EXPECT_EQ(got->version, 3U);
    EXPECT_EQ(got->writer, key('a'));
  }
}

TEST_F(SealedValueTest, StaysShutForEverybodyElse_G17_G19) {
  const Bytes value = sealed("nobody calls back", list(3, "ab"));
  for (const char who : {'c', 'A', 'x'}) {
    EXPECT_EQ(code_of(opened(who, value)), ErrorCode::not_allowed) << who;
  }
  EXPECT_EQ(value.find("nobody"), Bytes::npos);
}

TEST_F(SealedValueTest, OpensForItsAuthorUnlessDeclined) {
  const auto with = need(seal_text(place(), list(1, "a"), key('u'), secret('u'), "mine", doors()));
  EXPECT_EQ(need(opened('u', with)).text, "mine");
  const auto without = need(seal_text(place(), list(1, "a"), {}, secret('u'), "mine", doors()));
  EXPECT_EQ(code_of(opened('u', without)), ErrorCode::not_allowed);
  EXPECT_EQ(need(opened('a', without)).writer, key('u'));
}

TEST_F(SealedValueTest, OpensNowhereButInItsPlace) {
  const Bytes value = sealed("mine", list(1, "a"));
  SealedPlace other = place('s');
  EXPECT_FALSE(opened('a', value, other)) << "another row";
  other = place();
  other.field = FieldId(6);
  EXPECT_FALSE(opened('a', value, other)) << "another field";
  other = place();
  other.collection = CollectionId(16);
  EXPECT_FALSE(opened('a', value, other)) << "another collection";
  other = place();
  other.space = "va";
  EXPECT_FALSE(opened('a', value, other)) << "another space";
  EXPECT_TRUE(opened('a', value));
}

// Of each byte, one bit: what is told then is an error, or (the box of somebody else) the very
// text.
TEST_F(SealedValueTest, IsNeverReadAsAnotherTextWhateverIsChangedOrCut) {
  const Bytes value = sealed("nobody calls back", list(1, "ab"));
  std::size_t unharmed = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    Bytes changed = value;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto got = opened('a', changed);
    if (got) {
      EXPECT_EQ(got->text, "nobody calls back") << i;
      EXPECT_EQ(got->version, 1U) << i;
      ++unharmed;
    }
    EXPECT_FALSE(opened('a', value.substr(0, i))) << i;
  }
  EXPECT_EQ(unharmed, 2 * (SealingKey::name_bytes + 80)) << "the keys of b and of the recovery";
}

TEST_F(SealedValueTest, AShortTextAndAPageLookAlikeAndLongerOnesGrowByDoubling) {
  const TeamList to = list(1, "a");
  const auto size = [&](std::size_t length) { return sealed(std::string(length, 'x'), to).size(); };
  EXPECT_EQ(size(0), size(1));
  EXPECT_EQ(size(1), size(850));
  EXPECT_EQ(size(2'000), size(3'900));
  EXPECT_EQ(size(2'000) - size(1'000), 2'048U);
}

TEST_F(SealedValueTest, TheLongestTextForAFullTeamFitsItsField) {
  TeamList full = list(1, "a");
  while (full.members.size() < team_members_max) {
    full.members.push_back({key(static_cast<char>(full.members.size())), "m"});
  }
  const std::string longest(sealed_text_bytes_max, 'x');
  EXPECT_LE(sealed(longest, full).size(), 131'072U);
  EXPECT_EQ(code_of(seal_text(place(), full, {}, secret('a'), longest + "x", doors())),
            ErrorCode::too_long);
}

TEST_F(SealedValueTest, TwoOfTheSameTextShareNothing) {
  const TeamList to = list(1, "a");
  const auto one = need(SealedValue::parse(sealed("same", to)));
  const auto two = need(SealedValue::parse(sealed("same", to)));
  EXPECT_NE(one.body, two.body);
  EXPECT_NE(one.keys[0].box, two.keys[0].box);
}

TEST_F(SealedValueTest, RefusesANewerFormatAndWhatIsNoEnvelope) {
  SealedValue value = need(SealedValue::parse(sealed("x", list(1, "a"))));
  value.format = 2;
  EXPECT_EQ(code_of(SealedValue::parse(to_cbor(value))), ErrorCode::newer_format);
  EXPECT_FALSE(SealedValue::parse("a grievance, as it was said"));
  EXPECT_FALSE(SealedValue::parse(""));
}

}  // namespace
}  // namespace rollcall
