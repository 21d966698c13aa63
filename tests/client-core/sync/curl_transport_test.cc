#include "client-core/sync/curl_transport.h"

#include <atomic>
#include <ctime>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "client-core/sync/envelope.h"
#include "server/http/http_server.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/server/http/test_certificate.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

// Gives every request its body back, and counts.
class CountingEcho final : public HttpHandler {
 public:
  std::optional<HttpAnswer> judge_head(const HttpHead&) override {
    ++requests;
    return std::nullopt;
  }
  void handle(ReceivedRequest request, std::shared_ptr<HttpExchange> exchange) override {
    HttpAnswer answer;
    answer.type = MediaType::cbor;
    answer.body = std::move(request.body);
    exchange->respond(std::move(answer));
  }
  void gone(const std::shared_ptr<HttpExchange>&) override {}
  void answering(const HttpHead*, const HttpAnswer&, std::size_t, std::size_t) override {}

  std::atomic<int> requests = 0;
};

class CurlTransportTest : public ::testing::Test {
 protected:
  CurlTransportTest() { write("authority.pem", authority_.certificate_pem()); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(temp_.file(name), std::ios::binary) << text;
  }
  // A server with this certificate, loaded at a time when it was good.
  std::string serve(const TestCertificate& certificate, std::int64_t from_now_s = 0) {
    write("certificate.pem", certificate.certificate_pem());
    write("key.pem", certificate.key_pem());
    HttpOptions options;
    options.listen = "127.0.0.1:0";
    auto tls = TlsContext::load(temp_.file("certificate.pem"), temp_.file("key.pem"),
                                (std::int64_t{std::time(nullptr)} + from_now_s) * 1000);
    EXPECT_TRUE(tls.has_value());
    options.tls = *tls;
    auto server = HttpServer::start(options, handler_);
    EXPECT_TRUE(server.has_value());
    server_ = std::move(*server);
    return "https://" + server_->address();
  }
  HttpResponse ask(const std::string& url, const Bytes& pin, CurlTransport& transport) const {
    HttpRequest request = unsigned_request(url, "/echo", "hello");
    request.id = 7;
    request.tls_pin = pin;
    transport.begin(std::move(request));
    for (;;) {
      for (HttpResponse& response : transport.poll(60'000)) return std::move(response);
    }
  }
  HttpResponse ask(const std::string& url, const Bytes& pin = {}) const {
    CurlTransport transport(temp_.file("authority.pem"));
    return ask(url, pin, transport);
  }
  void expect_refused(const HttpResponse& response, ErrorCode code, const std::string& words) {
    EXPECT_EQ(response.status, 0);
    const OpenedResponse opened = open_response(response);
    EXPECT_EQ(opened.outcome.kind, RequestOutcome::Kind::unreachable);
    EXPECT_EQ(opened.error.code, code) << opened.error.message;
    EXPECT_THAT(opened.error.message, HasSubstr(words));
    EXPECT_THAT(opened.error.message, HasSubstr("local work is kept"));
    EXPECT_EQ(handler_.requests, 0) << "nothing reached the server";
  }

  const TempFolder temp_;
  const TestCertificate authority_ = TestCertificate::authority();
  CountingEcho handler_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(CurlTransportTest, SpeaksToAServerThatIsVouchedForAndHasThePinnedKey) {
  const TestCertificate certificate = authority_.issue();
  const std::string url = serve(certificate);
  EXPECT_EQ(ask(url).body, "hello");
  EXPECT_EQ(ask(url, certificate.pin()).body, "hello");
  server_.reset();
  EXPECT_EQ(ask(serve(authority_.renew(certificate)), certificate.pin()).body, "hello")
      << "a renewed certificate of the same key";
}

TEST_F(CurlTransportTest, RefusesAnotherKeyThanThePinnedOneThoughItIsVouchedFor_B9) {
  const TestCertificate certificate = authority_.issue();
  const TestCertificate interceptor = authority_.issue();
  const std::string url = serve(interceptor);
  expect_refused(ask(url, certificate.pin()), ErrorCode::pin_mismatch, "another TLS key");
}

TEST_F(CurlTransportTest, AConnectionThatWasMadeForOnePinIsNotUsedForAnother_B9) {
  const TestCertificate certificate = authority_.issue();
  const std::string url = serve(certificate);
  CurlTransport transport(temp_.file("authority.pem"));
  EXPECT_EQ(ask(url, certificate.pin(), transport).body, "hello");
  EXPECT_EQ(open_response(ask(url, authority_.issue().pin(), transport)).error.code,
            ErrorCode::pin_mismatch);
  EXPECT_EQ(handler_.requests, 1);
}

TEST_F(CurlTransportTest, SaysWhenTheCertificateExpiredOrTheClockIsWrong_B9) {
  const TestCertificate expired = authority_.issue({"localhost", -7'200, -3'600, true});
  expect_refused(ask(serve(expired, -5'000)), ErrorCode::not_trusted, "has expired");
  const TestCertificate early = authority_.issue({"localhost", 3'600, 7'200, true});
  expect_refused(ask(serve(early, 5'000), early.pin()), ErrorCode::not_trusted, "set the clock");
}

TEST_F(CurlTransportTest, SaysWhenTheCertificateIsAnotherHosts_B9) {
  const TestCertificate other = authority_.issue({"elsewhere.example", -60, 60, false});
  expect_refused(ask(serve(other)), ErrorCode::not_trusted, "another host");
  expect_refused(ask(serve(other), other.pin()), ErrorCode::not_trusted, "another host");
}

TEST_F(CurlTransportTest, SaysWhenNobodyVouchesForTheServer_B9) {
  const TestCertificate own = TestCertificate::authority("Another authority").issue();
  expect_refused(ask(serve(own)), ErrorCode::not_trusted, "vouches for");
  expect_refused(ask(serve(own), own.pin()), ErrorCode::not_trusted, "vouches for");
}

TEST_F(CurlTransportTest, AnAuthorityOfTheSameNameVouchesForNobody_B9) {
  const TestCertificate own = TestCertificate::authority().issue();
  expect_refused(ask(serve(own)), ErrorCode::not_trusted, "somebody may stand between");
}

TEST_F(CurlTransportTest, AServerThatSpeaksPlainHttpGetsNothing_B9) {
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  server_ = std::move(*HttpServer::start(options, handler_));
  expect_refused(ask("https://" + server_->address()), ErrorCode::not_trusted, "TLS 1.3");
}

}  // namespace
}  // namespace rollcall
