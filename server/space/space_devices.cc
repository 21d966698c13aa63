// Who may come in: invitations and enrolment.
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

Result<Invitation> Space::invite(std::string_view label, std::vector<std::string> scopes,
                                 DeviceNumber replaces) {
  State& s = *state_;
  ROLLCALL_TRY(check_label(label));
  for (std::string& text : scopes) {
    const ScopeText scope = ScopeText::of(text);
    ROLLCALL_TRY(check_path(scope.path));
    ROLLCALL_TRY_ASSIGN(const std::string role, s.role_of(scope));
    if (!scope.role.empty()) text = scope.path + "=" + role;
  }
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  if (scopes.size() + 1 > device_grants_max) {
    return failure(ErrorCode::limit, "a device has at most " + std::to_string(device_grants_max) +
                                         " grants; invite it to a prefix of them");
  }
  Invitation invitation;
  StoredInvitation stored;
  const auto work = [&]() -> Result<void> {
    if (replaces.value != 0) {
      ROLLCALL_TRY_ASSIGN(State::CachedDevice * old, s.device(replaces));
      if (old == nullptr) return no_such_device();
    }
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
    invitation.replaces = replaces;

    stored.secret = s.doors.cryptography.hash({invitation.secret});
    stored.finder = invitation.code.substr(0, code_finder_length);
    stored.code = s.doors.cryptography.hash({invitation.code});
    stored.expires_ms = invitation.expires_ms;
    stored.label = label;
    stored.scopes = scopes;
    stored.replaces = replaces;
    return s.invitations->insert(stored);
  };
  ROLLCALL_TRY(s.commit(work));
  return invitation;
}

Result<EnrollReply> Space::enroll(const EnrollRequest& request) {
  State& s = *state_;
  ROLLCALL_TRY(s.check_nobody_forgotten());
  ROLLCALL_TRY(check_label(request.label));
  if (!request.enrolment.empty()) return ask_to_come_back(request);
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
    if (invitation->used) return s.tell_again(*invitation, reply);
    return s.admit(*invitation, request, reply);
  };
  ROLLCALL_TRY(s.commit(work));
  for (const Grant& grant : reply.grants) s.watch(grant.path, grant.role);
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
  bool is_again = false;
  if (found && found->used) {
    ROLLCALL_TRY_ASSIGN(const CachedDevice* user, device(found->used_by));
    is_again = user != nullptr && user->stored.record.key == request.key &&
               !user->stored.record.is_revoked();
  }
  if (!found || (found->used && !is_again)) {
    refused = wrong_code();
    found.reset();
  } else if (found->expires_ms < now_ms) {
    refused = failure(ErrorCode::code_expired, "the invitation has expired; ask for a new one");
    found.reset();
  }
  return found;
}

// Its first answer was lost on the way: it is the same device, and gets the same answer.
Result<void> Space::State::tell_again(const StoredInvitation& invitation, EnrollReply& reply) {
  ROLLCALL_TRY_ASSIGN(const CachedDevice* device, this->device(invitation.used_by));
  ROLLCALL_CHECK(device != nullptr);
  return say_enrolled(device->stored.record, reply);
}

Result<void> Space::State::admit(const StoredInvitation& invitation, const EnrollRequest& request,
                                 EnrollReply& reply) {
  CachedDevice device;
  DeviceRecord& record = device.stored.record;
  ROLLCALL_TRY_ASSIGN(record.number, free_device_number());
  ROLLCALL_TRY(invitations->use(invitation.id, record.number));
  record.family = record.number;
  record.key = request.key;
  record.label = invitation.label.empty() ? request.label : invitation.label;
  record.enrolled_ms = now_ms;
  record.grants_version = 1;
  device.stored.enrolled = next;
  next = next.next();
  ROLLCALL_TRY(devices->insert(device.stored));
  bool has_public = false;
  for (const std::string& text : invitation.scopes) {
    const ScopeText scope = ScopeText::of(text);
    ROLLCALL_TRY_ASSIGN(const std::string role, role_of(scope));
    const bool is_given = std::any_of(
        record.grants.begin(), record.grants.end(),
        [&](const GrantRecord& grant) { return grant.path == scope.path && grant.role == role; });
    if (is_given) continue;
    ROLLCALL_TRY(insert_grant(device.stored, scope.path, role, device.stored.enrolled));
    has_public = has_public || scope.path == public_scope;
  }
  if (!has_public && roles->book().bit(role_reader) != 0) {
    ROLLCALL_TRY(insert_grant(device.stored, public_scope, role_reader, device.stored.enrolled));
  }
  news.grants.push_back(record.number);
  ROLLCALL_TRY(say_enrolled(record, reply));
  cached_devices.emplace(record.number.value, std::move(device));
  // Last: it is listed before the commit, and must not stand there if nobody came in.
  if (invitation.replaces.value != 0) {
    ROLLCALL_TRY_ASSIGN(CachedDevice * old, this->device(invitation.replaces));
    if (old != nullptr) ROLLCALL_TRY(revoke(*old, false));
  }
  return {};
}

Result<void> Space::State::say_enrolled(const DeviceRecord& record, EnrollReply& reply) {
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
  ROLLCALL_TRY_ASSIGN(reply.enrolment, seal_enrolment(record));
  return {};
}

Result<Bytes> Space::State::seal_enrolment(const DeviceRecord& record) {
  Enrolment enrolment;
  enrolment.space = header.name;
  enrolment.device = record.number;
  enrolment.key = record.key;
  enrolment.enrolled_ms = record.enrolled_ms;
  enrolment.label = record.label;
  for (const GrantRecord& grant : record.grants) {
    enrolment.grants.push_back({grant.id, grant.path, grant.role});
  }
  for (const DeviceRecord* fork = &record; fork->forked_from.value != 0;) {
    ROLLCALL_TRY_ASSIGN(const CachedDevice* from, device(fork->forked_from));
    ROLLCALL_CHECK(from != nullptr);
    enrolment.ancestors.push_back({fork->forked_from, from->stored.record.key, fork->forked_at,
                                   fork->forked_head, fork->forked_ms});
    fork = &from->stored.record;
  }
  std::reverse(enrolment.ancestors.begin(), enrolment.ancestors.end());
  return sealer->seal(enrolment);
}

Result<std::string> Space::State::role_of(const ScopeText& scope) const {
  const RoleBook& known_roles = roles->book();
  if (scope.role.empty() && known_roles.bit(role_member) != 0) return std::string(role_member);
  if (known_roles.bit(scope.role) != 0) return scope.role;
  std::string known;
  for (const RoleDef& role : known_roles.roles()) known += " " + role.name;
  return failure(ErrorCode::invalid_argument,
                 (scope.role.empty() ? "say with which role, as in " + scope.path + "=ROLE"
                                     : "the schema has no role \"" + scope.role + "\"") +
                     "; there are" + known);
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
void Space::State::watch(std::string_view prefix, std::string_view role) {
  const std::size_t view = roles->digest_view(role);
  if (view == SpaceRoles::no_view) return;
  const auto any = paths->any_below(prefix);
  if (!any || *any) return;
  book->offer(roles->digest_views()[view].key(prefix), last_commit.sequence, Digest{});
}

Result<DeviceRecord> Space::add_local_device(std::string_view label, const PublicKey& key) {
  State& s = *state_;
  ROLLCALL_TRY(check_label(label));
  StoredDevice device;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(device.record.number, s.free_device_number());
    device.record.family = device.record.number;
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

}  // namespace rollcall
