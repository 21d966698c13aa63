#include <gtest/gtest.h>

#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"
#include "server/space/limits.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

EnrollRequest by_secret(const Invitation& invitation) {
  EnrollRequest request;
  request.space = "nc";
  request.secret = invitation.secret;
  request.label = "a phone";
  return request;
}
EnrollRequest by_code(std::string code) {
  EnrollRequest request;
  request.space = "nc";
  request.code = std::move(code);
  return request;
}
// The same code with its last character changed.
std::string mistyped(std::string code) {
  code.back() = code.back() == '0' ? '1' : '0';
  return code;
}

// A code that begins as no invitation's does.
std::string unknown_code(const Invitation& invitation) {
  std::string code = invitation.code;
  code.front() = code.front() == '0' ? '1' : '0';
  return code;
}

TEST(Enroll, GivesADeviceItsGrantsAndTheSchema) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc/wake", "event/7"}));
  const EnrollReply reply = need(world.space().enroll(by_secret(invitation)));
  EXPECT_NE(reply.device.value, 0u);
  EXPECT_EQ(reply.label, "Ben");
  EXPECT_EQ(reply.space, "nc");
  EXPECT_EQ(reply.space_title, "North Carolina");
  EXPECT_EQ(reply.epoch, world.space().epoch());
  EXPECT_EQ(reply.schema_version, 1u);
  EXPECT_FALSE(reply.enrolment.empty());
  std::vector<std::string> paths;
  for (const Grant& grant : reply.grants) paths.push_back(grant.path + " " + grant.role);
  EXPECT_EQ(paths,
            (std::vector<std::string>{"event/7 member", "unit/nc/wake member", "public reader"}));
  const auto device = need(world.reader().device(reply.device));
  ASSERT_TRUE(device.has_value());
  EXPECT_EQ(device->grants.size(), 3u);
}

TEST(Enroll, TakesADevicesOwnLabelWhenTheInvitationHasNone) {
  World world;
  const Invitation invitation = need(world.space().invite("", {"unit/nc"}));
  EXPECT_EQ(need(world.space().enroll(by_secret(invitation))).label, "a phone");
}

TEST(Enroll, AnInvitationWorksOnce) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  EnrollRequest first = by_secret(invitation);
  first.key = PublicKey::from_bytes(Bytes(PublicKey::size_bytes, '1'));
  const DeviceNumber device = need(world.space().enroll(first)).device;
  EXPECT_EQ(code_of(world.space().enroll(by_secret(invitation))), ErrorCode::code_unknown);
  EXPECT_EQ(code_of(world.space().enroll(by_code(invitation.code))), ErrorCode::code_unknown);
  // Whose answer was lost asks again, and is the same device.
  const EnrollReply again = need(world.space().enroll(first));
  EXPECT_EQ(again.device, device);
  EXPECT_EQ(again.grants.size(), 2u);
  EXPECT_EQ(need(world.reader().devices()).size(), 1u);
  EnrollRequest typed = by_code(invitation.code);
  typed.key = first.key;
  EXPECT_EQ(need(world.space().enroll(typed)).device, device);
  need(world.space().revoke(device, false));
  EXPECT_EQ(code_of(world.space().enroll(first)), ErrorCode::code_unknown);
  world.clock.advance(invitation_ms + 1);
  EXPECT_FALSE(world.space().enroll(first).has_value());
}

TEST(Enroll, AnInvitationExpires) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  world.clock.advance(invitation_ms + 1);
  EXPECT_EQ(code_of(world.space().enroll(by_secret(invitation))), ErrorCode::code_expired);
}

TEST(Enroll, ATypedCodeWorksAsPeopleTypeIt) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  std::string typed = invitation.code.substr(0, 4) + "-" + invitation.code.substr(4);
  for (char& c : typed) c = static_cast<char>(std::tolower(c));
  EXPECT_TRUE(world.space().enroll(by_code(typed)).has_value());
}

TEST(Enroll, FiveWrongTriesKillACode_G16) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  for (std::uint32_t i = 0; i < code_tries_max; ++i) {
    EXPECT_EQ(code_of(world.space().enroll(by_code(mistyped(invitation.code)))),
              ErrorCode::code_unknown);
  }
  EXPECT_EQ(code_of(world.space().enroll(by_code(invitation.code))), ErrorCode::code_unknown);
  // Its link is of 128 bits, and lives.
  EXPECT_TRUE(world.space().enroll(by_secret(invitation)).has_value());
}

TEST(Enroll, WrongTriesAreRememberedThroughARestart) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  for (std::uint32_t i = 0; i < code_tries_max; ++i) {
    EXPECT_FALSE(world.space().enroll(by_code(mistyped(invitation.code))).has_value());
    world.restart();
  }
  EXPECT_FALSE(world.space().enroll(by_code(invitation.code)).has_value());
}

