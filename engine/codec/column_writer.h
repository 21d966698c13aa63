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
    ++rows_;
    content_bytes_ += cell.bytes.size();
    if (rows_ > 1) {
      if (all_same_ && cell == first()) return;
      if (all_same_) spell_out();
    } else {
      all_same_ = true;
    }
    append(cell);
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
  void append(const ValueView& cell);
  void spell_out();
  [[nodiscard]] bool is_string() const {
    return kind_ == ValueKind::text || kind_ == ValueKind::bytes;
  }
  [[nodiscard]] std::size_t present() const { return rows_ - missing_; }
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
  std::vector<std::uint32_t> lengths_;  // by cell, plus one; 0: null. Of numbers: 1
  Bytes content_;                       // texts and bytes, one after the other
  std::vector<std::int64_t> numbers_;   // integers and booleans; 0 where null
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
