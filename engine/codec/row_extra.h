#pragma once

#include <optional>

#include "engine/base/bytes.h"
#include "engine/codec/cbor_reader.h"
#include "engine/model/field_state.h"
#include "engine/model/write.h"

namespace rollcall {

// What a row holds beyond one value and one stamp a field, as canonical CBOR; no bytes at all when
// there is nothing. Of a row (whole and changed rows, and the tables of both sides):
//
//   { field id: [generation, [[element, stamp]...], [[loser, generation, stamp]...]] }
//
// Only the server keeps removals and agreeing writes: `ExtraUse::server` adds [[element, stamp]...]
// and [stamp...] as a fourth and a fifth item, as far as there are any. Of a write (updates and
// inserts):
//
//   { field id: [has value, generation, [add...], [[remove, stamp or number]...], [close...]] }
//
// for each field that is not just a value in generation 0; a removal's second item is the stamp of
// the add that it takes away, or the number of the own transaction that added.
enum class ExtraUse : std::uint8_t { wire, server };

// Fields ascending, those with nothing to say skipped; `finish` writes nothing when all were.
class RowExtraWriter {
 public:
  RowExtraWriter(Bytes& out, ExtraUse use) : out_(out), use_(use) {}
  void add(FieldId field, const FieldState& state);
  void add(const FieldWrite& write);
  void finish();

 private:
  Bytes& out_;
  ExtraUse use_;
  Bytes fields_;  // the map without its head
  std::size_t count_ = 0;
};

// Reads either form, field by field; unlike a page's, its bytes need not have been checked before.
class RowExtraReader {
 public:
  RowExtraReader(BytesView extra, ExtraUse use) : reader_(extra), use_(use) {}

  // The next field that has anything, ascending; nothing after the last. What follows must be read
  // by one of `read`, or `skip`.
  Result<std::optional<FieldId>> next();
  // Fills generation, elements, losers, removals and agreeing; stamp and value stay as they are.
  Result<void> read(FieldState& state);
  // Fills has_value, generation, adds, removes and closes; field, base and value stay as they are.
  Result<void> read(FieldWrite& write);
  Result<void> skip() { return reader_.skip(); }

 private:
  CborReader reader_;
  ExtraUse use_;
  bool opened_ = false;
  std::size_t left_ = 0;
};

// True for a write that a page's cell and base say in full.
[[nodiscard]] bool is_plain(const FieldWrite& write);

}  // namespace rollcall
