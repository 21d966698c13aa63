#include "engine/codec/column_reader.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

namespace rollcall {
namespace {

// What may be read beyond a text's end, and written beyond its copy's, so that short texts are
// copied as one word.
constexpr std::size_t slack = 16;

// Takes numbers off a byte string that is nothing else.
class VarintCursor {
 public:
  explicit VarintCursor(BytesView in) : in_(in) {}
  // False at the end, or when there is no number in shortest form.
  bool take(std::uint64_t& value) {
    if (in_.empty()) return false;
    const auto first = static_cast<std::uint8_t>(in_.front());
    if (first < 0x80) {
      in_.remove_prefix(1);
      value = first;
      return true;
    }
    const auto long_one = take_varint(in_);
    if (!long_one) return false;
    value = *long_one;
    return true;
  }
  [[nodiscard]] bool at_end() const { return in_.empty(); }

 private:
  BytesView in_;
};

// Every cell must be UTF-8 for itself: all of it together is, and no cell begins within a
// character.
bool are_utf8(BytesView content, const std::vector<std::uint32_t>& lengths) {
  if (!is_utf8(content)) return false;
  const char* at = content.data();
  const char* const end = at + content.size();
  for (const std::uint32_t length : lengths) {
    if (at != end && (static_cast<std::uint8_t>(*at) & 0xc0) == 0x80) return false;
    at += length == 0 ? 0 : length - 1;
  }
  return true;
}

// A count of bytes that no budget allows stays one where size_t has 32 bits.
std::size_t bounded(std::uint64_t bytes) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, page_unfolded_bytes_max + 1));
}

unsigned decimal_digits(std::uint64_t number) {
  unsigned digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

std::uint64_t ten_to(unsigned power) {
  std::uint64_t result = 1;
  for (; power > 0; --power) result *= 10;
  return result;
}

std::uint64_t load_bits(BytesView packed, std::size_t first_bit) {
  const std::size_t at = first_bit / 8;
  std::uint64_t window = 0;
  if (packed.size() - at >= 8) {
    std::memcpy(&window, packed.data() + at, 8);
  } else {
    std::memcpy(&window, packed.data() + at, packed.size() - at);
  }
  return window >> (first_bit % 8);
}

void copy_short(char* to, const char* from, std::size_t size) {
  std::memcpy(to, from, slack);
  if (size > slack) std::memcpy(to + slack, from + slack, size - slack);
}

}  // namespace

bool ColumnReader::is_null(std::size_t row) const {
  switch (mode_) {
    case Mode::constant: return constant_.is_null();
    case Mode::dictionary: return entries_[place(row)].is_null();
    default: return has_null_ && lengths_[row] == 0;
  }
}

Result<void> ColumnReader::spend(CborReader& in, std::size_t bytes, ColumnBudget& budget) const {
  if (bytes > budget.unfolded_bytes) {
    return in.refuse(ErrorCode::too_large, "the page's values unfold to more than it may hold");
  }
  budget.unfolded_bytes -= bytes;
  return {};
}

Result<void> ColumnReader::open_any(CborReader& in, std::size_t rows, ColumnBudget& budget,
                                    bool is_part) {
  kind_ = ValueKind::null;
  has_null_ = false;
  rows_ = present_ = rows;
  row_ = 0;
  if (budget.columns == 0 || budget.cells < rows) {
    return in.refuse(ErrorCode::limit, "the page has too many columns or cells");
  }
  --budget.columns;
  budget.cells -= rows;
  ROLLCALL_TRY_ASSIGN(const std::size_t items, in.array());
  if (items == 0) return in.refuse(ErrorCode::malformed, "a column without an encoding");
  ROLLCALL_TRY_ASSIGN(const std::uint64_t encoding, in.unsigned_integer());
  constexpr std::size_t sizes[] = {2, 3, 4, 3, 5, 3, 5};
  if (encoding >= std::size(sizes) || (is_part && encoding >= 5)) {
    return in.refuse(ErrorCode::malformed, "a column in an encoding that is not known here");
  }
  if (items != sizes[encoding]) {
    return in.refuse(ErrorCode::malformed, "a column with too few or too many items");
  }
  switch (static_cast<ColumnEncoding>(encoding)) {
    case ColumnEncoding::constant: return open_constant(in, budget);
    case ColumnEncoding::dictionary: return open_dictionary(in, budget);
    case ColumnEncoding::strings: return open_strings(in, budget);
    case ColumnEncoding::deltas: return open_deltas(in);
    case ColumnEncoding::packed: return open_packed(in);
    case ColumnEncoding::parts: return open_parts(in, budget);
    case ColumnEncoding::words: return open_words(in, budget);
  }
  return {};
}

