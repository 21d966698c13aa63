#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/codec/page_writer.h"
#include "engine/storage/server_table.h"
#include "server/space/device.h"
#include "server/space/path_names.h"

namespace rollcall {

// What a device's grants mean for each path, within one page: worked out once a path. What leaves
// the server of a row's paths goes through here.
class ScopeView {
 public:
  // `grants` are the device's active ones; `complete` (ascending) those whose bootstrap the device
  // says is complete: what is not active of them counts for nothing.
  ScopeView(PathNames& names, std::span<const GrantRecord> grants,
            std::span<const GrantId> complete);

  struct PathView {
    bool visible = false;     // some grant covers it
    bool complete = false;    // a complete one does
    Sequence since;           // the earliest that a complete one was given
    std::int64_t place = -1;  // in the page's dictionary, once it is there
  };
  Result<PathView*> of(std::int64_t path);

  // Complete and active, ascending.
  [[nodiscard]] const std::vector<GrantRecord>& complete() const { return complete_; }

  // The place of the set of the row's visible present paths in the page.
  Result<std::uint32_t> path_set(std::span<const PathEntry> entries, PageWriter& page);

 private:
  PathNames& names_;
  std::vector<GrantRecord> grants_;
  std::vector<GrantRecord> complete_;
  std::unordered_map<std::int64_t, PathView> views_;
  std::vector<std::uint32_t> places_;
};

}  // namespace rollcall
