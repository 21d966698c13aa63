#pragma once

#include <array>
#include <cstdint>

#include "engine/base/bytes.h"
#include "engine/base/random.h"

namespace rollcall {

// BLAKE2b-256 (RFC 7693).
struct Hash {
  static constexpr std::size_t size_bytes = 32;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static Hash from_bytes(BytesView view);  // CHECKs the size
  friend bool operator==(const Hash&, const Hash&) = default;
};

// Ed25519 (RFC 8032).
struct PublicKey {
  static constexpr std::size_t size_bytes = 32;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static PublicKey from_bytes(BytesView view);
  friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

// The 32-byte seed from which both halves of an Ed25519 pair are made.
struct SecretSeed {
  static constexpr std::size_t size_bytes = 32;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static SecretSeed from_bytes(BytesView view);
};

struct Signature {
  static constexpr std::size_t size_bytes = 64;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static Signature from_bytes(BytesView view);
  friend bool operator==(const Signature&, const Signature&) = default;
};

struct SealKey {
  static constexpr std::size_t size_bytes = 32;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static SealKey from_bytes(BytesView view);
};

// X25519 (RFC 7748): what others seal a few bytes to.
struct BoxKey {
  static constexpr std::size_t size_bytes = 32;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static BoxKey from_bytes(BytesView view);
  friend bool operator==(const BoxKey&, const BoxKey&) = default;
};

// The door to cryptography. libsodium does it natively; a browser brings its own; a simulation may
// bring a fast signer. Thread-safe: it holds no state.
class Cryptography {
 public:
  virtual ~Cryptography() = default;

  // BLAKE2b-256 of the parts, one after the other.
  [[nodiscard]] virtual Hash hash(std::initializer_list<BytesView> parts) const = 0;

  [[nodiscard]] virtual PublicKey public_key(const SecretSeed& seed) const = 0;
  [[nodiscard]] virtual Signature sign(const SecretSeed& seed, BytesView message) const = 0;
  [[nodiscard]] virtual bool verify(const PublicKey& key, BytesView message,
                                    const Signature& signature) const = 0;

  // Authenticated encryption (XChaCha20-Poly1305, 24-byte random nonce in front): only the holder
  // of the key reads or makes it. `context` must be the same at opening and is not stored.
  [[nodiscard]] virtual Bytes seal(const SealKey& key, BytesView context, BytesView plain,
                                   Random& random) const = 0;
  // `malformed` when it was not sealed with this key and context, or was changed.
  [[nodiscard]] virtual Result<Bytes> open(const SealKey& key, BytesView context,
                                           BytesView sealed) const = 0;

  // Sealed boxes (an ephemeral X25519 key, XSalsa20-Poly1305): anybody makes one, only the holder
  // of the seed opens it, its maker neither. The ephemeral key comes from the cryptography's own
  // randomness, never from a seeded door.
  static constexpr std::size_t box_overhead_bytes = 48;
  [[nodiscard]] virtual BoxKey box_key(const SecretSeed& seed) const = 0;
  // `malformed` when that is no key: X25519 refuses the points of small order.
  [[nodiscard]] virtual Result<Bytes> box_seal(const BoxKey& to, BytesView plain) const = 0;
  // `malformed` when it was sealed to another key, or was changed.
  [[nodiscard]] virtual Result<Bytes> box_open(const SecretSeed& seed, BytesView box) const = 0;
};

}  // namespace rollcall
