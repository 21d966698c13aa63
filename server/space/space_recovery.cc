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

// Before the space commits it, counted already. A simulated disk has no such file.
Result<void> Space::State::list_revocation(const std::vector<CachedDevice*>& family, bool erase) {
  if (!doors.vfs.empty()) return {};
  const std::string list_path = RevocationList::path_beside(path);
  auto list = RevocationList::read(list_path);
  if (!list && list.error().code != ErrorCode::not_found) return list.error();
  RevocationList known = list ? std::move(*list) : RevocationList();
  std::uint64_t number = header.revocations;
  for (const Revocation& one : known.all()) number = std::max(number, one.number + 1);
  std::vector<Revocation> added;
  for (const CachedDevice* member : family) {
    added.push_back(revocation_of(member->stored.record, number, now_ms, erase));
  }
  known.add(added);
  return known.write(list_path);
}

Result<std::vector<Revocation>> Space::reconcile_with_list() {
  const auto list = RevocationList::read(RevocationList::path_beside(state_->path));
  if (!list && list.error().code == ErrorCode::not_found) return std::vector<Revocation>();
  if (!list) return list.error();
  std::uint64_t listed = 0;
  for (const Revocation& one : list->all()) listed = std::max(listed, one.number);
  const SpaceHeader& header = state_->header;
  ROLLCALL_TRY_ASSIGN(const bool is_known_whole,
                      EpochTable(state_->file.connection()).is_reconciled());
  if (!is_known_whole || header.revocations_told > std::max(listed, header.revocations)) {
    return std::vector<Revocation>();  // the list is not all
  }
  ROLLCALL_TRY_ASSIGN(std::vector<Revocation> forgotten, forgotten_of(list->all()));
  if (forgotten.empty() && listed <= header.revocations) return forgotten;
  return reconcile(list->all());
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
  ROLLCALL_TRY(s.commit(work));
  if (s.doors.vfs.empty() && !known.empty()) {
    const std::string path = RevocationList::path_beside(s.path);
    auto list = RevocationList::read(path);
    if (!list && list.error().code != ErrorCode::not_found) return list.error();
    RevocationList all = list ? std::move(*list) : RevocationList();
    all.add(known);
    ROLLCALL_TRY(all.write(path));
  }
  return forgotten;
}

Result<void> Space::prepare_restored(const std::string& path, Epoch at_least, bool reconciled,
                                     const Doors& doors) {
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::open(path, doors.vfs, Access::writer));
  ROLLCALL_TRY_ASSIGN(const SpaceHeader header, file.header());
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
  return file.connection().checkpoint();
}

}  // namespace rollcall
