#pragma once

#include <span>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/numbers.h"
#include "engine/clock/stamp.h"

namespace rollcall {

// A row's stamps, packed: its distinct stamps ascending, each with the fields that carry it.
//
//   group := stamp (12 bytes) | field set: LEB128 of a bit mask, bit n = field id n
//
// Canonical: equal stamps give equal bytes. A never-written field is in no group, so adding a field
// to a schema changes no row. The common row - one stamp, up to 13 fields - takes 14 bytes.
// Bit masks wider than 64 fields go on in further LEB128 bytes; field ids are at most
// `field_id_max`. The server packs sequences alike (PackedSequences): varint of the sequence in
// place of the stamp.

struct FieldStamp {
  FieldId field;
  Stamp stamp;
  friend bool operator==(const FieldStamp&, const FieldStamp&) = default;
};

// `stamps` ascending by field, none of them "none".
void pack_stamps(std::span<const FieldStamp> stamps, Bytes& out);
// Appends the packed form of one stamp carried by all `fields` (ascending).
void pack_one_stamp(Stamp stamp, std::span<const FieldId> fields, Bytes& out);
// Fills `out` ascending by field; refuses anything that pack_stamps would not have made.
Result<void> unpack_stamps(BytesView packed, std::vector<FieldStamp>& out);

struct FieldSequence {
  FieldId field;
  Sequence sequence;
  friend bool operator==(const FieldSequence&, const FieldSequence&) = default;
};

void pack_sequences(std::span<const FieldSequence> sequences, Bytes& out);
void pack_one_sequence(Sequence sequence, std::span<const FieldId> fields, Bytes& out);
Result<void> unpack_sequences(BytesView packed, std::vector<FieldSequence>& out);

}  // namespace rollcall
