#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client-core/sealing/sealing_key.h"

namespace rollcall {

struct TeamMember {
  SealingKey key;
  std::string label;  // "Ann"
  friend bool operator==(const TeamMember&, const TeamMember&) = default;
};

template <class Archive>
void describe(Archive& a, TeamMember& m) {
  a.field(1, "key", m.key);
  a.field(2, "label", m.label);
}

// One version of a listening team: to whom what is sealed from now on. The admin signs it, or,
// where the admin is lost or not to be trusted any more, the recovery key.
struct TeamList {
  static constexpr std::uint32_t format_known = 1;
  std::uint32_t format = format_known;
  std::string space;  // "nc"
  std::string team;   // "listening"
  std::uint32_t version = 0;
  PublicKey admin;      // who signs the next version
  SealingKey recovery;  // and who may instead; values are sealed to it too
  std::vector<TeamMember> members;
  friend bool operator==(const TeamList&, const TeamList&) = default;
};

template <class Archive>
void describe(Archive& a, TeamList& m) {
  a.field(1, "format", m.format);
  a.field(2, "space", m.space);
  a.field(3, "team", m.team);
  a.field(4, "version", m.version);
  a.field(5, "admin", m.admin);
  a.field(6, "recovery", m.recovery);
  a.field(7, "members", m.members);
}

struct SignedTeamList {
  Bytes list;  // TeamList, deterministic CBOR
  Signature signature;
};

template <class Archive>
void describe(Archive& a, SignedTeamList& m) {
  a.bytes(1, "list", m.list);
  a.field(2, "signature", m.signature);
}

// `signer`: of the admin, or the recovery key's signing seed.
Bytes sign_list(const TeamList& list, const SecretSeed& signer, const Cryptography& cryptography);

// The versions of one team that a replica has seen, each signed by whom the one before it names:
// what a server that is not to be trusted may hold back, but not change.
//
// Invariant: the first version is signed by the pinned admin, whose key came to this device from a
// person and not from the server; versions ascend. An admin's signature keeps the recovery key as
// it is: somebody who stole the admin's key cannot lock out those who hold the recovery key.
class TeamHistory {
 public:
  TeamHistory(std::string space, const PublicKey& admin)
      : space_(std::move(space)), admin_(admin) {}

  // Takes the next version; one that is known changes nothing. `bad_signature`, `malformed`,
  // `newer_format`: refused, and nothing has changed.
  Result<void> take(BytesView signed_list, const Cryptography& cryptography);

  [[nodiscard]] const PublicKey& admin() const { return admin_; }
  // Null before the first.
  [[nodiscard]] const TeamList* current() const {
    return versions_.empty() ? nullptr : &versions_.back();
  }
  [[nodiscard]] const std::vector<TeamList>& versions() const { return versions_; }
  // The member with this key in that version, or null: the recovery key is no member. Of versions
  // before the first that is known here, any version tells.
  [[nodiscard]] const TeamMember* find(const SealingKey& key, std::uint64_t version) const;
  [[nodiscard]] bool is_member_now(const SealingKey& key) const;

 private:
  std::string space_;
  PublicKey admin_;
  std::vector<TeamList> versions_;
};

}  // namespace rollcall
