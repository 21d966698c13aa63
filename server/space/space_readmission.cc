// Devices that a restored file does not know, and that were enrolled here: who shows an enrolment
// that this space sealed is let in again, under its number and key, once somebody agrees.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "server/space/device_digits.h"
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
Result<bool> Space::State::is_revoked(const Enrolment& enrolment) {
  std::vector<DeviceNumber> family{enrolment.device};
  for (const EnrolledAncestor& one : enrolment.ancestors) family.push_back(one.device);
  for (const DeviceNumber member : family) {
    ROLLCALL_TRY_ASSIGN(const CachedDevice* known, device(member));
    if (known != nullptr && known->stored.record.is_revoked()) return true;
  }
  if (!doors.vfs.empty()) return false;
  const auto list = RevocationList::read(RevocationList::path_beside(path));
  if (!list && list.error().code == ErrorCode::not_found) return false;
  if (!list) return list.error();
  return std::any_of(list->all().begin(), list->all().end(), [&](const Revocation& one) {
    return std::find(family.begin(), family.end(), one.device) != family.end();
  });
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
    ROLLCALL_TRY_ASSIGN(const bool was_revoked, s.is_revoked(*enrolment));
    ReadmissionTable table(s.file.connection());
    ROLLCALL_TRY_ASSIGN(const std::size_t waiting, table.count());
    ROLLCALL_TRY_ASSIGN(const auto asked, table.find(enrolment->device));
    if (known != nullptr) {
      answer = failure(ErrorCode::later, "this device is known: sync again");
    } else if (was_revoked || (asked && asked->refused)) {
      answer = failure(ErrorCode::refused,
                       "this device is not let in again: ask an organizer for a new invitation; "
                       "local work is kept");
    } else if (!asked && waiting >= readmissions_max) {
      answer = failure(ErrorCode::later,
                       "the server was restored, and more devices ask to come back than it keeps: "
                       "somebody who runs it has to decide about some (local work is kept)");
    } else if (!asked) {
      return table.keep({enrolment->device, request.enrolment, s.now_ms, false});
    }
    return {};
  };
  if (const auto noted = s.commit(work); !noted) return noted.error();
  return answer;
}

Result<DeviceRecord> Space::readmit(DeviceNumber number, bool accept) {
  State& s = *state_;
  if (accept) ROLLCALL_TRY(s.check_nobody_forgotten());
  DeviceRecord record;
  const auto work = [&]() -> Result<void> {
    ReadmissionTable table(s.file.connection());
    ROLLCALL_TRY_ASSIGN(std::optional<Readmission> asked, table.find(number));
    if (!asked) return failure(ErrorCode::not_found, "no such device asks to be let in again");
    ROLLCALL_TRY_ASSIGN(const Enrolment enrolment, s.open_enrolment(asked->enrolment));
    if (!accept) {
      asked->refused = true;
      return table.keep(*asked);
    }
    ROLLCALL_TRY_ASSIGN(const bool was_revoked, s.is_revoked(enrolment));
    if (was_revoked) {
      return failure(ErrorCode::not_allowed,
                     "this device, or one that it is a copy of, was revoked: invite it anew");
    }
    ROLLCALL_TRY_ASSIGN(const State::CachedDevice* admitted, s.readmit(enrolment));
    record = admitted->stored.record;
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  for (const GrantRecord& grant : record.grants) s.watch(grant.path, grant.role);
  return record;
}

Result<Space::State::CachedDevice*> Space::State::readmit(const Enrolment& enrolment) {
  std::vector<EnrolledAncestor> line = enrolment.ancestors;
  line.push_back({enrolment.device, enrolment.key, {}, {}, 0});
  ReadmissionTable table(file.connection());
  CachedDevice* before = nullptr;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const EnrolledAncestor& one = line[i];
    ROLLCALL_TRY_ASSIGN(CachedDevice * known, device(one.device));
    if (known == nullptr) {
      ROLLCALL_TRY_ASSIGN(const auto asked, table.find(one.device));
      if (asked && asked->refused && one.device != enrolment.device) {
        return failure(ErrorCode::not_allowed,
                       "it is a copy of device " + device_digits(one.device) +
                           ", which was refused: let that one in first, or invite this one anew");
      }
      ROLLCALL_TRY(table.forget(one.device));
      ROLLCALL_TRY(before == nullptr ? readmit_first(enrolment, one)
                                     : readmit_fork(*before, line[i - 1], one));
      ROLLCALL_TRY_ASSIGN(known, device(one.device));
      news.admitted.push_back(one.device);
    }
    if (known->stored.record.key != one.key || known->stored.record.family != line.front().device) {
      return failure(ErrorCode::already_exists,
                     "device " + device_digits(one.device) +
                         " is another one here: invite the one that asks anew");
    }
    before = known;
  }
  return before;
}

Result<void> Space::State::readmit_first(const Enrolment& enrolment, const EnrolledAncestor& one) {
  CachedDevice device;
  DeviceRecord& record = device.stored.record;
  record.number = record.family = one.device;
  record.key = one.key;
  record.label = enrolment.label;
  record.enrolled_ms = enrolment.enrolled_ms;
  record.grants_version = 1;
  device.stored.enrolled = next;
  next = next.next();
  ROLLCALL_TRY(devices->insert(device.stored));
  for (const Grant& grant : enrolment.grants) {
    if (roles->book().bit(grant.role) == 0) continue;  // a later schema's
    ROLLCALL_TRY(insert_grant(device.stored, grant.path, grant.role, device.stored.enrolled));
  }
  news.grants.push_back(record.number);
  cached_devices.emplace(record.number.value, std::move(device));
  return {};
}

// It stands where the one before it stands by now; what is missing up to where they parted is
// brought by whichever of them comes.
Result<void> Space::State::readmit_fork(const CachedDevice& before, const EnrolledAncestor& parted,
                                        const EnrolledAncestor& one) {
  StoredDevice forked = offspring_of(before.stored);
  DeviceRecord& record = forked.record;
  record.number = one.device;
  record.key = one.key;
  record.forked_at = parted.through;
  record.forked_head = parted.head;
  record.forked_ms = parted.forked_ms;
  const TxNumber last = std::min(before.stored.record.last_tx, parted.through);
  ROLLCALL_TRY_ASSIGN(const bool is_there, stand_at(before.stored, last, forked));
  if (!is_there || (last == parted.through && record.head != parted.head)) {
    return failure(ErrorCode::already_exists,
                   "device " + device_digits(parted.device) +
                       ", which it is a copy of, went on otherwise since the restore: invite this "
                       "one anew");
  }
  return insert_fork(forked);
}

}  // namespace rollcall
