#pragma once

#include <string>
#include <utility>
#include <vector>

#include "client-core/sealing/sealed_value.h"
#include "engine/base/sodium_cryptography.h"
#include "tests/engine/base/need.h"

namespace rollcall {

// A party admin, a recovery key, and people who are known by one letter: their secret is 32 of it.
struct SealingWorld {
  SodiumCryptography cryptography;
  SeededRandom random{7};

  [[nodiscard]] SealingDoors doors() { return {cryptography, random}; }
  [[nodiscard]] static SecretSeed secret(char who) {
    return SecretSeed::from_bytes(Bytes(32, who));
  }
  [[nodiscard]] SealingKey key(char who) const { return SealingKey::of(secret(who), cryptography); }
  [[nodiscard]] PublicKey admin(char who = 'A') const {
    return cryptography.public_key(secret(who));
  }
  [[nodiscard]] TeamList list(std::uint32_t version, const std::string& members) const {
    TeamList list;
    list.space = "nc";
    list.team = "listening";
    list.version = version;
    list.admin = admin();
    list.recovery = key('R');
    for (const char who : members) list.members.push_back({key(who), std::string(1, who)});
    return list;
  }
  [[nodiscard]] Bytes by_admin(const TeamList& list, char who = 'A') const {
    return sign_list(list, secret(who), cryptography);
  }
  [[nodiscard]] Bytes by_recovery(const TeamList& list, char who = 'R') const {
    return sign_list(list, signing_seed(secret(who), cryptography), cryptography);
  }
  [[nodiscard]] static SealedPlace place(char row = 'r') {
    return {"nc", CollectionId(15), FieldId(5), RowId::from_bytes(Bytes(16, row))};
  }
  [[nodiscard]] Bytes sealed(const std::string& text, const TeamList& to, char writer = 'a') {
    return need(seal_text(place(), to, {}, secret(writer), text, doors()));
  }
  [[nodiscard]] Result<OpenedValue> opened(char who, BytesView value,
                                           const SealedPlace& at = place()) const {
    return open_sealed(at, secret(who), value, cryptography);
  }
};

}  // namespace rollcall
