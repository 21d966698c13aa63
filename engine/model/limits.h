#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// A field's losers that wait for a person; older ones are in the history only.
inline constexpr std::size_t open_losers_max = 16;
// Their values together, in bytes, by the field's own limit: of long values fewer are kept.
inline constexpr std::size_t open_losers_bytes_max = 256u << 10;
// What a row may hold at most, in bytes: values, set elements and losers. The schema compiler sees
// to it, so that every row fits a page and no row can stop its scope's readers.
inline constexpr std::size_t row_bytes_max = 6u << 20;
// Greatest field id: keeps a row's field masks within 147 bytes.
inline constexpr std::uint16_t field_id_max = 1023;
// Longest scope path, in bytes: Open Civic Data ids reach 145, a path adds an id or two.
inline constexpr std::size_t path_bytes_max = 512;
inline constexpr std::size_t path_segments_max = 32;
// Paths of one row: a set-valued template gives one for each element.
inline constexpr std::size_t row_paths_max = 64;
// A text or bytes value for which the schema names no limit, in bytes.
inline constexpr std::uint32_t value_bytes_default = 4096;
inline constexpr std::uint32_t value_bytes_max = 1u << 20;
// RFC 5646 section 4.4.1: no tag in use is longer.
inline constexpr std::size_t language_tag_bytes_max = 35;
inline constexpr std::uint32_t set_elements_default = 64;
inline constexpr std::uint32_t set_elements_max = 4096;

}  // namespace rollcall
