#include "engine/codec/json_archive.h"

#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/sample_message.h"

namespace rollcall {
namespace {

ErrorCode refusal(std::string_view text) {
  const auto read = from_json<Letter>(text);
  EXPECT_FALSE(read) << text.substr(0, 200);
  return read ? ErrorCode::internal : read.error().code;
}

TEST(JsonArchive, SaysTheSameAsCbor) {
  const Letter letter = full_letter();
  const auto back = from_json<Letter>(to_json(letter));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, letter);
  EXPECT_EQ(to_cbor(*back), to_cbor(letter));
}

TEST(JsonArchive, WritesNamesBase64AndStringsBeyondFiftyThreeBits) {
  const std::string text = to_json(full_letter());
  EXPECT_NE(text.find(R"("number":"18446744073709551615")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("text":"Zoë\n\"\\\u0001")"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("seal":"AP8")"), std::string::npos);
  EXPECT_NE(text.find(R"("row":"22222222-2222-2222-2222-222222222222")"), std::string::npos);
  EXPECT_NE(text.find(R"("color":"blue")"), std::string::npos);
  EXPECT_NE(text.find(R"("error":"forked")"), std::string::npos);
  EXPECT_NE(text.find(R"("value":{"bytes":"_g"})"), std::string::npos) << text;
  EXPECT_NE(text.find(R"([null,true,-3,{"integer":"1152921504606846976"},"t",{"bytes":"Yg"}])"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("balance":"-4611686018427387904")"), std::string::npos);
}

TEST(JsonArchive, MissingAndNullFieldsAreZero) {
  EXPECT_EQ(from_json<Letter>("{}").value(), Letter{});
  EXPECT_EQ(from_json<Letter>(R"({"nickname":null,"first":null,"lines":null})").value(), Letter{});
  EXPECT_FALSE(from_json<Parcel>("{}"));
  EXPECT_EQ(from_json<Parcel>(R"({"size":"large"})").value().size, ParcelSize::large);
}

TEST(JsonArchive, SkipsNamesThatItDoesNotKnowUpToALimit) {
  EXPECT_EQ(from_json<Letter>(R"({"new":[{"a":[1]}],"number":7})").value().number, Sequence(7));
  std::string many = "{";
  for (std::size_t i = 0; i <= message_unknown_fields_max; ++i) {
    many += (i == 0 ? "" : ",") + ("\"x" + std::to_string(i)) + "\":0";
  }
  EXPECT_EQ(refusal(many + "}"), ErrorCode::limit);
}

TEST(JsonArchive, RefusesEachBreachWithItsCode) {
  EXPECT_EQ(refusal(""), ErrorCode::truncated);
  EXPECT_EQ(refusal("{"), ErrorCode::truncated);
  EXPECT_EQ(refusal(R"({"text":"a)"), ErrorCode::truncated);
  EXPECT_EQ(refusal("nonsense"), ErrorCode::malformed);
  EXPECT_EQ(refusal("{} {}"), ErrorCode::malformed);
  EXPECT_EQ(refusal(R"({"urgent":true,"urgent":true})"), ErrorCode::duplicate_key);
  EXPECT_EQ(refusal(R"({"unknown":{"a":1,"b":2,"\u0061":3}})"), ErrorCode::duplicate_key);
  EXPECT_EQ(refusal("{\"text\":\"\xff\"}"), ErrorCode::not_utf8);
  EXPECT_EQ(refusal("{\"text\":\"\xed\xa0\x80\"}"), ErrorCode::not_utf8);
  EXPECT_EQ(refusal(R"({"number":1.5})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"number":18446744073709551616})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"number":-1})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"number":"12x"})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"number":""})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"width":4294967296})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"first":{"weight":-2147483649}})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"text":1})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"lines":{}})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"seal":"+/"})"), ErrorCode::malformed);
  EXPECT_EQ(refusal(R"({"hash":"AA"})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"row":"22222222"})"), ErrorCode::malformed);
  EXPECT_EQ(refusal(R"({"color":"green"})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"error":"unknown"})"), ErrorCode::bad_value);
  EXPECT_EQ(refusal(R"({"value":{"bytes":"Yg","integer":"1"}})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal(R"({"value":[]})"), ErrorCode::wrong_type);
  EXPECT_EQ(refusal("[]"), ErrorCode::wrong_type);
}

TEST(JsonArchive, RefusesHostileDepthAndSizeAtOnce_G6) {
  EXPECT_EQ(refusal(std::string(200'000, '[')), ErrorCode::too_deep);
  EXPECT_EQ(refusal(R"({"a":)" + std::string(codec_depth_max, '[')), ErrorCode::too_deep);
  std::string deep;
  for (int i = 0; i < 20'000; ++i) deep += R"({"a":)";
  EXPECT_EQ(refusal(deep), ErrorCode::too_deep);
  std::string many = "[0";
  for (std::size_t i = 0; i < json_nodes_max; ++i) many += ",0";
  EXPECT_EQ(refusal(many + "]"), ErrorCode::limit);
  EXPECT_EQ(refusal(std::string(json_bytes_max + 1, ' ')), ErrorCode::too_large);
}

TEST(JsonArchive, TakesExactlySixteenLevels) {
  const std::string open(codec_depth_max - 1, '[');
  const std::string close(codec_depth_max - 1, ']');
  EXPECT_TRUE(from_json<Letter>(R"({"unknown":)" + open + close + "}"));
}

TEST(JsonArchive, NamesTheFieldThatIsWrong) {
  const auto read = from_json<Letter>(R"({"first":{"weight":"x"}})");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("first: weight: "), 0u) << read.error().message;
}

TEST(JsonArchive, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  const std::string whole = to_json(full_letter());
  expect_every_truncation_refused(whole, [](BytesView part) { return !from_json<Letter>(part); });
  read_with_every_bit_turned(whole,
                             [](BytesView turned) { (void)from_json<Letter>(turned).has_value(); });
}

}  // namespace
}  // namespace rollcall
