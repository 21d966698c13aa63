#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/messages.h"
#include "engine/storage/digest.h"
#include "engine/storage/server_table.h"
#include "server/space/snapshot.h"

namespace rollcall {

// Walks the (path, row) entries below a prefix in the order of (path, collection, row), with the
// row of each, as far as a role shows them: a collection that it does not show is not there. One at
// a time in a snapshot, and not beside a tail.
class EntryScan {
 public:
  // Without a role: everything.
  EntryScan(Snapshot& snapshot, std::string_view prefix, std::optional<RoleBits> role = {})
      : snapshot_(snapshot), prefix_(prefix), role_(role) {}
  ~EntryScan();
  EntryScan(const EntryScan&) = delete;
  EntryScan& operator=(const EntryScan&) = delete;

  // In (after, through]; nothing: from the first, to the last.
  Result<void> start(const std::optional<Boundary>& after, const std::optional<Boundary>& through);
  // The entries of that range, counted no further than `enough`; before the first `next`.
  Result<std::uint64_t> count(std::uint64_t enough);
  // The last entry of all below the prefix; nothing: there is none.
  Result<std::optional<Boundary>> last();
  Result<bool> next();

  // Of the present entry; views live until the next one.
  [[nodiscard]] std::string_view path() const { return paths_[at_].path; }
  [[nodiscard]] std::int64_t path_number() const { return paths_[at_].number; }
  [[nodiscard]] ReadTable& table() const { return *table_; }
  [[nodiscard]] const ServerImage& row() const { return row_; }
  [[nodiscard]] Boundary boundary() const;
  // What the entry adds to the prefix's digest, under the role's view.
  Result<Digest> digest();

  // " AND collection IN (...)" for the collections that the role shows; empty: all.
  static std::string shown_filter(Snapshot& snapshot, std::optional<RoleBits> role);

 private:
  Result<bool> next_collection();
  // The paths from `from` on, as many as one look takes.
  Result<std::vector<PathNames::NamedPath>> paths_from(std::string_view from);
  // The paths behind those, in its place; false: there are none.
  Result<bool> next_paths(std::vector<PathNames::NamedPath>& paths);
  [[nodiscard]] bool is_beyond() const;

  Snapshot& snapshot_;
  std::string prefix_;
  std::optional<RoleBits> role_;
  std::string filter_;               // for statements
  const FieldView* view_ = nullptr;  // of the present collection; null: everything
  std::optional<Boundary> after_;
  std::optional<Boundary> through_;
  std::vector<PathNames::NamedPath> paths_;  // those around the present one
  std::size_t at_ = 0;
  ReadTable* table_ = nullptr;  // whose statement is under way
  ServerImage row_;
  RowHasher hasher_;
  ServerRow unpacked_;
};

}  // namespace rollcall
