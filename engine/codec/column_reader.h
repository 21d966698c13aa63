#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/codec/cbor_reader.h"
#include "engine/codec/column.h"
#include "engine/codec/limits.h"
#include "engine/model/value.h"

namespace rollcall {

// What the columns of one page may still take, all together.
struct ColumnBudget {
  std::size_t columns = page_columns_max;
  std::size_t cells = page_cells_max;
  std::size_t unfolded_bytes = page_unfolded_bytes_max;
};

// One column of a section, checked as a whole when it is opened; its cells are then read in order
// and cannot fail. Texts and bytes are views into the page where they lie there as they are,
// otherwise into the reader's memory. Opening again keeps the memory.
class ColumnReader {
 public:
  // Takes the column of `rows` cells off `in`.
  Result<void> open(CborReader& in, std::size_t rows, ColumnBudget& budget) {
    return open_any(in, rows, budget, false);
  }

  // The kind of all cells that are not null; null when there are none.
  [[nodiscard]] ValueKind kind() const { return kind_; }
  [[nodiscard]] bool has_null() const { return has_null_; }
  [[nodiscard]] bool is_constant() const { return mode_ == Mode::constant; }
  [[nodiscard]] bool is_null(std::size_t row) const;

  // The next cell; at most as many times as the column has rows.
  ValueView next() {
    switch (mode_) {
      case Mode::constant: return constant_;
      case Mode::dictionary: return entries_[place(row_++)];
      case Mode::strings: {
        const std::uint32_t length = lengths_[row_++];
        if (length == 0) return ValueView::null();
        const BytesView bytes(at_, length - 1);
        at_ += length - 1;
        return ValueView{kind_, 0, bytes};
      }
      case Mode::integers: {
        const std::size_t row = row_++;
        if (has_null_ && lengths_[row] == 0) return ValueView::null();
        return ValueView::of_integer(numbers_[row]);
      }
    }
    return ValueView::null();
  }
  void rewind() {
    row_ = 0;
    at_ = content_;
  }

 private:
  enum class Mode : std::uint8_t { constant, dictionary, strings, integers };

  struct Word {  // its place in `word_bytes_`
    std::uint32_t at;
    std::uint32_t length;
  };

  Result<void> open_any(CborReader& in, std::size_t rows, ColumnBudget& budget, bool is_part);
  Result<void> open_constant(CborReader& in, ColumnBudget& budget);
  Result<void> open_dictionary(CborReader& in, ColumnBudget& budget);
  Result<void> open_strings(CborReader& in, ColumnBudget& budget);
  Result<void> open_deltas(CborReader& in);
  Result<void> open_packed(CborReader& in);
  Result<void> open_parts(CborReader& in, ColumnBudget& budget);
  Result<void> open_words(CborReader& in, ColumnBudget& budget);
  // Reads the mask of nulls into `lengths_`: 0 where null, else 1. Counts the others.
  Result<void> read_missing(CborReader& in);
  Result<void> read_places(CborReader& in, std::size_t entries, std::size_t count);
  Result<void> unfold_parts(CborReader& in, const std::vector<unsigned>& widths,
                            ColumnBudget& budget);
  Result<void> unfold_words(CborReader& in, ColumnBudget& budget);
  Result<void> spend(CborReader& in, std::size_t bytes, ColumnBudget& budget) const;

  [[nodiscard]] std::size_t place(std::size_t row) const {
    const auto low = static_cast<std::uint8_t>(places_[row]);
    if (!is_wide_) return low;
    return low | static_cast<std::size_t>(static_cast<std::uint8_t>(places_[places_count_ + row]))
                     << 8;
  }
  // Writes the digits of a part's number; gives their end.
  static char* write_number(char* out, std::int64_t number, unsigned width);

  Mode mode_ = Mode::constant;
  ValueKind kind_ = ValueKind::null;
  bool has_null_ = false;
  bool is_wide_ = false;  // places of two bytes
  std::size_t rows_ = 0;
  std::size_t present_ = 0;        // cells that are not null
  std::size_t row_ = 0;            // of the next cell
  const char* at_ = nullptr;       // strings: of the next cell
  const char* content_ = nullptr;  // strings: of the first
  const char* places_ = nullptr;
  std::size_t places_count_ = 0;
  ValueView constant_;
  std::vector<ValueView> entries_;
  std::vector<std::uint32_t> lengths_;  // strings: plus one, 0 null; integers: 0 null, else 1
  std::vector<std::int64_t> numbers_;
  std::vector<char> unfolded_;  // what parts or words were put together to
  std::vector<ColumnReader> parts_;
  std::vector<Word> words_;
  std::vector<char> word_bytes_;
};

}  // namespace rollcall
