#include "server/sync/sync_service.h"

#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "engine/codec/compression.h"
#include "engine/codec/json_archive.h"
#include "engine/codec/page_reader.h"
#include "engine/protocol/limits.h"
#include "tests/server/sync/sync_world.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;
using Spoilt = WireDevice::Spoilt;

std::size_t rows_of(const SyncReply& reply) {
  if (reply.page.empty()) return 0;
  PageReader page;
  EXPECT_TRUE(page.open(reply.page, PageUse::reply));
  return page.rows();
}

std::string value_of(const std::string& metrics, const std::string& name) {
  const std::size_t at = metrics.find("\n" + name + " ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 2;
  return metrics.substr(begin, metrics.find('\n', begin) - begin);
}

TEST(Enrolment, LetsOneDeviceInForEachInvitation) {
  SyncWorld world;
  const Invitation invitation = world.invite({"unit/nc"});
  SecretSeed seed;
  EnrollRequest request;
  request.space = "nc";
  request.code = invitation.code;
  request.key = world.cryptography().public_key(seed);
  const Bytes body = to_json(request);
  const auto first = post_enrolment(world.port(), body, "application/json");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200u) << first->body;
  EXPECT_TRUE(from_json<SignedEnrollReply>(first->body)) << "answered as it was asked";

  // Its answer may have been lost: the same device gets it again, and nobody else.
  const auto again = post_enrolment(world.port(), body, "application/json");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 200u);
  seed.bytes[0] = 1;
  request.key = world.cryptography().public_key(seed);
  const auto second = post_enrolment(world.port(), to_json(request), "application/json");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 403u);
  EXPECT_EQ(from_json<Refusal>(second->body)->name, "code_unknown");
}

TEST(Enrolment, SaysNothingAboutSpacesThatAreNotThere) {
  SyncWorld world;
  EnrollRequest request;
  request.space = "va";
  request.code = "00000000";
  request.key = world.server_key();
  const auto other = post_enrolment(world.port(), to_cbor(request));
  request.space = "nc";
  const auto wrong = post_enrolment(world.port(), to_cbor(request));
  ASSERT_TRUE(other && wrong);
  EXPECT_EQ(other->status, 403u);
  EXPECT_EQ(wrong->status, 403u);
}

TEST(Enrolment, HoldsNoMoreThanItNeedsForStrangers) {
  SyncWorld world;
  LoopbackClient client(world.port());
  client.send(
      "POST /v1/enroll HTTP/1.1\r\nHost: x\r\nContent-Type: application/cbor\r\n"
      "Content-Length: " +
      std::to_string(enroll_bytes_max + 1) + "\r\n\r\n");
  const auto refused = client.receive();  // the body was not waited for
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413u);
  const auto taken = post_enrolment(world.port(), Bytes(enroll_bytes_max, '\x80'));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->status, 400u);
}

TEST(Sync, AppliesAPushOnceAndTellsItsVerdictAgain) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  device.write("unit/nc/wake", "one");
  device.write("unit/nc/wake", "two");
  const SyncRequest request = device.push_request();
  for (const bool repeated : {false, true}) {
    const Said said = device.ask(request);
    ASSERT_TRUE(said.reply);
    // One run of equal verdicts, or two where only the first stamp was clamped: it may be of the
    // very millisecond of the enrolment.
    std::uint64_t told = 0;
    for (const Verdict& verdict : said.reply->verdicts) {
      told += verdict.more + 1;
      EXPECT_EQ(verdict.kind, VerdictKind::applied);
      EXPECT_EQ(verdict.repeated, repeated);
    }
    EXPECT_EQ(told, 2u);
    EXPECT_EQ(said.reply->known_tx, TxNumber(2));
  }
  EXPECT_EQ(world.notes(), 2u);
}

TEST(Sync, SendsADeviceTheRowsOfItsGrants) {
  SyncWorld world;
  WireDevice writer(world, {"unit/nc"});
  WireDevice reader(world, {"unit/nc/wake"});
  writer.write("unit/nc/wake", "seen");
  writer.write("unit/nc/durham", "hidden");
  writer.push();
  const Said said = reader.ask(reader.read_request());
  ASSERT_TRUE(said.reply);
  EXPECT_TRUE(said.reply->has_tail);
  EXPECT_EQ(rows_of(*said.reply), 1u);
}

