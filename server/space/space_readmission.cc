// Devices that a restored file does not know, and that were enrolled here: who shows an enrolment
// that this space sealed is let in again, under its number and key, once somebody agrees.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "server/space/limits.h"
#include "server/space/readmission_table.h"
#include "server/space/space_state.h"

namespace rollcall {

Result<Enrolment> Space::State::open_enrolment(BytesView sealed) const {
  auto enrolment = sealer->open_enrolment(sealed);
  if (enrolment && enrolment->space == header.name && enrolment->device.value != 0) {
    return enrolment;
  }
  return failure(ErrorCode::code_unknown,
                 "this enrolment is none of this space: ask for a new invitation");
}

// The list beside the file knows of those who were revoked after the backup, too.
Result<bool> Space::State::is_listed_as_revoked(DeviceNumber device) const {
  if (!doors.vfs.empty()) return false;
  const auto list = RevocationList::read(RevocationList::path_beside(path));
  if (!list && list.error().code == ErrorCode::not_found) return false;
  if (!list) return list.error();
  return std::any_of(list->all().begin(), list->all().end(),
                     [&](const Revocation& one) { return one.device == device; });
}

Error Space::ask_to_come_back(const EnrollRequest& request) {
  State& s = *state_;
  const auto enrolment = s.open_enrolment(request.enrolment);
  if (!enrolment) return enrolment.error();
  if (enrolment->key != request.key) {
    return failure(ErrorCode::code_unknown, "the enrolment is of another key than this one");
  }
  Error answer = failure(ErrorCode::later,
                         "the server was restored from a backup that does not know this device; "
                         "somebody who runs it has to let it in again (local work is kept)");
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(const State::CachedDevice* known, s.device(enrolment->device));
    ROLLCALL_TRY_ASSIGN(const bool was_revoked, s.is_listed_as_revoked(enrolment->device));
    ReadmissionTable table(s.file.connection());
    ROLLCALL_TRY_ASSIGN(const std::vector<Readmission> all, table.all());
    ROLLCALL_TRY_ASSIGN(const auto asked, table.find(enrolment->device));
    if (known != nullptr) {
      answer = failure(ErrorCode::later, "this device is known: sync again");
    } else if (was_revoked || (asked && asked->refused)) {
      answer = failure(ErrorCode::refused,
                       "this device is not let in again: ask an organizer for a new invitation; "
                       "local work is kept");
    } else if (!asked && all.size() < readmissions_max) {
      return table.keep({enrolment->device, request.enrolment, s.now_ms, false});
    }
    return {};
  };
  if (const auto noted = s.commit(work); !noted) return noted.error();
  return answer;
}

Result<DeviceRecord> Space::readmit(DeviceNumber number, bool accept) {
  State& s = *state_;
  State::CachedDevice device;
  DeviceRecord& record = device.stored.record;
  const auto work = [&]() -> Result<void> {
    ReadmissionTable table(s.file.connection());
    ROLLCALL_TRY_ASSIGN(std::optional<Readmission> asked, table.find(number));
    if (!asked) return failure(ErrorCode::not_found, "no such device asks to be let in again");
    ROLLCALL_TRY_ASSIGN(const Enrolment enrolment, s.open_enrolment(asked->enrolment));
    record.number = record.family = enrolment.device;
    record.key = enrolment.key;
    record.label = enrolment.label;
    record.enrolled_ms = enrolment.enrolled_ms;
    record.grants_version = 1;
    if (!accept) {
      asked->refused = true;
      return table.keep(*asked);
    }
    ROLLCALL_TRY_ASSIGN(const bool was_revoked, s.is_listed_as_revoked(number));
    if (was_revoked) {
      return failure(ErrorCode::not_allowed,
                     "the list of revocations names this device: invite it anew");
    }
    device.stored.enrolled = s.next;
    s.next = s.next.next();
    ROLLCALL_TRY(s.devices->insert(device.stored));
    for (const Grant& grant : enrolment.grants) {
      if (s.roles->book().bit(grant.role) == 0) continue;  // a later schema's
      ROLLCALL_TRY(s.insert_grant(device.stored, grant.path, grant.role, device.stored.enrolled));
    }
    s.news.grants.push_back(number);
    s.news.admitted.push_back(number);
    s.cached_devices.emplace(number.value, device);
    return table.forget(number);
  };
  ROLLCALL_TRY(s.commit(work));
  if (accept) {
    for (const GrantRecord& grant : record.grants) s.watch(grant.path, grant.role);
  }
  return record;
}

}  // namespace rollcall
