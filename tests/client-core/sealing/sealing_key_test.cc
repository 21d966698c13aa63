#include "client-core/sealing/sealing_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client-core/sealing/sealing_world.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

class SealingKeyTest : public ::testing::Test, protected SealingWorld {
 protected:
  [[nodiscard]] std::string text(SecretKind kind, char who) const {
    return secret_text(kind, secret(who), cryptography);
  }
  [[nodiscard]] Result<SecretSeed> recovered(const std::string& typed) const {
    return parse_recovery(typed, cryptography);
  }
};

TEST_F(SealingKeyTest, IsHandedOnAsText) {
  EXPECT_EQ(key('a').text().size(), 86U);
  EXPECT_EQ(need(SealingKey::parse(key('a').text())), key('a'));
  EXPECT_FALSE(SealingKey::parse(key('a').text().substr(1)));
  EXPECT_NE(key('a'), key('b'));
}

TEST_F(SealingKeyTest, ASecretIsReadBackAsItWasPrintedHoweverItIsTyped) {
  const std::string printed = text(SecretKind::recovery, 'R');
  EXPECT_EQ(printed.size(), 14U * 4 + 13) << printed;
  std::string typed;
  for (const char c : printed) {
    typed.push_back(c == '-' ? ' ' : static_cast<char>(c >= 'A' ? c + 32 : c));
  }
  const KnownSecret known = need(parse_secret(typed + "\n", cryptography));
  EXPECT_EQ(known.kind, SecretKind::recovery);
  EXPECT_EQ(known.seed.bytes, secret('R').bytes);
}

TEST_F(SealingKeyTest, ASlipOfThePenIsNoticed) {
  const std::string printed = text(SecretKind::admin, 'A');
  for (std::size_t i = 0; i < printed.size(); ++i) {
    if (printed[i] == '-') continue;
    std::string slip = printed;
    slip[i] = printed[i] == '7' ? '8' : '7';
    EXPECT_FALSE(parse_secret(slip, cryptography)) << slip;
  }
  EXPECT_FALSE(parse_secret(printed.substr(1), cryptography));
  EXPECT_FALSE(parse_secret(printed + "0", cryptography));
}

TEST_F(SealingKeyTest, ThePrintedKeyOrTwoHalvesRecoverAndOneHalfTellsNothing_F9) {
  const SecretHalves halves = halve(secret('R'), random);
  const std::string first = secret_text(SecretKind::first, halves.first, cryptography);
  const std::string second = secret_text(SecretKind::second, halves.second, cryptography);
  EXPECT_EQ(need(recovered(text(SecretKind::recovery, 'R'))).bytes, secret('R').bytes);
  EXPECT_EQ(need(recovered(first + "\n\n" + second + "\n")).bytes, secret('R').bytes);
  EXPECT_EQ(need(recovered(second + "\n" + first)).bytes, secret('R').bytes);
  const std::string twice = first + "\n" + first;
  for (const std::string& alone : {first, second, twice}) {
    EXPECT_EQ(code_of(recovered(alone)), ErrorCode::invalid_argument);
  }
  EXPECT_THAT(recovered(text(SecretKind::admin, 'A')).error().message, HasSubstr("admin"));
  // Alone, a half is as likely with any other secret: the same first goes with every one.
  const SecretHalves other = [&] {
    SeededRandom same(7);
    return halve(secret('S'), same);
  }();
  EXPECT_EQ(other.first.bytes, halves.first.bytes);
  EXPECT_NE(other.second.bytes, halves.second.bytes);
}

}  // namespace
}  // namespace rollcall
