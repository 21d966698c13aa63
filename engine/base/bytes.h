#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace rollcall {

// Bytes are chars here as they are in SQLite, curl and the standard string: no casts at each door.
using Bytes = std::string;
using BytesView = std::string_view;

std::string to_hex(BytesView bytes);
// Lower or upper case, even length; `malformed` otherwise.
Result<Bytes> from_hex(std::string_view text);

// RFC 4648 section 5 (URL-safe), without padding.
std::string to_base64(BytesView bytes);
Result<Bytes> from_base64(std::string_view text);

// Fixed-width big-endian integers: they sort as numbers when compared as bytes.
void put_u16(Bytes& out, std::uint16_t value);
void put_u32(Bytes& out, std::uint32_t value);
void put_u64(Bytes& out, std::uint64_t value);
std::uint16_t get_u16(BytesView at);  // at least 2 bytes
std::uint32_t get_u32(BytesView at);  // at least 4
std::uint64_t get_u64(BytesView at);  // at least 8

// Unsigned LEB128: seven bits a byte, least significant first, shortest form only.
void put_varint(Bytes& out, std::uint64_t value);
// Takes a varint off the front of `in`; `truncated` or `not_canonical`.
Result<std::uint64_t> take_varint(BytesView& in);

// Signed numbers of small size become small unsigned ones (0, -1, 1, -2 -> 0, 1, 2, 3).
constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

// True for well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_utf8(BytesView text);

}  // namespace rollcall
