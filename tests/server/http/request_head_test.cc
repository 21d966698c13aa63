#include "server/http/request_head.h"

#include <gtest/gtest.h>

namespace rollcall {
namespace {

struct Given {
  std::string_view method = "POST";
  std::string_view target = "/v1/sync";
  std::vector<HeadField> fields = {
      {"Host", "127.0.0.1"}, {"Content-Type", "application/cbor"}, {"Content-Length", "3"}};
  unsigned version = 11;

  Given& with(std::string_view name, std::string_view value) {
    fields.push_back({name, value});
    return *this;
  }
  Given& without(std::string_view name) {
    std::erase_if(fields, [&](const HeadField& field) { return field.name == name; });
    return *this;
  }
  JudgedHead judge() const { return judge_request_head({method, target, version, fields}, 1000); }
  unsigned status() const {
    const JudgedHead judged = judge();
    if (!judged.refusal) return 0;
    EXPECT_TRUE(judged.refusal->close) << "a refused frame leaves the next one in doubt";
    return judged.refusal->status;
  }
};

Given given() { return {}; }

TEST(RequestHead, TakesWhatAClientSends) {
  Given head = given();
  head.with("authorization", "Rollcall p=nc").with("Accept-Encoding", "gzip, zstd");
  head.with("content-encoding", "zstd");
  const JudgedHead judged = head.judge();
  ASSERT_FALSE(judged.refusal);
  EXPECT_EQ(judged.head.method, HttpMethod::post);
  EXPECT_EQ(judged.head.target, "/v1/sync");
  EXPECT_EQ(judged.head.type, MediaType::cbor);
  EXPECT_EQ(judged.head.answer_type, MediaType::cbor);
  EXPECT_EQ(judged.head.encoding, Encoding::zstd);
  EXPECT_EQ(judged.head.accept_encoding, "gzip, zstd");
  EXPECT_EQ(judged.head.body_bytes, 3u);
  EXPECT_EQ(judged.head.authorization, "Rollcall p=nc");
  EXPECT_TRUE(judged.keep_alive);
}

TEST(RequestHead, RefusesTransferEncodingHoweverItIsWritten_G13) {
  for (const std::string_view value : {"chunked", "identity", "gzip, chunked", "", "Chunked "}) {
    EXPECT_EQ(given().with("transfer-ENCODING", value).status(), 400u) << value;
  }
}

TEST(RequestHead, RefusesRepeatedContentLengthEvenWhenEqual_G13) {
  EXPECT_EQ(given().with("content-length", "3").status(), 400u);
  EXPECT_EQ(given().with("Content-Length", "4").status(), 400u);
}

TEST(RequestHead, RefusesALengthThatIsNoNumber) {
  for (const std::string_view value : {"", "+3", "-3", "3,3", "0x3", "3 3", "3;", "³"}) {
    EXPECT_EQ(given().without("Content-Length").with("Content-Length", value).status(), 400u)
        << value;
  }
  EXPECT_EQ(given()
                .without("Content-Length")
                .with("Content-Length", "99999999999999999999999999")
                .status(),
            413u);
  EXPECT_EQ(given().without("Content-Length").with("Content-Length", "1001").status(), 413u);
  EXPECT_EQ(given().without("Content-Length").status(), 411u);
}

TEST(RequestHead, RefusesOtherVersionsMethodsAndTargets) {
  Given head = given();
  head.version = 10;
  EXPECT_EQ(head.status(), 505u);
  head = given();
  head.method = "PUT";
  EXPECT_EQ(head.status(), 501u);
  head.method = "get";
  EXPECT_EQ(head.status(), 501u) << "methods are written in capitals";
  head = given();
  for (const std::string_view target : {"http://127.0.0.1/v1/sync", "*", "", "v1/sync"}) {
    head.target = target;
    EXPECT_EQ(head.status(), 400u) << target;
  }
}

TEST(RequestHead, RefusesNoHostAndTwoHosts) {
  EXPECT_EQ(given().without("Host").status(), 400u);
  EXPECT_EQ(given().with("Host", "127.0.0.1").status(), 400u);
}

TEST(RequestHead, RefusesTypesAndEncodingsThatAreNotSpoken) {
  EXPECT_EQ(given().without("Content-Type").status(), 415u);
  EXPECT_EQ(given().without("Content-Type").with("Content-Type", "text/html").status(), 415u);
  EXPECT_EQ(given().with("Content-Type", "application/cbor").status(), 400u) << "named twice";
  EXPECT_EQ(given().with("Content-Encoding", "br").status(), 415u);
  EXPECT_EQ(given().with("Expect", "a miracle").status(), 417u);
}

TEST(RequestHead, RefusesABodyOfAGet) {
  Given head = given();
  head.method = "GET";
  EXPECT_EQ(head.status(), 400u);
  head.without("Content-Length");
  EXPECT_EQ(head.status(), 0u);
}

TEST(RequestHead, AnswersInTheTypeThatWasAskedFor) {
  const auto answer_type = [](Given head) { return head.judge().head.answer_type; };
  EXPECT_EQ(answer_type(given()), MediaType::cbor);
  EXPECT_EQ(
      answer_type(
          given().without("Content-Type").with("Content-Type", "application/json; charset=utf-8")),
      MediaType::json);
  const auto get = [] { return given().without("Content-Type").without("Authorization"); };
  EXPECT_EQ(answer_type(get()), MediaType::json);
  EXPECT_EQ(answer_type(get().with("Authorization", "Rollcall x")), MediaType::cbor)
      << "devices of the first releases say nothing more";
  EXPECT_EQ(answer_type(get().with("Authorization", "Rollcall x").with("Accept", "*/*")),
            MediaType::json);
  EXPECT_EQ(answer_type(given().without("Content-Type").with("Accept", "application/cbor;q=1")),
            MediaType::cbor);
  EXPECT_EQ(answer_type(given().with("Transfer-Encoding", "chunked")), MediaType::cbor)
      << "refusals too";
}

TEST(RequestHead, ClosesWhenTheClientAsksForIt) {
  EXPECT_FALSE(given().with("Connection", "TE, Close").judge().keep_alive);
  EXPECT_TRUE(given().with("Connection", "keep-alive").judge().keep_alive);
}

}  // namespace
}  // namespace rollcall
