#pragma once

#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/codec/cbor_writer.h"
#include "engine/codec/row_extra.h"
#include "engine/model/field_state.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/schema.h"

namespace rollcall {

// A field by its id: what a row holds of a field that this schema may not know.
struct NamedField {
  FieldId field;
  FieldState state;
  friend bool operator==(const NamedField&, const NamedField&) = default;
};

// Fields of one row as bytes: what lies beside the typed tables. Never leaves the file.
//
//   image := [packed stamps, { field id: value }, extra]   (values that are null left out)
Bytes encode_image(const CollectionDef& collection, const RowState& state);
Bytes encode_image(const std::vector<NamedField>& fields);

Result<std::vector<NamedField>> decode_image(BytesView image);
// By position; what the collection does not have is left out.
Result<void> decode_image(BytesView image, const CollectionDef& collection, RowState& out);

}  // namespace rollcall
