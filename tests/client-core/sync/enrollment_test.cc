#include "client-core/sync/enrollment.h"

#include <filesystem>
#include <fstream>

#include "tests/client-core/sync/scripted_server.h"

namespace rollcall {
namespace {

constexpr std::int64_t timeout_ms = 30'000;

class EnrollmentTest : public testing::Test {
 protected:
  EnrollmentTest() : invitation(need(world.space().invite("Ada's phone", {"unit/nc/wake"}))) {}

  [[nodiscard]] Entrance by_link() const {
    InvitationLink link;
    link.url = "http://127.0.0.1:8080";
    link.space = "nc";
    link.secret = invitation.secret;
    link.pin = test_cryptography().public_key(server.server_seed);
    return need(Entrance::from_link(link.text()));
  }
  Result<std::unique_ptr<Replica>> enroll(const Entrance& entrance) {
    return rollcall::enroll(path, entrance, server, world.doors, {}, timeout_ms);
  }
  void expect_refused(const Entrance& entrance, ErrorCode code) {
    EXPECT_EQ(code_of(enroll(entrance)), code);
    for (const char* suffix : {"", "-wal", "-journal", "-shm"}) {
      EXPECT_FALSE(std::filesystem::exists(path + suffix)) << suffix;
    }
  }
  // The reply that the real space gives to this request, before it is signed.
  EnrollReply reply_to(const Arrived& arrived) {
    return need(world.space().enroll(need(from_cbor<EnrollRequest>(arrived.body))));
  }

