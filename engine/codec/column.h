#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace rollcall {

// How the cells of a column are written; the writer takes the smallest that it finds quickly.
// FORMAT.md draws each.
enum class ColumnEncoding : std::uint8_t {
  constant = 0,    // one value, for all cells
  dictionary = 1,  // distinct values, and for each cell the place of its own
  strings = 2,     // lengths, then contents
  deltas = 3,      // integers as differences
  packed = 4,      // integers in as many bits as their range takes
  parts = 5,  // texts of one pattern, such as phone numbers: its digit runs and what parts them
  words = 6,  // texts of words that recur
};

// Entries of one dictionary: a place takes one byte or two.
inline constexpr std::size_t dictionary_entries_max = 65'536;
inline constexpr std::size_t dictionary_narrow_max = 256;
// Widest packed integer: it lies within eight bytes wherever its first bit is.
inline constexpr unsigned packed_bits_max = 56;
// Longest digit run that is a number.
inline constexpr unsigned part_digits_max = 18;

static_assert(std::endian::native == std::endian::little,
              "columns are read by words, lowest byte first");

}  // namespace rollcall
