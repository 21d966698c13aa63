#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/merge/merge_row.h"
#include "engine/model/write.h"
#include "engine/storage/connection.h"
#include "engine/storage/digest.h"
#include "engine/storage/path_index.h"
#include "engine/storage/server_table.h"
#include "server/space/change_set.h"

namespace rollcall {

// Writes judged rows down: table, (path, row) index, sequences, and what changed for digests and
// news. It judges nothing. Used from row to row and keeps its memory. The caller's transaction.
class RowWriter {
 public:
  RowWriter(Connection& connection, PathIndex& paths, ChangeSet& changes)
      : connection_(&connection), paths_(&paths), changes_(&changes) {}

  // Whose views rows are summed under; they must live until others are chosen.
  void choose_roles(SpaceRoles& roles) {
    roles_ = &roles;
    changes_->choose_views(roles.digest_views());
  }
  // The transaction whose rows follow.
  void begin(Sequence sequence, Stamp accepted);
  // True when the transaction made paths that were not there before.
  [[nodiscard]] const std::vector<std::int64_t>& made_paths() const { return made_paths_; }

  // The fast way: rows that are new and need no merge. Says which fields the cells of the following
  // `insert_plain` are.
  void choose_plain(ServerTable& table, std::span<const FieldId> fields);
  // False, and nothing done, when the row exists. `paths` ascending.
  Result<bool> insert_plain(ServerTable& table, const RowId& id, std::span<const ValueView> cells,
                            const std::vector<std::string>& paths);

  // The general way. Before the merge: remembers what the row adds to digests now. `moves`: the
  // write touches what the row's paths are made of.
  Result<void> look_before(const ServerTable& table, const ServerRow& row, bool exists,
                           const RowWrite& write, bool moves);
  // After it: `row.state` is merged. `paths` are those of the row now; null: as they were.
  Result<void> write(ServerTable& table, ServerRow& row, bool exists, const RowEffect& effect,
                     const std::vector<std::string>* paths);
  // The row goes, without a trace.
  Result<void> forget(ServerTable& table, const ServerRow& row);

 private:
  Result<std::int64_t> intern(std::string_view path);
  Result<void> intern_all(const std::vector<std::string>& paths);
  // Adds, or notes in `before_`, what of the row counts at that path for each view that somebody
  // wants the digest of.
  struct Share {
    std::int64_t path = 0;
    std::size_t view = 0;
    Digest digest;
  };
  template <class Each>
  Result<void> shares(std::int64_t number, const ServerTable& table, const ServerRow& row,
                      const Each& each);
  Result<void> add_plain(std::int64_t number, const ServerTable& table, const RowId& id,
                         std::span<const ValueView> cells);
  // Lets the row lie at `numbers_` from this sequence on; what entered and left.
  void move(ServerRow& row);

  Connection* connection_;
  PathIndex* paths_;
  ChangeSet* changes_;
  SpaceRoles* roles_ = nullptr;
  RowHasher hasher_;
  std::vector<std::uint8_t> plain_mask_;  // of fields_, for one view
  Sequence sequence_;
  Stamp accepted_;
  std::vector<std::int64_t> made_paths_;

  // insert_plain: what consecutive rows share.
  std::span<const FieldId> fields_;
  Bytes stamps_;
  Bytes sequences_;
  std::vector<std::string> last_paths_;
  std::vector<std::int64_t> numbers_;  // of last_paths_, or of the row being written; ascending
  Bytes packed_paths_;
  bool last_paths_known_ = false;

  // look_before
  bool whole_ = false;                  // every field counts, not only those of `touched_`
  std::vector<std::uint16_t> touched_;  // positions
  std::vector<Share> before_;           // of the row's present, watched paths
  std::vector<std::int64_t> entered_;
  std::vector<std::int64_t> left_;
};

}  // namespace rollcall