  ReplicaWorld world;
  ScriptedServer server{world};
  Invitation invitation;
  std::string path = world.folder.file("ada.db");
};

TEST_F(EnrollmentTest, ALinkMakesAReplicaOfTheServerThatItNames) {
  const auto replica = need(enroll(by_link()));
  EXPECT_EQ(replica->space(), "nc");
  EXPECT_EQ(replica->url(), "http://127.0.0.1:8080");
  EXPECT_NE(replica->device().value, 0u);
  EXPECT_EQ(replica->server_key(), test_cryptography().public_key(server.server_seed));
  EXPECT_EQ(need(replica->status()).label, "Ada's phone");
  EXPECT_EQ(need(replica->status()).grants[0].path, "unit/nc/wake");

  ASSERT_EQ(server.log.size(), 1u);
  EXPECT_TRUE(server.log[0].http.authorization.empty());
  const auto request = need(from_cbor<EnrollRequest>(server.log[0].body));
  EXPECT_EQ(request.key, test_cryptography().public_key(replica->secret()));
  EXPECT_EQ(server.log[0].body.find(replica->secret().view()), Bytes::npos);
}

TEST_F(EnrollmentTest, ATypedCodeIsTakenAsPeopleTypeIt) {
  Entrance entrance;
  entrance.url = "http://127.0.0.1:8080";
  entrance.space = "nc";
  entrance.code = shown_code(invitation.code);
  for (char& c : entrance.code) c = static_cast<char>(std::tolower(c));
  entrance.label = "kitchen";
  const auto replica = need(enroll(entrance));
  EXPECT_EQ(need(from_cbor<EnrollRequest>(server.log[0].body)).code,
            need(normal_code(invitation.code)));
  EXPECT_EQ(need(from_cbor<EnrollRequest>(server.log[0].body)).label, "kitchen");
}

TEST_F(EnrollmentTest, AnotherServersKeyIsNotBelieved) {
  Entrance entrance = by_link();
  entrance.pin->bytes[0] ^= 1;
  expect_refused(entrance, ErrorCode::pin_mismatch);
}

TEST_F(EnrollmentTest, AReplyThatTheKeyDidNotSignIsNotBelieved) {
  server.otherwise = [&](const Arrived& arrived) {
    SignedEnrollReply letter = server.signed_reply(arrived, reply_to(arrived));
    letter.signature[10] ^= 1;
    return scripted(200, letter);
  };
  expect_refused(by_link(), ErrorCode::pin_mismatch);
}

TEST_F(EnrollmentTest, AReplyToAnotherRequestIsNotBelieved) {
  server.otherwise = [&](const Arrived& arrived) {
    Arrived other = arrived;
    EnrollRequest request = need(from_cbor<EnrollRequest>(arrived.body));
    request.label = "another";
    other.body = to_cbor(request);
    return scripted(200, server.signed_reply(other, reply_to(arrived)));
  };
  expect_refused(by_link(), ErrorCode::pin_mismatch);
}

TEST_F(EnrollmentTest, ASignatureOfAnotherLengthIsNotBelieved) {
  server.otherwise = [&](const Arrived& arrived) {
    SignedEnrollReply letter = server.signed_reply(arrived, reply_to(arrived));
    letter.signature.pop_back();
    return scripted(200, letter);
  };
  expect_refused(by_link(), ErrorCode::pin_mismatch);
}

TEST_F(EnrollmentTest, AFileThatIsThereIsRefusedBeforeTheInvitationIsShown) {
  const std::string theirs(200, 'x');
  std::ofstream(path) << theirs;
  EXPECT_EQ(code_of(enroll(by_link())), ErrorCode::already_exists);
  std::string now;
  std::ifstream(path) >> now;
  EXPECT_EQ(now, theirs);
  EXPECT_TRUE(server.log.empty());

  path = world.folder.file("other.db");
  { const auto replica = need(enroll(by_link())); }
  server.log.clear();
  EXPECT_EQ(code_of(enroll(by_link())), ErrorCode::already_exists);
  EXPECT_TRUE(server.log.empty());
  EXPECT_TRUE(Replica::open(path, world.doors).has_value());
}

TEST_F(EnrollmentTest, APlaceThatCannotBeWrittenIsRefusedBeforeTheInvitationIsShown) {
  path = world.folder.file("no such folder/ada.db");
  EXPECT_FALSE(enroll(by_link()).has_value());
  EXPECT_TRUE(server.log.empty());
  path = world.folder.file("ada.db");
  EXPECT_TRUE(enroll(by_link()).has_value());
}

TEST_F(EnrollmentTest, AFileInUseIsRefusedBeforeTheInvitationIsShown) {
  const auto replica = need(enroll(by_link()));
  server.log.clear();
  EXPECT_EQ(code_of(enroll(by_link())), ErrorCode::open_elsewhere);
  EXPECT_TRUE(server.log.empty());
}

TEST_F(EnrollmentTest, ASilentServerIsGivenUpInTime) {
  server.then({silence(), silence()});
  const std::int64_t start = world.clock.steady_ms();
  expect_refused(by_link(), ErrorCode::timed_out);
  EXPECT_EQ(world.clock.steady_ms() - start, timeout_ms);
  EXPECT_EQ(server.cancelled.size(), 2u);
  EXPECT_TRUE(enroll(by_link()).has_value());
}

TEST_F(EnrollmentTest, AnAnswerThatIsLostOnTheWayCostsNoInvitation) {
  bool lost = false;
  DeviceNumber device;
  server.otherwise = [&](const Arrived& arrived) {
    if (std::exchange(lost, true)) return real();
    device = reply_to(arrived).device;
    return silence();
  };
  const auto replica = need(enroll(by_link()));
  EXPECT_EQ(replica->device(), device);
}

TEST_F(EnrollmentTest, WhatIsNoRollcallServerMakesNoFile) {
  Answer damaged = scripted(200, SignedEnrollReply{});
  damaged.response.content_encoding = "zstd";
  server.then({scripted(200, "text/html", "<html>Sign in"), damaged});
  expect_refused(by_link(), ErrorCode::not_rollcall);
  expect_refused(by_link(), ErrorCode::not_rollcall);
  server.then({scripted(200, "application/cbor", "<html>")});
  EXPECT_FALSE(enroll(by_link()).has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(enroll(by_link()).has_value());  // nothing of this spent the invitation
}

TEST_F(EnrollmentTest, TheServersRefusalIsToldInItsOwnWords) {
  server.then({refusal(403, ErrorCode::code_expired, "this invitation was good until noon")});
  const auto refused = enroll(by_link());
  EXPECT_EQ(code_of(refused), ErrorCode::code_expired);
  EXPECT_EQ(refused.error().message, "this invitation was good until noon");
  { const auto replica = need(enroll(by_link())); }
  path = world.folder.file("again.db");
  expect_refused(by_link(), ErrorCode::code_unknown);  // good once
}

TEST_F(EnrollmentTest, AReplyWithAnUnusableSchemaMakesNoFile) {
  server.otherwise = [&](const Arrived& arrived) {
    EnrollReply reply = reply_to(arrived);
    reply.schema = "no schema";
    return scripted(200, server.signed_reply(arrived, reply));
  };
  EXPECT_FALSE(enroll(by_link()).has_value());
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(EnrollmentTest, WhatCannotBeACodeIsNotSent) {
  Entrance entrance;
  entrance.url = "http://127.0.0.1:8080";
  entrance.space = "nc";
  entrance.code = "1234";
  expect_refused(entrance, ErrorCode::malformed);
  EXPECT_TRUE(server.log.empty());
  EXPECT_EQ(code_of(Entrance::from_link("http://127.0.0.1:8080/enroll#nc.tooshort")),
            ErrorCode::malformed);
}

}  // namespace
}  // namespace rollcall
