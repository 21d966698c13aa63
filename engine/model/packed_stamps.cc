#include "engine/model/packed_stamps.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/model/limits.h"

namespace rollcall {
namespace {

constexpr std::size_t fields_max = field_id_max + 1;
constexpr unsigned bits_per_byte = 7;

void put_key(Bytes& out, Stamp stamp) { stamp.append_to(out); }
void put_key(Bytes& out, Sequence sequence) { put_varint(out, sequence.value); }

Stamp key_of(const FieldStamp& item) { return item.stamp; }
Sequence key_of(const FieldSequence& item) { return item.sequence; }

bool is_none(Stamp stamp) { return stamp.is_none(); }
bool is_none(Sequence sequence) { return sequence.value == 0; }

Result<void> take_key(BytesView& in, Stamp& stamp) {
  if (in.size() < Stamp::size_bytes) {
    return failure(ErrorCode::truncated, "packed stamps end in the middle of a stamp");
  }
  stamp = Stamp::from_bytes(in);
  in.remove_prefix(Stamp::size_bytes);
  return {};
}

Result<void> take_key(BytesView& in, Sequence& sequence) {
  ROLLCALL_TRY_ASSIGN(sequence.value, take_varint(in));
  return {};
}

// The bit mask of ascending field ids, seven bits a byte, as LEB128 writes a number of any width.
class MaskWriter {
 public:
  explicit MaskWriter(Bytes& out) : out_(out) {}
  void add(FieldId field) {
    ROLLCALL_CHECK(field.value <= field_id_max);
    const unsigned place = field.value / bits_per_byte;
    while (place_ < place) {
      out_.push_back(static_cast<char>(bits_ | 0x80));
      bits_ = 0;
      ++place_;
    }
    bits_ |= 1u << (field.value % bits_per_byte);
  }
  void end() {
    ROLLCALL_CHECK(bits_ != 0);
    out_.push_back(static_cast<char>(bits_));
  }

 private:
  Bytes& out_;
  unsigned place_ = 0;
  unsigned bits_ = 0;
};

template <class Key>
void pack_one(Key key, std::span<const FieldId> fields, Bytes& out) {
  ROLLCALL_CHECK(!is_none(key));
  put_key(out, key);
  MaskWriter mask(out);
  for (const FieldId field : fields) mask.add(field);
  mask.end();
}

template <class Item>
void pack(std::span<const Item> items, Bytes& out) {
  ROLLCALL_CHECK(items.size() <= fields_max);
  // Ascending by field already; a stable order by key makes the groups. On the stack: rows are
  // packed on the hot path.
  std::array<std::uint16_t, fields_max> order;
  for (std::size_t i = 0; i < items.size(); ++i) {
    ROLLCALL_CHECK(!is_none(key_of(items[i])));
    ROLLCALL_CHECK(i == 0 || items[i - 1].field < items[i].field);
    order[i] = static_cast<std::uint16_t>(i);
  }
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(items.size()),
            [&](std::uint16_t a, std::uint16_t b) {
              const auto key_a = key_of(items[a]);
              const auto key_b = key_of(items[b]);
              return key_a != key_b ? key_a < key_b : a < b;
            });
  for (std::size_t i = 0; i < items.size();) {
    const auto key = key_of(items[order[i]]);
    put_key(out, key);
    MaskWriter mask(out);
    for (; i < items.size() && key_of(items[order[i]]) == key; ++i) mask.add(items[order[i]].field);
    mask.end();
  }
}

template <class Item, class Key>
Result<void> take_mask(BytesView& in, Key key, std::vector<Item>& out) {
  for (unsigned first = 0;; first += bits_per_byte) {
    if (in.empty()) return failure(ErrorCode::truncated, "a packed field set ends in the middle");
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    for (unsigned bit = 0; bit < bits_per_byte; ++bit) {
      if ((byte & (1u << bit)) == 0) continue;
      if (first + bit > field_id_max) {
        return failure(ErrorCode::limit, "a packed field set names a field beyond the greatest id");
      }
      out.push_back(Item{FieldId(static_cast<std::uint16_t>(first + bit)), key});
    }
    if ((byte & 0x80) != 0) {
      if (first > field_id_max) {
        return failure(ErrorCode::limit, "a packed field set is longer than the greatest field id");
      }
      continue;
    }
    if (byte == 0) {
      return failure(ErrorCode::not_canonical, "a packed field set is empty or not shortest");
    }
    return {};
  }
}

template <class Key, class Item>
Result<void> unpack(BytesView packed, std::vector<Item>& out) {
  out.clear();
  Key before{};
  bool one_group = true;
  for (BytesView in = packed; !in.empty();) {
    Key key{};
    ROLLCALL_TRY(take_key(in, key));
    if (key <= before) {
      return failure(ErrorCode::not_canonical, "packed groups do not ascend");
    }
    if (!out.empty()) one_group = false;
    before = key;
    ROLLCALL_TRY(take_mask(in, key, out));
  }
  if (one_group) return {};
  std::sort(out.begin(), out.end(), [](const Item& a, const Item& b) { return a.field < b.field; });
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i - 1].field == out[i].field) {
      return failure(ErrorCode::not_canonical, "a field is in two packed groups");
    }
  }
  return {};
}

}  // namespace

void pack_stamps(std::span<const FieldStamp> stamps, Bytes& out) { pack(stamps, out); }

void pack_one_stamp(Stamp stamp, std::span<const FieldId> fields, Bytes& out) {
  pack_one(stamp, fields, out);
}

Result<void> unpack_stamps(BytesView packed, std::vector<FieldStamp>& out) {
  return unpack<Stamp>(packed, out);
}

void pack_sequences(std::span<const FieldSequence> sequences, Bytes& out) { pack(sequences, out); }

void pack_one_sequence(Sequence sequence, std::span<const FieldId> fields, Bytes& out) {
  pack_one(sequence, fields, out);
}

Result<void> unpack_sequences(BytesView packed, std::vector<FieldSequence>& out) {
  return unpack<Sequence>(packed, out);
}

}  // namespace rollcall
