#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/codec/page_writer.h"
#include "engine/model/role_book.h"
#include "engine/storage/server_table.h"
#include "server/space/device.h"
#include "server/space/path_names.h"

namespace rollcall {

// What a device's grants mean for each path, within one page: worked out once a path. Everything of
// a row that leaves the server, its paths and its fields, goes through here.
class ScopeView {
 public:
  // `grants` are the device's active ones; `complete` (ascending) those whose bootstrap the device
  // says is complete: what is not active of them counts for nothing.
  ScopeView(PathNames& names, RoleBook& roles, std::span<const GrantRecord> grants,
            std::span<const GrantId> complete);

  struct PathView {
    RoleBits roles = 0;     // of the grants that cover it
    RoleBits complete = 0;  // of the complete ones
    // Of the complete ones: role, and when it was given.
    std::vector<std::pair<RoleBits, Sequence>> given;
    std::int64_t place = -1;  // in the page's dictionary, once it is there

    // True when the row's leaving this path is news to somebody with a complete grant that shows
    // the collection.
    [[nodiscard]] bool left_since(RoleBits showing, Sequence left) const;
  };
  Result<PathView*> of(std::int64_t path);

  // The roles that show something of the collection: a path counts for a row only through these.
  [[nodiscard]] RoleBits showing(CollectionId collection) const {
    return roles_.showing(collection);
  }
  // What roles see together; the same fields are the same object.
  [[nodiscard]] const FieldView& view(CollectionId collection, RoleBits roles) {
    return roles_.view(collection, roles);
  }
  // What all grants together show of a row at these paths.
  Result<const FieldView*> view_of(CollectionId collection, std::span<const PathEntry> entries);

  // Complete and active, ascending.
  [[nodiscard]] const std::vector<GrantRecord>& complete() const { return complete_; }

  // The place of the set of the row's visible present paths in the page.
  Result<std::uint32_t> path_set(CollectionId collection, std::span<const PathEntry> entries,
                                 PageWriter& page);

 private:
  PathNames& names_;
  RoleBook& roles_;
  std::vector<GrantRecord> grants_;
  std::vector<GrantRecord> complete_;
  std::unordered_map<std::int64_t, PathView> views_;
  std::vector<std::uint32_t> places_;
};

}  // namespace rollcall
