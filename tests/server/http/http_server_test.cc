#include "server/http/http_server.h"

#include <chrono>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "engine/codec/json_archive.h"
#include "engine/protocol/messages.h"
#include "server/http/refusal.h"
#include "tests/server/http/echo_handler.h"
#include "tests/server/http/loopback_client.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() { options_.listen = "127.0.0.1:0"; }

  LoopbackClient client() {
    if (server_ == nullptr) {
      auto server = HttpServer::start(options_, handler_);
      EXPECT_TRUE(server.has_value());
      server_ = std::move(*server);
    }
    return LoopbackClient(server_->port());
  }

  static std::string post(std::string_view body, std::string_view target = "/echo",
                          std::string_view more = "") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" +
           "Content-Type: application/json\r\n" + std::string(more) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

  static Refusal refusal(const std::optional<RawAnswer>& answer) {
    EXPECT_TRUE(answer.has_value());
    if (!answer) return {};
    EXPECT_EQ(answer->fields.at("content-type"), "application/json");
    auto read = from_json<Refusal>(answer->body);
    EXPECT_TRUE(read.has_value()) << answer->body;
    return read ? *read : Refusal{};
  }

  Echo handler_;
  HttpOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOfOneConnection) {
  LoopbackClient peer = client();
  for (const std::string& body : {std::string("{}"), std::string(), std::string(300'000, 'x')}) {
    const auto answer = peer.ask(post(body));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInTheirOrder) {
  LoopbackClient peer = client();
  peer.send(post("one") + post("two") + post("three"));
  for (const char* body : {"one", "two", "three"}) {
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(HttpServerTest, RefusesOddFramesPreciselyAndClosesTheConnection_G13) {
  struct Case {
    std::string request;
    unsigned status;
    const char* message;
  };
  const std::string host = "Host: here\r\n";
  const std::string json = "Content-Type: application/json\r\n";
  const std::vector<Case> cases = {
      {"POST /echo HTTP/1.1\r\n" + host + json + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       "Transfer-Encoding"},
      {"POST /echo HTTP/1.1\r\n" + host + json +
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
       400, ""},
      {"POST /echo HTTP/1.1\r\n" + host + json + "Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
       400, "Content-Length"},
      {"POST /echo HTTP/1.1\r\n" + host + json + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
       400, "Content-Length"},
      {"POST /echo HTTP/1.1\r\n" + host + json + "Content-Length: 1, 1\r\n\r\na", 400,
       "Content-Length"},
      {"POST /echo HTTP/1.0\r\n" + host + json + "Content-Length: 1\r\n\r\na", 505, "HTTP/1.1"},
      {"POST /echo HTTP/2.0\r\n" + host + "\r\n", 505, "HTTP/1.1"},
      {"POST http://here/echo HTTP/1.1\r\n" + host + json + "Content-Length: 1\r\n\r\na", 400,
       "path"},
      {"BREW /pot HTTP/1.1\r\n" + host + "\r\n", 501, "method"},
      {"GET /echo HTTP/1.1\r\n\r\n", 400, "Host"},
      {"POST /echo HTTP/1.1\r\n" + host + json + "\r\n", 411, "Content-Length"},
      {"POST /echo HTTP/1.1\r\n" + host + json + "Content-Length: 99999999999\r\n\r\n", 413,
       "too large"},
      {"POST /echo HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\na", 415, "application/cbor"},
      {"\x16\x03\x01\x02 is not HTTP\r\n\r\n", 400, "head"},
      {"GET / HTTP/1.1\r\nHost : here\r\n\r\n", 400, "head"},
      {"GET /echo HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'x') + "\r\n\r\n", 431,
       "too large"},
  };
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.request.substr(0, 200));
    LoopbackClient peer = client();
    const auto answer = peer.ask(wrong.request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, wrong.status);
    EXPECT_EQ(answer->fields.at("connection"), "close");
    EXPECT_THAT(refusal(answer).message, HasSubstr(wrong.message));
    peer.finish_sending();
    EXPECT_TRUE(peer.is_closed());
  }
  EXPECT_EQ(client().ask(post("still here"))->body, "still here");
}

TEST_F(HttpServerTest, SaysThatARequestWasCutShortAtEveryByte) {
  const std::string whole = post("{\"a\":1}");
  const std::size_t head_bytes = whole.find("\r\n\r\n") + 4;
  for (std::size_t length = 1; length < whole.size(); ++length) {
    LoopbackClient peer = client();
    peer.send(whole.substr(0, length));
    peer.finish_sending();
    const auto answer = peer.receive();
    ASSERT_TRUE(answer) << length;
    EXPECT_EQ(answer->status, 400u) << length;
    const Refusal said = refusal(answer);
    EXPECT_EQ(said.name, "truncated") << length;
    EXPECT_THAT(said.message, HasSubstr(length < head_bytes ? "head" : "body"));
  }
  LoopbackClient peer = client();
  peer.finish_sending();
  EXPECT_TRUE(peer.is_closed()) << "nothing was begun, so nothing is refused";
}

TEST_F(HttpServerTest, RefusesInTheTypeThatWasAskedFor) {
  LoopbackClient peer = client();
  const auto answer = peer.ask(
      "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Type: application/cbor\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->fields.at("content-type"), "application/cbor");
  const auto said = from_cbor<Refusal>(answer->body);
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->code, static_cast<std::uint32_t>(ErrorCode::malformed));
  EXPECT_EQ(said->name, "malformed");
}

TEST_F(HttpServerTest, GivesUpOnAHeadThatComesTooSlowly_G14) {
  options_.head_ms = 50;
  LoopbackClient peer = client();
  peer.send("POST /echo HT");
  const auto answer = peer.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408u);
  EXPECT_EQ(refusal(answer).name, "timed_out");
}

TEST_F(HttpServerTest, GivesUpOnABodyThatComesTooSlowly_G14) {
  options_.body_ms = 50;
  LoopbackClient peer = client();
  const std::string whole = post("0123456789");
  peer.send(whole.substr(0, whole.size() - 3));
  const auto answer = peer.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408u);
  EXPECT_THAT(refusal(answer).message, HasSubstr("7 of 10 bytes"));
}

TEST_F(HttpServerTest, GivesUpOnABodyThatStopsComing) {
  options_.pace_ms = 50;
  options_.body_ms = 3'600'000;
  LoopbackClient peer = client();
  const std::string whole = post(std::string(5'000'000, 'x'));
  peer.send(whole.substr(0, whole.size() - 4'980'000));
  const auto answer = peer.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 408u);
  EXPECT_THAT(refusal(answer).message, HasSubstr("20000 of 5000000 bytes"));
}

