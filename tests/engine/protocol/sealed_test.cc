#include "engine/protocol/sealed.h"

#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"

namespace rollcall {
namespace {

class Sealed : public testing::Test {
 protected:
  static SealKey key_of(char fill) {
    SealKey key;
    key.bytes.fill(fill);
    return key;
  }
  static Cursor cursor() {
    return {Epoch(3), Sequence(123456), 1'790'000'000'000, Bytes("12345678")};
  }

  SodiumCryptography cryptography_;
  SeededRandom random_{7};
  Sealer sealer_{cryptography_, key_of('a'), random_};
};

TEST_F(Sealed, OpensWhatItSealed) {
  EXPECT_EQ(*sealer_.open_cursor(sealer_.seal(cursor())), cursor());
  const TailPosition tail{Epoch(1), Sequence(9), CollectionId(4), 77};
  EXPECT_EQ(*sealer_.open_tail_position(sealer_.seal(tail)), tail);
  const BootstrapPosition bootstrap{
      Epoch(1), GrantId(2), {"unit/nc/wake/1-01", CollectionId(3), RowId::derive({}, "x")}, 20000};
  EXPECT_EQ(*sealer_.open_bootstrap_position(sealer_.seal(bootstrap)), bootstrap);

  Receipt receipt;
  receipt.space = "nc";
  receipt.epoch = Epoch(2);
  receipt.device = DeviceNumber(5);
  receipt.first = TxNumber(10);
  receipt.last = TxNumber(11);
  receipt.accepted = {Stamp::at(1000, 0, DeviceNumber(5)), Stamp::at(1000, 1, DeviceNumber(5))};
  Verdict refused;
  refused.number = TxNumber(11);
  refused.kind = VerdictKind::rejected;
  refused.code = 500;
  receipt.verdicts = {refused};
  const auto opened = sealer_.open_receipt(sealer_.seal(receipt));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->accepted, receipt.accepted);
  ASSERT_EQ(opened->verdicts.size(), 1u);
  EXPECT_EQ(opened->verdicts[0].code, 500u);
}

TEST_F(Sealed, IsShortEnoughForAnIdleSync) { EXPECT_LE(sealer_.seal(cursor()).size(), 80u); }

TEST_F(Sealed, ShowsNoSequenceAndNeverTheSameBytesTwice) {
  EXPECT_NE(sealer_.seal(cursor()), sealer_.seal(cursor()));
}

TEST_F(Sealed, RefusesAnyChangedByteAndAnyCut) {
  const Bytes sealed = sealer_.seal(cursor());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = sealer_.open_cursor(changed);
    ASSERT_FALSE(opened) << i;
    EXPECT_EQ(opened.error().code, ErrorCode::cursor_unknown);
    EXPECT_FALSE(sealer_.open_cursor(BytesView(sealed).substr(0, i))) << i;
  }
}

TEST_F(Sealed, RefusesAnotherKeyAndAnotherKind) {
  const Sealer other(cryptography_, key_of('b'), random_);
  EXPECT_FALSE(other.open_cursor(sealer_.seal(cursor())));
  EXPECT_FALSE(sealer_.open_tail_position(sealer_.seal(cursor())));
}

TEST(ReadOrigin, TellsEveryPartFromEveryOther) {
  const std::vector<GrantId> one{GrantId(1)};
  const std::vector<GrantId> two{GrantId(1), GrantId(2)};
  EXPECT_EQ(read_origin("c", "p", one), read_origin("c", "p", one));
  EXPECT_NE(read_origin("c", "p", one), read_origin("c", "p", two));
  EXPECT_NE(read_origin("cp", "", one), read_origin("c", "p", one));
  EXPECT_NE(read_origin("", "cp", one), read_origin("c", "p", one));
  EXPECT_EQ(read_origin("c", "p", one).size(), 8u);
}

}  // namespace
}  // namespace rollcall
