#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "server/http/http_server.h"
#include "server/http/tls_context.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/server/http/echo_handler.h"
#include "tests/server/http/test_certificate.h"
#include "tests/server/http/tls_client.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

std::int64_t now_ms() { return std::int64_t{std::time(nullptr)} * 1000; }

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { options_.listen = "127.0.0.1:0"; }

  // Writes the files and reads them as the server does.
  Result<std::shared_ptr<const TlsContext>> load(const std::string& certificate,
                                                 const std::string& key) {
    std::ofstream(temp_.file("certificate.pem"), std::ios::binary) << certificate;
    std::ofstream(temp_.file("key.pem"), std::ios::binary) << key;
    return TlsContext::load(temp_.file("certificate.pem"), temp_.file("key.pem"), now_ms());
  }
  Result<std::shared_ptr<const TlsContext>> load(const TestCertificate& one) {
    return load(one.certificate_pem(), one.key_pem());
  }
  std::uint16_t port() {
    if (server_ == nullptr) {
      auto tls = load(certificate_);
      EXPECT_TRUE(tls.has_value());
      options_.tls = *tls;
      auto server = HttpServer::start(options_, handler_);
      EXPECT_TRUE(server.has_value());
      server_ = std::move(*server);
    }
    return server_->port();
  }
  static std::string post(std::string_view body, std::string_view target = "/echo") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nHost: here\r\n" +
           "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
  }

  const TempFolder temp_;
  const TestCertificate authority_ = TestCertificate::authority();
  const TestCertificate certificate_ = authority_.issue();
  Echo handler_;
  HttpOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, AnswersManyRequestsOfOneConnection) {
  TlsClient peer(port());
  ASSERT_TRUE(peer.is_connected());
  EXPECT_EQ(peer.version(), TLS1_3_VERSION);
  // Below, at and above what fits in one record with its head, and more than a socket holds.
  for (const std::size_t size : {0u, 2u, 16'000u, 16'384u, 16'500u, 300'000u, 6'000'000u}) {
    const std::string body(size, 'x');
    const auto answer = peer.ask(post(body));
    ASSERT_TRUE(answer) << size;
    EXPECT_EQ(answer->status, 200u);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(TlsTest, AnswersPipelinedRequestsThatCameInOneRecord) {
  TlsClient peer(port());
  peer.send(post("one") + post(std::string(3'000, '2')) + post("three"));
  for (const std::string& body :
       {std::string("one"), std::string(3'000, '2'), std::string("three")}) {
    const auto answer = peer.receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->body, body);
  }
}

TEST_F(TlsTest, SpeaksNoOlderVersionAndNoOtherProtocol) {
  EXPECT_FALSE(TlsClient(port(), {TLS1_2_VERSION, nullptr, ""}).is_connected());
  EXPECT_FALSE(TlsClient(port(), {0, nullptr, "h2"}).is_connected());
  EXPECT_TRUE(TlsClient(port(), {0, nullptr, "http/1.1"}).is_connected());
  TlsClient peer(port());
  EXPECT_EQ(peer.ask(post("still here"))->body, "still here");
  EXPECT_EQ(server_->gauges().handshakes_failed, 2u);
}

TEST_F(TlsTest, AnswersNobodyInPlain) {
  LoopbackClient plain(port());
  plain.send(post("{}"));
  EXPECT_FALSE(plain.receive().has_value());
  EXPECT_EQ(TlsClient(port()).ask(post("still here"))->body, "still here");
}

TEST_F(TlsTest, GivesUpOnAHandshakeThatComesTooSlowly_G14) {
  options_.handshake_ms = 100;
  LoopbackClient silent(port());
  LoopbackClient slow(port());
  // The first bytes of a ClientHello of 512 bytes.
  slow.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(slow.is_closed());
  EXPECT_EQ(TlsClient(port()).ask(post("still here"))->body, "still here");
  EXPECT_EQ(server_->gauges().limits.hits(Limit::handshake_time), 2u);
}

TEST_F(TlsTest, TakesSoManyStrangersOfAnAddressAndAnyNumberOfKnownOnes_G14) {
  options_.address.strangers = 2;
  std::vector<std::unique_ptr<TlsClient>> known;
  for (int i = 0; i < 5; ++i) {
    known.push_back(std::make_unique<TlsClient>(port()));
    ASSERT_TRUE(known.back()->is_connected()) << i;
    EXPECT_EQ(known.back()->ask(post("{}", "/proved"))->status, 200u);
  }
  TlsClient one(port());
  TlsClient two(port());
  EXPECT_EQ(one.ask(post("{}"))->status, 200u);
  EXPECT_FALSE(TlsClient(port()).is_connected());
  EXPECT_GE(server_->gauges().limits.hits(Limit::address_strangers), 1u);
  EXPECT_EQ(two.ask(post("{}", "/proved"))->status, 200u);
  EXPECT_TRUE(TlsClient(port()).is_connected());
}

TEST_F(TlsTest, MakesStrangersWaitWhereManyRequestsAreRefusedAndNotTheKnown_G16) {
  options_.address.refusals = 3;
  options_.address.refusals_a_minute = 1;
  TlsClient known(port());
  EXPECT_EQ(known.ask(post("{}", "/proved"))->status, 200u);
  TlsClient guesser(port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guesser.ask(post("{}", "/refused"))->status, 401u);
  const auto wait = TlsClient(port()).ask(post("{}", "/refused"));
  ASSERT_TRUE(wait);
  EXPECT_EQ(wait->status, 503u);
  EXPECT_EQ(wait->fields.at("retry-after"), "60");
  EXPECT_EQ(known.ask(post("{}", "/refused"))->status, 401u);
  EXPECT_EQ(server_->gauges().limits.hits(Limit::address_refusals), 1u);
  // Whoever names a known device is heard, whatever others of the address did; but not at length.
  EXPECT_EQ(TlsClient(port()).ask(post("{}", "/proved"))->status, 200u);
  EXPECT_EQ(TlsClient(port()).ask(post("{}"))->status, 503u);
  const std::string long_body(heard_body_bytes_max + 1, 'x');
  EXPECT_EQ(TlsClient(port()).ask(post(long_body, "/proved"))->status, 503u);
}

TEST_F(TlsTest, AStrangerWhoSaysNothingGoesSoonerThanOneWhoIsKnown_G14) {
  options_.stranger_idle_ms = 100;
  TlsClient known(port());
  EXPECT_EQ(known.ask(post("{}", "/proved"))->status, 200u);
  TlsClient silent(port());
  ASSERT_TRUE(silent.is_connected());
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(known.ask(post("{}", "/proved"))->status, 200u);
}

TEST_F(TlsTest, StrangersBodiesLeaveMemoryForOthersAndForEveryAnswer_G14) {
  options_.held_bytes_max = 64 * 1024;
  TlsClient known(port());
  EXPECT_EQ(known.ask(post("{}", "/proved"))->status, 200u);
  std::vector<std::unique_ptr<TlsClient>> greedy;
  const std::string whole = post(std::string(8 * 1024, 'x'));
  for (int i = 0; i < 2; ++i) {
    greedy.push_back(std::make_unique<TlsClient>(port()));
    greedy.back()->send(whole.substr(0, whole.size() - 1));
  }
  while (server_->budgets().strangers.held() < options_.held_bytes_max / stranger_share) {
    std::this_thread::yield();
  }
  EXPECT_EQ(TlsClient(port()).ask(post("{}"))->status, 503u);
  EXPECT_EQ(known.ask(post(std::string(16 * 1024, 'y'), "/proved"))->status, 200u);
}

TEST_F(TlsTest, OneAddresssStrangersTakeAPartOfThatMemory_G14) {
  options_.address.held = 12 * 1024;
  const std::string whole = post(std::string(8 * 1024, 'x'));
  {
    TlsClient greedy(port());
    greedy.send(whole.substr(0, whole.size() - 1));
    while (server_->budgets().strangers.held() == 0) std::this_thread::yield();
    EXPECT_EQ(TlsClient(port()).ask(whole)->status, 503u);
    EXPECT_EQ(server_->gauges().limits.hits(Limit::address_held_bytes), 1u);
    EXPECT_EQ(TlsClient(port()).ask(post("{}"))->status, 200u);
  }
  while (server_->budgets().strangers.held() > 0) std::this_thread::yield();
  TlsClient next(port());
  EXPECT_EQ(next.ask(whole)->status, 200u);
  EXPECT_EQ(next.ask(whole)->status, 200u) << "what one request promised is given back";
}

TEST_F(TlsTest, GivesUpOnAHeadAndABodyThatComeTooSlowly_G14) {
  options_.head_ms = 100;
  options_.pace_ms = 100;
  TlsClient head(port());
  head.send("POST /echo HTTP/1.1\r\nHost: he");
  EXPECT_EQ(head.receive()->status, 408u);
  EXPECT_TRUE(head.is_closed());
  TlsClient body(port());
  const std::string whole = post(std::string(1'000, 'x'));
  body.send(whole.substr(0, whole.size() - 10));
  EXPECT_EQ(body.receive()->status, 408u);
}

TEST_F(TlsTest, ClosesAConnectionThatIsSilentTooLong) {
  options_.idle_ms = 100;
  TlsClient peer(port());
  ASSERT_TRUE(peer.is_connected());
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(TlsTest, NoticesThatAWaitingClientHungUp) {
  {
    TlsClient peer(port());
    peer.send(post("{}", "/wait"));
    handler_.await_waiting(1);
  }
  handler_.await_gone(1);
}

TEST_F(TlsTest, TakesTheNextRequestThatComesWhileOneWaits) {
  TlsClient peer(port());
  peer.send(post("{}", "/wait"));
  handler_.await_waiting(1);
  peer.send(post("next"));
  handler_.answer_all();
  EXPECT_EQ(peer.receive()->status, 200u);
  EXPECT_EQ(peer.receive()->body, "next");
}

TEST_F(TlsTest, DrainsHandshakesAndIdleConnectionsAtOnce) {
  LoopbackClient half(port());
  TlsClient idle(port());
  ASSERT_EQ(idle.ask(post("{}"))->status, 200u);
  EXPECT_TRUE(server_->drain(5'000));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(half.is_closed());
}

TEST_F(TlsTest, ADeviceComesBackByATicketAndNotAfterTheCertificateChanged) {
  TlsClient first(port());
  ASSERT_EQ(first.ask(post("{}"))->status, 200u);  // with it came the ticket
  SSL_SESSION* const session = first.session();
  TlsClient again(port(), {0, session, ""});
  EXPECT_TRUE(again.is_resumed());
  EXPECT_EQ(again.ask(post("again"))->body, "again");
  server_->use_tls(*load(authority_.renew(certificate_)));
  TlsClient later(port(), {0, session, ""});
  EXPECT_TRUE(later.is_connected());
  EXPECT_FALSE(later.is_resumed());
  SSL_SESSION_free(session);
}

TEST_F(TlsTest, ANewCertificateIsForNewConnections) {
  TlsClient before(port());
  EXPECT_EQ(before.shown_pin(), certificate_.pin());
  const TestCertificate next = authority_.issue();
  server_->use_tls(*load(next));
  EXPECT_EQ(before.ask(post("goes on"))->body, "goes on");
  EXPECT_EQ(TlsClient(port()).shown_pin(), next.pin());
}

TEST_F(TlsTest, ThePinIsOfTheKeyAndNotOfTheCertificate) {
  const auto first = load(certificate_);
  const auto renewed = load(authority_.renew(certificate_));
  const auto other = load(authority_.issue());
  ASSERT_TRUE(first && renewed && other);
  EXPECT_EQ((*first)->pin(), certificate_.pin());
  EXPECT_EQ((*renewed)->pin(), certificate_.pin());
  EXPECT_NE((*other)->pin(), certificate_.pin());
}

TEST_F(TlsTest, RefusesACertificateThatCannotServeAndSaysWhy) {
  const TestCertificate other = authority_.issue();
  const TestCertificate expired = authority_.issue({"localhost", -7'200, -3'600, true});
  const TestCertificate early = authority_.issue({"localhost", 3'600, 7'200, true});
  struct Case {
    std::string certificate;
    std::string key;
    const char* message;
  };
  const std::vector<Case> cases = {
      {certificate_.certificate_pem(), other.key_pem(), "key.pem"},
      {"not PEM", certificate_.key_pem(), "certificate.pem"},
      {certificate_.certificate_pem().substr(0, 200), certificate_.key_pem(), "certificate.pem"},
      {certificate_.certificate_pem(), "", "key.pem"},
      {expired.certificate_pem(), expired.key_pem(), "expired at"},
      {early.certificate_pem(), early.key_pem(), "valid only from"},
  };
  for (const Case& wrong : cases) {
    const auto loaded = load(wrong.certificate, wrong.key);
    ASSERT_FALSE(loaded) << wrong.message;
    EXPECT_EQ(loaded.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(loaded.error().message, HasSubstr(wrong.message));
  }
  const auto missing = TlsContext::load(temp_.file("no"), temp_.file("no"), now_ms());
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr(temp_.file("no")));
}

}  // namespace
}  // namespace rollcall
