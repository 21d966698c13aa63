// A chain that does not go on where it was: a file that was copied, or restored.
#include <utility>

#include "engine/base/check.h"
#include "engine/protocol/chain.h"
#include "server/space/limits.h"
#include "server/space/space_state.h"

namespace rollcall {

Result<ForkReply> Space::fork(DeviceNumber number, const ForkWant& want) {
  State& s = *state_;
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
  const auto tell = [&](const DeviceRecord& forked) {
    reply = {forked.number, seal_enrolment(forked), Bytes(forked.forked_head.view())};
    return Refused();
  };
  ROLLCALL_TRY_ASSIGN(const std::vector<CachedDevice*> family, family_of(record));
  for (const CachedDevice* member : family) {
    // The answer was lost: the same again.
    if (member != from && member->stored.record.key == want.key) return tell(member->stored.record);
  }
  if (want.common < record.forked_at || want.common > record.last_tx) {
    return Refused(failure(
        ErrorCode::forked,
        "this device has no transaction " + std::to_string(want.common.value) + " to go on from"));
  }
  ROLLCALL_TRY_ASSIGN(const bool allowed,
                      devices->is_fork_allowed(record.family, now_ms - fork_rest_ms));
  if (!allowed) {
    return Refused(failure(ErrorCode::later,
                           "this device's file was copied or restored twice today: an organizer "
                           "has to allow it to go on; local work is kept"));
  }
  StoredDevice forked;
  ROLLCALL_TRY(make_fork(*from, want, forked));
  ROLLCALL_TRY(devices->allow_fork(record.family, false));
  return tell(forked.record);
}

Result<void> Space::State::make_fork(const CachedDevice& from, const ForkWant& want,
                                     StoredDevice& forked) {
  const DeviceRecord& record = from.stored.record;
  forked.record = record;
  ROLLCALL_TRY_ASSIGN(forked.record.number, free_device_number());
  forked.record.key = want.key;
  forked.record.forked_from = record.number;
  forked.record.forked_at = want.common;
  forked.record.forked_ms = now_ms;
  forked.record.last_tx = want.common;
  forked.record.last_push_ms = 0;
  forked.record.forked_head = record.head;
  if (want.common != record.last_tx) {
    ROLLCALL_TRY_ASSIGN(forked.record.forked_head,
                        log->head_at(doors.cryptography, record.number, record.forked_at,
                                     record.forked_head, want.common));
  }
  forked.record.head = forked.record.forked_head;
  forked.ended = from.stored.ended;
  forked.ancestors = from.stored.ancestors;
  forked.ancestors.insert(forked.ancestors.begin(), {record.number, want.common});
  forked.enrolled = from.stored.enrolled;
  // What its author had read by then; what the other copy did since is not its own.
  forked.record.last_accepted = Stamp{};
  ROLLCALL_TRY_ASSIGN(const std::optional<LoggedTransaction> last,
                      log->find(from.stored.holder_of(want.common), want.common));
  if (last) {
    forked.cursor = last->cursor;
    forked.cursor_ms = last->cursor_ms;
    forked.record.last_accepted = Stamp{last->judgement.accepted.time, forked.record.number};
  }
  ROLLCALL_TRY(devices->insert(forked));
  ROLLCALL_TRY(devices->save_fork(forked.record));
  if (record.is_revoked()) ROLLCALL_TRY(devices->save_revocation(forked.record));
  CachedDevice cached;
  cached.stored = forked;
  cached_devices.emplace(forked.record.number.value, std::move(cached));
  news.grants.push_back(forked.record.number);
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
