#include "engine/codec/id_column.h"

#include <string>

namespace rollcall {
namespace {

constexpr char form_raw = 0;
constexpr char form_ascending = 1;
constexpr char form_any_order = 2;

// An id as a number; arithmetic is modulo 2^128.
struct Wide {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static Wide of(const RowId& id) { return {get_u64(id.view()), get_u64(id.view().substr(8))}; }
  [[nodiscard]] RowId id() const {
    RowId out;
    for (std::size_t i = 0; i < 8; ++i) {
      const unsigned shift = 56 - 8 * static_cast<unsigned>(i);
      out.bytes[i] = static_cast<char>(high >> shift);
      out.bytes[8 + i] = static_cast<char>(low >> shift);
    }
    return out;
  }
  friend Wide operator-(const Wide& a, const Wide& b) {
    return {a.high - b.high - (a.low < b.low ? 1 : 0), a.low - b.low};
  }
  friend Wide operator+(const Wide& a, const Wide& b) {
    const std::uint64_t sum = a.low + b.low;
    return {a.high + b.high + (sum < a.low ? 1 : 0), sum};
  }
  [[nodiscard]] bool is_zero() const { return high == 0 && low == 0; }
  [[nodiscard]] bool is_negative() const { return (high >> 63) != 0; }
};

Wide zigzag(const Wide& value) {
  const std::uint64_t sign = value.is_negative() ? ~std::uint64_t{0} : 0;
  return {((value.high << 1) | (value.low >> 63)) ^ sign, (value.low << 1) ^ sign};
}

Wide unzigzag(const Wide& value) {
  const std::uint64_t sign = (value.low & 1) != 0 ? ~std::uint64_t{0} : 0;
  return {(value.high >> 1) ^ sign, ((value.low >> 1) | (value.high << 63)) ^ sign};
}

void put_wide(Bytes& out, Wide value) {
  while (value.high != 0) {
    out.push_back(static_cast<char>((value.low & 0x7f) | 0x80));
    value.low = (value.low >> 7) | (value.high << 57);
    value.high >>= 7;
  }
  put_varint(out, value.low);
}

Result<Wide> take_wide(BytesView& in) {
  Wide value;
  for (unsigned shift = 0; shift < 133; shift += 7) {
    if (in.empty()) return failure(ErrorCode::truncated, "ids end in the middle");
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 126 && byte > 3) break;
    const std::uint64_t bits = byte & 0x7f;
    if (shift < 64) {
      value.low |= bits << shift;
      if (shift > 57) value.high |= bits >> (64 - shift);
    } else {
      value.high |= bits << (shift - 64);
    }
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) {
        return failure(ErrorCode::not_canonical, "an id's difference is not in its shortest form");
      }
      return value;
    }
  }
  return failure(ErrorCode::not_canonical, "an id's difference is longer than 128 bits");
}

}  // namespace

void write_ids(std::span<const RowId> ids, Bytes& out) {
  const std::size_t start = out.size();
  bool is_ascending = true;
  for (std::size_t i = 1; i < ids.size() && is_ascending; ++i) is_ascending = ids[i - 1] < ids[i];
  out.push_back(is_ascending ? form_ascending : form_any_order);
  out.append(ids[0].view());
  const std::size_t raw_bytes = ids.size() * RowId::size_bytes;
  Wide before = Wide::of(ids[0]);
  for (std::size_t i = 1; i < ids.size() && out.size() - start <= raw_bytes; ++i) {
    const Wide id = Wide::of(ids[i]);
    put_wide(out, is_ascending ? id - before : zigzag(id - before));
    before = id;
  }
  if (ids.size() > 1 && out.size() - start <= raw_bytes) return;
  out.resize(start);
  out.push_back(form_raw);
  for (const RowId& id : ids) out.append(id.view());
}

Result<void> read_ids(BytesView in, std::size_t rows_max, std::vector<RowId>& ids) {
  ids.clear();
  if (in.size() < 1 + RowId::size_bytes) {
    return failure(ErrorCode::truncated, "a section has no ids");
  }
  const char encoding = in.front();
  in.remove_prefix(1);
  const auto too_many = [&] {
    return failure(ErrorCode::limit,
                   "more rows than the " + std::to_string(rows_max) + " that may still follow");
  };
  if (encoding == form_raw) {
    const std::size_t count = in.size() / RowId::size_bytes;
    if (in.size() % RowId::size_bytes != 0) {
      return failure(ErrorCode::truncated, "the last id is not 16 bytes long");
    }
    if (count > rows_max) return too_many();
    ids.resize(count);
    std::memcpy(ids.data(), in.data(), in.size());
    return {};
  }
  if (encoding != form_ascending && encoding != form_any_order) {
    return failure(ErrorCode::malformed, "ids in an encoding that is not known");
  }
  ids.push_back(RowId::from_bytes(in.substr(0, RowId::size_bytes)));
  in.remove_prefix(RowId::size_bytes);
  for (Wide before = Wide::of(ids[0]); !in.empty();) {
    if (ids.size() >= rows_max) return too_many();
    Wide difference;
    // Three bytes, the common difference, without more ado.
    ROLLCALL_TRY_ASSIGN(difference, take_wide(in));
    if (encoding == form_ascending) {
      const Wide id = before + difference;
      const bool is_greater =
          id.high > before.high || (id.high == before.high && id.low > before.low);
      if (!is_greater) return failure(ErrorCode::not_canonical, "ascending ids do not ascend");
      before = id;
    } else {
      before = before + unzigzag(difference);
    }
    ids.push_back(before.id());
  }
  return {};
}

}  // namespace rollcall
