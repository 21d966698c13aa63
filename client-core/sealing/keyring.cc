#include "client-core/sealing/keyring.h"

#include <algorithm>

#include "client-core/sealing/limits.h"
#include "engine/codec/cbor_archive.h"

namespace rollcall {
namespace {

// What the replica's file holds.
struct KeptKeyring {
  std::uint32_t format = 1;
  Bytes secret;
  PublicKey admin;
  std::vector<Bytes> lists;
};

template <class Archive>
void describe(Archive& a, KeptKeyring& m) {
  a.field(1, "format", m.format);
  a.bytes(2, "secret", m.secret);
  a.field(3, "admin", m.admin);
  a.bytes(4, "lists", m.lists);
}

Error nothing_to_do(const std::string& what) {
  return failure(ErrorCode::invalid_argument, what + "; `keys show` lists the team");
}

bool is_called(const TeamMember& member, const std::string& name) {
  return member.label == name || member.key.text() == name;
}

Result<void> remove_member(std::vector<TeamMember>& members, const std::string& name) {
  const auto named = [&](const TeamMember& member) { return is_called(member, name); };
  const auto count = std::count_if(members.begin(), members.end(), named);
  if (count == 0) return nothing_to_do("nobody in the team is called '" + name + "'");
  if (count > 1) return nothing_to_do("several are called '" + name + "': name one by the key");
  members.erase(std::find_if(members.begin(), members.end(), named));
  return {};
}

Result<void> add_member(std::vector<TeamMember>& members, const TeamMember& member,
                        const SealingDoors& doors) {
  if (member.label.empty() || member.label.size() > member_label_bytes_max) {
    return failure(
        ErrorCode::invalid_argument,
        "a member has a name, of up to " + std::to_string(member_label_bytes_max) + " bytes");
  }
  // A key to which nothing can be sealed would stop the whole team.
  ROLLCALL_TRY(doors.cryptography.box_seal(member.key.box(), ""));
  const bool is_known = std::any_of(members.begin(), members.end(), [&](const TeamMember& other) {
    return other.key == member.key;
  });
  if (is_known) return nothing_to_do("'" + member.label + "' is in the team already");
  if (members.size() >= team_members_max) {
    return failure(ErrorCode::limit,
                   "a team has at most " + std::to_string(team_members_max) + " members");
  }
  members.push_back(member);
  return {};
}

}  // namespace

Keyring Keyring::make(const std::string& space, const PublicKey& admin, Random& random) {
  SecretSeed secret;
  random.fill(secret.bytes.data(), secret.bytes.size());
  return {space, admin, secret};
}

Result<Keyring> Keyring::from_bytes(const std::string& space, BytesView bytes,
                                    const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(const auto kept, from_cbor<KeptKeyring>(bytes));
  if (kept.format > 1) {
    return failure(ErrorCode::newer_format, "a newer program made this device's keys: update it");
  }
  if (kept.secret.size() != SecretSeed::size_bytes) {
    return failure(ErrorCode::corrupt, "this device's keys are damaged");
  }
  Keyring ring(space, kept.admin, SecretSeed::from_bytes(kept.secret));
  for (const Bytes& list : kept.lists) ROLLCALL_TRY(ring.take(list, cryptography));
  return ring;
}

Bytes Keyring::bytes() const {
  KeptKeyring kept;
  kept.secret = Bytes(secret_.view());
  kept.admin = first_admin_;
  kept.lists = lists_;
  return to_cbor(kept);
}

Result<bool> Keyring::take(BytesView signed_list, const Cryptography& cryptography) {
  const std::size_t before = team_.versions().size();
  ROLLCALL_TRY(team_.take(signed_list, cryptography));
  if (team_.versions().size() == before) return false;
  lists_.emplace_back(signed_list);
  return true;
}

Result<NextTeam> next_team(const Keyring& keyring, const std::string& space,
                           const std::string& first_name, const SecretSeed& admin,
                           const TeamChange& change, const SealingDoors& doors) {
  NextTeam next;
  const TeamList* last = keyring.team().current();
  const PublicKey signer = doors.cryptography.public_key(admin);
  if (last != nullptr) {
    next.list = *last;
  } else if (change.recovery) {
    return failure(ErrorCode::invalid_argument, "there is no team here yet to be recovered: sync");
  } else {
    next.recovery.emplace();
    doors.random.fill(next.recovery->bytes.data(), next.recovery->bytes.size());
    next.list.space = space;
    next.list.team = first_name;
    next.list.recovery = SealingKey::of(*next.recovery, doors.cryptography);
  }
  if (!change.recovery && signer != keyring.team().admin()) {
    return failure(ErrorCode::not_allowed,
                   "another admin signs this team's lists; where that key is lost, `keys succeed` "
                   "names a new one with the recovery key");
  }
  for (const std::string& name : change.remove) {
    ROLLCALL_TRY(remove_member(next.list.members, name));
  }
  for (const TeamMember& member : change.add) {
    ROLLCALL_TRY(add_member(next.list.members, member, doors));
  }
  if (next.list.members.empty()) return nothing_to_do("a team has somebody in it");
  next.list.admin = signer;
  if (last != nullptr && next.list == *last) return nothing_to_do("nothing would change");
  ++next.list.version;
  const SecretSeed key =
      change.recovery ? signing_seed(*change.recovery, doors.cryptography) : admin;
  next.signed_list = sign_list(next.list, key, doors.cryptography);
  // What nobody would take is not given out: the wrong recovery key, say.
  TeamHistory judge = keyring.team();
  ROLLCALL_TRY(judge.take(next.signed_list, doors.cryptography));
  return next;
}

}  // namespace rollcall
