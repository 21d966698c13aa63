#pragma once

#include "engine/base/cryptography.h"

namespace rollcall {

// Cryptography by libsodium. Making the first one initialises the library; `internal` if it fails.
class SodiumCryptography final : public Cryptography {
 public:
  SodiumCryptography();

  [[nodiscard]] Hash hash(std::initializer_list<BytesView> parts) const override;
  [[nodiscard]] PublicKey public_key(const SecretSeed& seed) const override;
  [[nodiscard]] Signature sign(const SecretSeed& seed, BytesView message) const override;
  [[nodiscard]] bool verify(const PublicKey& key, BytesView message,
                            const Signature& signature) const override;
  [[nodiscard]] Bytes seal(const SealKey& key, BytesView context, BytesView plain,
                           Random& random) const override;
  [[nodiscard]] Result<Bytes> open(const SealKey& key, BytesView context,
                                   BytesView sealed) const override;
  [[nodiscard]] BoxKey box_key(const SecretSeed& seed) const override;
  [[nodiscard]] Result<Bytes> box_seal(const BoxKey& to, BytesView plain) const override;
  [[nodiscard]] Result<Bytes> box_open(const SecretSeed& seed, BytesView box) const override;
};

// The operating system's randomness, by libsodium.
class SystemRandom final : public Random {
 public:
  SystemRandom();
  void fill(void* bytes, std::size_t count) override;
};

}  // namespace rollcall
