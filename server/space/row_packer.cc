#include "server/space/row_packer.h"

#include <algorithm>

#include "engine/codec/row_extra.h"

namespace rollcall {

Result<BytesView> RowPacker::wire_extra(BytesView extra) {
  extra_.clear();
  if (extra.empty()) return BytesView();
  RowExtraReader reader(extra, ExtraUse::server);
  RowExtraWriter writer(extra_, ExtraUse::wire);
  while (true) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, reader.next());
    if (!field) break;
    if (!std::binary_search(fields_.begin(), fields_.end(), *field)) {
      ROLLCALL_TRY(reader.skip());
      continue;
    }
    FieldState state;
    ROLLCALL_TRY(reader.read(state));
    writer.add(*field, state);
  }
  writer.finish();
  return BytesView(extra_);
}

// Rows of one transaction share their stamps, and then nothing is packed again.
Result<void> RowPacker::choose(const ReadTable& table, const ServerImage& row,
                               std::span<const std::uint16_t> positions) {
  fields_.clear();
  cells_.clear();
  for (const std::uint16_t position : positions) {
    fields_.push_back(table.fields[position]);
    cells_.push_back(row.cells[position]);
  }
  if (row.stamps == packed_from_ && fields_ == packed_fields_ && !packed_from_.empty()) return {};
  ROLLCALL_TRY(unpack_stamps(row.stamps, stamps_));
  std::erase_if(stamps_, [&](const FieldStamp& stamp) {
    return !std::binary_search(fields_.begin(), fields_.end(), stamp.field);
  });
  packed_stamps_.clear();
  pack_stamps(stamps_, packed_stamps_);
  packed_from_ = row.stamps;
  packed_fields_ = fields_;
  return {};
}

Result<void> RowPacker::add_whole(const ReadTable& table, const ServerImage& row,
                                  std::span<const PathEntry> paths, const FieldView& view) {
  const CollectionId collection = table.rows.collection().id;
  ROLLCALL_TRY_ASSIGN(const std::uint32_t path_set, scope_.path_set(collection, paths, page_));
  if (view.all) {
    fields_ = table.fields;
    ROLLCALL_TRY_ASSIGN(const BytesView extra, wire_extra(row.extra));
    const std::size_t section = page_.section(collection, RowKind::whole, table.fields);
    page_.add(section, {RowId::from_bytes(row.id), row.cells, row.stamps, path_set, extra});
    return {};
  }
  ROLLCALL_TRY(choose(table, row, view.positions));
  ROLLCALL_TRY_ASSIGN(const BytesView extra, wire_extra(row.extra));
  const std::size_t section = page_.section(collection, RowKind::whole, fields_);
  page_.add(section, {RowId::from_bytes(row.id), cells_, packed_stamps_, path_set, extra});
  return {};
}

Result<void> RowPacker::add_changed(const ReadTable& table, const ServerImage& row,
                                    std::span<const PathEntry> paths,
                                    std::span<const std::uint16_t> positions) {
  const CollectionId collection = table.rows.collection().id;
  ROLLCALL_TRY(choose(table, row, positions));
  ROLLCALL_TRY_ASSIGN(const BytesView extra, wire_extra(row.extra));
  ROLLCALL_TRY_ASSIGN(const std::uint32_t path_set, scope_.path_set(collection, paths, page_));
  const std::size_t section = page_.section(collection, RowKind::changed, fields_);
  page_.add(section, {RowId::from_bytes(row.id), cells_, packed_stamps_, path_set, extra});
  return {};
}

Result<void> RowPacker::add_echo(const ReadTable& table, const ServerImage& row,
                                 std::span<const PathEntry> paths) {
  const CollectionId collection = table.rows.collection().id;
  ROLLCALL_TRY_ASSIGN(const std::uint32_t path_set, scope_.path_set(collection, paths, page_));
  const std::size_t section = page_.section(collection, RowKind::echo, {});
  page_.add(section, {RowId::from_bytes(row.id), {}, {}, path_set, {}});
  return {};
}

void RowPacker::add_evict(const ReadTable& table, const ServerImage& row) {
  const std::size_t section = page_.section(table.rows.collection().id, RowKind::evict, {});
  page_.add(section, {RowId::from_bytes(row.id), {}, {}, 0, {}});
}

}  // namespace rollcall
