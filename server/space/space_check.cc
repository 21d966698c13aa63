#include "server/space/space_check.h"

#include <utility>

#include "server/space/log_check.h"
#include "server/space/replay_check.h"

namespace rollcall {
namespace {

Result<void> check_pages(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement check, connection.prepare("PRAGMA integrity_check(1)"));
  ROLLCALL_TRY_ASSIGN(const bool told, check.step());
  if (told && check.text(0) == "ok") return {};
  return failure(ErrorCode::corrupt,
                 "SQLite finds the file damaged: " + std::string(check.text(0)));
}

Result<SpaceReport> check(Snapshot& snapshot, const SpaceReader::Doors& doors,
                          const std::string& scratch) {
  SpaceReport report;
  report.name = snapshot.header().name;
  report.epoch = snapshot.header().epoch;
  report.head = snapshot.head().sequence;
  ROLLCALL_TRY(check_pages(snapshot.file().connection()));
  LogCheck log(snapshot, doors.cryptography, report);
  ROLLCALL_TRY(log.check_chains());
  ROLLCALL_TRY(log.check_sequences());
  ReplayCheck replay(snapshot, doors, scratch, report);
  ROLLCALL_TRY(replay.run());
  ROLLCALL_TRY_ASSIGN(const Digest digest, snapshot.digest(std::nullopt));
  report.digest = digest.sum;
  return report;
}

}  // namespace

Result<SpaceReport> check_space(const std::string& path, const SpaceReader::Doors& doors,
                                const std::string& scratch) {
  ROLLCALL_TRY_ASSIGN(SpaceFile file, SpaceFile::open(path, doors.vfs, Access::reader));
  ROLLCALL_TRY_ASSIGN(
      const std::unique_ptr<Snapshot> snapshot,
      Snapshot::open(std::move(file), doors.cryptography, doors.random, doors.clock, nullptr));
  ROLLCALL_TRY(snapshot->begin());
  return check(*snapshot, doors, scratch);
}

}  // namespace rollcall
