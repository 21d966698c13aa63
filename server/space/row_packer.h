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
// nothing between. What only the server keeps (removals) and what is not seen (paths, fields, their
// stamps and losers) stays behind.
class RowPacker {
 public:
  RowPacker(PageWriter& page, ScopeView& scope) : page_(page), scope_(scope) {}

  Result<void> add_whole(const ReadTable& table, const ServerImage& row,
                         std::span<const PathEntry> paths, const FieldView& view);
  // The fields of `positions` (ascending) only; all of them are seen.
  Result<void> add_changed(const ReadTable& table, const ServerImage& row,
                           std::span<const PathEntry> paths,
                           std::span<const std::uint16_t> positions);
  Result<void> add_echo(const ReadTable& table, const ServerImage& row,
                        std::span<const PathEntry> paths);
  void add_evict(const ReadTable& table, const ServerImage& row);

 private:
  // Sets `fields_`, `cells_` and `packed_stamps_` to these of the row.
  Result<void> choose(const ReadTable& table, const ServerImage& row,
                      std::span<const std::uint16_t> positions);
  // The row's extra as clients may have it, of the fields in `fields_`.
  Result<BytesView> wire_extra(BytesView extra);

  PageWriter& page_;
  ScopeView& scope_;
  std::vector<FieldId> fields_;
  std::vector<ValueView> cells_;
  std::vector<FieldStamp> stamps_;
  Bytes packed_stamps_;
  Bytes packed_from_;  // what packed_stamps_ was chosen from, of packed_fields_
  std::vector<FieldId> packed_fields_;
  Bytes extra_;
};

}  // namespace rollcall
