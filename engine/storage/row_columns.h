#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/codec/row_extra.h"
#include "engine/model/field_state.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/schema.h"
#include "engine/storage/statement.h"

namespace rollcall {

// How a row's fields lie in the columns of its typed table; what replica and server tables share.
//
// A column holds the field's present value: latest, first, ladder, once as they are, a counter its
// sum, a set the JSON array of its elements (for people's SQL: the truth is in `_extra`). `_stamps`
// holds the packed stamps (engine/model/packed_stamps.h), `_extra` what value and stamp do not say
// (engine/codec/row_extra.h), NULL when there is nothing. Not for several threads.
class RowColumns {
 public:
  // The collection must live at least as long. Only the server's extra keeps removals.
  RowColumns(const CollectionDef& collection, ExtraUse use) : collection_(&collection), use_(use) {}

  [[nodiscard]] const CollectionDef& collection() const { return *collection_; }
  [[nodiscard]] std::size_t size() const { return collection_->fields.size(); }

  // `r."_deleted", r."given_name", …`: all columns by position.
  [[nodiscard]] std::string list(std::string_view table_alias) const;

  // The cells of a row, by position, from consecutive columns of a statement; views that live until
  // its next step. `corrupt` when a column holds another kind than its field's. A set's cell is
  // null.
  Result<void> read_cells(const Statement& from, int first, std::span<ValueView> cells) const;

  // A row's fields from its columns and packed forms, all by position.
  Result<void> unpack(std::span<const ValueView> cells, BytesView stamps, BytesView extra,
                      RowState& out) const;

  // The packed forms of a row's fields. `extra` is empty when there is nothing to say.
  void pack(const RowState& row, Bytes& stamps, Bytes& extra) const;

  // The cell that the field's column gets; a set's text is made in `set_text`.
  [[nodiscard]] ValueView cell(const RowState& row, std::size_t position,
                               std::string& set_text) const;

 private:
  const CollectionDef* collection_;
  ExtraUse use_;
  mutable std::vector<FieldStamp> stamps_;  // memory kept from row to row
};

// The JSON array of a set's elements, ascending: text as strings, numbers and booleans as they are,
// ids as UUID text, other bytes as base64url text.
void set_as_json(FieldType type, std::span<const SetElement> elements, std::string& out);

}  // namespace rollcall
