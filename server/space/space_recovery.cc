// After a restore: a new epoch, and what the restored file forgot.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "server/space/space_state.h"

namespace rollcall {
namespace {

Revocation revocation_of(const DeviceRecord& device, std::uint64_t number, std::int64_t now_ms,
                         bool erase) {
  return {number, now_ms, device.number, erase, device.key, device.label};
}

}  // namespace

Result<void> Space::State::count_revocations(std::uint64_t number) {
  header.revocations = number;
  return file.set_revocations(header.revocations, header.revocations_told);
}

// The list as it stands beside the file, with all whom the file knows as revoked: a list that was
// lost, or stayed behind when the space was moved, begins with them.
Result<RevocationList> Space::State::revocations_listed() {
  auto list = RevocationList::read(RevocationList::path_beside(path));
  if (!list && list.error().code != ErrorCode::not_found) return list.error();
  RevocationList known = list ? std::move(*list) : RevocationList();
  ROLLCALL_TRY_ASSIGN(const std::vector<DeviceNumber> revoked, devices->revoked());
  std::vector<Revocation> of_file;
  std::uint64_t number = 0;
  Sequence last;
  for (const DeviceNumber one : revoked) {
    ROLLCALL_TRY_ASSIGN(const CachedDevice* device, this->device(one));
    ROLLCALL_CHECK(device != nullptr);
    const DeviceRecord& record = device->stored.record;
    if (record.revoked != last) ++number;  // a family goes at once
    last = record.revoked;
    of_file.push_back(revocation_of(record, number, record.revoked_ms, record.erase));
  }
  known.add(of_file);
  return known;
}

// Before the space commits it, counted already. A simulated disk has no such file.
Result<void> Space::State::list_revocation(const std::vector<CachedDevice*>& family, bool erase) {
  if (!doors.vfs.empty()) return {};
  ROLLCALL_TRY_ASSIGN(RevocationList known, revocations_listed());
  std::uint64_t number = std::max(header.revocations, known.last_number() + 1);
  // Nobody said yet what a restore forgot: what is unknown leaves a hole.
  ROLLCALL_TRY_ASSIGN(const bool is_known_whole, EpochTable(file.connection()).is_reconciled());
  if (!is_known_whole) ++number;
  std::vector<Revocation> added;
  added.reserve(family.size());
  for (const CachedDevice* member : family) {
    added.push_back(revocation_of(member->stored.record, number, now_ms, erase));
  }
  known.add(added);
  return known.write(RevocationList::path_beside(path));
}

Result<std::vector<Revocation>> Space::reconcile_with_list() {
  const auto list = RevocationList::read(RevocationList::path_beside(state_->path));
  if (!list && list.error().code == ErrorCode::not_found) return std::vector<Revocation>();
  if (!list) return list.error();
  const std::uint64_t listed = list->last_number();
  const SpaceHeader& header = state_->header;
  ROLLCALL_TRY_ASSIGN(const bool is_known_whole,
                      EpochTable(state_->file.connection()).is_reconciled());
  if (!list->is_whole_after(header.revocations)) ROLLCALL_TRY(note_revocations_told(listed));
  if (!is_known_whole || header.revocations_told > std::max(listed, header.revocations) ||
      !list->is_whole_after(header.revocations)) {
    return std::vector<Revocation>();  // the list is not all
  }
  ROLLCALL_TRY_ASSIGN(std::vector<Revocation> forgotten, forgotten_of(list->all()));
  if (forgotten.empty() && listed <= header.revocations) return forgotten;
  return reconcile(list->all());
}

Result<void> Space::list_revocations() {
  if (!state_->doors.vfs.empty()) return {};
  const std::string list_path = RevocationList::path_beside(state_->path);
  const auto list = RevocationList::read(list_path);
  if (!list && list.error().code != ErrorCode::not_found) return list.error();
  ROLLCALL_TRY_ASSIGN(const RevocationList known, state_->revocations_listed());
  if (list && list->all().size() == known.all().size()) return {};
  return known.write(list_path);
}

// One that the file does not know at all cannot come in, and stays in the list.
Result<std::vector<Revocation>> Space::forgotten_of(std::span<const Revocation> known) {
  std::vector<Revocation> forgotten;
  for (const Revocation& one : known) {
    ROLLCALL_TRY_ASSIGN(const State::CachedDevice* device, state_->device(one.device));
    if (device == nullptr || device->stored.record.is_revoked()) continue;
    forgotten.push_back(one);
  }
  return forgotten;
}

Result<void> Space::State::check_nobody_forgotten() const {
  if (header.revocations >= header.revocations_told) return {};
  return failure(ErrorCode::later,
                 "the server was restored and does not know who was shut out since: whoever runs "
                 "it has to say so; local work is kept");
}

Result<bool> Space::is_reconciled() {
  const SpaceHeader& header = state_->header;
  if (header.revocations < header.revocations_told) return false;
  return EpochTable(state_->file.connection()).is_reconciled();
}

std::uint64_t Space::revocations() const { return state_->header.revocations; }

Result<void> Space::note_revocations_told(std::uint64_t number) {
  State& s = *state_;
  if (number <= s.header.revocations_told) return {};
  return s.commit([&]() -> Result<void> {
    s.header.revocations_told = number;
    return s.file.set_revocations(s.header.revocations, number);
  });
}

Result<std::vector<Revocation>> Space::reconcile(std::span<const Revocation> known) {
  State& s = *state_;
  ROLLCALL_TRY_ASSIGN(std::vector<Revocation> forgotten, forgotten_of(known));
  const auto work = [&]() -> Result<void> {
    for (const Revocation& one : forgotten) {
      ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(one.device));
      ROLLCALL_CHECK(device != nullptr);
      if (device->stored.record.is_revoked()) continue;  // with another one of its family
      ROLLCALL_TRY(s.revoke(*device, one.erase));
    }
    // Whoever was revoked and is not known here at all is counted, too.
    std::uint64_t number = std::max(s.header.revocations, s.header.revocations_told);
    for (const Revocation& one : known) number = std::max(number, one.number);
    ROLLCALL_TRY(s.count_revocations(number));
    return EpochTable(s.file.connection()).set_reconciled();
  };
  // Whom the file does not know stands in the list alone: before anybody is served.
  if (s.doors.vfs.empty() && !known.empty()) {
    ROLLCALL_TRY_ASSIGN(RevocationList all, s.revocations_listed());
    std::uint64_t last = std::max(all.last_number(), s.header.revocations);
    std::vector<Revocation> numbered(known.begin(), known.end());
    for (Revocation& one : numbered) {
      if (one.number == 0) one.number = ++last;  // somebody named it, by no list
    }
    all.add(numbered);
    ROLLCALL_TRY(all.write(RevocationList::path_beside(s.path)));
  }
  ROLLCALL_TRY(s.commit(work));
  return forgotten;
}

Result<bool> Space::prepare_restored(const std::string& path, Epoch at_least,
                                     const std::optional<RevocationList>& list,
                                     const Doors& doors) {
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::open(path, doors.vfs, Access::writer));
  ROLLCALL_TRY_ASSIGN(const SpaceHeader header, file.header());
  const bool reconciled = list && list->is_whole_after(header.revocations);
  ROLLCALL_TRY_ASSIGN(const CommitRecord head, file.last_commit());
  const std::int64_t now_ms = std::max(doors.clock.utc_ms(), head.time_ms);
  const Epoch epoch = epoch_after(std::max(header.epoch, at_least), now_ms, doors.random);
  {
    ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(file.connection()));
    ROLLCALL_TRY(file.set_epoch(epoch));
    EpochTable epochs(file.connection());
    ROLLCALL_TRY(epochs.add({epoch, now_ms, head.sequence, reconciled}));
    // Whoever came in by one after the backup would come in by it again.
    ROLLCALL_TRY(file.connection().execute("DELETE FROM _invitations"));
    ROLLCALL_TRY(transaction.commit());
  }
  ROLLCALL_TRY(file.connection().checkpoint());
  return reconciled;
}

}  // namespace rollcall