Result<void> ColumnReader::open_constant(CborReader& in, ColumnBudget& budget) {
  mode_ = Mode::constant;
  ROLLCALL_TRY_ASSIGN(constant_, in.value());
  kind_ = constant_.kind;
  has_null_ = constant_.is_null();
  if (constant_.bytes.size() > budget.unfolded_bytes / rows_) {
    return spend(in, page_unfolded_bytes_max + 1, budget);
  }
  return spend(in, constant_.bytes.size() * rows_, budget);
}

Result<void> ColumnReader::read_places(CborReader& in, std::size_t entries, std::size_t count) {
  is_wide_ = entries > dictionary_narrow_max;
  ROLLCALL_TRY_ASSIGN(const BytesView places, in.bytes());
  if (places.size() != count * (is_wide_ ? 2 : 1)) {
    return in.refuse(ErrorCode::malformed, "a dictionary's places are too few or too many");
  }
  places_ = places.data();
  places_count_ = count;
  return {};
}

Result<void> ColumnReader::open_dictionary(CborReader& in, ColumnBudget& budget) {
  mode_ = Mode::dictionary;
  ROLLCALL_TRY_ASSIGN(const std::size_t entries, in.array());
  if (entries == 0 || entries > dictionary_entries_max || entries > rows_) {
    return in.refuse(ErrorCode::limit, "a dictionary with too few or too many entries");
  }
  entries_.clear();
  entries_.reserve(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    ROLLCALL_TRY_ASSIGN(const ValueView entry, in.value());
    if (entry.is_null()) {
      has_null_ = true;
    } else if (kind_ == ValueKind::null) {
      kind_ = entry.kind;
    } else if (kind_ != entry.kind) {
      return in.refuse(ErrorCode::wrong_type, "a column with values of two kinds");
    }
    entries_.push_back(entry);
  }
  ROLLCALL_TRY(read_places(in, entries, rows_));
  std::uint64_t bytes = 0;  // at most 50,000 rows of 16 MiB: no overflow
  for (std::size_t row = 0; row < rows_; ++row) {
    const std::size_t entry = place(row);
    if (entry >= entries) {
      return in.refuse(ErrorCode::malformed, "a dictionary's place beyond its entries");
    }
    bytes += entries_[entry].bytes.size();
  }
  return spend(in, bounded(bytes), budget);
}

