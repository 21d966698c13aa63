#include "engine/base/bytes.h"

#include <array>
#include <cstring>

namespace rollcall {
namespace {

constexpr std::string_view hex = "0123456789abcdef";
constexpr std::string_view base_64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::uint8_t byte_at(BytesView text, std::size_t i) { return static_cast<std::uint8_t>(text[i]); }

template <class Number>
void put_big_endian(Bytes& out, Number value) {
  char buffer[sizeof(Number)];
  for (std::size_t i = sizeof(Number); i-- > 0;) {
    buffer[i] = static_cast<char>(value & 0xff);
    value = static_cast<Number>(value >> 8);
  }
  out.append(buffer, sizeof buffer);
}

template <class Number>
Number get_big_endian(BytesView at) {
  ROLLCALL_CHECK(at.size() >= sizeof(Number));
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = static_cast<Number>(value << 8) | static_cast<Number>(byte_at(at, i));
  }
  return value;
}

bool is_continuation(std::uint8_t c) { return (c & 0xc0) == 0x80; }

}  // namespace

std::string to_hex(BytesView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text.push_back(hex[byte_at(bytes, i) >> 4]);
    text.push_back(hex[byte_at(bytes, i) & 15]);
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return failure(ErrorCode::malformed, "hex text has an odd length");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) {
      return failure(ErrorCode::malformed, "hex text has a character that is not a hex digit");
    }
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string to_base64(BytesView bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t window = 0;
  int bits = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    window = (window << 8) | byte_at(bytes, i);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text.push_back(base_64[(window >> bits) & 63]);
    }
  }
  if (bits > 0) text.push_back(base_64[(window << (6 - bits)) & 63]);
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  static const auto digit_values = [] {
    std::array<int, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < base_64.size(); ++i) {
      values[static_cast<std::uint8_t>(base_64[i])] = static_cast<int>(i);
    }
    return values;
  }();
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t window = 0;
  int bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int value = digit_values[byte_at(text, i)];
    if (value < 0) {
      return failure(ErrorCode::malformed, "base64 text has a character outside A-Z a-z 0-9 - _");
    }
    window = (window << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((window >> bits) & 0xff));
    }
  }
  if (bits >= 6 || (window & ((1u << bits) - 1)) != 0) {
    return failure(ErrorCode::not_canonical, "base64 text ends in a character that says nothing");
  }
  return bytes;
}

void put_u16(Bytes& out, std::uint16_t value) { put_big_endian(out, value); }
void put_u32(Bytes& out, std::uint32_t value) { put_big_endian(out, value); }
void put_u64(Bytes& out, std::uint64_t value) { put_big_endian(out, value); }
std::uint16_t get_u16(BytesView at) { return get_big_endian<std::uint16_t>(at); }
std::uint32_t get_u32(BytesView at) { return get_big_endian<std::uint32_t>(at); }
std::uint64_t get_u64(BytesView at) { return get_big_endian<std::uint64_t>(at); }

void put_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

Result<std::uint64_t> take_varint(BytesView& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return failure(ErrorCode::truncated, "a number ends in the middle");
    const std::uint8_t byte = byte_at(in, 0);
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) {
      return failure(ErrorCode::not_canonical, "a number is longer than 64 bits");
    }
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      if (byte == 0 && shift > 0) {
        return failure(ErrorCode::not_canonical, "a number is not in its shortest form");
      }
      return value;
    }
  }
  return failure(ErrorCode::not_canonical, "a number is longer than 64 bits");
}

bool is_utf8(BytesView text) {
  const std::size_t size = text.size();
  std::size_t i = 0;
  while (i < size) {
    if (i + 8 <= size) {  // eight ASCII bytes at a time
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, 8);
      if ((word & 0x8080808080808080ULL) == 0) {
        i += 8;
        continue;
      }
    }
    const std::uint8_t c = byte_at(text, i);
    if (c < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = 0;
    std::uint8_t least = 0x80;
    std::uint8_t most = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
      length = 2;
    } else if (c >= 0xe0 && c <= 0xef) {
      length = 3;
      if (c == 0xe0) least = 0xa0;
      if (c == 0xed) most = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
      length = 4;
      if (c == 0xf0) least = 0x90;
      if (c == 0xf4) most = 0x8f;
    } else {
      return false;
    }
    if (i + length > size) return false;
    const std::uint8_t second = byte_at(text, i + 1);
    if (second < least || second > most) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if (!is_continuation(byte_at(text, i + k))) return false;
    }
    i += length;
  }
  return true;
}

}  // namespace rollcall
