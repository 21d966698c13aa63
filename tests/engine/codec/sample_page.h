#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/codec/page_reader.h"
#include "engine/codec/page_writer.h"
#include "engine/codec/row_extra.h"
#include "engine/model/packed_stamps.h"

namespace rollcall {

// One row as a test writes it down.
struct SampleRow {
  CollectionId collection;
  RowKind kind = RowKind::whole;
  std::vector<FieldId> fields;
  RowId id;
  std::vector<Value> cells;
  std::vector<FieldStamp> stamps;
  std::vector<std::string> paths;
  Bytes extra;
  friend bool operator==(const SampleRow&, const SampleRow&) = default;
};

inline void add_to(PageWriter& page, const SampleRow& row) {
  std::vector<ValueView> cells(row.cells.begin(), row.cells.end());
  Bytes stamps;
  pack_stamps(row.stamps, stamps);
  std::vector<std::uint32_t> paths;
  for (const std::string& path : row.paths) paths.push_back(page.path(path));
  std::sort(paths.begin(), paths.end());
  const std::uint32_t set = has_paths(row.kind) ? page.path_set(paths) : 0;
  page.add(page.section(row.collection, row.kind, row.fields),
           {row.id, cells, stamps, set, row.extra});
}

inline Bytes page_of(const std::vector<SampleRow>& rows) {
  PageWriter page;
  for (const SampleRow& row : rows) add_to(page, row);
  return page.finish().value();
}

inline Result<std::vector<SampleRow>> rows_of(BytesView in, PageUse use) {
  PageReader page;
  ROLLCALL_TRY(page.open(in, use));
  std::vector<SampleRow> rows;
  for (SectionRow row; page.next(row);) {
    SampleRow& sample = rows.emplace_back();
    sample.collection = row.section->collection;
    sample.kind = row.section->kind;
    sample.fields.assign(row.section->fields.begin(), row.section->fields.end());
    sample.id = row.id;
    for (const ValueView& cell : row.cells) sample.cells.emplace_back(cell);
    ROLLCALL_TRY(unpack_stamps(row.stamps, sample.stamps));
    for (const std::uint32_t path : row.paths) sample.paths.emplace_back(page.paths()[path]);
    sample.extra = row.extra;
  }
  return rows;
}

inline std::vector<FieldId> fields_of(std::initializer_list<int> ids) {
  std::vector<FieldId> fields;
  for (const int id : ids) fields.push_back(FieldId(static_cast<std::uint16_t>(id)));
  return fields;
}

inline RowId row_id(unsigned last) {
  RowId id = RowId::parse("0199f2a4-7c00-7000-8000-000000000000").value();
  id.bytes[15] = static_cast<char>(last);
  return id;
}

inline Stamp sample_stamp(std::uint64_t ms) { return Stamp::at(ms, 0, DeviceNumber(0x9f00c1d2)); }

// A row of a random kind that a server may send, or a device write. Seldom has it extra.
inline SampleRow random_row(Random& random, RowIdSource& ids, PageUse use) {
  SampleRow row;
  row.kind = use == PageUse::transaction ? static_cast<RowKind>(random.below(2))
                                         : static_cast<RowKind>(2 + random.below(4));
  row.collection = CollectionId(static_cast<std::uint16_t>(1 + random.below(2)));
  row.id = ids.next(1'790'000'000'000 + static_cast<std::int64_t>(random.below(5)));
  if (has_fields(row.kind)) {
    for (int field = 0; field < 5; ++field) {
      if (row.kind != RowKind::whole && random.below(2) == 0) continue;
      const FieldId id(static_cast<std::uint16_t>(field * 7));
      row.fields.push_back(id);
      const bool is_stamped = random.below(8) != 0;
      if (is_stamped) row.stamps.push_back({id, sample_stamp(1 + random.below(4))});
      const bool has_value = is_stamped || use != PageUse::reply;
      if (field == 0 && has_value) {
        row.cells.push_back(Value::boolean(random.below(9) == 0));
      } else if (field == 1 && has_value) {
        row.cells.push_back(
            Value::integer(static_cast<std::int64_t>(random.next() >> random.below(64))));
      } else if (field == 2 && has_value) {
        row.cells.push_back(Value::text("call " + std::to_string(random.below(900))));
      } else if (field == 3 && has_value) {
        row.cells.push_back(Value::bytes(Bytes(random.below(20), '\xee')));
      } else {
        row.cells.emplace_back();
      }
    }
    if (!row.stamps.empty() && random.below(10) == 0) {
      RowExtraWriter extra(row.extra, ExtraUse::wire);
      if (use == PageUse::reply) {
        FieldState state;
        state.losers = {{Value::text("lost"), 0, sample_stamp(9)}};
        extra.add(row.stamps[0].field, state);
      } else {
        FieldWrite write;
        write.field = row.fields[0];
        write.has_value = true;
        write.closes = {sample_stamp(9)};
        extra.add(write);
      }
      extra.finish();
    }
  }
  if (has_paths(row.kind)) {
    for (std::uint64_t i = random.below(4); i > 0; --i) {
      const std::string path = "unit/nc/" + std::to_string(random.below(6));
      if (std::find(row.paths.begin(), row.paths.end(), path) == row.paths.end()) {
        row.paths.push_back(path);
      }
    }
  }
  return row;
}

inline std::vector<SampleRow> random_rows(std::uint64_t seed, std::size_t count, PageUse use) {
  SeededRandom random(seed);
  RowIdSource ids(random);
  std::vector<SampleRow> rows;
  for (std::size_t i = 0; i < count; ++i) rows.push_back(random_row(random, ids, use));
  return rows;
}

}  // namespace rollcall
