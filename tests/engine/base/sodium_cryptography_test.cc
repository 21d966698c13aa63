#include "engine/base/sodium_cryptography.h"

namespace rollcall {
namespace {

template <class Block>
Block block(std::string_view hex) {
  return Block::from_bytes(from_hex(hex).value());
}

TEST(SodiumCryptography, HashesAsBlake2b256) {
  const SodiumCryptography cryptography;
  // From another implementation (Python's hashlib.blake2b(digest_size=32)).
  EXPECT_EQ(to_hex(cryptography.hash({"abc"}).view()),
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
  EXPECT_EQ(to_hex(cryptography.hash({}).view()),
            "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(cryptography.hash({"a", "", "bc"}), cryptography.hash({"abc"}));
}

TEST(SodiumCryptography, SignsAsRfc8032) {
  const SodiumCryptography cryptography;
  // RFC 8032 section 7.1, test 2.
  const auto seed =
      block<SecretSeed>("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const PublicKey key = cryptography.public_key(seed);
  EXPECT_EQ(to_hex(key.view()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Signature signature = cryptography.sign(seed, "\x72");
  EXPECT_EQ(to_hex(signature.view()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(cryptography.verify(key, "\x72", signature));
}

TEST(SodiumCryptography, AChangedBitIsNoSignature) {
  const SodiumCryptography cryptography;
  const auto seed = SecretSeed::from_bytes(Bytes(32, 's'));
  const PublicKey key = cryptography.public_key(seed);
  const Signature signature = cryptography.sign(seed, "message");
  EXPECT_FALSE(cryptography.verify(key, "messagf", signature));
  for (std::size_t i = 0; i < Signature::size_bytes; ++i) {
    Signature changed = signature;
    changed.bytes[i] = static_cast<char>(changed.bytes[i] ^ 1);
    EXPECT_FALSE(cryptography.verify(key, "message", changed)) << i;
  }
  const PublicKey other = cryptography.public_key(SecretSeed::from_bytes(Bytes(32, 'o')));
  EXPECT_FALSE(cryptography.verify(other, "message", signature));
}

TEST(SodiumCryptography, OnlyTheKeyAndTheContextOpenWhatIsSealed) {
  const SodiumCryptography cryptography;
  SeededRandom random(1);
  const auto key = SealKey::from_bytes(Bytes(32, 'k'));
  const Bytes sealed = cryptography.seal(key, "cursor", "secret", random);
  EXPECT_EQ(cryptography.open(key, "cursor", sealed).value(), "secret");
  EXPECT_EQ(sealed.find("secret"), Bytes::npos);
  EXPECT_NE(cryptography.seal(key, "cursor", "secret", random), sealed) << "the nonce is random";
  EXPECT_EQ(cryptography.open(key, "receipt", sealed).error().code, ErrorCode::malformed);
  const auto other = SealKey::from_bytes(Bytes(32, 'o'));
  EXPECT_EQ(cryptography.open(other, "cursor", sealed).error().code, ErrorCode::malformed);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(cryptography.open(key, "cursor", changed)) << i;
    EXPECT_FALSE(cryptography.open(key, "cursor", sealed.substr(0, i))) << i;
  }
  EXPECT_EQ(cryptography.open(key, "", cryptography.seal(key, "", "", random)).value(), "");
}

TEST(SodiumCryptography, OnlyTheHolderOfTheSeedOpensABox) {
  const SodiumCryptography cryptography;
  const auto seed = SecretSeed::from_bytes(Bytes(32, 's'));
  const BoxKey key = cryptography.box_key(seed);
  const Bytes box = cryptography.box_seal(key, "record key").value();
  EXPECT_EQ(box.size(), 10 + Cryptography::box_overhead_bytes);
  EXPECT_EQ(cryptography.box_open(seed, box).value(), "record key");
  EXPECT_NE(cryptography.box_seal(key, "record key").value(), box) << "the maker is a new one";
  const auto other = SecretSeed::from_bytes(Bytes(32, 'o'));
  EXPECT_EQ(cryptography.box_open(other, box).error().code, ErrorCode::malformed);
  for (std::size_t i = 0; i < box.size(); ++i) {
    Bytes changed = box;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(cryptography.box_open(seed, changed)) << i;
    EXPECT_FALSE(cryptography.box_open(seed, box.substr(0, i))) << i;
  }
  EXPECT_FALSE(cryptography.box_seal(BoxKey{}, "x")) << "the zero point is no key";
}

TEST(SystemRandom, GivesNoTwoNumbersAlike) {
  SystemRandom random;
  EXPECT_NE(random.next(), random.next());
}

}  // namespace
}  // namespace rollcall