Result<void> ColumnReader::open_strings(CborReader& in, ColumnBudget& budget) {
  mode_ = Mode::strings;
  ROLLCALL_TRY_ASSIGN(const std::uint64_t kind, in.unsigned_integer());
  if (kind != static_cast<std::uint64_t>(ValueKind::text) &&
      kind != static_cast<std::uint64_t>(ValueKind::bytes)) {
    return in.refuse(ErrorCode::wrong_type, "a column of lengths holds text (3) or bytes (4)");
  }
  kind_ = static_cast<ValueKind>(kind);
  ROLLCALL_TRY_ASSIGN(const BytesView lengths, in.bytes());
  ROLLCALL_TRY_ASSIGN(const BytesView content, in.bytes());
  if (lengths.size() < rows_) {
    return in.refuse(ErrorCode::truncated, "a column has fewer lengths than rows");
  }
  lengths_.resize(rows_);
  VarintCursor cursor(lengths);
  std::uint64_t left = content.size();
  for (std::uint32_t& length : lengths_) {
    std::uint64_t number = 0;
    if (!cursor.take(number)) return in.refuse(ErrorCode::malformed, "a length is not a number");
    length = static_cast<std::uint32_t>(number);
    has_null_ = has_null_ || number == 0;
    if (number == 0) continue;
    if (number - 1 > left) return in.refuse(ErrorCode::truncated, "a column's text is too short");
    left -= number - 1;
  }
  if (!cursor.at_end() || left != 0) {
    return in.refuse(ErrorCode::trailing_bytes, "a column has more lengths or text than rows");
  }
  if (kind_ == ValueKind::text && !are_utf8(content, lengths_)) {
    return in.refuse(ErrorCode::not_utf8, "a text of the column is not UTF-8");
  }
  at_ = content_ = content.data();
  return spend(in, content.size(), budget);
}

Result<void> ColumnReader::read_missing(CborReader& in) {
  ROLLCALL_TRY_ASSIGN(const BytesView mask, in.bytes());
  has_null_ = !mask.empty();
  if (mask.empty()) return {};
  if (mask.size() != (rows_ + 7) / 8) {
    return in.refuse(ErrorCode::malformed, "a mask of nulls is not one bit for each row");
  }
  lengths_.resize(rows_);
  for (std::size_t row = 0; row < rows_; ++row) {
    const bool is_missing = ((static_cast<std::uint8_t>(mask[row / 8]) >> (row % 8)) & 1) != 0;
    lengths_[row] = is_missing ? 0 : 1;
    present_ -= is_missing ? 1 : 0;
  }
  if (rows_ % 8 != 0 && (static_cast<std::uint8_t>(mask.back()) >> (rows_ % 8)) != 0) {
    return in.refuse(ErrorCode::not_canonical, "a mask of nulls has bits beyond the last row");
  }
  if (present_ == rows_ || present_ == 0) {
    return in.refuse(ErrorCode::not_canonical, "a mask of nulls where none or all are null");
  }
  return {};
}

Result<void> ColumnReader::open_deltas(CborReader& in) {
  mode_ = Mode::integers;
  kind_ = ValueKind::integer;
  ROLLCALL_TRY(read_missing(in));
  ROLLCALL_TRY_ASSIGN(const BytesView deltas, in.bytes());
  if (deltas.size() < present_) {
    return in.refuse(ErrorCode::truncated, "a column has fewer numbers than rows");
  }
  numbers_.assign(rows_, 0);
  VarintCursor cursor(deltas);
  std::uint64_t before = 0;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (has_null_ && lengths_[row] == 0) continue;
    std::uint64_t delta = 0;
    if (!cursor.take(delta)) return in.refuse(ErrorCode::malformed, "a number is not in its form");
    before += static_cast<std::uint64_t>(unzigzag(delta));
    numbers_[row] = static_cast<std::int64_t>(before);
  }
  if (!cursor.at_end()) {
    return in.refuse(ErrorCode::trailing_bytes, "a column has more numbers than rows");
  }
  return {};
}

