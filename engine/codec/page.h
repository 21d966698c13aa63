#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/numbers.h"
#include "engine/base/row_id.h"
#include "engine/model/value.h"

namespace rollcall {

// A page carries rows in columns: the body of a transaction, of a tail reply and of a bootstrap
// reply alike. Rows of one collection, kind and field list make a section. FORMAT.md draws the
// bytes.

// What a row of a page says. Stable numbers.
enum class RowKind : std::uint8_t {
  update = 0,   // in transactions: writes fields of a row
  insert = 1,   // in transactions: makes a row
  whole = 2,    // in replies: all that is visible of a row; what it does not carry goes
  changed = 3,  // in replies: the fields that changed; the others stay
  echo = 4,     // in replies: the reader's own values came true; id and paths only
  evict = 5,    // in replies: the row left the reader's scopes; id only
};

// Who may have made a page, and so which kinds it may hold.
enum class PageUse : std::uint8_t { transaction, reply };

constexpr PageUse use_of(RowKind kind) {
  return kind <= RowKind::insert ? PageUse::transaction : PageUse::reply;
}
// Echoes and evicts have no fields, stamps or extra.
constexpr bool has_fields(RowKind kind) { return kind <= RowKind::changed; }
// Transactions and evicts name no paths.
constexpr bool has_paths(RowKind kind) {
  return kind == RowKind::whole || kind == RowKind::changed || kind == RowKind::echo;
}

struct Section {
  CollectionId collection;
  RowKind kind = RowKind::update;
  std::span<const FieldId> fields;  // ascending
  std::size_t rows = 0;
  bool has_stamps = false;  // some row's `stamps` are not empty
};

// One row of a page. All views are into the page's bytes or into the reader's memory: they last
// until the reader opens another page or dies; `cells` until the next row.
struct SectionRow {
  const Section* section = nullptr;
  RowId id;
  // By position in `section->fields`. Null for sets: their elements are in `extra`. In whole and
  // changed rows a field that `stamps` does not name is not carried: never written, or not changed.
  // In updates and inserts every field is written.
  std::span<const ValueView> cells;
  // Packed (engine/model/packed_stamps.h): of the fields carried; in updates and inserts the bases,
  // fields without a base left out.
  BytesView stamps;
  std::uint32_t path_set = 0;            // place among the page's path sets
  std::span<const std::uint32_t> paths;  // the set's members: places in the page's dictionary
  BytesView extra;                       // engine/codec/row_extra.h; empty when there is none
};

}  // namespace rollcall
