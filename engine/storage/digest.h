#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/base/result.h"
#include "engine/base/row_id.h"
#include "engine/clock/stamp.h"
#include "engine/model/field_state.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/schema.h"
#include "engine/model/value.h"

namespace rollcall {

// A sum of hashes modulo 2^64: order does not matter, and what was added can be taken away.
struct Digest {
  std::uint64_t sum = 0;
  Digest& operator+=(Digest other) {
    sum += other.sum;
    return *this;
  }
  Digest& operator-=(Digest other) {
    sum -= other.sum;
    return *this;
  }
  friend Digest operator+(Digest a, Digest b) { return a += b; }
  friend Digest operator-(Digest a, Digest b) { return a -= b; }
  friend bool operator==(const Digest&, const Digest&) = default;
  [[nodiscard]] std::string text() const;  // 16 hex digits
};

// What one (path, row) adds to a digest: over its written, visible fields, the sum of
//
//   XXH3-64 (seed 0) of canonical CBOR [path, row id, field id, stamp, value, losers]
//
//   value  := the value | [generation, value] if generation > 0 | [[element, stamp]...] of a set
//   that
//             has elements (null if it has none)
//   losers := [[value, generation, stamp]...], ascending by stamp
//
// A deleted row adds nothing. Fields that are not in the schema yet count like any other.
class RowHasher {
 public:
  // Begins a row at a path; the path and id may go once it returns.
  void begin(std::string_view path, const RowId& id);
  // One field's share; none for a field never written.
  [[nodiscard]] Digest field(FieldId field, const FieldState& state);
  // The same for a field that is only a value: no generation, elements or losers.
  [[nodiscard]] Digest plain_field(FieldId field, Stamp stamp, const ValueView& value);

  // A whole row, deleted ones too (nothing). `visible` by position, not 0 where
  // the view shows the field; empty: every field.
  [[nodiscard]] Digest row(std::string_view path, const RowId& id, const CollectionDef& collection,
                           const RowState& state, std::span<const std::uint8_t> visible = {});
  // A row that needs no extra, from its cells: `fields[i]` is what `cells[i]` is, and a field
  // without a stamp in `stamps` (packed) is not counted. `fields` ascending; `visible` as `fields`.
  Result<Digest> plain_row(std::string_view path, const RowId& id, std::span<const FieldId> fields,
                           std::span<const ValueView> cells, BytesView stamps,
                           std::span<const std::uint8_t> visible = {});

 private:
  void begin_field(FieldId field, Stamp stamp);
  [[nodiscard]] Digest finish() const;

  Bytes buffer_;  // the tuple; its first `prefix_` bytes are head, path and row id
  std::size_t prefix_ = 0;
  std::vector<FieldStamp> stamps_;
  Bytes last_packed_;  // what stamps_ was unpacked from: rows of one transaction share it
};

}  // namespace rollcall
