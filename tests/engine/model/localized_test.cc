#include "engine/model/localized.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rollcall {
namespace {

using testing::HasSubstr;

std::string canonical(BytesView text) {
  const auto result = canonical_localized(text);
  if (!result) {
    EXPECT_EQ(result.error().code, ErrorCode::bad_value);
    return result.error().message;
  }
  EXPECT_TRUE(check_localized(*result)) << *result;
  EXPECT_EQ(*canonical_localized(*result), *result);
  return *result;
}

bool is_canonical(BytesView text) { return check_localized(text).has_value(); }

TEST(Localized, HasOneForm) {
  const std::string form = R"({"en":"Captain training","es":"Capacitación"})";
  EXPECT_TRUE(is_canonical(form));
  EXPECT_EQ(canonical(form), form);
  EXPECT_EQ(canonical(" {\n\"ES\" : \"Capacitaci\\u00f3n\" ,\t\"en\":\"Captain training\"}\r\n"),
            form);
}

TEST(Localized, RefusesEveryOtherForm) {
  for (const char* other : {
           R"({"es":"b","en":"a"})",  // order
           R"({"en":"a","en":"b"})",  // twice
           R"({"en": "a"})",          // space
           R"( {"en":"a"})",          //
           R"({"en":"a"} )",          //
           R"({"EN":"a"})",           // case
           R"({"pt-br":"a"})",        //
           R"({"en":"\u0041"})",      // an escape that is not needed
           R"({"en":"\/"})",          //
           R"({"en":"\u000a"})",      // has a short form
           R"({"en":"\u001F"})",      // digits are lower case
           R"({"\u0065n":"a"})",      // a tag written with an escape
           R"({})",                   // no language
       }) {
    EXPECT_FALSE(is_canonical(other)) << other;
  }
}

TEST(Localized, EscapesOnlyWhatJsonMust) {
  const std::string all =
      canonical(R"({"en":"\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u00e9\ud83d\ude00"})");
  EXPECT_EQ(all, "{\"en\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\u00e9\U0001F600\"}");
}

TEST(Localized, WritesTagsInTheCaseOfTheirRfc) {
  EXPECT_EQ(canonical(R"({"PT-br":"a"})"), R"({"pt-BR":"a"})");
  EXPECT_EQ(canonical(R"({"ZH-hANT-tw":"a"})"), R"({"zh-Hant-TW":"a"})");
  EXPECT_EQ(canonical(R"({"es-419":"a"})"), R"({"es-419":"a"})");
  EXPECT_EQ(canonical(R"({"en-X-US":"a"})"), R"({"en-x-us":"a"})");
  EXPECT_EQ(canonical(R"({"sl-ROZAJ-Biske":"a"})"), R"({"sl-rozaj-biske":"a"})");
  EXPECT_THAT(canonical(R"({"en-us":"a","en-US":"b"})"), HasSubstr("a language twice"));
}

TEST(Localized, RefusesTagsThatAreNone) {
  for (const std::string tag :
       {"", "e", "english-is-it-not-a-language-of-many-letters", "e1", "12", "en-", "-en", "en--US",
        "en_US", "toolongword", "en-toolongword", "én"}) {
    EXPECT_THAT(canonical("{\"" + tag + "\":\"a\"}"), HasSubstr("no language tag")) << tag;
    EXPECT_FALSE(is_canonical("{\"" + tag + "\":\"a\"}")) << tag;
  }
}

TEST(Localized, RefusesOtherValues) {
  for (const char* other : {"",
                            "null",
                            "\"a\"",
                            "[]",
                            "{",
                            "{}",
                            R"({"en"})",
                            R"({"en":1})",
                            R"({"en":null})",
                            R"({"en":{"a":"b"}})",
                            R"({"en":"a",})",
                            R"({"en":"a"}x)",
                            R"({"en":"a)",
                            R"({'en':'a'})",
                            R"({"en":"\x"})",
                            R"({"en":"\ud800"})",
                            R"({"en":"\udc00\ud800"})",
                            R"({"en":"\u12"})",
                            "{\"en\":\"a\nb\"}",
                            "{\"en\":\"\xff\"}"}) {
    EXPECT_THAT(canonical(other), HasSubstr("is no localized text")) << other;
    EXPECT_FALSE(is_canonical(other)) << other;
  }
}

TEST(Localized, TellsItsTextsWithoutTheirTags) {
  EXPECT_EQ(localized_texts(R"({"en":"Hello","es":"Hola \"tú\""})"), "Hello\nHola \"tú\"");
  EXPECT_EQ(localized_texts(R"({"en":""})"), "");
  for (const char* other :
       {"", "{}", "Hello", "{\"en\":\"Hello\"", "{\"en\":\"Hello\"} ", "{\"en\":1}"}) {
    EXPECT_EQ(localized_texts(other), other);
  }
}

TEST(Localized, RefusesEveryTruncation) {
  const std::string text = "{\"en\":\"a\\n\\u0000b\",\"pt-BR\":\"\u00e9\"}";
  ASSERT_TRUE(is_canonical(text));
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(is_canonical(BytesView(text).substr(0, length))) << length;
    EXPECT_FALSE(canonical_localized(BytesView(text).substr(0, length))) << length;
  }
}

// The checker and the normaliser are written apart: what one takes, the other leaves as it is.
TEST(Localized, CheckerAndNormaliserAgreeOnEveryChangedByte) {
  const std::string text = "{\"en\":\"a\\n\\u001fb\",\"pt-BR\":\"x\"}";
  std::size_t good = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[at] = static_cast<char>(byte);
      const auto form = canonical_localized(changed);
      const bool same = form && *form == changed;
      EXPECT_EQ(is_canonical(changed), same) << changed;
      good += same ? 1 : 0;
    }
  }
  EXPECT_GT(good, 100U);
}

}  // namespace
}  // namespace rollcall
