#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client-core/sealing/team_list.h"
#include "engine/base/numbers.h"
#include "engine/base/row_id.h"

namespace rollcall {

// Where a sealed value stands: it opens nowhere else.
struct SealedPlace {
  std::string space;
  CollectionId collection;
  FieldId field;
  RowId row;
};

template <class Archive>
void describe(Archive& a, SealedPlace& m) {
  a.field(1, "space", m.space);
  a.field(2, "collection", m.collection);
  a.field(3, "field", m.field);
  a.field(4, "row", m.row);
}

// The record key, for one who may open the value.
struct SealedKey {
  Bytes name;  // SealingKey::name
  Bytes box;   // crypto_box_seal of the 32 bytes
};

template <class Archive>
void describe(Archive& a, SealedKey& m) {
  a.bytes(1, "name", m.name);
  a.bytes(2, "box", m.box);
}

// What a field of type sealed holds. SEALING.md draws it.
struct SealedValue {
  static constexpr std::uint32_t format_known = 1;
  std::uint32_t format = format_known;
  std::uint32_t version = 0;  // of the team's list that it was sealed to
  std::vector<SealedKey> keys;
  Bytes body;  // nonce, XChaCha20-Poly1305 of the padded content, tag

  // `malformed`, `newer_format`.
  static Result<SealedValue> parse(BytesView bytes);
};

template <class Archive>
void describe(Archive& a, SealedValue& m) {
  a.field(1, "format", m.format);
  a.field(2, "version", m.version);
  a.field(3, "keys", m.keys);
  a.bytes(4, "body", m.body);
}

struct SealingDoors {
  const Cryptography& cryptography;
  Random& random;
};

// Seals a text to every member of the list and its recovery key, and to `author` where there is one
// (who may be a member), signed with the seed of whoever writes it. `too_long`, `malformed` (a key
// that is none).
Result<Bytes> seal_text(const SealedPlace& place, const TeamList& list,
                        const std::optional<SealingKey>& author, const SecretSeed& writer,
                        std::string_view text, const SealingDoors& doors);

struct OpenedValue {
  std::string text;
  SealingKey writer;          // whose signature it carries, and that signature is right
  std::uint32_t version = 0;  // of the team's list that it was sealed to
};

// `not_allowed`: it was not sealed to this seed's key. `malformed`: it was changed, or put where it
// was not written.
Result<OpenedValue> open_sealed(const SealedPlace& place, const SecretSeed& reader, BytesView bytes,
                                const Cryptography& cryptography);

}  // namespace rollcall