TEST(Sync, SpeaksJsonAsWellAsCbor) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  device.write("unit/nc", "one");
  Spoilt json;
  json.type = MediaType::json;
  const Said said = device.hear(device.http(device.push_request(), json), MediaType::json);
  ASSERT_TRUE(said.reply) << said.refusal.message;
  ASSERT_EQ(said.reply->verdicts.size(), 1u);
  EXPECT_EQ(said.reply->verdicts[0].kind, VerdictKind::applied);
}

TEST(Sync, TakesBothEncodingsAndSignsOverThePlainBytes) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd}) {
    device.write("unit/nc", "encoded");
    const Bytes body = to_cbor(device.push_request());
    Spoilt encoded;
    encoded.more = "Content-Encoding: " + std::string(encoding_name(encoding)) + "\r\n";
    const Said said = device.hear(device.http_encoded(body, compress(encoding, body), encoded));
    ASSERT_TRUE(said.reply) << said.refusal.message;
    EXPECT_EQ(said.reply->state, SyncState::ok);
  }
  EXPECT_EQ(world.notes(), 2u);
}

TEST(Sync, GivesTheSchemaToASignedRequest) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  Spoilt schema;
  schema.target = "/v1/schema";
  schema.more = "Accept: application/cbor\r\n";
  LoopbackClient connection(world.port());
  const auto answer = connection.ask(device.http_body("", schema));
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->status, 200u);
  const auto reply = from_cbor<SchemaReply>(answer->body);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->schema, device.enrolled().schema);
  LoopbackClient stranger(world.port());
  EXPECT_EQ(stranger.ask("GET /v1/schema HTTP/1.1\r\nHost: here\r\n\r\n")->status, 401u);
}

class Authentication : public ::testing::Test {
 protected:
  Said push(const Spoilt& spoilt) {
    return device_.hear(device_.http(device_.push_request(), spoilt));
  }
  void refuses(const Said& said, unsigned status, std::string_view name) {
    EXPECT_EQ(said.status, status);
    EXPECT_EQ(said.refusal.name, name) << said.refusal.message;
    EXPECT_EQ(world_.notes(), 0u) << "nothing was applied";
  }

  SyncWorld world_;
  WireDevice device_{world_, {"unit/nc"}};
};

TEST_F(Authentication, RefusesAnotherKeysSignature_G1) {
  device_.write("unit/nc", "one");
  Spoilt spoilt;
  spoilt.seed = SecretSeed{};
  refuses(push(spoilt), 401, "bad_signature");
}

TEST_F(Authentication, RefusesAChangedBodyHeadOrTarget) {
  device_.write("unit/nc", "one");
  const std::string good = device_.http(device_.push_request());
  std::string changed = good;
  changed.back() ^= 1;
  refuses(device_.hear(changed), 401, "bad_signature");

  changed = good;
  const std::size_t head = changed.find(",h=") + 3;
  changed[head] = changed[head] == 'A' ? 'B' : 'A';
  refuses(device_.hear(changed), 401, "bad_signature");

  changed = good;
  const std::size_t nonce = changed.find(",n=") + 3;
  changed[nonce] = changed[nonce] == 'A' ? 'B' : 'A';
  refuses(device_.hear(changed), 401, "bad_signature");
}

TEST_F(Authentication, RefusesUnknownDevicesAndSpacesInTheSameWords_G12) {
  device_.write("unit/nc", "one");
  Spoilt stranger;
  stranger.device = DeviceNumber(device_.number().value ^ 1);
  const Said no_device = push(stranger);
  refuses(no_device, 401, "unknown_key");
  Spoilt elsewhere;
  elsewhere.space = "va";
  const Said no_space = push(elsewhere);
  refuses(no_space, 401, "unknown_key");
  EXPECT_EQ(no_device.refusal.message, no_space.refusal.message);
}

TEST_F(Authentication, RefusesNoneAndMalformedAuthorization) {
  LoopbackClient connection(world_.port());
  const auto none = connection.ask(
      "POST /v1/sync HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
      "Content-Length: 2\r\n\r\n{}");
  ASSERT_TRUE(none);
  EXPECT_EQ(none->status, 401u);
  const auto odd = connection.ask(
      "POST /v1/sync HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
      "Authorization: Rollcall p=nc\r\nContent-Length: 2\r\n\r\n{}");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->status, 400u);
}

