#include "engine/protocol/signing.h"

#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"

namespace rollcall {
namespace {

SecretSeed seed_of(char fill) {
  SecretSeed seed;
  seed.bytes.fill(fill);
  return seed;
}

Authorization sample() {
  Authorization who;
  who.space = "nc";
  who.device = DeviceNumber(0x9f00c1d2);
  who.time_ms = 1'790'000'000'123;
  who.nonce = "0123456789ab";
  who.head.bytes.fill('\x11');
  who.signature.bytes.fill('\x22');
  return who;
}

TEST(Signing, WritesAndReadsTheHeader) {
  const Authorization who = sample();
  const auto read = Authorization::parse(who.header());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->space, "nc");
  EXPECT_EQ(read->device, who.device);
  EXPECT_EQ(read->time_ms, who.time_ms);
  EXPECT_EQ(read->nonce, who.nonce);
  EXPECT_EQ(read->head, who.head);
  EXPECT_EQ(read->signature, who.signature);
}

TEST(Signing, HeaderHasTheDocumentedBytes) {
  EXPECT_EQ(sample().header(),
            "Rollcall p=nc,d=9f00c1d2,t=1790000000123,n=MDEyMzQ1Njc4OWFi,"
            "h=ERERERERERERERERERERERERERERERERERERERERERE,"
            "s=IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIi"
            "IiIiIiIiIg");
}

TEST(Signing, RefusesAHeaderCutAnywhere) {
  const std::string whole = sample().header();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(Authorization::parse(std::string_view(whole).substr(0, length))) << length;
  }
}

TEST(Signing, RefusesWhatFollowsTheSignatureAndWhatIsTooLong) {
  EXPECT_FALSE(Authorization::parse(sample().header() + ",x=1"));
  EXPECT_FALSE(Authorization::parse(sample().header() + std::string(600, 'A')));
}

TEST(Signing, RefusesATimeBeforeAllTime) {
  for (const char* time : {"-1", "-9223372036854775808"}) {
    std::string header = sample().header();
    header.replace(header.find("1790000000123"), 13, time);
    EXPECT_FALSE(Authorization::parse(header)) << time;
  }
}

TEST(Signing, SignatureCoversEveryPart) {
  const SodiumCryptography cryptography;
  const SecretSeed seed = seed_of('k');
  const PublicKey key = cryptography.public_key(seed);
  const Authorization who = sample();
  const Hash body = cryptography.hash({"body"});
  const std::string text = signed_text("POST", "/v1/sync", body, who);
  const Signature signature = cryptography.sign(seed, text);
  ASSERT_TRUE(cryptography.verify(key, text, signature));

  const auto differs = [&](const std::string& other) {
    EXPECT_NE(other, text);
    EXPECT_FALSE(cryptography.verify(key, other, signature));
  };
  differs(signed_text("GET", "/v1/sync", body, who));
  differs(signed_text("POST", "/v1/schema", body, who));
  differs(signed_text("POST", "/v1/sync", cryptography.hash({"bodz"}), who));
  Authorization other = who;
  other.space = "va";
  differs(signed_text("POST", "/v1/sync", body, other));
  other = who;
  other.device = DeviceNumber(1);
  differs(signed_text("POST", "/v1/sync", body, other));
  other = who;
  other.time_ms += 1;
  differs(signed_text("POST", "/v1/sync", body, other));
  other = who;
  other.nonce = "0123456789ac";
  differs(signed_text("POST", "/v1/sync", body, other));
  other = who;
  other.head.bytes.fill('\x12');
  differs(signed_text("POST", "/v1/sync", body, other));
}

TEST(Signing, SignedTextHasTheDocumentedLines) {
  Hash body;
  body.bytes.fill('\0');
  const std::string zeros(64, '0');
  EXPECT_EQ(signed_text("POST", "/v1/sync", body, sample()),
            "rollcall-1\nPOST\n/v1/sync\n" + zeros + "\nnc\n9f00c1d2\n" + std::string(64, '1') +
                "\n1790000000123\nMDEyMzQ1Njc4OWFi\n");
}

}  // namespace
}  // namespace rollcall
