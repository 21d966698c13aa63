#include "client-core/replica/row_image.h"

#include <algorithm>

#include "engine/codec/cbor_reader.h"

namespace rollcall {
namespace {

FieldState& state_of(std::vector<NamedField>& fields, FieldId field) {
  const auto place = std::lower_bound(fields.begin(), fields.end(), field,
                                      [](const NamedField& a, FieldId b) { return a.field < b; });
  if (place != fields.end() && place->field == field) return place->state;
  return fields.insert(place, NamedField{field, {}})->state;
}

class ImageWriter {
 public:
  // Ascending by field.
  void add(FieldId field, const FieldState& state) {
    if (!state.stamp.is_none()) stamps_.push_back({field, state.stamp});
    if (!state.value.is_null()) {
      CborWriter writer(values_);
      writer.unsigned_integer(field.value);
      writer.value(state.value.view());
      ++count_;
    }
    if (state.has_extra()) extra_writer_.add(field, state);
  }

  Bytes finish() {
    Bytes packed;
    pack_stamps(stamps_, packed);
    extra_writer_.finish();
    Bytes image;
    CborWriter writer(image);
    writer.array(3);
    writer.bytes(packed);
    writer.map(count_);
    writer.raw(values_);
    writer.bytes(extra_);
    return image;
  }

 private:
  std::vector<FieldStamp> stamps_;
  Bytes values_;
  std::size_t count_ = 0;
  Bytes extra_;
  RowExtraWriter extra_writer_{extra_, ExtraUse::wire};
};

}  // namespace

Bytes encode_image(const CollectionDef& collection, const RowState& state) {
  ImageWriter writer;
  for (std::size_t i = 0; i < state.fields.size(); ++i) {
    writer.add(collection.fields[i].id, state.fields[i]);
  }
  return writer.finish();
}

Bytes encode_image(const std::vector<NamedField>& fields) {
  ImageWriter writer;
  for (const NamedField& field : fields) writer.add(field.field, field.state);
  return writer.finish();
}

Result<std::vector<NamedField>> decode_image(BytesView image) {
  std::vector<NamedField> fields;
  CborReader reader(image);
  ROLLCALL_TRY_ASSIGN(const std::size_t parts, reader.array());
  if (parts != 3) return reader.refuse(ErrorCode::corrupt, "a row's image has three parts");
  ROLLCALL_TRY_ASSIGN(const BytesView packed, reader.bytes());
  std::vector<FieldStamp> stamps;
  ROLLCALL_TRY(unpack_stamps(packed, stamps));
  for (const FieldStamp& stamp : stamps) state_of(fields, stamp.field).stamp = stamp.stamp;
  ROLLCALL_TRY_ASSIGN(const std::size_t values, reader.map());
  for (std::size_t i = 0; i < values; ++i) {
    ROLLCALL_TRY_ASSIGN(const std::uint64_t field, reader.unsigned_integer());
    ROLLCALL_TRY_ASSIGN(const ValueView value, reader.value());
    state_of(fields, FieldId(static_cast<std::uint16_t>(field))).value = Value(value);
  }
  ROLLCALL_TRY_ASSIGN(const BytesView extra, reader.bytes());
  ROLLCALL_TRY(reader.end());
  if (extra.empty()) return fields;
  RowExtraReader extras(extra, ExtraUse::wire);
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, extras.next());
    if (!field) return fields;
    ROLLCALL_TRY(extras.read(state_of(fields, *field)));
  }
}

Result<void> decode_image(BytesView image, const CollectionDef& collection, RowState& out) {
  ROLLCALL_TRY_ASSIGN(std::vector<NamedField> fields, decode_image(image));
  out.fields.assign(collection.fields.size(), FieldState{});
  for (NamedField& field : fields) {
    const auto position = collection.position(field.field);
    if (position) out.fields[*position] = std::move(field.state);
  }
  return {};
}

}  // namespace rollcall
