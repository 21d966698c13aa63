#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/clock/clock.h"
#include "engine/model/schema.h"
#include "server/commands/import_memory.h"
#include "server/commands/import_source.h"
#include "server/space/device.h"
#include "server/space/push.h"

namespace rollcall {

// Where an import's transactions go: a space that is open here, or one that a running server holds.
using PushDoor =
    std::function<Result<PushReply>(DeviceNumber, const SyncRequest&, const Hash& head)>;

// Whether the space has such a row, deleted or not.
using RowDoor = std::function<Result<bool>(CollectionId, const RowId&)>;

struct ImportReport {
  std::uint64_t lines = 0;      // read, good or not
  std::uint64_t written = 0;    // lines that wrote something
  std::uint64_t unchanged = 0;  // lines that said what they said last time
  std::uint64_t deleted = 0;    // lines of rows that were imported, deleted and compacted away
  std::uint64_t transactions = 0;
  std::vector<LineError> errors;  // refused lines, the first `errors_kept_max` of them
  std::uint64_t refused = 0;
};

// Writes a file's rows as the space's own import device: in transactions of up to 1,000 rows, only
// what changed since that line's last import, each field based on the stamp that the last import
// gave it. Stopped anywhere, it goes on with the next run as if it had not been. A conflict with
// somebody's correction is thereby seen and kept, not won in silence.
class Importer {
 public:
  // `device`: the import device as the space knows it (its chain goes on from there).
  Importer(const Schema& schema, const DeviceRecord& device, ImportMemory& memory, PushDoor push,
           RowDoor is_there, const Clock& clock, const Cryptography& cryptography);

  // `dry_run`: everything but writing. `on_progress(lines)` now and then.
  Result<ImportReport> run(const CollectionDef& collection, std::string_view text, bool is_csv,
                           const ImportOptions& options, bool dry_run,
                           const std::function<void(std::uint64_t lines)>& on_progress);

  static constexpr std::size_t errors_kept_max = 1'000;

 private:
  struct Batch;
  Result<void> add(const CollectionDef& collection, ImportLine&& line, Batch& batch,
                   ImportReport& report);
  Result<void> send(const CollectionDef& collection, Batch& batch, ImportReport& report);
  // What an import that was stopped did not get to know: whether its last batch was stored.
  Result<void> settle();
  // Has it judged, again if it was before, and remembers it if it took effect.
  Result<Verdict> push(ImportMemory::UnderWay& under_way);

  const Schema& schema_;
  DeviceNumber device_;
  ImportMemory& memory_;
  PushDoor push_;
  RowDoor is_there_;
  const Clock& clock_;
  const Cryptography& cryptography_;
  TxNumber last_;
  Hash head_;
  std::uint64_t last_time_ = 0;
};

}  // namespace rollcall
