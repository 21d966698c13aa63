// A chain that does not go on where it was: a file that was copied, or restored.
#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/protocol/chain.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {

Result<ForkReply> Space::fork(DeviceNumber number, const ForkWant& want) {
  State& s = *state_;
  ROLLCALL_TRY(s.check_nobody_forgotten());
  // A refusal writes nothing, and must not cost what a commit that failed costs.
  ForkReply reply;
  std::optional<Error> refused;
  const auto work = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(refused, s.fork(number, want, reply));
    return {};
  };
  ROLLCALL_TRY(s.commit(work));
  if (refused) return *refused;
  return reply;
}

Result<std::optional<Error>> Space::State::fork(DeviceNumber number, const ForkWant& want,
                                                ForkReply& reply) {
  using Refused = std::optional<Error>;
  ROLLCALL_TRY_ASSIGN(CachedDevice * from, device(number));
  if (from == nullptr || from->stored.record.local) {
    return Refused(failure(ErrorCode::unknown_key, "no such device in this space; enrol it"));
  }
  const DeviceRecord& record = from->stored.record;
  const auto tell = [&](const DeviceRecord& forked) -> Result<Refused> {
    ROLLCALL_TRY_ASSIGN(const Bytes enrolment, seal_enrolment(forked));
    reply = {forked.number, enrolment, Bytes(forked.forked_head.view())};
    return Refused();
  };
  ROLLCALL_TRY_ASSIGN(const std::vector<CachedDevice*> family, family_of(record));
  for (const CachedDevice* member : family) {
    // The answer was lost: the same again.
    if (member != from && member->stored.record.key == want.key) return tell(member->stored.record);
  }
  // One that came back after a restore may find that its ancestor's chain went on otherwise.
  if (want.common < record.forked_at) {
    ROLLCALL_TRY_ASSIGN(from, device(from->stored.holder_of(want.common)));
    ROLLCALL_CHECK(from != nullptr);
  }
  const auto no_such_place = [&] {
    return failure(ErrorCode::forked, "this device has no transaction " +
                                          std::to_string(want.common.value) + " to go on from");
  };
  if (want.common < from->stored.record.forked_at || want.common > from->stored.record.last_tx) {
    return Refused(no_such_place());
  }
  if (from->stored.ancestors.size() >= ancestors_max) {
    return Refused(failure(ErrorCode::limit,
                           "this device's file was copied or restored too often: invite it anew; "
                           "local work is kept"));
  }
  ROLLCALL_TRY_ASSIGN(const bool allowed,
                      devices->is_fork_allowed(record.family, now_ms - fork_rest_ms));
  if (!allowed) {
    return Refused(failure(ErrorCode::later,
                           "this device's file was copied or restored twice today: an organizer "
                           "has to allow it to go on; local work is kept"));
  }
  StoredDevice forked = offspring_of(from->stored);
  ROLLCALL_TRY_ASSIGN(const bool is_there, stand_at(from->stored, want.common, forked));
  if (!is_there) return Refused(no_such_place());
  ROLLCALL_TRY_ASSIGN(forked.record.number, free_device_number());
  forked.record.key = want.key;
  forked.record.forked_at = want.common;
  forked.record.forked_head = forked.record.head;
  forked.record.forked_ms = now_ms;
  ROLLCALL_TRY(insert_fork(forked));
  ROLLCALL_TRY(devices->allow_fork(record.family, false));
  return tell(forked.record);
}

// What a family has in common.
StoredDevice Space::State::offspring_of(const StoredDevice& from) {
  StoredDevice forked;
  forked.record = from.record;
  forked.record.forked_from = from.record.number;
  forked.record.last_tx = TxNumber{};
  forked.record.head = Hash{};
  forked.record.last_accepted = Stamp{};
  forked.record.last_push_ms = 0;
  forked.ended = from.ended;
  forked.ancestors = from.ancestors;
  forked.enrolled = from.enrolled;
  return forked;
}

Result<bool> Space::State::stand_at(const StoredDevice& from, TxNumber number,
                                    StoredDevice& forked) {
  const auto head = log->head_at(doors.cryptography, from.record, number);
  if (!head && head.error().code == ErrorCode::gap) return false;
  if (!head) return head.error();
  DeviceRecord& record = forked.record;
  record.last_tx = number;
  record.head = *head;
  // What its author had read by then; what the other copy did since is not its own.
  ROLLCALL_TRY_ASSIGN(const std::optional<LoggedTransaction> last,
                      log->find(from.holder_of(number), number));
  if (last) {
    forked.cursor = last->cursor;
    forked.cursor_ms = last->cursor_ms;
    record.last_accepted = Stamp{last->judgement.accepted.time, record.number};
  }
  return true;
}

