#include "schema/json_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/limits.h"

namespace rollcall {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string refusal(std::string_view text) {
  const auto node = parse_json("f.json", text);
  if (node) return "parsed";
  EXPECT_EQ(node.error().code, ErrorCode::schema);
  return node.error().message;
}

std::string place_of(std::string_view text, const JsonNode& node) {
  return position_text(text, node.offset);
}

TEST(JsonDocument, KnowsWhereEachValueStands) {
  const std::string_view text =
      "{\n"
      "  \"a\": 12,\"b\":[true, \"x\" ,null,-7],\n"
      "  \"é\": {\"c\" : {}}\n"
      "}\n";
  const auto root = parse_json("f.json", text);
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(place_of(text, *root), "1:1");
  EXPECT_EQ(place_of(text, *root->find("a")), "2:8");
  const JsonNode& list = *root->find("b");
  EXPECT_EQ(place_of(text, list), "2:15");
  ASSERT_EQ(list.elements.size(), 4U);
  EXPECT_EQ(place_of(text, list.elements[0]), "2:16");
  EXPECT_EQ(place_of(text, list.elements[1]), "2:22");
  EXPECT_EQ(place_of(text, list.elements[2]), "2:27");
  EXPECT_EQ(place_of(text, list.elements[3]), "2:32");
  EXPECT_EQ(position_text(text, root->keys[2].offset), "3:3");
  EXPECT_EQ(place_of(text, *root->find("é")), "3:8") << "a column is a character, not a byte";
  EXPECT_EQ(place_of(text, *root->find("é")->find("c")), "3:15");
}

TEST(JsonDocument, KeepsValues) {
  const auto root = parse_json("f.json", R"([-9223372036854775808, 9223372036854775807, "\u00e9",
                                            false, true, null])");
  ASSERT_TRUE(root) << root.error().message;
  EXPECT_EQ(root->elements[0].integer, INT64_MIN);
  EXPECT_EQ(root->elements[1].integer, INT64_MAX);
  EXPECT_EQ(root->elements[2].text, "é");
  EXPECT_EQ(root->elements[3].integer, 0);
  EXPECT_EQ(root->elements[4].integer, 1);
  EXPECT_EQ(root->elements[5].kind, JsonNode::Kind::null);
}

TEST(JsonDocument, RefusesBadSyntaxAtItsPlace) {
  EXPECT_THAT(refusal(""), StartsWith("f.json:1:1: syntax error"));
  EXPECT_THAT(refusal("{\n  \"a\" 1}"), StartsWith("f.json:2:7: syntax error"));
  EXPECT_THAT(refusal("{\"a\": }"), StartsWith("f.json:1:7: syntax error"));
  EXPECT_THAT(refusal("{\"a\": 1 \"b\": 2}"), StartsWith("f.json:1:9: syntax error"));
  EXPECT_THAT(refusal("[1, 2"), StartsWith("f.json:1:6: syntax error"));
  EXPECT_THAT(refusal("[1] x"), StartsWith("f.json:1:5: syntax error"));
  EXPECT_THAT(refusal("[tru]"), StartsWith("f.json:1:2: syntax error"));
  EXPECT_THAT(refusal("[\"no end"), StartsWith("f.json:1:2: syntax error"));
  EXPECT_THAT(refusal("[1] // a comment"), StartsWith("f.json:1:5: syntax error"));
}

TEST(JsonDocument, RefusesEveryTruncation) {
  const std::string_view text = R"({"a": ["x", -12, true], "b": {"c": null}})";
  ASSERT_TRUE(parse_json("f.json", text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(parse_json("f.json", text.substr(0, length))) << length;
  }
}

TEST(JsonDocument, RefusesAKeyTwice) {
  EXPECT_EQ(refusal("{\"a\": 1,\n \"a\": 2}"), "f.json:2:2: \"a\" stands here twice");
  EXPECT_EQ(refusal(R"({"a": 1, "\u0061": 2})"), "f.json:1:10: \"a\" stands here twice");
  EXPECT_TRUE(parse_json("f.json", R"({"a": {"a": 1}})"));
}

TEST(JsonDocument, RefusesNumbersThatAreNot64BitIntegers) {
  EXPECT_THAT(refusal("[1.5]"), StartsWith("f.json:1:2: only whole numbers"));
  EXPECT_THAT(refusal("[1e3]"), StartsWith("f.json:1:2: only whole numbers"));
  EXPECT_THAT(refusal("[9223372036854775808]"), StartsWith("f.json:1:2: the number is too large"));
  EXPECT_THAT(refusal("[99999999999999999999]"), StartsWith("f.json:1:2: only whole numbers"));
}

TEST(JsonDocument, RefusesTextThatIsNotUtf8) {
  EXPECT_THAT(refusal("[\"\xff\"]"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(refusal("[\"\xed\xa0\x80\"]"), HasSubstr("ill-formed UTF-8"));
  EXPECT_THAT(refusal(R"(["\ud800"])"), HasSubstr("surrogate"));
}

TEST(JsonDocument, RefusesWhatFollowsANul) {
  EXPECT_EQ(refusal(std::string_view("{}\0{", 4)), "f.json:1:3: a NUL stands here");
}

TEST(JsonDocument, BoundsDepthSizeAndKeys) {
  const std::string deepest(schema_depth_max, '[');
  EXPECT_THAT(refusal(deepest), HasSubstr("syntax error")) << "so deep is allowed, but not closed";
  EXPECT_EQ(refusal(deepest + "["), "f.json:1:9: nested deeper than 8 levels");
  EXPECT_EQ(refusal(std::string(200'000, '[')), "f.json:1:9: nested deeper than 8 levels");
  EXPECT_THAT(refusal(std::string(schema_file_bytes_max + 1, ' ')),
              HasSubstr("the file has 262145 bytes"));
  std::string keys = "{";
  for (std::size_t i = 0; i <= schema_object_keys_max; ++i) {
    keys += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  }
  EXPECT_THAT(refusal(keys + "}"), HasSubstr("more than 256 keys"));
}

}  // namespace
}  // namespace rollcall
