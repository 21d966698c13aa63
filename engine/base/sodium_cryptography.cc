#include "engine/base/sodium_cryptography.h"

#include <sodium.h>

namespace rollcall {
namespace {

const unsigned char* in(BytesView view) {
  return reinterpret_cast<const unsigned char*>(view.data());
}

template <class Block>
unsigned char* out(Block& block) {
  return reinterpret_cast<unsigned char*>(block.bytes.data());
}

// An Ed25519 secret key as libsodium wants it: the seed, then the public key. Wiped at the end.
class SigningKey {
 public:
  explicit SigningKey(const SecretSeed& seed) {
    crypto_sign_seed_keypair(out(public_), secret_.data(), in(seed.view()));
  }
  ~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;

  [[nodiscard]] const PublicKey& public_half() const { return public_; }
  [[nodiscard]] const unsigned char* secret_half() const { return secret_.data(); }

 private:
  PublicKey public_;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_{};
};

// An X25519 pair made from a seed. Wiped at the end.
class BoxPair {
 public:
  explicit BoxPair(const SecretSeed& seed) {
    crypto_box_seed_keypair(out(public_), secret_.data(), in(seed.view()));
  }
  ~BoxPair() { sodium_memzero(secret_.data(), secret_.size()); }
  BoxPair(const BoxPair&) = delete;
  BoxPair& operator=(const BoxPair&) = delete;

  [[nodiscard]] const BoxKey& public_half() const { return public_; }
  [[nodiscard]] const unsigned char* secret_half() const { return secret_.data(); }

 private:
  BoxKey public_;
  std::array<unsigned char, crypto_box_SECRETKEYBYTES> secret_{};
};

void start_sodium() { ROLLCALL_CHECK(sodium_init() >= 0); }

}  // namespace

SodiumCryptography::SodiumCryptography() { start_sodium(); }

Hash SodiumCryptography::hash(std::initializer_list<BytesView> parts) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, Hash::size_bytes);
  for (const BytesView part : parts) crypto_generichash_update(&state, in(part), part.size());
  Hash hash;
  crypto_generichash_final(&state, out(hash), Hash::size_bytes);
  return hash;
}

PublicKey SodiumCryptography::public_key(const SecretSeed& seed) const {
  return SigningKey(seed).public_half();
}

Signature SodiumCryptography::sign(const SecretSeed& seed, BytesView message) const {
  const SigningKey key(seed);
  Signature signature;
  crypto_sign_detached(out(signature), nullptr, in(message), message.size(), key.secret_half());
  return signature;
}

bool SodiumCryptography::verify(const PublicKey& key, BytesView message,
                                const Signature& signature) const {
  return crypto_sign_verify_detached(in(signature.view()), in(message), message.size(),
                                     in(key.view())) == 0;
}

Bytes SodiumCryptography::seal(const SealKey& key, BytesView context, BytesView plain,
                               Random& random) const {
  constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  Bytes sealed(nonce_bytes + plain.size() + tag_bytes, '\0');
  random.fill(sealed.data(), nonce_bytes);
  auto* cipher = reinterpret_cast<unsigned char*>(sealed.data());
  crypto_aead_xchacha20poly1305_ietf_encrypt(cipher + nonce_bytes, nullptr, in(plain), plain.size(),
                                             in(context), context.size(), nullptr, cipher,
                                             in(key.view()));
  return sealed;
}

Result<Bytes> SodiumCryptography::open(const SealKey& key, BytesView context,
                                       BytesView sealed) const {
  constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
  const auto refuse = [] {
    return failure(ErrorCode::malformed,
                   "a sealed value does not open: another key made it, or it was changed");
  };
  if (sealed.size() < nonce_bytes + tag_bytes) return refuse();
  Bytes plain(sealed.size() - nonce_bytes - tag_bytes, '\0');
  const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr, in(sealed) + nonce_bytes,
      sealed.size() - nonce_bytes, in(context), context.size(), in(sealed), in(key.view()));
  if (opened != 0) return refuse();
  return plain;
}

BoxKey SodiumCryptography::box_key(const SecretSeed& seed) const {
  return BoxPair(seed).public_half();
}

Result<Bytes> SodiumCryptography::box_seal(const BoxKey& to, BytesView plain) const {
  static_assert(crypto_box_SEALBYTES == box_overhead_bytes);
  Bytes box(plain.size() + box_overhead_bytes, '\0');
  const int sealed = crypto_box_seal(reinterpret_cast<unsigned char*>(box.data()), in(plain),
                                     plain.size(), in(to.view()));
  if (sealed != 0) return failure(ErrorCode::malformed, "nothing can be sealed to such a key");
  return box;
}

Result<Bytes> SodiumCryptography::box_open(const SecretSeed& seed, BytesView box) const {
  const auto refuse = [] {
    return failure(ErrorCode::malformed,
                   "a sealed box does not open: it was made for another key, or it was changed");
  };
  if (box.size() < box_overhead_bytes) return refuse();
  const BoxPair pair(seed);
  Bytes plain(box.size() - box_overhead_bytes, '\0');
  const int opened =
      crypto_box_seal_open(reinterpret_cast<unsigned char*>(plain.data()), in(box), box.size(),
                           in(pair.public_half().view()), pair.secret_half());
  if (opened != 0) return refuse();
  return plain;
}

SystemRandom::SystemRandom() { start_sodium(); }

void SystemRandom::fill(void* bytes, std::size_t count) { randombytes_buf(bytes, count); }

}  // namespace rollcall
