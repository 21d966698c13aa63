#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/codec/cbor_writer.h"
#include "engine/codec/word_table.h"
#include "engine/model/value.h"

namespace rollcall {

struct ColumnScratch;

// Gathers the cells of one column, then writes them in the encoding that suits them. All cells are
// of one kind or null (CHECK).
class ColumnWriter {
 public:
  void add(const ValueView& cell) {
    if (all_same_ || cell.kind != kind_) return add_slowly(cell);
    if (is_string()) {
      append_string(cell.bytes.data(), cell.bytes.size());
    } else {
      append_number(cell.integer);
    }
  }
  void clear();

  [[nodiscard]] std::size_t rows() const { return rows_; }
  // Lengths of all texts and bytes together.
  [[nodiscard]] std::size_t content_bytes() const { return content_bytes_; }

  // Of at least one cell.
  void write(CborWriter& out, ColumnScratch& scratch) const { write_any(out, scratch, false); }

 private:
  // A part of another column is not taken apart again.
  void write_any(CborWriter& out, ColumnScratch& scratch, bool is_part) const;
  [[nodiscard]] ValueView first() const;
  // While all cells are the same, and for a null or the first cell that is none.
  void add_slowly(const ValueView& cell);
  void append_other(const ValueView& cell);
  void append_string(const char* at, std::size_t size) {
    ++rows_;
    content_bytes_ += size;
    lengths_.push_back(static_cast<std::uint32_t>(size + 1));
    content_.append(at, size);
  }
  void append_number(std::int64_t number) {
    ++rows_;
    numbers_.push_back(number);
    if (missing_ != 0) lengths_.push_back(1);
  }
  // The parts of another column have no nulls and many texts of a byte or two.
  void add_part(const char* at, std::size_t size) {
    if (all_same_ && rows_ > 0 && is_first(at, size)) {
      ++rows_;
      content_bytes_ += size;
    } else {
      add(ValueView::of_text({at, size}));
    }
  }
  void add_part(std::int64_t number) {
    if (all_same_ && rows_ > 0 && number == numbers_[0]) {
      ++rows_;
    } else {
      add(ValueView::of_integer(number));
    }
  }
  [[nodiscard]] bool is_first(const char* at, std::size_t size) const {
    if (size + 1 != lengths_[0]) return false;
    if (size > 8) return content_.compare(0, size, at, size) == 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (content_[i] != at[i]) return false;
    }
    return true;
  }
  void spell_out();
  [[nodiscard]] bool is_string() const {
    return kind_ == ValueKind::text || kind_ == ValueKind::bytes;
  }
  [[nodiscard]] std::size_t present() const { return rows_ - missing_; }
  [[nodiscard]] bool is_missing(std::size_t row) const {
    return missing_ != 0 && lengths_[row] == 0;
  }
  void write_missing(CborWriter& out) const;

  bool gather_dictionary(ColumnScratch& scratch) const;
  [[nodiscard]] std::size_t dictionary_bytes(const ColumnScratch& scratch) const;
  void write_dictionary(CborWriter& out, ColumnScratch& scratch) const;
  [[nodiscard]] std::size_t strings_bytes() const;
  void write_strings(CborWriter& out, ColumnScratch& scratch) const;
  struct IntegerPlan {
    std::int64_t least = 0;
    unsigned bits = 0;  // 0: as differences
    std::size_t bytes = 0;
  };
  [[nodiscard]] IntegerPlan plan_integers() const;
  void write_integers(const IntegerPlan& plan, CborWriter& out, ColumnScratch& scratch) const;
  void write_deltas(CborWriter& out, ColumnScratch& scratch) const;
  void write_text(CborWriter& out, ColumnScratch& scratch) const;
  bool gather_parts(ColumnScratch& scratch) const;
  bool add_parts(BytesView cell, ColumnScratch& scratch) const;
  void write_parts(CborWriter& out, ColumnScratch& scratch) const;
  bool gather_words(ColumnScratch& scratch) const;
  void write_words(CborWriter& out, ColumnScratch& scratch) const;

  ValueKind kind_ = ValueKind::null;
  bool all_same_ = true;  // only the first cell is kept, until another differs
  std::size_t rows_ = 0;
  std::size_t missing_ = 0;  // cells that are null
  std::size_t content_bytes_ = 0;
  // By cell: of a text or bytes its length plus one, of a number 1, of a null 0. Of numbers none
  // before one is null.
  std::vector<std::uint32_t> lengths_;
  Bytes content_;                      // texts and bytes, one after the other
  std::vector<std::int64_t> numbers_;  // integers and booleans; 0 where null
};

// Memory that the columns of a page use in turn while they are written.
struct ColumnScratch {
  struct Run {  // the digit runs of a part, over all cells
    unsigned digits = 0;
    bool same_digits = true;
    bool leading_zero = false;
  };

  WordTable table;
  std::vector<std::uint32_t> places;  // of cells or words, in `table`
  std::uint32_t null_place = 0;       // dictionary: of null; 0: has none. Plus one
  Bytes bytes;
  Bytes encoded;
  std::vector<ColumnWriter> parts;
  std::vector<Run> runs;
  std::size_t run_count = 0;
};

}  // namespace rollcall