Result<void> ColumnReader::open_packed(CborReader& in) {
  mode_ = Mode::integers;
  kind_ = ValueKind::integer;
  ROLLCALL_TRY(read_missing(in));
  ROLLCALL_TRY_ASSIGN(const std::int64_t least, in.integer());
  ROLLCALL_TRY_ASSIGN(const std::uint64_t bits, in.unsigned_integer());
  ROLLCALL_TRY_ASSIGN(const BytesView packed, in.bytes());
  if (bits == 0 || bits > packed_bits_max) {
    return in.refuse(ErrorCode::malformed, "packed numbers have 1 to 56 bits");
  }
  const std::size_t bits_used = present_ * static_cast<std::size_t>(bits);
  if (packed.size() != (bits_used + 7) / 8) {
    return in.refuse(ErrorCode::malformed, "packed numbers are too few or too many");
  }
  if (bits_used % 8 != 0 && (static_cast<std::uint8_t>(packed.back()) >> (bits_used % 8)) != 0) {
    return in.refuse(ErrorCode::not_canonical, "packed numbers end in bits that say nothing");
  }
  numbers_.assign(rows_, 0);
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::size_t bit = 0;
  bool is_wrapped = false;
  for (std::size_t row = 0; row < rows_; ++row) {
    if (has_null_ && lengths_[row] == 0) continue;
    const std::uint64_t offset = load_bits(packed, bit) & mask;
    bit += static_cast<std::size_t>(bits);
    numbers_[row] = static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + offset);
    is_wrapped = is_wrapped || numbers_[row] < least;
  }
  if (is_wrapped) return in.refuse(ErrorCode::bad_value, "a packed number is wider than 64 bits");
  return {};
}

Result<void> ColumnReader::open_parts(CborReader& in, ColumnBudget& budget) {
  kind_ = ValueKind::text;
  ROLLCALL_TRY(read_missing(in));
  ROLLCALL_TRY_ASSIGN(const std::size_t count, in.array());
  if (count == 0 || count > column_parts_max) {
    return in.refuse(ErrorCode::limit, "a column with too few or too many parts");
  }
  parts_.resize(std::max(parts_.size(), count));
  std::vector<unsigned> widths(count);
  for (std::size_t i = 0; i < count; ++i) {
    ROLLCALL_TRY_ASSIGN(const std::size_t items, in.array());
    if (items != 2) return in.refuse(ErrorCode::malformed, "a part is its width and its column");
    ROLLCALL_TRY_ASSIGN(const std::uint64_t width, in.unsigned_integer());
    if (width > part_digits_max) {
      return in.refuse(ErrorCode::limit, "a part's width is more than 18 digits");
    }
    widths[i] = static_cast<unsigned>(width);
    ColumnBudget part_budget = budget;  // what the parts unfold to is counted as a whole, below
    ROLLCALL_TRY(parts_[i].open_any(in, present_, part_budget, true));
    budget.columns = part_budget.columns;
    budget.cells = part_budget.cells;
    const ValueKind kind = parts_[i].kind_;
    if (parts_[i].has_null_ || (kind != ValueKind::text && kind != ValueKind::integer) ||
        (kind == ValueKind::text && width != 0)) {
      return in.refuse(ErrorCode::wrong_type, "a part is text, or whole numbers of a width");
    }
  }
  return unfold_parts(in, widths, budget);
}

char* ColumnReader::write_number(char* out, std::int64_t number, unsigned width) {
  auto rest = static_cast<std::uint64_t>(number);
  const unsigned digits = width != 0 ? width : decimal_digits(rest);
  for (unsigned i = digits; i-- > 0; rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
  return out + digits;
}

Result<void> ColumnReader::unfold_parts(CborReader& in, const std::vector<unsigned>& widths,
                                        ColumnBudget& budget) {
  lengths_.resize(rows_);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    ColumnReader& part = parts_[i];
    const std::uint64_t bound = widths[i] == 0 ? ~std::uint64_t{0} : ten_to(widths[i]);
    for (std::size_t row = 0; row < present_; ++row) {
      const ValueView cell = part.next();
      if (cell.kind == ValueKind::text) {
        total += cell.bytes.size();
      } else {
        if (cell.integer < 0 || static_cast<std::uint64_t>(cell.integer) >= bound) {
          return in.refuse(ErrorCode::bad_value, "a number does not fit the width of its part");
        }
        total +=
            widths[i] != 0 ? widths[i] : decimal_digits(static_cast<std::uint64_t>(cell.integer));
      }
    }
    part.rewind();
    if (total > budget.unfolded_bytes) break;
  }
  ROLLCALL_TRY(spend(in, bounded(total), budget));
  unfolded_.resize(static_cast<std::size_t>(total));
  char* out = unfolded_.data();
  for (std::size_t row = 0; row < rows_; ++row) {
    if (has_null_ && lengths_[row] == 0) continue;
    const char* const start = out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const ValueView cell = parts_[i].next();
      if (cell.kind == ValueKind::integer) {
        out = write_number(out, cell.integer, widths[i]);
      } else if (!cell.bytes.empty()) {
        std::memcpy(out, cell.bytes.data(), cell.bytes.size());
        out += cell.bytes.size();
      }
    }
    lengths_[row] = static_cast<std::uint32_t>(out - start) + 1;
  }
  mode_ = Mode::strings;
  at_ = content_ = unfolded_.data();
  return {};
}

