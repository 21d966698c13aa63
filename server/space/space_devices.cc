// Who may come in, and what they may see: invitations, enrolment, grants.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/model/path.h"
#include "engine/protocol/invitation_link.h"
#include "engine/protocol/limits.h"
#include "schema/compiled.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {
namespace {

constexpr std::string_view public_scope = "public";

Result<void> check_label(std::string_view label) {
  if (label.size() <= label_bytes_max && is_utf8(label)) return {};
  return failure(ErrorCode::invalid_argument,
                 "a label is UTF-8 of up to " + std::to_string(label_bytes_max) + " bytes");
}

Error wrong_code() {
  return failure(ErrorCode::code_unknown,
                 "no such invitation, or it was used up; ask for a new one");
}

}  // namespace

Result<Invitation> Space::invite(std::string_view label, std::vector<std::string> scopes) {
  State& s = *state_;
  ROLLCALL_TRY(check_label(label));
  for (const std::string& scope : scopes) ROLLCALL_TRY(check_path(scope));
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  if (scopes.size() + 1 > device_grants_max) {
    return failure(ErrorCode::limit, "a device has at most " + std::to_string(device_grants_max) +
                                         " grants; invite it to a prefix of them");
  }
  Invitation invitation;
  StoredInvitation stored;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY(s.invitations->forget_before(s.now_ms));
    ROLLCALL_TRY_ASSIGN(const std::size_t open, s.invitations->count_open(s.now_ms));
    if (open >= open_invitations_max) {
      return failure(ErrorCode::limit, "too many invitations are open; wait until some expire");
    }
    invitation.secret.assign(InvitationLink::secret_bytes, '\0');
    s.doors.random.fill(invitation.secret.data(), invitation.secret.size());
    // No two open ones are found by the same beginning of their codes.
    while (true) {
      invitation.code = make_code(s.doors.random);
      ROLLCALL_TRY_ASSIGN(const auto other,
                          s.invitations->find_code(invitation.code.substr(0, code_finder_length)));
      if (!other) break;
    }
    invitation.expires_ms = s.now_ms + invitation_ms;
    invitation.label = label;
    invitation.scopes = scopes;

    stored.secret = s.doors.cryptography.hash({invitation.secret});
    stored.finder = invitation.code.substr(0, code_finder_length);
    stored.code = s.doors.cryptography.hash({invitation.code});
    stored.expires_ms = invitation.expires_ms;
    stored.label = label;
    stored.scopes = scopes;
    return s.invitations->insert(stored);
  };
  ROLLCALL_TRY(s.commit(work));
  return invitation;
}

Result<EnrollReply> Space::enroll(const EnrollRequest& request) {
  State& s = *state_;
  ROLLCALL_TRY(check_label(request.label));
  // A link's 128 bits need no rest: nobody who types wrong codes may keep others' links out.
  const bool is_typed = request.secret.empty();
  if (is_typed && s.wrong_tries.resting(s.doors.clock.steady_ms())) {
    return failure(ErrorCode::later, "too many wrong codes of late; try again in a minute");
  }
  std::optional<Error> refused;
  EnrollReply reply;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredInvitation> invitation,
                        s.find_invitation(request, refused));
    if (!invitation) return {};
    return s.admit(*invitation, request, reply);
  };
  ROLLCALL_TRY(s.commit(work));
  for (const Grant& grant : reply.grants) s.watch(grant.path);
  if (!refused) return reply;
  if (is_typed && refused->code == ErrorCode::code_unknown) {
    s.wrong_tries.note(s.doors.clock.steady_ms());
  }
  return *refused;
}

Result<std::optional<StoredInvitation>> Space::State::find_invitation(
    const EnrollRequest& request, std::optional<Error>& refused) {
  std::optional<StoredInvitation> found;
  if (!request.secret.empty()) {
    ROLLCALL_TRY_ASSIGN(found, invitations->find_secret(doors.cryptography.hash({request.secret})));
  } else {
    auto code = normal_code(request.code);
    if (!code) {
      refused = code.error();
      return std::optional<StoredInvitation>();
    }
    ROLLCALL_TRY_ASSIGN(found, invitations->find_code(code->substr(0, code_finder_length)));
    if (found && found->code != doors.cryptography.hash({*code})) {
      ROLLCALL_TRY(invitations->note_wrong_try(found->id));
      found.reset();
    }
  }
  if (!found || found->used) {
    refused = wrong_code();
    found.reset();
  } else if (found->expires_ms < now_ms) {
    refused = failure(ErrorCode::code_expired, "the invitation has expired; ask for a new one");
    found.reset();
  }
  return found;
}

