#include "engine/protocol/invitation_link.h"

#include <gtest/gtest.h>

namespace rollcall {
namespace {

InvitationLink sample() {
  InvitationLink link;
  link.url = "http://127.0.0.1:8080";
  link.space = "nc";
  link.secret = "0123456789abcdef";
  link.pin.bytes.fill('\x33');
  return link;
}

TEST(InvitationLink, HasTheDocumentedForm) {
  EXPECT_EQ(sample().text(),
            "http://127.0.0.1:8080/enroll#nc.MDEyMzQ1Njc4OWFiY2RlZg."
            "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM");
}

InvitationLink sample_with_tls() {
  InvitationLink link = sample();
  link.url = "https://rollcall.example";
  link.tls_pin = Bytes(InvitationLink::tls_pin_bytes, '\x44');
  return link;
}

TEST(InvitationLink, HasTheDocumentedFormWithATlsPin) {
  EXPECT_EQ(sample_with_tls().text(),
            "https://rollcall.example/enroll#nc.MDEyMzQ1Njc4OWFiY2RlZg."
            "~REREREREREREREREREREREREREREREREREREREREREQ."
            "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM");
  const auto link = InvitationLink::parse(sample_with_tls().text());
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_EQ(link->tls_pin, sample_with_tls().tls_pin);
  EXPECT_EQ(link->pin, sample().pin);
}

TEST(InvitationLink, ComesBackWhole) {
  const auto link = InvitationLink::parse(sample().text());
  ASSERT_TRUE(link) << link.error().message;
  EXPECT_EQ(link->url, sample().url);
  EXPECT_EQ(link->space, "nc");
  EXPECT_EQ(link->secret, sample().secret);
  EXPECT_EQ(link->pin, sample().pin);
  EXPECT_TRUE(link->tls_pin.empty());
}

TEST(InvitationLink, RefusesACutAnywhere) {
  for (const std::string& whole : {sample().text(), sample_with_tls().text()}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(InvitationLink::parse(std::string_view(whole).substr(0, length))) << length;
    }
  }
}

TEST(InvitationLink, RefusesATlsPinThatIsNone) {
  std::string text = sample_with_tls().text();
  text.erase(text.find(".~") + 1, 1);
  EXPECT_FALSE(InvitationLink::parse(text)) << "without its mark";
  text = sample_with_tls().text();
  text.erase(text.find(".~") + 2, 1);
  EXPECT_FALSE(InvitationLink::parse(text)) << "too short";
}

TEST(InvitationLink, RefusesAnotherScheme) {
  std::string text = sample().text();
  text.replace(0, 4, "file");
  EXPECT_FALSE(InvitationLink::parse(text));
}

TEST(InvitationCode, IsReadAsPeopleTypeIt) {
  EXPECT_EQ(*normal_code("7kqm-2xwd"), "7KQM2XWD");
  EXPECT_EQ(*normal_code("oil7 2XWD"), "01172XWD");
  EXPECT_FALSE(normal_code("7KQM-2XW"));
  EXPECT_FALSE(normal_code("7KQM-2XWU"));
  EXPECT_EQ(shown_code("7KQM2XWD"), "7KQM-2XWD");
}

TEST(InvitationCode, MadeOnesAreNormal) {
  SeededRandom random(1);
  for (int i = 0; i < 1000; ++i) {
    const std::string code = make_code(random);
    EXPECT_EQ(*normal_code(shown_code(code)), code);
  }
}

}  // namespace
}  // namespace rollcall
