#include "client-core/sync/sync_session.h"

#include <algorithm>
#include <set>

#include "engine/protocol/limits.h"
#include "tests/client-core/sync/scripted_server.h"

namespace rollcall {
namespace {

using Mode = ClientSync::Mode;

class SyncSessionTest : public testing::Test {
 protected:
  SyncSessionTest() : phone(world.enroll({"unit/nc"})) {}

  RowId put(std::string_view name) {
    return phone->put("thing", {{"unit", text("nc/wake")}, {"name", text(name)}});
  }
  // What another device has brought to the server.
  void others_write(int rows) {
    const auto other = world.enroll({"unit/nc"});
    for (int i = 0; i < rows; ++i) {
      other->put("thing", {{"unit", text("nc/wake")}, {"name", text("theirs")}});
    }
    other->sync();
  }
  Result<void> catch_up(std::uint32_t attempts = 3) { return session.catch_up(attempts); }
  // Steps until it is so; false when that takes far too many.
  bool step_until(const std::function<bool()>& is_so) {
    for (int i = 0; i < 1000 && !is_so(); ++i) need(session.step(200));
    return is_so();
  }
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> pushes() const {
    std::vector<std::vector<std::uint64_t>> pushes;
    for (const Arrived& arrived : server.log) pushes.push_back(arrived.pushed());
    return pushes;
  }
  [[nodiscard]] std::int64_t gap_ms(std::size_t request) const {
    return server.log[request].at_ms - server.log[request - 1].at_ms;
  }
  // A reply whose first bootstrap page nobody can read, though another one is to follow.
  Answer unusable_page(const Arrived& arrived) {
    SyncReply reply = world.answer(phone->device(), *arrived.sync, arrived.who->head);
    if (reply.bootstrap) reply.bootstrap->page = "no page";
    return scripted(200, reply);
  }

