#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client-core/sealing/sealed_value.h"
#include "client-core/sealing/team_list.h"

namespace rollcall {

// One device's part in sealing: its own secret, whom it trusts, and the team as that one signed it.
// A value that is kept whole, in the replica's file.
class Keyring {
 public:
  // With a new secret; `admin` came from a person.
  static Keyring make(const std::string& space, const PublicKey& admin, Random& random);
  // As `bytes` wrote it: `corrupt`, `newer_format`.
  static Result<Keyring> from_bytes(const std::string& space, BytesView bytes,
                                    const Cryptography& cryptography);
  [[nodiscard]] Bytes bytes() const;

  [[nodiscard]] const SecretSeed& secret() const { return secret_; }
  [[nodiscard]] SealingKey key(const Cryptography& cryptography) const {
    return SealingKey::of(secret_, cryptography);
  }
  [[nodiscard]] const TeamHistory& team() const { return team_; }
  // True when it was new.
  Result<bool> take(BytesView signed_list, const Cryptography& cryptography);

 private:
  Keyring(std::string space, const PublicKey& admin, const SecretSeed& secret)
      : secret_(secret), first_admin_(admin), team_(std::move(space), admin) {}

  SecretSeed secret_;
  PublicKey first_admin_;
  std::vector<Bytes> lists_;  // signed, as they came
  TeamHistory team_;
};

// What the admin changes in a team.
struct TeamChange {
  std::vector<TeamMember> add;
  std::vector<std::string> remove;     // labels, or keys as text
  std::optional<SecretSeed> recovery;  // signs instead of the admin, who is another from now on
};

// The team's next version, and where it is the first, the recovery key that was made for it.
struct NextTeam {
  Bytes signed_list;
  TeamList list;
  std::optional<SecretSeed> recovery;
};

// `first_name`: of the team, where there is none yet. `invalid_argument`: nothing would change,
// nobody would be left, or a name stands for nobody or for two. `not_allowed`: another admin signs.
Result<NextTeam> next_team(const Keyring& keyring, const std::string& space,
                           const std::string& first_name, const SecretSeed& admin,
                           const TeamChange& change, const SealingDoors& doors);

}  // namespace rollcall