TEST_F(HttpServerTest, ClosesAConnectionThatIsSilentTooLong) {
  options_.idle_ms = 50;
  LoopbackClient peer = client();
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(HttpServerTest, JudgesTheHeadBeforeTheBodyIsSent_G5) {
  LoopbackClient peer = client();
  const std::string whole = post(std::string(5000, 'x'), "/refused");
  peer.send(whole.substr(0, whole.size() - 5000));
  const auto answer = peer.receive();
  ASSERT_TRUE(answer) << "answered although no byte of the body was sent";
  EXPECT_EQ(answer->status, 401u);
  EXPECT_EQ(refusal(answer).server_ms, 1234);
  // The connection goes on after the body that nobody wanted.
  peer.send(std::string(5000, 'x'));
  EXPECT_EQ(peer.ask(post("next"))->body, "next");
}

TEST_F(HttpServerTest, TellsAClientToGoOnOnlyAfterItsHeadWasJudged) {
  LoopbackClient peer = client();
  const std::string whole = post("body", "/echo", "Expect: 100-continue\r\n");
  const auto go_on = peer.ask(whole.substr(0, whole.size() - 4));
  ASSERT_TRUE(go_on);
  EXPECT_EQ(go_on->status, 100u);
  EXPECT_EQ(peer.ask("body")->body, "body");

  const auto refused = peer.ask(post("body", "/refused", "Expect: 100-continue\r\n"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401u);
}

TEST_F(HttpServerTest, AnswersWhatItsHandlerLost) {
  const auto answer = client().ask(post("{}", "/lost"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 500u);
}

TEST_F(HttpServerTest, TurnsAwayConnectionsOverTheCapAndTakesThemLater_G14) {
  options_.connections_max = 1;
  {
    LoopbackClient first = client();
    ASSERT_EQ(first.ask(post("a"))->status, 200u);
    LoopbackClient second = client();
    const auto answer = second.ask(post("b"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503u);
    EXPECT_GE(std::stoi(answer->fields.at("retry-after")), 1);
    EXPECT_EQ(refusal(answer).name, "later");
    EXPECT_EQ(server_->gauges().limits.hits(Limit::connections), 1u);
  }
  for (int tries = 0; tries < 1000; ++tries) {
    if (client().ask(post("c"))->status == 200) return;
    std::this_thread::yield();
  }
  FAIL() << "no connection was taken after the first two had ended";
}

TEST_F(HttpServerTest, SaysLaterWhenBodiesWouldTakeTooMuchMemory) {
  options_.held_bytes_max = 1000;
  LoopbackClient peer = client();
  const auto answer = peer.ask(post(std::string(2000, 'x')));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503u);
  EXPECT_EQ(client().ask(post("small"))->body, "small");
  server_->drain();
  EXPECT_EQ(server_->budgets().held(), 0u) << "what was held is given back";
}

TEST_F(HttpServerTest, HoldsNextToNothingForBodiesThatAreOnlyPromised_G14) {
  options_.held_bytes_max = std::size_t{1} << 20;
  const std::string promise =
      "POST /echo HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"
      "Expect: 100-continue\r\nContent-Length: 8388608\r\n\r\n";
  std::vector<LoopbackClient> idle;
  for (int i = 0; i < 32; ++i) {
    idle.push_back(client());
    const auto go_on = idle.back().ask(promise);
    ASSERT_TRUE(go_on);
    ASSERT_EQ(go_on->status, 100u) << i;
  }
  EXPECT_EQ(server_->budgets().held(), 32 * body_bytes_first);
  EXPECT_EQ(client().ask(post(std::string(100'000, 'x')))->status, 200u);
}

TEST_F(HttpServerTest, GoesOnAfterABodyForWhichTheMemoryDidNotSuffice) {
  options_.held_bytes_max = std::size_t{64} * 1024;
  LoopbackClient peer = client();
  const auto answer = peer.ask(post(std::string(200'000, 'x')));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503u);
  EXPECT_EQ(peer.ask(post("next"))->body, "next") << "not a byte of the first is taken for a head";
}

TEST_F(HttpServerTest, NoticesThatAWaitingClientHungUp) {
  {
    LoopbackClient peer = client();
    peer.send(post("{}", "/wait"));
    handler_.await_waiting(1);
  }
  handler_.await_gone(1);
}

TEST_F(HttpServerTest, TakesTheNextRequestThatComesWhileOneWaits) {
  LoopbackClient peer = client();
  peer.send(post("{}", "/wait"));
  handler_.await_waiting(1);
  peer.send(post("next"));
  handler_.answer_all();
  EXPECT_EQ(peer.receive()->status, 200u);
  EXPECT_EQ(peer.receive()->body, "next");
}

TEST_F(HttpServerTest, DrainsIdleConnectionsAtOnceAndWaitsForOpenRequests) {
  LoopbackClient idle = client();
  ASSERT_EQ(idle.ask(post("a"))->status, 200u);
  LoopbackClient busy = client();
  busy.send(post("{}", "/wait"));
  handler_.await_waiting(1);

  std::future<bool> clean = std::async(std::launch::async, [&] { return server_->drain(10'000); });
  EXPECT_TRUE(idle.is_closed());
  handler_.answer_all();
  const auto answer = busy.receive();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200u);
  busy.finish_sending();
  EXPECT_TRUE(busy.is_closed());
  EXPECT_TRUE(clean.get());
}

TEST_F(HttpServerTest, CutsOffWhatDoesNotEndInTime) {
  LoopbackClient busy = client();
  busy.send(post("{}", "/wait"));
  handler_.await_waiting(1);
  EXPECT_FALSE(server_->drain(50));
  EXPECT_TRUE(busy.is_closed());
}

TEST_F(HttpServerTest, ListensWithoutTlsOnLoopbackOnlyUnlessAProxyEndsIt) {
  for (const char* listen : {"0.0.0.0:0", "192.168.0.1:0", "[::]:0"}) {
    options_.listen = listen;
    const auto server = HttpServer::start(options_, handler_);
    ASSERT_FALSE(server.has_value()) << listen;
    EXPECT_THAT(server.error().message, HasSubstr("--tls-cert")) << listen;
    EXPECT_THAT(server.error().message, HasSubstr("--behind-proxy")) << listen;
  }
  options_.listen = "0.0.0.0:0";
  options_.behind_proxy = true;
  EXPECT_TRUE(HttpServer::start(options_, handler_).has_value());
  options_.behind_proxy = false;
  for (const char* listen :
       {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "here:1"}) {
    options_.listen = listen;
    const auto server = HttpServer::start(options_, handler_);
    ASSERT_FALSE(server.has_value()) << listen;
    EXPECT_EQ(server.error().code, ErrorCode::invalid_argument) << listen;
  }
}

TEST_F(HttpServerTest, SaysThatThePortIsTaken) {
  client();
  options_.listen = server_->address();
  const auto second = HttpServer::start(options_, handler_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace rollcall