  ReplicaWorld world;
  std::unique_ptr<Phone> phone;
  ScriptedServer server{world, phone.get()};
  SyncSession session{phone->replica(), server,
                      ReplicaDoors{phone->clock, world.random, test_cryptography()}};
};

TEST_F(SyncSessionTest, CatchesUpBothWays) {
  others_write(3);
  const RowId mine = put("mine");
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_TRUE(session.is_idle());
  EXPECT_EQ(phone->status().pending, 0u);
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 4);
  EXPECT_EQ(phone->shows("thing", mine, "name"), "mine");
  world.expect_same(*phone);
  EXPECT_EQ(session.traffic().pushed, 1u);
  EXPECT_EQ(session.traffic().requests, server.log.size());
  EXPECT_EQ(session.traffic().sent_bytes, 100 * server.log.size());
  EXPECT_GT(session.traffic().received_bytes, 100 * server.log.size());
  EXPECT_FALSE(session.last_error().has_value());
  EXPECT_TRUE(server.cancelled.empty());
}

TEST_F(SyncSessionTest, SignsEveryRequestWithANonceOfItsOwn) {
  others_write(3);
  for (int i = 0; i < 5; ++i) {
    put("mine");
    ASSERT_TRUE(catch_up().has_value());
  }
  std::set<Bytes> nonces;
  for (const Arrived& arrived : server.log) nonces.insert(arrived.who->nonce);
  EXPECT_EQ(nonces.size(), server.log.size());
  EXPECT_GE(server.log.size(), 5u);
}

TEST_F(SyncSessionTest, WhatIsNoRollcallServerChangesNothing) {
  HttpResponse no_answer;
  no_answer.error = "Could not resolve host";
  Answer damaged = scripted(200, SyncReply{});
  damaged.response.content_encoding = "zstd";
  Answer brotli = scripted(200, SyncReply{});
  brotli.response.content_encoding = "br";
  const Bytes whole = to_cbor(SyncReply{});
  const std::vector<std::pair<Answer, ErrorCode>> answers = {
      {{Answer::Kind::scripted, no_answer}, ErrorCode::unreachable},
      {scripted(200, "text/html", "<html>Welcome to Hotel Wi-Fi"), ErrorCode::not_rollcall},
      {scripted(302, "text/html", "<html>Sign in"), ErrorCode::not_rollcall},
      {scripted(511, "text/html", "<html>Sign in"), ErrorCode::not_rollcall},
      {scripted(404, "text/plain", "not found"), ErrorCode::not_rollcall},
      {scripted(502, "", ""), ErrorCode::not_rollcall},
      {scripted(200, "application/json", "{}"), ErrorCode::not_rollcall},
      {scripted(200, "", whole), ErrorCode::not_rollcall},
      {scripted(200, "application/cbor", ""), ErrorCode::not_rollcall},
      {scripted(200, "application/cbor", "<html>"), ErrorCode::not_rollcall},
      {scripted(200, "application/cbor", whole.substr(0, whole.size() - 1)),
       ErrorCode::not_rollcall},
      {scripted(401, "application/cbor", "<html>"), ErrorCode::not_rollcall},
      {damaged, ErrorCode::not_rollcall},
      {brotli, ErrorCode::not_rollcall},
  };
  put("mine");
  for (std::size_t i = 0; i < answers.size(); ++i) {
    server.then({answers[i].first});
    EXPECT_EQ(code_of(catch_up(1)), answers[i].second) << i;
    EXPECT_EQ(server.log.size(), i + 1);
    ASSERT_TRUE(session.last_error().has_value()) << i;
    EXPECT_EQ(phone->status().pending, 1u) << i;
    EXPECT_EQ(phone->status().last_synced_ms, 0) << i;
  }
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_FALSE(session.last_error().has_value());
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, RestsAfterAFailureAndThenGetsThrough) {
  const Answer portal = scripted(200, "text/html", "<html>Sign in");
  server.then({portal, portal, portal});
  ASSERT_TRUE(catch_up(4).has_value());
  for (std::size_t i = 1; i <= 3; ++i) {
    EXPECT_LE(gap_ms(i), (backoff_base_ms << (i - 1)) + 10) << i;
  }
  EXPECT_FALSE(session.last_error().has_value());
}

TEST_F(SyncSessionTest, GivesUpACatchUpAfterSoManyFailuresInARow) {
  server.otherwise = [](const Arrived&) { return scripted(502, "", ""); };
  put("mine");
  EXPECT_FALSE(catch_up(3).has_value());
  EXPECT_EQ(server.log.size(), 3u);
  EXPECT_EQ(phone->status().pending, 1u);
}

TEST_F(SyncSessionTest, FailuresBetweenPagesThatCameThroughAreNotInARow) {
  others_write(300);
  session.set_reply_budget(2000);
  int requests = 0;
  server.otherwise = [&](const Arrived&) {
    return ++requests % 3 == 0 ? scripted(502, "", "") : real();
  };
  ASSERT_TRUE(catch_up(2).has_value());
  EXPECT_GE(requests, 9);
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, AWrongClockIsToldAndSetRightAtOnce) {
  for (const std::int64_t wrong_by_ms : {3'600'000, -3'600'000}) {
    phone->clock.wrong_by_ms = wrong_by_ms;
    put("mine");
    server.log.clear();
    ASSERT_TRUE(catch_up().has_value());
    ASSERT_GE(server.log.size(), 2u);
    EXPECT_EQ(gap_ms(1), 3);  // the round trip
    EXPECT_EQ(server.log[0].pushed(), server.log[1].pushed());
    EXPECT_NEAR(static_cast<double>(server.log[1].who->time_ms),
                static_cast<double>(world.clock.utc_ms()), 1000);
    EXPECT_EQ(phone->status().pending, 0u);
    world.expect_same(*phone);
  }
}

TEST_F(SyncSessionTest, AServerThatAlwaysSaysStaleIsAskedOnceMoreAndThenNotInARow) {
  Refusal told;
  told.code = static_cast<std::uint32_t>(ErrorCode::stale);
  told.server_ms = world.clock.utc_ms();
  server.otherwise = [&](const Arrived&) { return scripted(401, told); };
  EXPECT_EQ(code_of(catch_up(3)), ErrorCode::stale);
  EXPECT_EQ(server.log.size(), 4u);  // the retry at once is no failure yet
  EXPECT_EQ(gap_ms(1), 3);
}

TEST_F(SyncSessionTest, WaitsAsLongAsABusyServerOrItsProxySays) {
  Answer proxy = scripted(503, "text/html", "<html>later");
  proxy.response.retry_after_ms = 7000;
  for (const Answer& answer : {busy(7), proxy}) {
    put("mine");
    server.log.clear();
    server.then({answer});
    ASSERT_TRUE(catch_up().has_value());
    EXPECT_GE(gap_ms(1), 7000);
    EXPECT_LE(gap_ms(1), 7000 + backoff_base_ms + 10);
    EXPECT_EQ(phone->status().pending, 0u);
  }
}

TEST_F(SyncSessionTest, ATransactionThatTheServerCannotReadIsFoundAndVoidedAndTheRestFlows) {
  const RowId ann = put("Ann"), ben = put("Ben"), cat = put("Cat");
  const auto is_bens = [](const Arrived& arrived) {
    if (!arrived.sync || arrived.pushed().empty()) return false;
    for (std::size_t i = 0; i < arrived.pushed().size(); ++i) {
      if (arrived.pushed()[i] == 2 && !arrived.sync->transactions[i].bytes.empty()) return true;
    }
    return false;
  };
  server.otherwise = [&](const Arrived& arrived) {
    return is_bens(arrived) ? refusal(400, ErrorCode::malformed) : real();
  };
  ASSERT_TRUE(catch_up(5).has_value());
  const std::vector<std::vector<std::uint64_t>> expected = {{1, 2, 3}, {1, 2, 3}, {},
                                                            {1},       {2},       {2, 3}};
  auto seen = pushes();
  seen.resize(expected.size());
  EXPECT_EQ(seen, expected);
  EXPECT_FALSE(server.log[5].sync->transactions[0].void_hash.empty());

  EXPECT_EQ(phone->shows("thing", ann, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", ben, "name"), "-");
  EXPECT_EQ(phone->shows("thing", cat, "name"), "Cat");
  world.expect_same(*phone);
  const auto tray = need(phone->replica().tray());
  ASSERT_EQ(tray.size(), 1u);
  EXPECT_EQ(tray[0].number.value, 2u);
  EXPECT_EQ(static_cast<ErrorCode>(tray[0].code), ErrorCode::voided);
  EXPECT_NE(need(phone->replica().export_json(TxNumber(2))).find("Ben"), std::string::npos);

  server.otherwise = [](const Arrived&) { return real(); };
  need(phone->replica().retry(TxNumber(2)));
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(phone->shows("thing", ben, "name"), "Ben");
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, OneRefusalOfAPushIsNotHeldAgainstATransaction) {
  put("Ann");
  server.then({refusal(400, ErrorCode::malformed)});
  ASSERT_TRUE(catch_up(3).has_value());
  EXPECT_TRUE(need(phone->replica().tray()).empty());
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, AReplayedRequestIsSentAgainSignedAfresh) {
  put("Ann");
  server.then({refusal(409, ErrorCode::replayed)});
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(server.log[0].body, server.log[1].body);
  EXPECT_NE(server.log[0].who->nonce, server.log[1].who->nonce);
  EXPECT_NE(server.log[0].who->signature, server.log[1].who->signature);
  EXPECT_EQ(gap_ms(1), 3);
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, ALostReplyIsAskedForAgainAndItsPushAppliedOnce) {
  const RowId ann = put("Ann");
  phone->add("thing", ann, "visits", number(1));
  bool lost = false;
  server.otherwise = [&](const Arrived& arrived) {
    if (lost) return real();
    lost = true;
    server.real_response(arrived);  // it took everything, and nobody hears of it
    return silence();
  };
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(server.log[0].pushed(), server.log[1].pushed());
  EXPECT_GE(gap_ms(1), request_deadline_ms);
  EXPECT_EQ(phone->shows("thing", ann, "visits"), "1");
  EXPECT_EQ(phone->status().pending, 0u);
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, ARequestPastItsDeadlineIsCancelledAndItsLateReplyIgnored) {
  put("Ann");
  server.then({silence()});
  session.start(Mode::catch_up);
  ASSERT_TRUE(step_until([&] { return !server.cancelled.empty(); }));
  const std::uint64_t given_up = server.log[0].http.id;
  EXPECT_EQ(server.cancelled, std::vector<std::uint64_t>{given_up});
  EXPECT_EQ(session.last_error()->code, ErrorCode::timed_out);
  EXPECT_GE(world.clock.steady_ms() - server.log[0].at_ms, request_deadline_ms);

  server.otherwise = [](const Arrived&) { return silence(); };
  HttpResponse late = server.real_response(server.log[0]);
  late.id = given_up;
  server.deliver(late);
  need(session.step(0));
  EXPECT_EQ(phone->status().pending, 1u);

  server.otherwise = [](const Arrived&) { return real(); };
  ASSERT_TRUE(step_until([&] { return session.is_idle(); }));
  EXPECT_EQ(phone->status().pending, 0u);
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, AsksForTheNextPageBeforeItAppliesThisOne) {
  others_write(300);
  session.set_reply_budget(2000);
  std::vector<std::uint64_t> rows_here;
  server.on_begin = [&](const Arrived& arrived) {
    EXPECT_EQ(arrived.sync->budget_bytes, 2000u);
    rows_here.push_back(phone->status().bootstrap_rows);
  };
  ASSERT_TRUE(catch_up().has_value());
  ASSERT_GE(rows_here.size(), 4u);
  EXPECT_EQ(rows_here[0], 0u);
  EXPECT_EQ(rows_here[1], 0u);  // the first page has come, and is not applied yet
  EXPECT_GT(rows_here[2], 0u);
  EXPECT_LT(rows_here[2], 300u);
  EXPECT_FALSE(server.log[1].sync->bootstrap->position.empty());
  EXPECT_TRUE(server.cancelled.empty());
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, UploadingDoesNotWaitForTheRestOfADownload) {
  others_write(300);
  session.set_reply_budget(2000);
  Bytes noise(2'900, '\0');
  for (int i = 0; i < 3; ++i) {
    need(phone->write([&](LocalTransaction& transaction) {
      for (int row = 0; row < 400; ++row) {             // more than half of what a push carries
        world.random.fill(noise.data(), noise.size());  // which nothing makes shorter
        const std::string name = to_base64(noise);
        const NamedValue thing[] = {{"unit", text("nc/wake")}, {"name", text(name)}};
        need(transaction.put("thing", thing));
      }
    }));
  }
  ASSERT_TRUE(catch_up().has_value());
  const std::vector<std::vector<std::uint64_t>> seen = pushes();
  ASSERT_GT(seen.size(), 5u);
  EXPECT_EQ(seen[0], std::vector<std::uint64_t>{1});
  EXPECT_EQ(seen[1], std::vector<std::uint64_t>{2});
  EXPECT_EQ(seen[2], std::vector<std::uint64_t>{3});
  EXPECT_FALSE(server.log[2].sync->bootstrap->position.empty());  // and downloading went on
  EXPECT_TRUE(seen[3].empty());
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, APageAskedForAheadIsDroppedWhenTheOneBeforeItCannotBeTaken) {
  others_write(300);
  session.set_reply_budget(2000);
  bool first = true;
  server.otherwise = [&](const Arrived& arrived) {
    return std::exchange(first, false) ? unusable_page(arrived) : real();
  };
  session.start(Mode::catch_up);
  ASSERT_TRUE(step_until([&] { return !server.cancelled.empty(); }));
  ASSERT_EQ(server.log.size(), 2u);
  EXPECT_FALSE(server.log[1].sync->bootstrap->position.empty());
  EXPECT_EQ(server.cancelled, std::vector<std::uint64_t>{server.log[1].http.id});
  EXPECT_EQ(session.last_error()->code, ErrorCode::not_rollcall);
  EXPECT_EQ(phone->status().bootstrap_rows, 0u);

  ASSERT_TRUE(step_until([&] { return session.is_idle(); }));
  EXPECT_TRUE(server.log[2].sync->bootstrap->position.empty());  // from the start again
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, ACatchUpWhoseFirstPageCannotBeTakenSaysSo) {
  need(catch_up());
  others_write(300);
  session.set_reply_budget(2000);
  server.otherwise = [this](const Arrived& arrived) {
    SyncReply reply = world.answer(phone->device(), *arrived.sync, arrived.who->head);
    EXPECT_FALSE(reply.position.empty());
    reply.page = "no page";
    return scripted(200, reply);
  };
  EXPECT_EQ(code_of(catch_up()), ErrorCode::not_rollcall);
  server.otherwise = [](const Arrived&) { return real(); };
  need(catch_up());
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, AServerOfUnusablePagesIsAskedEverMoreSeldom) {
  others_write(300);
  session.set_reply_budget(2000);
  server.otherwise = [&](const Arrived& arrived) { return unusable_page(arrived); };
  const std::int64_t start = world.clock.steady_ms();
  EXPECT_EQ(code_of(catch_up(8)), ErrorCode::not_rollcall);
  EXPECT_LE(server.log.size(), 16u);  // each with one ahead
  EXPECT_GT(world.clock.steady_ms() - start, 4 * backoff_base_ms);
  EXPECT_EQ(phone->status().bootstrap_rows, 0u);
}

TEST_F(SyncSessionTest, ADeviceThatMayNotSpeakAsksAgainOnlyWhenItIsTold) {
  server.otherwise = [](const Arrived&) {
    return refusal(401, ErrorCode::bad_signature, "this is not the device's key");
  };
  put("mine");
  const auto refused = catch_up();
  EXPECT_EQ(code_of(refused), ErrorCode::bad_signature);
  EXPECT_EQ(refused.error().message, "this is not the device's key");
  EXPECT_EQ(server.log.size(), 1u);
  EXPECT_EQ(phone->status().pending, 1u);

  session.start(Mode::live);
  need(session.step(200));
  const std::size_t asked = server.log.size();
  for (int i = 0; i < 20; ++i) need(session.step(10'000));
  EXPECT_EQ(server.log.size(), asked);
  EXPECT_FALSE(session.next_try_ms().has_value());
  server.otherwise = [](const Arrived&) { return real(); };
  session.hurry();
  EXPECT_TRUE(step_until([&] { return phone->status().pending == 0; }));
}

TEST_F(SyncSessionTest, AServerThatForgotThisDeviceIsAskedToLetItInAgainNowAndThen_C3) {
  server.otherwise = [](const Arrived& arrived) {
    if (arrived.is_to("/v1/enroll")) {
      return refusal(503, ErrorCode::later, "somebody has to let it in again");
    }
    return refusal(401, ErrorCode::unknown_key, "this device is not known here");
  };
  put("mine");
  const auto refused = catch_up();
  EXPECT_EQ(code_of(refused), ErrorCode::later);
  EXPECT_EQ(refused.error().message, "somebody has to let it in again");
  ASSERT_EQ(server.log.size(), 2u);
  const auto asked = need(from_cbor<EnrollRequest>(server.log[1].body));
  EXPECT_EQ(asked.key, test_cryptography().public_key(phone->replica().secret()));
  EXPECT_FALSE(asked.enrolment.empty());
  EXPECT_EQ(phone->status().pending, 1u);

  // Who lives on finds out by itself that somebody agreed.
  session.start(Mode::live);
  const std::size_t before = server.log.size();
  for (int i = 0; i < 30; ++i) need(session.step(10'000));
  EXPECT_GT(server.log.size(), before + 3);
  EXPECT_LT(server.log.size(), before + 24) << "both lanes once a minute";
  server.otherwise = [](const Arrived&) { return real(); };
  EXPECT_TRUE(step_until([&] { return phone->status().pending == 0; }));
}

TEST_F(SyncSessionTest, ASearchWhoseFindHasItsVerdictByNowEndsWithoutAVoid) {
  need(session.catch_up(3));
  put("Ann");
  int refused = 0;
  server.on_begin = [&](const Arrived& arrived) {
    if (!arrived.sync || arrived.pushed().empty() || ++refused != 3) return;
    // Sent alone it is refused once more, by a proxy: the server took it, and the read beside it
    // tells the verdict.
    static_cast<void>(server.real_response(arrived));
  };
  server.otherwise = [&](const Arrived& arrived) {
    const bool pushes = arrived.sync && !arrived.pushed().empty();
    return pushes && refused <= 3 ? refusal(400, ErrorCode::malformed) : real();
  };
  session.start(Mode::live);
  ASSERT_TRUE(step_until([&] { return phone->status().pending == 0; }));
  EXPECT_EQ(refused, 3);
  const RowId ben = put("Ben");  // and now nothing is in its way
  ASSERT_TRUE(step_until([&] { return phone->status().pending == 0; }));
  EXPECT_TRUE(need(phone->replica().tray()).empty());
  EXPECT_EQ(phone->shows("thing", ben, "name"), "Ben");
}

// ---- A server that lacks what it acknowledged

class RestoredServerTest : public SyncSessionTest {
 protected:
  // What the phone has sent and forgets is in no backup.
  void lose_what_was_pushed() {
    need(session.catch_up(3));
    const std::string copy = world.save_copy();
    for (const char* name : {"Ann", "Ben", "Cat"}) put(name);
    need(session.catch_up(3));
    session.stop();
    phone->spoil("DELETE FROM _outbox WHERE number <= 2");
    world.go_back_to(copy);
    server.log.clear();
  }
  SyncSession restarted() {
    return SyncSession(phone->replica(), server,
                       ReplicaDoors{phone->clock, world.random, test_cryptography()});
  }
};

TEST_F(RestoredServerTest, ACatchUpSaysThatTheServerLacksWhatIsNotKeptAndEnds) {
  lose_what_was_pushed();
  SyncSession after = restarted();
  const auto refused = after.catch_up(4);
  EXPECT_EQ(code_of(refused), ErrorCode::gap);
  EXPECT_NE(refused.error().message.find("not kept here any more"), std::string::npos);
  EXPECT_TRUE(phone->status().gap);
  EXPECT_LE(server.log.size(), 12u);
  for (const Arrived& arrived : server.log) EXPECT_TRUE(arrived.pushed().empty());
}

TEST_F(RestoredServerTest, ALiveSessionReadsOnEverMoreSeldom) {
  lose_what_was_pushed();
  SyncSession after = restarted();
  after.start(Mode::live);
  const std::int64_t start = world.clock.steady_ms();
  while (world.clock.steady_ms() - start < 600'000) need(after.step(200));
  EXPECT_GT(server.log.size(), 12u);
  EXPECT_LE(server.log.size(), 60u);
  EXPECT_EQ(after.last_error()->code, ErrorCode::gap);
}

TEST_F(RestoredServerTest, ATransactionThatCannotBeReadFromTheFileHoldsUpNoReading) {
  need(session.catch_up(3));
  session.stop();
  put("Ann");
  put("Ben");
  phone->spoil("UPDATE _outbox SET head = x'00' WHERE number = 1");
  others_write(1);
  SyncSession after = restarted();
  after.start(Mode::live);
  int errors = 0;
  for (int i = 0; i < 10; ++i) errors += code_of(after.step(200)) == ErrorCode::corrupt ? 1 : 0;
  EXPECT_GT(errors, 0);
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing WHERE name = 'theirs'"), 1);
}

// ---- The schema

TEST_F(SyncSessionTest, ACatchUpEndsWithTheServersNewerSchema) {
  ASSERT_TRUE(catch_up().has_value());
  need(world.space().apply_schema(test_schema(2)));
  server.log.clear();
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(phone->replica().schema().version, 2u);
  EXPECT_EQ(phone->status().newer_schema_version, 0u);
  EXPECT_EQ(std::count_if(server.log.begin(), server.log.end(),
                          [](const Arrived& arrived) { return arrived.is_to("/v1/schema"); }),
            1);
  phone->put("club", {{"unit", text("nc/wake")}, {"title", text("Chess")}});
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(server.log.back().sync->schema_version, 2u);
  world.expect_same(*phone);
}

TEST_F(SyncSessionTest, ASchemaThatDoesNotComeHoldsNothingUpAndIsAskedForAgain) {
  need(world.space().apply_schema(test_schema(2)));
  others_write(3);
  server.otherwise = [](const Arrived& arrived) {
    return arrived.is_to("/v1/schema") ? silence() : real();
  };
  const std::int64_t start = world.clock.steady_ms();
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_LE(world.clock.steady_ms() - start, request_deadline_ms + 1000);
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 3);
  EXPECT_EQ(phone->replica().schema().version, 1u);
  EXPECT_EQ(phone->status().newer_schema_version, 2u);
  EXPECT_EQ(session.last_error()->code, ErrorCode::timed_out);

  server.otherwise = [](const Arrived&) { return real(); };
  ASSERT_TRUE(catch_up().has_value());
  EXPECT_EQ(phone->replica().schema().version, 2u);
}

TEST_F(SyncSessionTest, AnUnusableSchemaIsToldAndLeavesTheReplicaAsItWas) {
  need(world.space().apply_schema(test_schema(2)));
  SchemaReply reply;
  reply.schema_version = 2;
  reply.schema = "no schema";
  for (const Answer& answer : {scripted(200, reply), scripted(200, "text/html", "<html>"),
                               scripted(200, "application/cbor", "\x01")}) {
    server.otherwise = [&](const Arrived& arrived) {
      return arrived.is_to("/v1/schema") ? answer : real();
    };
    put("mine");
    ASSERT_TRUE(catch_up().has_value());
    EXPECT_EQ(phone->status().pending, 0u);
    EXPECT_EQ(phone->replica().schema().version, 1u);
    EXPECT_EQ(session.last_error()->code, ErrorCode::not_rollcall);
  }
}

// ---- Staying in sync

class LiveSessionTest : public SyncSessionTest {
 protected:
  // Caught up, and holding a read open at the server.
  LiveSessionTest() {
    server.otherwise = [](const Arrived& arrived) {
      return arrived.sync && arrived.sync->wait_ms > 0 ? silence() : real();
    };
    session.start(Mode::live);
    EXPECT_TRUE(step_until([&] { return held() != nullptr; }));
  }
  const Arrived* held() const {
    if (server.log.empty() || !server.log.back().sync) return nullptr;
    return server.log.back().sync->wait_ms > 0 ? &server.log.back() : nullptr;
  }
};

TEST_F(LiveSessionTest, UploadsWhileTheReadIsHeldOpen) {
  const Arrived read = *held();
  EXPECT_EQ(read.sync->wait_ms, live_wait_ms);
  EXPECT_TRUE(read.pushed().empty());
  const RowId ann = put("Ann");
  ASSERT_TRUE(step_until([&] { return phone->status().pending == 0; }));
  EXPECT_TRUE(server.cancelled.empty());
  EXPECT_FALSE(server.log.back().sync->tail);  // it asked for no rows

  HttpResponse answer = server.real_response(read);
  answer.id = read.http.id;
  server.deliver(answer);
  ASSERT_TRUE(step_until([&] { return phone->status().unread == 0; }));
  EXPECT_EQ(phone->shows("thing", ann, "name"), "Ann");
  world.expect_same(*phone);
}

TEST_F(LiveSessionTest, AnAnswerThatCannotBeTakenLeavesTheOtherLanesAnswerAlone) {
  const Arrived read = *held();
  server.otherwise = [](const Arrived&) { return silence(); };
  put("Ann");
  const std::size_t before = server.log.size();
  ASSERT_TRUE(step_until([&] { return server.log.size() > before; }));
  const Arrived push = server.log.back();
  ASSERT_FALSE(push.pushed().empty());
  for (const Arrived& arrived : {push, read}) {
    HttpResponse answer = server.real_response(arrived);
    answer.id = arrived.http.id;
    server.deliver(answer);
  }
  {
    const LocalTransaction open = need(phone->replica().begin());
    EXPECT_EQ(session.step(0).error().code, ErrorCode::invalid_argument);
  }
  server.otherwise = [](const Arrived&) { return real(); };
  const std::int64_t now = world.clock.steady_ms();
  ASSERT_TRUE(step_until([&] { return phone->status().unread == 0 && !phone->status().pending; }));
  // Nobody waited for an answer that had come already.
  EXPECT_LT(world.clock.steady_ms() - now, request_deadline_ms);
  EXPECT_TRUE(server.cancelled.empty());
}

TEST_F(LiveSessionTest, AHeldReadThatNobodyAnswersIsGivenUpAfterItsOwnTimeAndTheDeadline) {
  const std::int64_t start = held()->at_ms;
  const std::uint64_t id = held()->http.id;
  ASSERT_TRUE(step_until([&] { return !server.cancelled.empty(); }));
  EXPECT_EQ(server.cancelled, std::vector<std::uint64_t>{id});
  EXPECT_GE(world.clock.steady_ms() - start, live_wait_ms + request_deadline_ms);
}

TEST_F(LiveSessionTest, HurryEndsARest) {
  server.otherwise = [](const Arrived&) { return busy(3600); };
  HttpResponse answer = busy(3600).response;
  answer.id = held()->http.id;
  server.deliver(answer);
  need(session.step(0));
  ASSERT_TRUE(session.next_try_ms().has_value());
  EXPECT_GE(*session.next_try_ms() - world.clock.steady_ms(), 3'599'000);
  const std::size_t asked = server.log.size();
  need(session.step(1000));
  EXPECT_EQ(server.log.size(), asked);
  session.hurry();
  need(session.step(0));
  EXPECT_EQ(server.log.size(), asked + 1);
}

TEST_F(LiveSessionTest, StoppingGivesUpWhatIsUnderWay) {
  const std::uint64_t id = held()->http.id;
  session.stop();
  EXPECT_EQ(server.cancelled, std::vector<std::uint64_t>{id});
  EXPECT_TRUE(session.is_idle());
  EXPECT_FALSE(need(session.step(0)));
}

TEST_F(LiveSessionTest, WaitsNoLongerThanItsBudgetNorThanTheNextDeadline) {
  EXPECT_EQ(need(session.begin_step(50)), 50);
  EXPECT_EQ(need(session.begin_step(10'000'000)),
            held()->at_ms + live_wait_ms + request_deadline_ms - world.clock.steady_ms());
}

TEST_F(SyncSessionTest, ProgressMayEndACatchUp) {
  others_write(300);
  session.set_reply_budget(2000);
  int calls = 0;
  const auto stopped = session.catch_up(3, [&] { return ++calls < 3; });
  EXPECT_EQ(code_of(stopped), ErrorCode::timed_out);
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(session.is_idle());
  EXPECT_EQ(server.cancelled.size(), 1u);  // the page asked for ahead
  const std::int64_t rows = phone->count("SELECT count(*) FROM thing");
  EXPECT_GT(rows, 0);
  EXPECT_LT(rows, 300);
  ASSERT_TRUE(catch_up().has_value());  // goes on from there
  EXPECT_FALSE(server.log[server.log.size() - 3].sync->bootstrap &&
               server.log[server.log.size() - 3].sync->bootstrap->position.empty());
  world.expect_same(*phone);
}

}  // namespace
}  // namespace rollcall
