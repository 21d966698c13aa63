#include "client-core/sealing/team_list.h"

#include <algorithm>

#include "client-core/sealing/limits.h"
#include "engine/codec/cbor_archive.h"

namespace rollcall {
namespace {

constexpr std::string_view list_purpose = "rollcall team list 1\n";

Bytes bytes_to_sign(BytesView list) { return Bytes(list_purpose).append(list); }

// What holds for every list, whoever signed it.
Result<void> check_list(const TeamList& list) {
  if (list.format > TeamList::format_known) {
    return failure(ErrorCode::newer_format, "the team's list is of a newer program: update this");
  }
  const bool has_good_labels =
      std::all_of(list.members.begin(), list.members.end(), [](const TeamMember& member) {
        return !member.label.empty() && member.label.size() <= member_label_bytes_max;
      });
  if (list.format == 0 || list.team.empty() || list.version == 0 || list.members.empty() ||
      list.members.size() > team_members_max || !has_good_labels) {
    return failure(ErrorCode::malformed, "the team's list says what no list may");
  }
  return {};
}

}  // namespace

Bytes sign_list(const TeamList& list, const SecretSeed& signer, const Cryptography& cryptography) {
  SignedTeamList made;
  made.list = to_cbor(list);
  made.signature = cryptography.sign(signer, bytes_to_sign(made.list));
  return to_cbor(made);
}

Result<void> TeamHistory::take(BytesView signed_list, const Cryptography& cryptography) {
  ROLLCALL_TRY_ASSIGN(const auto outer, from_cbor<SignedTeamList>(signed_list));
  ROLLCALL_TRY_ASSIGN(TeamList list, from_cbor<TeamList>(outer.list));
  ROLLCALL_TRY(check_list(list));
  for (const TeamList& known : versions_) {
    if (known == list) return {};
  }
  const TeamList* last = current();
  if (list.space != space_ || (last != nullptr && last->team != list.team)) {
    return failure(ErrorCode::malformed, "the team's list is another space's or another team's");
  }
  if (last != nullptr && list.version <= last->version) {
    return failure(ErrorCode::malformed, "version " + std::to_string(list.version) +
                                             " of the team's list is not the one known here: the "
                                             "admin signed two, or somebody turns it back");
  }
  const Bytes signed_part = bytes_to_sign(outer.list);
  const bool by_admin = cryptography.verify(admin_, signed_part, outer.signature);
  const bool by_recovery =
      last != nullptr && cryptography.verify(last->recovery.signer(), signed_part, outer.signature);
  const bool keeps_powers =
      list.admin == admin_ && (last == nullptr || list.recovery == last->recovery);
  if (!by_recovery && !(by_admin && keeps_powers)) {
    return failure(ErrorCode::bad_signature,
                   "version " + std::to_string(list.version) +
                       " of the team's list is not signed by whom this device trusts: ask the "
                       "party's admin, by voice, which key is right");
  }
  const std::uint32_t before = last == nullptr ? 0 : last->version;
  const std::uint32_t step_max = last == nullptr ? team_version_first_max : team_version_step_max;
  if (list.version - before > step_max) {
    return failure(ErrorCode::malformed, "version " + std::to_string(list.version) +
                                             " of the team's list is too far from version " +
                                             std::to_string(before) + ": sync, or ask the admin");
  }
  // The recovery key always has room: it is what ends a flood of lists.
  if (versions_.size() >= team_versions_max && !by_recovery) {
    return failure(ErrorCode::limit,
                   "the team has changed too often: name the admin anew with the recovery key");
  }
  admin_ = list.admin;
  versions_.push_back(std::move(list));
  return {};
}

const TeamMember* TeamHistory::find(const SealingKey& key, std::uint64_t version) const {
  const bool is_before = !versions_.empty() && version < versions_.front().version;
  for (auto list = versions_.rbegin(); list != versions_.rend(); ++list) {
    if (!is_before && list->version != version) continue;
    for (const TeamMember& member : list->members) {
      if (member.key == key) return &member;
    }
  }
  return nullptr;
}

bool TeamHistory::is_member_now(const SealingKey& key) const {
  const TeamList* list = current();
  return list != nullptr &&
         std::any_of(list->members.begin(), list->members.end(),
                     [&](const TeamMember& member) { return member.key == key; });
}

}  // namespace rollcall