Result<void> Space::State::admit(const StoredInvitation& invitation, const EnrollRequest& request,
                                 EnrollReply& reply) {
  ROLLCALL_TRY(invitations->use(invitation.id));
  CachedDevice device;
  DeviceRecord& record = device.stored.record;
  ROLLCALL_TRY_ASSIGN(record.number, free_device_number());
  record.key = request.key;
  record.label = invitation.label.empty() ? request.label : invitation.label;
  record.enrolled_ms = now_ms;
  record.grants_version = 1;
  device.stored.enrolled = next;
  next = next.next();
  ROLLCALL_TRY(devices->insert(device.stored));
  const auto give = [&](std::string_view scope, std::string_view role) -> Result<void> {
    GrantRecord grant;
    grant.path = scope;
    grant.role = role;
    grant.given = device.stored.enrolled;
    ROLLCALL_TRY(devices->insert_grant(record.number, grant));
    record.grants.push_back(std::move(grant));
    return {};
  };
  for (const std::string& scope : invitation.scopes) ROLLCALL_TRY(give(scope, role_member));
  const auto& scopes = invitation.scopes;
  if (std::find(scopes.begin(), scopes.end(), public_scope) == scopes.end()) {
    ROLLCALL_TRY(give(public_scope, role_reader));
  }
  news.grants.push_back(record.number);

  reply.device = record.number;
  reply.space = header.name;
  reply.space_title = header.title;
  reply.epoch = header.epoch;
  reply.server_ms = now_ms;
  reply.schema_version = schema->version;
  reply.schema = encode_schema(*schema);
  reply.grants_version = record.grants_version;
  for (const GrantRecord& grant : record.grants) {
    reply.grants.push_back({grant.id, grant.path, grant.role});
  }
  reply.label = record.label;
  Enrolment enrolment;
  enrolment.space = header.name;
  enrolment.device = record.number;
  enrolment.key = record.key;
  enrolment.enrolled_ms = record.enrolled_ms;
  enrolment.label = record.label;
  enrolment.grants = reply.grants;
  reply.enrolment = sealer->seal(enrolment);
  cached_devices.emplace(record.number.value, std::move(device));
  return {};
}

Result<DeviceNumber> Space::State::free_device_number() {
  while (true) {
    const DeviceNumber number(static_cast<std::uint32_t>(doors.random.next()));
    if (number.value == 0) continue;
    ROLLCALL_TRY_ASSIGN(const std::optional<StoredDevice> taken, devices->find(number));
    if (!taken) return number;
  }
}

// A prefix without rows needs no scan: then its digest is kept up with from the first row on.
void Space::State::watch(std::string_view prefix) {
  const auto any = paths->any_below(prefix);
  if (any && !*any) book->offer(prefix, last_commit.sequence, Digest{});
}

Result<DeviceRecord> Space::add_local_device(std::string_view label, const PublicKey& key) {
  State& s = *state_;
  ROLLCALL_TRY(check_label(label));
  StoredDevice device;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(device.record.number, s.free_device_number());
    device.record.key = key;
    device.record.label = label;
    device.record.enrolled_ms = s.now_ms;
    device.record.local = true;
    device.enrolled = s.next;
    s.next = s.next.next();
    return s.devices->insert(device);
  };
  ROLLCALL_TRY(s.commit(work));
  return device.record;
}

Result<GrantRecord> Space::grant(DeviceNumber number, std::string_view path) {
  State& s = *state_;
  ROLLCALL_TRY(check_path(path));
  GrantRecord grant;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return failure(ErrorCode::not_found, "no such device in this space");
    auto& grants = device->stored.record.grants;
    const auto given = std::find_if(grants.begin(), grants.end(),
                                    [&](const GrantRecord& held) { return held.path == path; });
    if (given != grants.end() && given->role == role_member) {
      return failure(ErrorCode::already_exists, "the device has " + std::string(path) + " already");
    }
    // A reader becomes a member: another grant takes the place of the first.
    if (given != grants.end()) ROLLCALL_TRY(s.end_grant(*device, given->id));
    if (grants.size() >= device_grants_max) {
      return failure(ErrorCode::limit, "a device has at most " + std::to_string(device_grants_max) +
                                           " grants; end one, or give a prefix of several");
    }
    grant.path = path;
    grant.role = role_member;
    grant.given = s.next;
    s.next = s.next.next();
    ROLLCALL_TRY(s.devices->insert_grant(number, grant));
    grants.push_back(grant);
    return s.grants_changed(*device);
  };
  ROLLCALL_TRY(s.commit(work));
  s.watch(path);
  return grant;
}

Result<GrantRecord> Space::ungrant(DeviceNumber number, std::string_view path) {
  State& s = *state_;
  GrantRecord ended;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return failure(ErrorCode::not_found, "no such device in this space");
    const auto& grants = device->stored.record.grants;
    const auto given = std::find_if(grants.begin(), grants.end(),
                                    [&](const GrantRecord& held) { return held.path == path; });
    if (given == grants.end()) {
      return failure(ErrorCode::not_found, "the device has no grant of " + std::string(path));
    }
    ROLLCALL_TRY(s.end_grant(*device, given->id));
    ended = device->stored.ended.back();
    return s.grants_changed(*device);
  };
  ROLLCALL_TRY(s.commit(work));
  return ended;
}

Result<void> Space::State::end_grant(CachedDevice& device, GrantId id) {
  auto& grants = device.stored.record.grants;
  const auto at = std::find_if(grants.begin(), grants.end(),
                               [&](const GrantRecord& grant) { return grant.id == id; });
  ROLLCALL_CHECK(at != grants.end());
  at->ended = next;
  next = next.next();
  ROLLCALL_TRY(devices->end_grant(id, at->ended));
  device.stored.ended.push_back(*at);
  grants.erase(at);
  return {};
}

Result<void> Space::State::grants_changed(CachedDevice& device) {
  DeviceRecord& record = device.stored.record;
  ++record.grants_version;
  news.grants.push_back(record.number);
  return devices->save_grants_version(record.number, record.grants_version);
}

}  // namespace rollcall