TEST(Enroll, AGuesserMakesTheWholeSpaceRestForAMinute_G16) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  for (std::size_t i = 0; i < wrong_tries_max; ++i) {
    EXPECT_EQ(code_of(world.space().enroll(by_code(unknown_code(invitation)))),
              ErrorCode::code_unknown);
  }
  EXPECT_EQ(code_of(world.space().enroll(by_code(invitation.code))), ErrorCode::later);
  world.clock.advance(wrong_try_ms);
  EXPECT_TRUE(world.space().enroll(by_code(invitation.code)).has_value());
}

TEST(Enroll, GuessedCodesKeepNobodyOutWhoCameByLink) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  for (std::size_t i = 0; i < wrong_tries_max; ++i) {
    EXPECT_FALSE(world.space().enroll(by_code(unknown_code(invitation))).has_value());
  }
  EXPECT_TRUE(world.space().enroll(by_secret(invitation)).has_value());
}

TEST(Enroll, GuessedLinksKeepNobodyOutWhoTypesACode) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  EnrollRequest guess;
  guess.secret = Bytes(16, '\x07');
  for (std::size_t i = 0; i < wrong_tries_max; ++i) {
    EXPECT_EQ(code_of(world.space().enroll(guess)), ErrorCode::code_unknown);
  }
  EXPECT_TRUE(world.space().enroll(by_code(invitation.code)).has_value());
}

TEST(Enroll, RefusesWhatIsNoCodeAtAll) {
  World world;
  EXPECT_EQ(code_of(world.space().enroll(by_code("no code"))), ErrorCode::malformed);
  EXPECT_FALSE(world.space().enroll(EnrollRequest{}).has_value());
}

TEST(Enroll, TheFileHoldsNoSecretAndNoCode) {
  World world;
  const Invitation invitation = need(world.space().invite("Ben", {"unit/nc"}));
  world.close();  // folds the write-ahead log into the file
  const Bytes content = world.disk.content(world.path);
  EXPECT_NE(content.find("Ben"), Bytes::npos);
  EXPECT_EQ(content.find(invitation.secret), Bytes::npos);
  EXPECT_EQ(content.find(invitation.code), Bytes::npos);
}

TEST(Enroll, OpenCodesHaveDifferentBeginnings) {
  World world;
  std::set<std::string> finders;
  for (int i = 0; i < 200; ++i) {
    const Invitation invitation = need(world.space().invite("x", {"unit/nc"}));
    EXPECT_TRUE(finders.insert(invitation.code.substr(0, 3)).second);
  }
}

TEST(Invite, RefusesScopesThatAreNoPaths) {
  World world;
  EXPECT_EQ(code_of(world.space().invite("x", {"unit//nc"})), ErrorCode::bad_value);
  EXPECT_EQ(code_of(world.space().invite("x", {""})), ErrorCode::bad_value);
  EXPECT_EQ(code_of(world.space().invite(std::string(1000, 'x'), {"unit/nc"})),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(world.space().invite("x", std::vector<std::string>(1, std::string(9999, 'x')))),
            ErrorCode::bad_value);
}

TEST(Grant, TakesASequenceAndANewVersion) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  const Sequence head = world.space().head();
  const auto before = need(world.reader().device(ben->number()))->grants_version;
  world.news.clear();
  const GrantRecord grant = need(world.space().grant(ben->number(), "event/9"));
  EXPECT_EQ(grant.given.value, head.value + 1);
  EXPECT_EQ(world.space().head().value, head.value + 1);
  EXPECT_EQ(need(world.reader().device(ben->number()))->grants_version, before + 1);
  ASSERT_EQ(world.news.size(), 1u);
  EXPECT_EQ(world.news[0].grants, std::vector<DeviceNumber>{ben->number()});
  const GrantRecord ended = need(world.space().ungrant(ben->number(), "event/9"));
  EXPECT_EQ(ended.ended.value, head.value + 2);
}

TEST(Grant, IsRefusedTwiceAndForNobody) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  EXPECT_EQ(code_of(world.space().grant(ben->number(), "unit/nc")), ErrorCode::already_exists);
  EXPECT_EQ(code_of(world.space().grant(DeviceNumber(7), "unit/nc")), ErrorCode::not_found);
  EXPECT_EQ(code_of(world.space().ungrant(ben->number(), "unit/nc/wake")), ErrorCode::not_found);
  const std::uint64_t version = need(world.reader().device(ben->number()))->grants_version;
  EXPECT_EQ(version, 1u);
}

TEST(Grant, OfPublicMakesAReaderAMember) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  const GrantRecord grant = need(world.space().grant(ben->number(), "public"));
  EXPECT_EQ(grant.role, "member");
  const auto device = need(world.reader().device(ben->number()));
  EXPECT_EQ(device->grants.size(), 2u);
}

TEST(Grant, AFailedOneLeavesNothing) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  const Sequence head = world.space().head();
  EXPECT_FALSE(world.space().grant(ben->number(), "unit//x").has_value());
  EXPECT_FALSE(world.space().grant(ben->number(), "unit/nc").has_value());
  EXPECT_EQ(world.space().head(), head);
  EXPECT_EQ(ben->write({Edit::insert("person", id_of(1), {{"unit", text("nc")}})}).kind,
            VerdictKind::applied);
}

}  // namespace
}  // namespace rollcall
