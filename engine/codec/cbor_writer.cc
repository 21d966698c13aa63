#include "engine/codec/cbor_writer.h"

namespace rollcall {

void CborWriter::integer(std::int64_t value) {
  if (value >= 0) {
    head(0, static_cast<std::uint64_t>(value));
  } else {
    head(1, ~static_cast<std::uint64_t>(value));  // -1 - value
  }
}

void CborWriter::value(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return null();
    case ValueKind::boolean: return boolean(value.integer != 0);
    case ValueKind::integer: return integer(value.integer);
    case ValueKind::text: return text(value.bytes);
    case ValueKind::bytes: return bytes(value.bytes);
  }
}

void CborWriter::long_head(unsigned major, std::uint64_t argument) {
  const auto first = [&](unsigned info) { out_.push_back(static_cast<char>((major << 5) | info)); };
  if (argument <= 0xff) {
    first(24);
    out_.push_back(static_cast<char>(argument));
  } else if (argument <= 0xffff) {
    first(25);
    put_u16(out_, static_cast<std::uint16_t>(argument));
  } else if (argument <= 0xffff'ffff) {
    first(26);
    put_u32(out_, static_cast<std::uint32_t>(argument));
  } else {
    first(27);
    put_u64(out_, argument);
  }
}

}  // namespace rollcall
