#include "engine/storage/digest.h"

#include <array>

#include <xxhash.h>

#include "engine/base/check.h"
#include "engine/codec/cbor_writer.h"

namespace rollcall {
namespace {

constexpr std::size_t tuple_items = 6;

bool is_visible(std::span<const std::uint8_t> visible, std::size_t at) {
  return visible.empty() || visible[at] != 0;
}

void put_stamp(CborWriter& cbor, Stamp stamp) {
  // A head and twelve bytes at once: this is written for every field of every row.
  std::array<char, 1 + Stamp::size_bytes> bytes;
  bytes[0] = static_cast<char>(0x40 | Stamp::size_bytes);
  for (std::size_t i = 0; i < 8; ++i) bytes[1 + i] = static_cast<char>(stamp.time >> (56 - 8 * i));
  for (std::size_t i = 0; i < 4; ++i) {
    bytes[9 + i] = static_cast<char>(stamp.device.value >> (24 - 8 * i));
  }
  cbor.raw({bytes.data(), bytes.size()});
}

void put_value(CborWriter& cbor, const FieldState& state) {
  if (!state.elements.empty()) {
    cbor.array(state.elements.size());
    for (const SetElement& element : state.elements) {
      cbor.array(2);
      cbor.value(element.value);
      put_stamp(cbor, element.stamp);
    }
    return;
  }
  if (state.generation != 0) {
    cbor.array(2);
    cbor.unsigned_integer(state.generation);
  }
  cbor.value(state.value);
}

void put_losers(CborWriter& cbor, const std::vector<Loser>& losers) {
  cbor.array(losers.size());
  for (const Loser& loser : losers) {
    cbor.array(3);
    cbor.value(loser.value);
    cbor.unsigned_integer(loser.generation);
    put_stamp(cbor, loser.writer);
  }
}

}  // namespace

std::string Digest::text() const {
  Bytes bytes;
  put_u64(bytes, sum);
  return to_hex(bytes);
}

void RowHasher::begin(std::string_view path, const RowId& id) {
  buffer_.clear();
  CborWriter cbor(buffer_);
  cbor.array(tuple_items);
  cbor.text(path);
  cbor.bytes(id.view());
  prefix_ = buffer_.size();
}

void RowHasher::begin_field(FieldId field, Stamp stamp) {
  buffer_.resize(prefix_);
  CborWriter cbor(buffer_);
  cbor.unsigned_integer(field.value);
  put_stamp(cbor, stamp);
}

Digest RowHasher::finish() const { return Digest{XXH3_64bits(buffer_.data(), buffer_.size())}; }

Digest RowHasher::field(FieldId field, const FieldState& state) {
  if (state.stamp.is_none()) return {};
  begin_field(field, state.stamp);
  CborWriter cbor(buffer_);
  put_value(cbor, state);
  put_losers(cbor, state.losers);
  return finish();
}

Digest RowHasher::plain_field(FieldId field, Stamp stamp, const ValueView& value) {
  if (stamp.is_none()) return {};
  begin_field(field, stamp);
  CborWriter cbor(buffer_);
  cbor.value(value);
  cbor.array(0);
  return finish();
}

Digest RowHasher::row(std::string_view path, const RowId& id, const CollectionDef& collection,
                      const RowState& state, std::span<const std::uint8_t> visible) {
  ROLLCALL_CHECK(state.fields.size() <= collection.fields.size());
  const bool covers_all = visible.empty() || visible.size() >= state.fields.size();
  ROLLCALL_CHECK(covers_all);
  if (state.is_deleted()) return {};
  begin(path, id);
  Digest sum;
  for (std::size_t i = 0; i < state.fields.size(); ++i) {
    if (is_visible(visible, i)) sum += field(collection.fields[i].id, state.fields[i]);
  }
  return sum;
}

Result<Digest> RowHasher::plain_row(std::string_view path, const RowId& id,
                                    std::span<const FieldId> fields,
                                    std::span<const ValueView> cells, BytesView stamps,
                                    std::span<const std::uint8_t> visible) {
  ROLLCALL_CHECK(fields.size() == cells.size());
  const bool covers_all = visible.empty() || visible.size() == fields.size();
  ROLLCALL_CHECK(covers_all);
  if (!fields.empty() && fields[0].value == 0 && cells[0].integer != 0) return Digest{};
  if (stamps != last_packed_ || stamps.empty()) {
    last_packed_.clear();
    ROLLCALL_TRY(unpack_stamps(stamps, stamps_));
    last_packed_ = stamps;
  }
  begin(path, id);
  Digest sum;
  std::size_t i = 0;
  for (const FieldStamp& written : stamps_) {
    while (i < fields.size() && fields[i] < written.field) ++i;
    if (i == fields.size()) break;
    if (fields[i] == written.field && is_visible(visible, i)) {
      sum += plain_field(written.field, written.stamp, cells[i]);
    }
  }
  return sum;
}

}  // namespace rollcall
