#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/codec/page_writer.h"
#include "engine/model/packed_stamps.h"
#include "engine/storage/server_table.h"
#include "server/space/scope_view.h"
#include "server/space/snapshot.h"

namespace rollcall {

// Puts rows from the table into a page: cells go from SQLite's memory into the page's columns with
// nothing between. What only the server keeps (removals, unseen paths) stays behind.
class RowPacker {
 public:
  RowPacker(PageWriter& page, ScopeView& scope) : page_(page), scope_(scope) {}

  Result<void> add_whole(const ReadTable& table, const ServerImage& row,
                         std::span<const PathEntry> paths);
  // The fields of `positions` (ascending) only.
  Result<void> add_changed(const ReadTable& table, const ServerImage& row,
                           std::span<const PathEntry> paths,
                           std::span<const std::uint16_t> positions);
  Result<void> add_echo(const ReadTable& table, const ServerImage& row,
                        std::span<const PathEntry> paths);
  void add_evict(const ReadTable& table, const ServerImage& row);

 private:
  // The row's extra as clients may have it, of the fields in `fields_`.
  Result<BytesView> wire_extra(BytesView extra);

  PageWriter& page_;
  ScopeView& scope_;
  std::vector<FieldId> fields_;
  std::vector<ValueView> cells_;
  std::vector<FieldStamp> stamps_;
  Bytes packed_stamps_;
  Bytes extra_;
};

}  // namespace rollcall
