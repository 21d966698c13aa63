#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/cryptography.h"

namespace rollcall {

// The public key of somebody to whom values are sealed, and whose own values others recognise:
// X25519 for boxes, then Ed25519 for signatures. Both are made from one secret seed.
struct SealingKey {
  static constexpr std::size_t size_bytes = BoxKey::size_bytes + PublicKey::size_bytes;
  std::array<char, size_bytes> bytes{};
  [[nodiscard]] BytesView view() const { return {bytes.data(), bytes.size()}; }
  static SealingKey from_bytes(BytesView view);  // CHECKs the size
  static SealingKey of(const SecretSeed& seed, const Cryptography& cryptography);

  [[nodiscard]] BoxKey box() const { return BoxKey::from_bytes(view().substr(0, 32)); }
  [[nodiscard]] PublicKey signer() const { return PublicKey::from_bytes(view().substr(32)); }
  // What an envelope calls it: the first 8 bytes of its BLAKE2b-256.
  static constexpr std::size_t name_bytes = 8;
  [[nodiscard]] Bytes name(const Cryptography& cryptography) const;

  // 86 characters of base64url, for people to hand on.
  [[nodiscard]] std::string text() const { return to_base64(view()); }
  static Result<SealingKey> parse(std::string_view text);
  friend bool operator==(const SealingKey&, const SealingKey&) = default;
};

// The seeds from which the two halves are made: each kept from being the other.
SecretSeed box_seed(const SecretSeed& seed, const Cryptography& cryptography);
SecretSeed signing_seed(const SecretSeed& seed, const Cryptography& cryptography);

// What a secret that people keep is for; it stands in front of it, so that none is taken for
// another.
enum class SecretKind : char {
  admin = 'A',     // signs the team's list
  recovery = 'R',  // opens everything, and names a new admin
  first = '1',     // one of two halves of the recovery key: alone, it tells nothing
  second = '2',
};

// Secrets as people write them down: kind, 32 bytes and the first 2 of their BLAKE2b-256, in
// Crockford's alphabet (no I, L, O, U), 14 groups of 4. A slip of the pen is noticed.
std::string secret_text(SecretKind kind, const SecretSeed& seed, const Cryptography& cryptography);
struct KnownSecret {
  SecretKind kind{};
  SecretSeed seed;
};
// Lower case, blanks, line ends and missing dashes are fine; `malformed` tells what is not.
Result<KnownSecret> parse_secret(std::string_view text, const Cryptography& cryptography);

// Two halves, of which either alone is random: the second is the seed exclusive-or the first.
struct SecretHalves {
  SecretSeed first;
  SecretSeed second;
};
SecretHalves halve(const SecretSeed& seed, Random& random);
// The recovery key from its printed text, or from both halves, in any order, each on lines of its
// own. `malformed` or `invalid_argument` (one half alone) tell what is missing.
Result<SecretSeed> parse_recovery(std::string_view text, const Cryptography& cryptography);

}  // namespace rollcall
