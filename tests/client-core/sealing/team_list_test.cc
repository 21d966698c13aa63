#include "client-core/sealing/team_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-core/sealing/limits.h"
#include "engine/codec/cbor_archive.h"
#include "tests/client-core/sealing/sealing_world.h"

namespace rollcall {
namespace {

class TeamHistoryTest : public ::testing::Test, protected SealingWorld {
 protected:
  Result<void> take(BytesView bytes) { return history.take(bytes, cryptography); }
  [[nodiscard]] std::uint32_t version() const {
    return history.current() == nullptr ? 0 : history.current()->version;
  }

  TeamHistory history{"nc", admin()};
};

TEST_F(TeamHistoryTest, FollowsWhatTheAdminSigns) {
  need(take(by_admin(list(1, "ab"))));
  need(take(by_admin(list(2, "ac"))));
  EXPECT_EQ(version(), 2U);
  EXPECT_TRUE(history.is_member_now(key('c')));
  EXPECT_FALSE(history.is_member_now(key('b')));
  ASSERT_NE(history.find(key('b'), 1), nullptr) << "what b wrote is still known as b's";
  EXPECT_EQ(history.find(key('b'), 2), nullptr) << "and what b writes since is nobody's";
  EXPECT_EQ(history.find(key('c'), 1), nullptr);
  EXPECT_EQ(history.find(key('c'), 3), nullptr) << "no such version is known";
  need(take(by_admin(list(1, "ab"))));
  EXPECT_EQ(version(), 2U) << "a version that is known changes nothing";
}

TEST_F(TeamHistoryTest, AServerThatWritesAListOfItsOwnIsRefused_G19) {
  EXPECT_EQ(code_of(take(by_admin(list(1, "x"), 'X'))), ErrorCode::bad_signature);
  need(take(by_admin(list(1, "ab"))));
  EXPECT_EQ(code_of(take(by_admin(list(2, "abx"), 'X'))), ErrorCode::bad_signature);
  EXPECT_EQ(code_of(take(by_admin(list(2, "abx"), 'a'))), ErrorCode::bad_signature)
      << "no member is an admin";
  Bytes changed = by_admin(list(2, "ac"));
  for (std::size_t i = 0; i < changed.size(); ++i) {
    Bytes one = changed;
    one[i] = static_cast<char>(one[i] ^ 1);
    EXPECT_FALSE(take(one)) << i;
  }
  EXPECT_EQ(version(), 1U);
}

TEST_F(TeamHistoryTest, AnOlderListNeverComesBack) {
  need(take(by_admin(list(1, "ab"))));
  need(take(by_admin(list(3, "a"))));
  EXPECT_FALSE(take(by_admin(list(2, "ab")))) << "the one who left would read again";
  EXPECT_FALSE(take(by_admin(list(3, "ab"))));
  EXPECT_EQ(history.current()->members.size(), 1U);
}

TEST_F(TeamHistoryTest, WhoComesLateFollowsATeamThatChangedOften_F9) {
  need(take(by_admin(list(250, "ab"))));
  EXPECT_EQ(version(), 250U);
  EXPECT_EQ(code_of(take(by_admin(list(351, "x")))), ErrorCode::malformed);
}

TEST_F(TeamHistoryTest, AStolenAdminKeyCannotUseUpTheNumbersNorTheRoom_F9) {
  EXPECT_EQ(code_of(take(by_admin(list(0xffffffff, "x")))), ErrorCode::malformed);
  need(take(by_admin(list(1, "ab"))));
  EXPECT_EQ(code_of(take(by_admin(list(102, "x")))), ErrorCode::malformed);
  need(take(by_admin(list(101, "x"))));
  std::uint32_t next = 102;
  while (take(by_admin(list(next, next % 2 == 0 ? "x" : "y")))) ++next;
  EXPECT_EQ(history.versions().size(), team_versions_max);
  TeamList saved = list(next, "ab");
  saved.admin = admin('B');
  need(take(by_recovery(saved)));
  EXPECT_TRUE(history.is_member_now(key('a')));
  EXPECT_FALSE(history.is_member_now(key('x')));
}

TEST_F(TeamHistoryTest, ListsOfAnotherSpaceOrTeamAreRefused) {
  TeamList other = list(1, "ab");
  other.space = "va";
  EXPECT_FALSE(take(by_admin(other)));
  need(take(by_admin(list(1, "ab"))));
  other = list(2, "ab");
  other.team = "finance";
  EXPECT_FALSE(take(by_admin(other)));
}

TEST_F(TeamHistoryTest, WhereTheAdminIsLostTheRecoveryKeyNamesANewOne_F9) {
  need(take(by_admin(list(1, "ab"))));
  TeamList next = list(2, "ab");
  next.admin = admin('B');
  EXPECT_EQ(code_of(take(by_admin(next, 'B'))), ErrorCode::bad_signature);
  EXPECT_EQ(code_of(take(by_admin(next))), ErrorCode::bad_signature)
      << "an admin does not hand the office on alone";
  need(take(by_recovery(next)));
  TeamList third = list(3, "a");
  third.admin = admin('B');
  EXPECT_EQ(code_of(take(by_admin(third))), ErrorCode::bad_signature) << "the old admin is out";
  need(take(by_admin(third, 'B')));
  EXPECT_EQ(version(), 3U);
}

TEST_F(TeamHistoryTest, AStolenAdminKeyCannotTakeTheRecoveryKeyAway_F9) {
  need(take(by_admin(list(1, "ab"))));
  TeamList stolen = list(2, "abx");
  stolen.recovery = key('X');
  EXPECT_EQ(code_of(take(by_admin(stolen))), ErrorCode::bad_signature);
  EXPECT_EQ(code_of(take(by_recovery(stolen, 'X'))), ErrorCode::bad_signature);
  EXPECT_EQ(code_of(TeamHistory(history).take(by_recovery(list(1, "ab")), cryptography)),
            std::nullopt);
  TeamHistory fresh("nc", admin());
  EXPECT_EQ(code_of(fresh.take(by_recovery(list(1, "ab")), cryptography)), ErrorCode::bad_signature)
      << "the first is the admin's: nothing says yet which recovery key is right";
}

}  // namespace
}  // namespace rollcall
