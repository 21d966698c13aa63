#include "server/sync/count_rows.h"

#include "engine/codec/cbor_reader.h"
#include "engine/codec/id_column.h"
#include "engine/codec/limits.h"

namespace rollcall {
namespace {

// engine/codec/page.h: { 1: paths, 2: path sets, 3: [[collection, kind, ids, ...]...] }
constexpr std::uint64_t sections_key = 3;

Result<std::size_t> count(BytesView page) {
  CborReader reader(page);
  std::size_t rows = 0;
  std::vector<RowId> ids;
  ROLLCALL_TRY_ASSIGN(const std::size_t pairs, reader.map());
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t key, reader.unsigned_integer());
    if (key != sections_key) {
      ROLLCALL_TRY(reader.skip());
      continue;
    }
    ROLLCALL_TRY_ASSIGN(const std::size_t sections, reader.array());
    for (std::size_t i = 0; i < sections; ++i) {
      ROLLCALL_TRY_ASSIGN(const std::size_t parts, reader.array());
      for (std::size_t part = 0; part < parts; ++part) {
        if (part != 2) {
          ROLLCALL_TRY(reader.skip());
          continue;
        }
        ROLLCALL_TRY_ASSIGN(const BytesView packed, reader.bytes());
        ROLLCALL_TRY(read_ids(packed, page_rows_max, ids));
        rows += ids.size();
      }
    }
  }
  return rows;
}

}  // namespace

std::size_t count_rows(BytesView page) { return page.empty() ? 0 : count(page).value_or(0); }

}  // namespace rollcall
