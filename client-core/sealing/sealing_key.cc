#include "client-core/sealing/sealing_key.h"

#include <algorithm>
#include <optional>

namespace rollcall {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t secret_characters = 56;  // 35 bytes, 5 bits each
constexpr std::size_t check_bytes = 2;

SecretSeed derived(std::string_view purpose, const SecretSeed& seed,
                   const Cryptography& cryptography) {
  return SecretSeed::from_bytes(cryptography.hash({purpose, seed.view()}).view());
}

Bytes check_of(BytesView kind_and_seed, const Cryptography& cryptography) {
  return Bytes(cryptography.hash({"rollcall secret 1", kind_and_seed}).view().substr(0, 2));
}

std::optional<unsigned> digit_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'O') c = '0';
  if (c == 'I' || c == 'L') c = '1';
  const std::size_t at = alphabet.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

SecretSeed exclusive_or(const SecretSeed& a, const SecretSeed& b) {
  SecretSeed sum;
  for (std::size_t i = 0; i < sum.bytes.size(); ++i) {
    sum.bytes[i] = static_cast<char>(a.bytes[i] ^ b.bytes[i]);
  }
  return sum;
}

bool is_blank(char c) { return c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

SealingKey SealingKey::from_bytes(BytesView view) {
  ROLLCALL_CHECK(view.size() == size_bytes);
  SealingKey key;
  std::copy(view.begin(), view.end(), key.bytes.begin());
  return key;
}

SealingKey SealingKey::of(const SecretSeed& seed, const Cryptography& cryptography) {
  const BoxKey box = cryptography.box_key(box_seed(seed, cryptography));
  const PublicKey signer = cryptography.public_key(signing_seed(seed, cryptography));
  return from_bytes(Bytes(box.view()).append(signer.view()));
}

Bytes SealingKey::name(const Cryptography& cryptography) const {
  return Bytes(cryptography.hash({view()}).view().substr(0, name_bytes));
}

Result<SealingKey> SealingKey::parse(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != size_bytes) {
    return failure(ErrorCode::malformed,
                   "that is no sealing key: it has 86 characters, as `keys show` prints it");
  }
  return from_bytes(*bytes);
}

SecretSeed box_seed(const SecretSeed& seed, const Cryptography& cryptography) {
  return derived("rollcall sealing box 1", seed, cryptography);
}

SecretSeed signing_seed(const SecretSeed& seed, const Cryptography& cryptography) {
  return derived("rollcall sealing signature 1", seed, cryptography);
}

std::string secret_text(SecretKind kind, const SecretSeed& seed, const Cryptography& cryptography) {
  Bytes bytes(1, static_cast<char>(kind));
  bytes.append(seed.view());
  bytes.append(check_of(bytes, cryptography));
  std::string text;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (held += 8; held >= 5; held -= 5) {
      if (text.size() % 5 == 4) text.push_back('-');
      text.push_back(alphabet[(bits >> (held - 5)) & 31u]);
    }
  }
  return text;
}

Result<KnownSecret> parse_secret(std::string_view text, const Cryptography& cryptography) {
  const auto refuse = [](const std::string& what) {
    return failure(ErrorCode::malformed, "that is no key as it was printed: " + what);
  };
  Bytes bytes;
  unsigned bits = 0;
  unsigned held = 0;
  std::size_t characters = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    const auto digit = digit_of(c);
    if (!digit) return refuse("it has a character that keys do not have");
    bits = (bits << 5) | *digit;
    held += 5;
    if (held >= 8) bytes.push_back(static_cast<char>(bits >> (held -= 8)));
    ++characters;
  }
  if (characters != secret_characters) {
    return refuse("it has " + std::to_string(characters) + " characters instead of 56");
  }
  const BytesView body = BytesView(bytes).substr(0, bytes.size() - check_bytes);
  if (check_of(body, cryptography) != BytesView(bytes).substr(body.size())) {
    return refuse("some character was mistyped");
  }
  const char kind = bytes[0];
  if (kind != 'A' && kind != 'R' && kind != '1' && kind != '2') {
    return refuse("a newer program made it");
  }
  return KnownSecret{static_cast<SecretKind>(kind), SecretSeed::from_bytes(body.substr(1))};
}

SecretHalves halve(const SecretSeed& seed, Random& random) {
  SecretHalves halves;
  random.fill(halves.first.bytes.data(), halves.first.bytes.size());
  halves.second = exclusive_or(seed, halves.first);
  return halves;
}

Result<SecretSeed> parse_recovery(std::string_view text, const Cryptography& cryptography) {
  std::optional<SecretSeed> first;
  std::optional<SecretSeed> second;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (std::all_of(line.begin(), line.end(), is_blank)) continue;
    ROLLCALL_TRY_ASSIGN(const KnownSecret secret, parse_secret(line, cryptography));
    switch (secret.kind) {
      case SecretKind::recovery: return secret.seed;
      case SecretKind::first: first = secret.seed; break;
      case SecretKind::second: second = secret.seed; break;
      case SecretKind::admin:
        return failure(ErrorCode::invalid_argument,
                       "that is an admin's key: recovery wants the printed one, or both halves");
    }
  }
  if (first && second) return exclusive_or(*first, *second);
  return failure(ErrorCode::invalid_argument,
                 "recovery wants the printed recovery key, or both halves of it, one a line");
}

}  // namespace rollcall