Result<void> ColumnReader::open_words(CborReader& in, ColumnBudget& budget) {
  kind_ = ValueKind::text;
  ROLLCALL_TRY(read_missing(in));
  ROLLCALL_TRY_ASSIGN(const std::size_t entries, in.array());
  if (entries == 0 || entries > dictionary_entries_max) {
    return in.refuse(ErrorCode::limit, "a list of words with too few or too many");
  }
  words_.clear();
  word_bytes_.clear();
  for (std::size_t i = 0; i < entries; ++i) {
    ROLLCALL_TRY_ASSIGN(const BytesView word, in.text());
    words_.push_back(
        {static_cast<std::uint32_t>(word_bytes_.size()), static_cast<std::uint32_t>(word.size())});
    word_bytes_.insert(word_bytes_.end(), word.begin(), word.end());
  }
  word_bytes_.resize(word_bytes_.size() + slack);
  ROLLCALL_TRY_ASSIGN(const BytesView counts, in.bytes());
  if (counts.size() < present_) {
    return in.refuse(ErrorCode::truncated, "a column has fewer counts of words than rows");
  }
  if (!has_null_) lengths_.assign(rows_, 1);
  VarintCursor cursor(counts);
  std::uint64_t total = 0;
  for (std::uint32_t& count : lengths_) {
    if (count == 0) continue;
    std::uint64_t number = 0;
    if (!cursor.take(number) || number == 0 || number > page_unfolded_bytes_max) {
      return in.refuse(ErrorCode::malformed, "a count of words is not a number from 1");
    }
    count = static_cast<std::uint32_t>(number);
    total += number;
  }
  if (!cursor.at_end()) {
    return in.refuse(ErrorCode::trailing_bytes, "a column has more counts of words than rows");
  }
  if (total > page_unfolded_bytes_max || entries > total) {
    return in.refuse(ErrorCode::limit, "a column has too many words");
  }
  ROLLCALL_TRY(read_places(in, entries, static_cast<std::size_t>(total)));
  return unfold_words(in, budget);
}

// `lengths_` has counts of words when this begins, lengths plus one when it ends.
Result<void> ColumnReader::unfold_words(CborReader& in, ColumnBudget& budget) {
  std::uint64_t total = places_count_ - present_;  // the spaces
  for (std::size_t i = 0; i < places_count_; ++i) {
    if (place(i) >= words_.size()) {
      return in.refuse(ErrorCode::malformed, "a word's place beyond the list of words");
    }
    total += words_[place(i)].length;
  }
  ROLLCALL_TRY(spend(in, bounded(total), budget));
  unfolded_.resize(static_cast<std::size_t>(total) + slack);
  char* out = unfolded_.data();
  std::size_t at = 0;
  for (std::uint32_t& length : lengths_) {
    if (length == 0) continue;
    const char* const start = out;
    for (std::uint32_t i = 0; i < length; ++i, ++at) {
      const Word word = words_[place(at)];
      if (i > 0) *out++ = ' ';
      copy_short(out, word_bytes_.data() + word.at, word.length);
      out += word.length;
    }
    length = static_cast<std::uint32_t>(out - start) + 1;
  }
  mode_ = Mode::strings;
  at_ = content_ = unfolded_.data();
  return {};
}

}  // namespace rollcall