Result<void> Space::State::insert_fork(StoredDevice& forked) {
  const DeviceRecord& record = forked.record;
  forked.ancestors.insert(forked.ancestors.begin(), {record.forked_from, record.forked_at});
  ROLLCALL_TRY(devices->insert(forked));
  ROLLCALL_TRY(devices->save_fork(record));
  if (record.is_revoked()) ROLLCALL_TRY(devices->save_revocation(record));
  CachedDevice cached;
  cached.stored = forked;
  cached_devices.emplace(record.number.value, std::move(cached));
  news.grants.push_back(record.number);
  return {};
}

// A fork that came back after a restore may be known before its ancestors have brought back all
// that is theirs, or without them. Up to where it forked its chain is theirs: it stands where they
// stand, and what it brings of it goes to them, once, whoever comes first.
Result<Space::State::CachedDevice*> Space::State::follow_ancestors(CachedDevice& device) {
  StoredDevice& stored = device.stored;
  const DeviceRecord& record = stored.record;
  CachedDevice* const follows = nullptr;
  if (record.last_tx >= record.forked_at) return follows;
  ROLLCALL_TRY_ASSIGN(CachedDevice * from, this->device(record.forked_from));
  ROLLCALL_CHECK(from != nullptr);
  ROLLCALL_TRY_ASSIGN(CachedDevice * apart, follow_ancestors(*from));
  if (apart != nullptr) return apart;
  const TxNumber last = std::min(from->stored.record.last_tx, record.forked_at);
  if (last <= record.last_tx) return follows;
  StoredDevice moved = stored;
  ROLLCALL_TRY_ASSIGN(const bool is_there, stand_at(from->stored, last, moved));
  if (!is_there || (last == record.forked_at && moved.record.head != record.forked_head)) {
    return from;
  }
  stored = std::move(moved);
  device.moved = true;
  return follows;
}

Result<Space::State::CachedDevice*> Space::State::holder_of_next(CachedDevice& device) {
  const DeviceRecord& record = device.stored.record;
  if (record.last_tx >= record.forked_at) return &device;
  const DeviceNumber number = device.stored.holder_of(record.last_tx.next());
  ROLLCALL_TRY_ASSIGN(CachedDevice * holder, this->device(number));
  ROLLCALL_CHECK(holder != nullptr);
  ROLLCALL_TRY_ASSIGN(const CachedDevice* apart, follow_ancestors(*holder));
  ROLLCALL_CHECK(apart == nullptr);
  ROLLCALL_CHECK(holder->stored.record.last_tx == record.last_tx);
  holder->moved = true;
  if (news.verdicts.empty() || news.verdicts.back() != number) news.verdicts.push_back(number);
  return holder;
}

Result<bool> Space::State::leads_to_forks(const CachedDevice& device, TxNumber after,
                                          std::span<const Hash> heads) {
  const DeviceRecord* fork = &device.stored.record;
  while (fork->forked_at > after) {
    const std::uint64_t place = fork->forked_at.value - after.value - 1;
    if (place < heads.size() && heads[place] != fork->forked_head) return false;
    ROLLCALL_TRY_ASSIGN(const CachedDevice* from, this->device(fork->forked_from));
    ROLLCALL_CHECK(from != nullptr);
    fork = &from->stored.record;
  }
  return true;
}

Result<void> Space::State::pass_gap(CachedDevice& device, Gap gap) {
  // Only its own part is passed: an ancestor may still bring the rest.
  const DeviceNumber number = device.stored.holder_of(gap.last.next());
  ROLLCALL_TRY_ASSIGN(CachedDevice * holder, this->device(number));
  ROLLCALL_CHECK(holder != nullptr);
  ROLLCALL_TRY(follow_ancestors(*holder));
  DeviceRecord& record = holder->stored.record;
  gap.device = number;
  gap.first = record.last_tx.next();
  ROLLCALL_TRY(log->add_gap(gap));
  record.last_tx = gap.last;
  record.head = gap.head;
  holder->moved = true;
  ROLLCALL_TRY(follow_ancestors(device));
  return {};
}

Result<void> Space::allow_fork(DeviceNumber number) {
  State& s = *state_;
  return s.commit([&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(State::CachedDevice * device, s.device(number));
    if (device == nullptr) return failure(ErrorCode::not_found, "no such device in this space");
    return s.devices->allow_fork(device->stored.record.family, true);
  });
}

}  // namespace rollcall
