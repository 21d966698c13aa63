#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/space/change_set.h"
#include "server/space/compaction.h"
#include "server/space/snapshot.h"
#include "server/space/space_check.h"
#include "server/space/transaction_judge.h"

namespace rollcall {

// Replays a space's log into an empty one and compares every row. Borrows an open snapshot.
class ReplayCheck {
 public:
  ReplayCheck(Snapshot& snapshot, const SpaceReader::Doors& doors, std::string scratch,
              SpaceReport& report)
      : snapshot_(snapshot), doors_(doors), scratch_(std::move(scratch)), report_(report) {}
  ReplayCheck(const ReplayCheck&) = delete;
  ReplayCheck& operator=(const ReplayCheck&) = delete;
  ~ReplayCheck();

  // `corrupt`, naming the first thing that is wrong.
  Result<void> run();

 private:
  Result<void> open_scratch();
  Result<void> replay();
  Result<void> replay(const LoggedTransaction& logged);
  Result<void> compact_before(Sequence sequence);
  Result<const StoredDevice*> device(DeviceNumber number);
  Result<void> compare(const CollectionDef& collection);
  Result<void> compare(const CollectionDef& collection, const ServerRow& stored,
                       const ServerRow& replayed);
  Result<void> check_index(const CollectionDef& collection, const ServerRow& stored);

  // Where a row lies and lay, by name.
  struct NamedEntry {
    std::string path;
    Sequence entered;
    Sequence left;
    friend bool operator==(const NamedEntry&, const NamedEntry&) = default;
  };
  Result<std::vector<NamedEntry>> named(PathNames& names, const ServerRow& row) const;

  Snapshot& snapshot_;
  const SpaceReader::Doors& doors_;
  const std::string scratch_;
  SpaceReport& report_;
  std::map<std::uint32_t, StoredDevice> devices_;

  std::optional<SpaceFile> file_;
  std::optional<Transaction> transaction_;
  std::optional<PathIndex> paths_;
  std::optional<PathNames> names_;
  std::optional<Sealer> sealer_;
  std::unique_ptr<SpaceRoles> roles_;
  ChangeSet changes_;
  std::set<ErasedRow> half_erased_;  // by erasures that were cut short
  std::unique_ptr<TransactionJudge> judge_;
  std::vector<CompactedRange> compactions_;
  std::size_t compacted_ = 0;  // of these, done
  std::uint64_t entries_ = 0;  // of all rows in all paths
};

}  // namespace rollcall