TEST_F(Authentication, RefusesTheSameSignedBytesASecondTime_G2) {
  const std::string request = device_.http(device_.read_request());
  EXPECT_EQ(device_.hear(request).status, 200u);
  refuses(device_.hear(request), 409, "replayed");
  EXPECT_EQ(device_.ask(device_.read_request()).status, 200u) << "signed afresh it is taken";
}

TEST_F(Authentication, TellsTheTimeToAStaleRequestBeforeItsBodyIsSent) {
  for (const std::int64_t off_ms :
       {-request_skew_ms_max - 5000, request_skew_ms_max + 5000, std::int64_t{-1'000'000'000}}) {
    Spoilt stale;
    stale.time_ms = world_.now_ms() + off_ms;
    const std::string request = device_.http(device_.read_request(), stale);
    LoopbackClient connection(world_.port());
    connection.send(request.substr(0, request.find("\r\n\r\n") + 4));
    const Said said = WireDevice::end(connection);
    refuses(said, 401, "stale");
    EXPECT_NEAR(static_cast<double>(said.refusal.server_ms), static_cast<double>(world_.now_ms()),
                10'000);
  }
}

TEST_F(Authentication, RefusesUnknownDevicesBeforeTheirBodyIsSent) {
  Spoilt stranger;
  stranger.device = DeviceNumber(device_.number().value ^ 1);
  const std::string request = device_.http(device_.read_request(), stranger);
  LoopbackClient connection(world_.port());
  connection.send(request.substr(0, request.find("\r\n\r\n") + 4));
  refuses(WireDevice::end(connection), 401, "unknown_key");
}

TEST_F(Authentication, RefusesABodyThatCameWhenItsTimeWasPast) {
  device_.write("unit/nc", "one");
  Spoilt held_back;
  held_back.more = "Expect: 100-continue\r\n";
  const std::string request = device_.http(device_.push_request(), held_back);
  const std::size_t body = request.find("\r\n\r\n") + 4;
  LoopbackClient connection(world_.port());
  const auto go_on = connection.ask(request.substr(0, body));
  ASSERT_TRUE(go_on);
  ASSERT_EQ(go_on->status, 100u) << "its head is in time";
  world_.advance(request_skew_ms_max + 5'000);
  connection.send(request.substr(body));
  const Said said = WireDevice::end(connection);
  refuses(said, 401, "stale");
  EXPECT_NEAR(static_cast<double>(said.refusal.server_ms), static_cast<double>(world_.now_ms()),
              10'000);
}

TEST_F(Authentication, RefusesWhatWasSignedBeforeTheServerStarted) {
  Spoilt before;
  before.time_ms = world_.now_ms() - 60'000;  // a believable time, but nobody remembers it
  refuses(push(before), 401, "stale");
}

TEST(Restart, NothingThatWasSignedBeforeItIsTakenThoughTheClockWasSetBack) {
  SyncWorld world(60'000);
  WireDevice device(world, {"unit/nc"});
  device.write("unit/nc", "one");
  WireDevice::Spoilt signed_at;
  signed_at.time_ms = world.now_ms() + 30'000;  // before the last commit of the server before
  const Said refused = device.hear(device.http(device.push_request(), signed_at));
  EXPECT_EQ(refused.status, 401u);
  EXPECT_EQ(refused.refusal.name, "stale");
  signed_at.time_ms = world.now_ms() + 61'000;
  EXPECT_EQ(device.hear(device.http(device.push_request(), signed_at)).status, 200u);
}

TEST_F(Authentication, JudgesTheTimeBeforeTheSignature) {
  Spoilt both;
  both.time_ms = 0;
  both.seed = SecretSeed{};
  refuses(push(both), 401, "stale");
}

class HostileBody : public Authentication {
 protected:
  Said send(BytesView body, MediaType type = MediaType::cbor) {
    Spoilt spoilt;
    spoilt.type = type;
    return device_.hear(device_.http_body(body, spoilt), type);
  }
};

TEST_F(HostileBody, IsRefusedWhenCutAtAnyByte) {
  device_.write("unit/nc", "one");
  const Bytes body = to_cbor(device_.push_request());
  for (std::size_t length = 0; length < body.size(); ++length) {
    const Said said = send(BytesView(body).substr(0, length));
    EXPECT_EQ(said.status, 400u) << length;
    EXPECT_FALSE(said.refusal.message.empty());
  }
  const Said longer = send(body + '\0');
  EXPECT_EQ(longer.status, 400u);
  EXPECT_EQ(longer.refusal.name, "trailing_bytes");
  EXPECT_EQ(world_.notes(), 0u);
  EXPECT_EQ(send(body).status, 200u);
}

TEST_F(HostileBody, IsRefusedPreciselyForWhatIsWrongWithIt_G6_G7) {
  struct Case {
    std::string body;
    MediaType type;
    unsigned status;
    std::string name;
  };
  const std::vector<Case> cases = {
      {std::string(200'000, '['), MediaType::json, 400, "too_deep"},
      {std::string(200'000, '\x81'), MediaType::cbor, 400, ""},
      {R"({"tail": true, "tail": false})", MediaType::json, 400, "duplicate_key"},
      {std::string("\xa2\x07\xf5\x07\xf5", 5), MediaType::cbor, 400, "duplicate_key"},
      {R"({"tail": 7})", MediaType::json, 400, "wrong_type"},
      {std::string("\xa1\x07\x07", 3), MediaType::cbor, 400, "wrong_type"},
      {"{\"cursor\": \"\xff\"}", MediaType::json, 400, "not_utf8"},
      {R"({"tail": tru)", MediaType::json, 400, ""},
      {R"([])", MediaType::json, 400, "wrong_type"},
      {"", MediaType::json, 400, ""},
      {std::string("\xbf\xff", 2), MediaType::cbor, 400, ""},  // indefinite length
      {std::string("\xa1\x18\x07\xf5", 4), MediaType::cbor, 400, "not_canonical"},
      {std::string("\xa1\x07\xf4", 3), MediaType::cbor, 400, "not_canonical"},
  };
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.body.substr(0, 40));
    const Said said = send(wrong.body, wrong.type);
    EXPECT_EQ(said.status, wrong.status);
    if (!wrong.name.empty()) {
      EXPECT_EQ(said.refusal.name, wrong.name) << said.refusal.message;
    }
    EXPECT_FALSE(said.refusal.message.empty());
  }
}

TEST_F(HostileBody, IsNotUnpackedBeyondTheLimit_G8) {
  // Half as much again as a request may have, in a few kilobytes.
  const Bytes zeros(request_bytes_max + request_bytes_max / 2, '\0');
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd}) {
    const Bytes bomb = compress(encoding, zeros);
    Spoilt spoilt;
    spoilt.more = "Content-Encoding: " + std::string(encoding_name(encoding)) + "\r\n";
    const Said said = device_.hear(device_.http_encoded(zeros, bomb, spoilt));
    EXPECT_EQ(said.status, 413u);
    EXPECT_EQ(said.refusal.name, "too_large");
  }
}

TEST_F(HostileBody, IsRefusedWhenItsEncodingIsBroken) {
  const Bytes body = to_cbor(device_.read_request());
  for (const Encoding encoding : {Encoding::gzip, Encoding::zstd}) {
    const Bytes packed = compress(encoding, body);
    Spoilt spoilt;
    spoilt.more = "Content-Encoding: " + std::string(encoding_name(encoding)) + "\r\n";
    for (const Bytes& broken : {packed.substr(0, packed.size() - 1), packed + "x", body}) {
      EXPECT_EQ(device_.hear(device_.http_encoded(body, broken, spoilt)).status, 400u);
    }
  }
}

TEST_F(HostileBody, IsRefusedWithMoreTransactionsThanAPushMayHave_G5) {
  SyncRequest request = device_.push_request();
  request.transactions.resize(push_transactions_max + 1, {"x", {}});
  request.first_tx = TxNumber(1);
  request.last_tx = TxNumber(push_transactions_max + 1);
  const Said said = device_.ask(request);
  EXPECT_EQ(said.status, 413u);
  EXPECT_EQ(said.refusal.name, "limit");
}

TEST_F(HostileBody, RejectsABadTransactionAndTakesTheRest) {
  device_.write("unit/nc", std::string(200, 'x'));  // too long for its field
  device_.write("unit/nc", "good");
  const Said said = device_.ask(device_.push_request());
  ASSERT_TRUE(said.reply);
  ASSERT_EQ(said.reply->verdicts.size(), 2u);
  EXPECT_EQ(said.reply->verdicts[0].kind, VerdictKind::rejected);
  EXPECT_EQ(said.reply->verdicts[1].kind, VerdictKind::applied);
  EXPECT_EQ(world_.notes(), 1u);
}

class LongPoll : public ::testing::Test {
 protected:
  // A device that has read everything and has nothing left to be told.
  SyncRequest settled(WireDevice& device, std::uint32_t wait_ms) {
    SyncRequest request = device.read_request();
    const Said said = device.ask(request);
    EXPECT_TRUE(said.reply);
    if (!said.reply->cursor.empty()) request.cursor = said.reply->cursor;
    request.grants_version = said.reply->grants_version;
    request.wait_ms = wait_ms;
    return request;
  }
  void await_waiting(std::int64_t count) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (world_.metrics().polls_waiting.load() != count) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "nobody waits";
      std::this_thread::yield();
    }
  }

  SyncWorld world_;
  WireDevice writer_{world_, {"unit/nc"}};
  WireDevice near_{world_, {"unit/nc/wake"}};
  WireDevice far_{world_, {"unit/nc/durham"}};
};

TEST_F(LongPoll, IsWokenByACommitThatItsGrantsCoverAndByNoOther) {
  const auto near = near_.begin(settled(near_, wait_ms_max));
  const auto far = far_.begin(settled(far_, wait_ms_max));
  await_waiting(2);
  writer_.write("unit/nc/wake/1-01", "news");
  writer_.push();
  const Said said = WireDevice::end(*near);
  ASSERT_TRUE(said.reply);
  EXPECT_EQ(rows_of(*said.reply), 1u);
  EXPECT_EQ(world_.metrics().polls_waiting.load(), 1) << "the other one waits on";
}

TEST_F(LongPoll, IsAnsweredAtItsTimeWithNothingNew) {
  const auto poll = near_.begin(settled(near_, 20));
  const Said said = WireDevice::end(*poll);
  ASSERT_TRUE(said.reply);
  EXPECT_EQ(rows_of(*said.reply), 0u);
  EXPECT_TRUE(said.reply->digest.has_value()) << "one sum: nothing changed";
}

TEST_F(LongPoll, IsAnsweredAtOnceWhenThereIsSomethingToSay) {
  SyncRequest request = settled(near_, wait_ms_max);
  writer_.write("unit/nc/wake", "news");
  writer_.push();
  const Said said = near_.ask(request);
  ASSERT_TRUE(said.reply);
  EXPECT_EQ(rows_of(*said.reply), 1u);
}

TEST_F(LongPoll, IsWokenByAChangeOfItsGrants) {
  const auto poll = near_.begin(settled(near_, wait_ms_max));
  await_waiting(1);
  ASSERT_TRUE(world_.writer().call([&](Space& space) -> Result<void> {
    ROLLCALL_TRY(space.grant(near_.number(), "event/7"));
    return {};
  }));
  const Said said = WireDevice::end(*poll);
  ASSERT_TRUE(said.reply);
  ASSERT_TRUE(said.reply->grants.has_value());
  EXPECT_EQ(said.reply->grants->size(), near_.enrolled().grants.size() + 1);
}

// The space's file turned out to be an older one: whoever waits may have been shut out since.
TEST_F(LongPoll, IsToldNothingOfASpaceThatForgotRevocations_C4) {
  const auto poll = near_.begin(settled(near_, wait_ms_max));
  await_waiting(1);
  EXPECT_TRUE(world_.service().space("nc")->note_forgotten());
  ASSERT_TRUE(world_.writer().call([&](Space& space) -> Result<void> {
    ROLLCALL_TRY(space.grant(near_.number(), "event/7"));
    return {};
  }));
  const Said said = WireDevice::end(*poll);
  EXPECT_FALSE(said.reply);
  EXPECT_EQ(said.status, 503u);
}

TEST_F(LongPoll, EndsWhenItsClientHangsUp) {
  {
    const auto poll = near_.begin(settled(near_, wait_ms_max));
    await_waiting(1);
  }
  await_waiting(0);
}

TEST_F(LongPoll, IsAnsweredWhenTheServerEnds) {
  const auto poll = near_.begin(settled(near_, wait_ms_max));
  await_waiting(1);
  std::future<void> end = std::async(std::launch::async, [this] { world_.shut_down(); });
  const Said said = WireDevice::end(*poll);
  EXPECT_EQ(said.status, 200u);
  poll->finish_sending();
  end.get();
}

TEST_F(LongPoll, LetsADeviceHaveOnlySoManyRequestsUnderWay) {
  std::vector<std::unique_ptr<LoopbackClient>> polls;
  const SyncRequest request = settled(near_, wait_ms_max);
  for (std::size_t i = 0; i < device_requests_max; ++i) polls.push_back(near_.begin(request));
  await_waiting(static_cast<std::int64_t>(device_requests_max));
  const Said said = near_.ask(request);
  EXPECT_EQ(said.status, 503u);
  EXPECT_EQ(said.refusal.name, "later");
  EXPECT_GT(said.refusal.retry_ms, 0u);
  EXPECT_EQ(far_.ask(far_.read_request()).status, 200u) << "others are not held up";
}

TEST_F(LongPoll, ARequestMakesRoomForTheNextBeforeItsAnswerIsSent) {
  std::vector<std::unique_ptr<LoopbackClient>> polls;
  const SyncRequest request = settled(near_, wait_ms_max);
  for (std::size_t i = 1; i < device_requests_max; ++i) polls.push_back(near_.begin(request));
  await_waiting(static_cast<std::int64_t>(device_requests_max) - 1);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(near_.ask(near_.read_request()).status, 200u) << i;
}

TEST(Writer, EverythingThatStrangersAndDevicesAskOfItIsBounded) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  const Invitation invitation = world.invite({"unit/nc"});
  std::promise<void> busy;
  std::promise<void> go_on;
  ASSERT_TRUE(world.writer().try_post([&](Space*) {
    busy.set_value();
    go_on.get_future().wait();
  }));
  busy.get_future().wait();
  std::size_t waiting = 0;
  while (world.writer().try_post([](Space*) {})) ++waiting;
  EXPECT_EQ(waiting, writer_queue_max);
  EnrollRequest enrolment;
  enrolment.space = "nc";
  enrolment.code = invitation.code;
  enrolment.key = world.server_key();
  const auto enrolled = post_enrolment(world.port(), to_cbor(enrolment));
  ASSERT_TRUE(enrolled);
  EXPECT_EQ(enrolled->status, 503u);
  EXPECT_EQ(from_cbor<Refusal>(enrolled->body)->name, "later");
  SyncRequest seen = device.read_request();
  seen.seen_changed = {{TxNumber(1), VerdictKind::applied, 0}};
  EXPECT_EQ(device.ask(seen).status, 503u);
  device.write("unit/nc", "one");
  EXPECT_EQ(device.ask(device.push_request()).status, 503u);
  go_on.set_value();
  EXPECT_TRUE(world.writer().call([](Space&) -> Result<void> { return {}; }));
  device.push();
  EXPECT_EQ(post_enrolment(world.port(), to_cbor(enrolment))->status, 200u);
}

TEST(Writer, CommitsPushesThatWaitedTogether) {
  SyncWorld world;
  std::vector<std::unique_ptr<WireDevice>> devices;
  std::vector<std::unique_ptr<LoopbackClient>> pushes;
  for (int i = 0; i < 5; ++i) {
    devices.push_back(std::make_unique<WireDevice>(world, std::vector<std::string>{"unit/nc"}));
    devices.back()->write("unit/nc", "one");
  }
  std::promise<void> busy;
  std::promise<void> go_on;
  world.writer().try_post([&](Space*) {
    busy.set_value();
    go_on.get_future().wait();
  });
  busy.get_future().wait();  // what comes now is taken in the writer's next turn
  for (const auto& device : devices) pushes.push_back(device->begin(device->push_request()));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (world.metrics().writer_queue.load() < 5) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    std::this_thread::yield();
  }
  const std::uint64_t commits = world.metrics().commits.load();
  go_on.set_value();
  for (const auto& push : pushes) EXPECT_EQ(WireDevice::end(*push).status, 200u);
  EXPECT_EQ(world.metrics().commits.load(), commits + 1) << "one flush for all five";
  EXPECT_EQ(world.notes(), 5u);
}

TEST(Writer, LosesNothingOfManyDevicesThatPushAndPollAtOnce) {
  constexpr int devices = 4;
  constexpr int pushes = 25;
  SyncWorld world;
  std::vector<std::thread> threads;
  for (int i = 0; i < devices; ++i) {
    threads.emplace_back([&world] {
      WireDevice device(world, {"unit/nc"});
      for (int n = 0; n < pushes; ++n) {
        device.write("unit/nc", "text " + std::to_string(n));
        device.push();
        const Said said = device.ask(device.read_request(5));
        ASSERT_TRUE(said.reply) << said.refusal.message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(world.notes(), static_cast<std::size_t>(devices * pushes));
  EXPECT_EQ(world.metrics().pushes.load(), static_cast<std::uint64_t>(devices * pushes));
  EXPECT_EQ(world.metrics().transactions[1].load(), static_cast<std::uint64_t>(devices * pushes));
}

TEST(Service, TellsItsHealthAndWhatItDid) {
  SyncWorld world;
  WireDevice device(world, {"unit/nc"});
  device.write("unit/nc", "one");
  device.push();
  device.ask(device.read_request());
  Spoilt stale;
  stale.time_ms = 0;
  device.hear(device.http(device.read_request(), stale));

  LoopbackClient connection(world.port());
  const auto health = connection.ask("GET /healthz HTTP/1.1\r\nHost: here\r\n\r\n");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 200u);
  EXPECT_EQ(health->body, "ok\n");
  const auto answer = connection.ask("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->fields.at("content-type"), HasSubstr("text/plain"));
  const std::string& text = answer->body;
  EXPECT_EQ(value_of(text, "rollcall_pushes_total"), "1");
  EXPECT_EQ(value_of(text, "rollcall_transactions_total{verdict=\"applied\"}"), "1");
  EXPECT_EQ(value_of(text, "rollcall_refusals_total{code=\"stale\"}"), "1");
  EXPECT_EQ(value_of(text, "rollcall_requests_total{endpoint=\"sync\"}"), "3");
  EXPECT_EQ(value_of(text, "rollcall_rows_sent_total"), "1");
  EXPECT_EQ(value_of(text, "rollcall_commit_pushes_count"), "1");
  EXPECT_NE(value_of(text, "rollcall_received_bytes_total"), "0");
  EXPECT_NE(value_of(text, "rollcall_fsyncs_total"), "0");
}

TEST(Service, ADeviceOverItsLimitIsToldToWaitAndEverythingElseGoesOn_G15_G21) {
  SyncWorld world;
  WireDevice greedy(world, {"unit/nc"});
  WireDevice other(world, {"unit/nc"});
  greedy.write("unit/nc", "one");
  greedy.push();
  world.service().space("nc")->rates().charge(greedy.number(), DeviceRate::sent,
                                              device_sent_bytes_max, 0);
  greedy.write("unit/nc", "two");
  const Said said = greedy.hear(greedy.http(greedy.push_request()));
  EXPECT_EQ(said.status, 503u);
  EXPECT_EQ(said.refusal.name, "later");
  EXPECT_THAT(said.refusal.message, HasSubstr("device_sent_bytes"));
  EXPECT_GT(said.refusal.retry_ms, 0u);
  other.write("unit/nc", "three");
  other.push();
  EXPECT_EQ(other.hear(other.http(other.read_request())).status, 200u);
  LoopbackClient connection(world.port());
  const auto answer = connection.ask("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(value_of(answer->body, "rollcall_limited_total{limit=\"device_sent_bytes\"}"), "1");
}

// What it pushes is kept and does nothing: nobody needs much of it.
TEST(Service, WhatARevokedDevicePushesCountsAsRefused_G21) {
  SyncWorld world;
  WireDevice left(world, {"unit/nc"});
  left.write("unit/nc", "one");
  left.push();
  HostedSpace& space = *world.service().space("nc");
  space.rates().charge(left.number(), DeviceRate::refused, device_refused_bytes_a_day - 10, 0);
  left.write("unit/nc", "two");
  left.push();
  left.write("unit/nc", "three");
  EXPECT_EQ(left.hear(left.http(left.push_request())).status, 200u) << "applied ones cost nothing";
  ASSERT_TRUE(space.writer().call([&](Space& open) -> Result<void> {
    const auto revoked = open.revoke(left.number(), false);
    return revoked ? Result<void>() : Result<void>(revoked.error());
  }));
  left.write("unit/nc", "four");
  EXPECT_EQ(left.hear(left.http(left.push_request())).status, 200u);
  left.write("unit/nc", "five");
  const Said said = left.hear(left.http(left.push_request()));
  EXPECT_EQ(said.status, 503u);
  EXPECT_THAT(said.refusal.message, HasSubstr("device_refused_bytes"));
}

TEST(Service, TellsWhatAllDoTogetherToThisMachineOnly) {
  SyncWorld world;
  HttpHead head;
  head.target = "/metrics";
  const auto elsewhere = world.service().judge_head(head);
  ASSERT_TRUE(elsewhere.has_value());
  EXPECT_EQ(elsewhere->status, 404u);
  head.is_local = true;
  EXPECT_FALSE(world.service().judge_head(head).has_value());
}

TEST(Service, ARequestThatPushesNothingIsShort_G15) {
  SyncWorld world;
  WireDevice greedy(world, {"unit/nc"});
  SyncRequest request = greedy.read_request();
  request.receipts.push_back({Bytes(bare_request_bytes_max, '\0')});
  const Said said = greedy.hear(greedy.http(request));
  EXPECT_EQ(said.status, 413u);
  EXPECT_THAT(said.refusal.message, HasSubstr("pushes nothing"));
}

TEST(Service, RefusesPathsAndMethodsThatItDoesNotHave) {
  SyncWorld world;
  LoopbackClient connection(world.port());
  EXPECT_EQ(connection.ask("GET /console HTTP/1.1\r\nHost: here\r\n\r\n")->status, 404u);
  const auto wrong = connection.ask("GET /v1/sync HTTP/1.1\r\nHost: here\r\n\r\n");
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->status, 405u);
  EXPECT_EQ(wrong->fields.at("allow"), "POST");
}

// What each request says of its device is written by a push, or once a minute: never by a poll.
TEST(Health, OfPollsThatOnlyLookIsNotWrittenOneByOne) {
  SyncWorld world;
  WireDevice ann(world, {"unit/nc"});
  WireDevice ben(world, {"unit/nc"});
  ann.write("unit/nc/wake", "x");
  ann.push();
  const std::uint64_t commits = world.metrics().commits.load();
  SyncRequest request = ben.read_request();
  request.report = DeviceReport{3, 250, "captain\n1.4"};
  for (int i = 0; i < 50; ++i) {
    const Said said = ben.ask(request);
    ASSERT_TRUE(said.reply) << said.refusal.message;
  }
  EXPECT_EQ(world.metrics().commits.load(), commits);
  EXPECT_FALSE(world.writer().health().is_empty());

  EXPECT_TRUE(world.writer().call([](Space& space) { return space.write_health(); }));
  EXPECT_EQ(world.metrics().commits.load(), commits + 1);
  SystemRandom random;
  const auto reader = world.writer().open_reader(random);
  ASSERT_TRUE(reader);
  const auto health = (*reader)->health(ben.number());
  ASSERT_TRUE(health && *health);
  ASSERT_TRUE((*health)->report);
  EXPECT_EQ((*health)->report->app, "captain?1.4");
  EXPECT_EQ((*health)->report->pending, 3u);
  EXPECT_EQ((*health)->told.sequence, (*reader)->head().value());
  EXPECT_EQ((*health)->read.sequence, Sequence()) << "it named no cursor yet";
}

TEST(Health, OfAClientThatReportsNothingIsWhenItWasSeen) {
  SyncWorld world;
  WireDevice ann(world, {"unit/nc"});
  ASSERT_TRUE(ann.ask(ann.read_request()).reply);
  EXPECT_TRUE(world.writer().call([](Space& space) { return space.write_health(); }));
  SystemRandom random;
  const auto reader = world.writer().open_reader(random);
  ASSERT_TRUE(reader);
  const auto health = (*reader)->health(ann.number());
  ASSERT_TRUE(health && *health);
  EXPECT_GT((*health)->seen_ms, 0);
  EXPECT_FALSE((*health)->report);
}

}  // namespace
}  // namespace rollcall
