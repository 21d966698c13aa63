#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "tests/client-core/sealing/sealing_world.h"

// SEALING.md's worked example is what the code reads and writes.
namespace rollcall {
namespace {

std::string document() {
  std::ifstream in("client-core/sealing/SEALING.md");
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The bytes of the hex block that begins with ```name.
Bytes block(const std::string& name) {
  const std::string text = document();
  const std::size_t begin = text.find("```" + name + "\n");
  const std::size_t end = text.find("```", begin + 3);
  if (begin == std::string::npos || end == std::string::npos) return {};
  std::string hex;
  for (const char c : text.substr(begin + 4 + name.size(), end - begin - 4 - name.size())) {
    if (c != '\n') hex.push_back(c);
  }
  return need(from_hex(hex));
}

class SealingDocument : public ::testing::Test, protected SealingWorld {};

TEST_F(SealingDocument, ShowsTheSignedListByteForByte) {
  EXPECT_EQ(to_hex(by_admin(list(3, "ab"))), to_hex(block("list")));
}

TEST_F(SealingDocument, ShowsAnEnvelopeThatOpens) {
  for (const char who : {'a', 'b', 'R'}) {
    const OpenedValue got = need(opened(who, block("sealed")));
    EXPECT_EQ(got.text, "Nobody calls back.");
    EXPECT_EQ(got.writer, key('a'));
    EXPECT_EQ(got.version, 3U);
  }
}

// All but the boxes, whose makers are new each time.
TEST_F(SealingDocument, ShowsTheEnvelopeByteForByte) {
  const SealedValue shown = need(SealedValue::parse(block("sealed")));
  SealedValue made = need(SealedValue::parse(sealed("Nobody calls back.", list(3, "ab"))));
  ASSERT_EQ(made.keys.size(), shown.keys.size());
  for (std::size_t i = 0; i < made.keys.size(); ++i) made.keys[i].box = shown.keys[i].box;
  EXPECT_EQ(to_hex(to_cbor(made)), to_hex(block("sealed")));
}

TEST_F(SealingDocument, ShowsThePrintedRecoveryKey) {
  const std::string printed = secret_text(SecretKind::recovery, secret('R'), cryptography);
  EXPECT_NE(document().find("`" + printed + "`"), std::string::npos) << printed;
}

}  // namespace
}  // namespace rollcall
