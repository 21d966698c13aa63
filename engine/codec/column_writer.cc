#include "engine/codec/column_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "engine/codec/column.h"
#include "engine/codec/limits.h"

namespace rollcall {
namespace {

// Values of which this many begin without enough repetition have no dictionary.
constexpr std::size_t trial_cells = 1024;
constexpr std::size_t trial_words = 8192;
// Cells that must show one pattern before all are taken apart.
constexpr std::size_t trial_parts = 32;
// Shorter texts than this, on average, are not taken as words.
constexpr std::size_t wordy_bytes = 12;

constexpr std::uint64_t code_of(ColumnEncoding encoding) {
  return static_cast<std::uint64_t>(encoding);
}

std::size_t varint_bytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

std::size_t place_bytes(std::size_t entries) { return entries <= dictionary_narrow_max ? 1 : 2; }

// Places of one byte each, or all their low bytes and then all their high bytes.
void write_places(CborWriter& out, const std::vector<std::uint32_t>& places, std::size_t entries,
                  Bytes& scratch) {
  scratch.clear();
  scratch.resize(places.size() * place_bytes(entries));
  char* at = scratch.data();
  for (const std::uint32_t place : places) *at++ = static_cast<char>(place & 0xff);
  if (place_bytes(entries) == 2) {
    for (const std::uint32_t place : places) *at++ = static_cast<char>(place >> 8);
  }
  out.bytes(scratch);
}

// Differences wrap around: they come out right again when they are added up.
struct Delta {
  std::uint64_t before = 0;
  std::uint64_t to(std::int64_t number) {
    const std::uint64_t difference = static_cast<std::uint64_t>(number) - before;
    before = static_cast<std::uint64_t>(number);
    return zigzag(static_cast<std::int64_t>(difference));
  }
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digit_runs(BytesView text) {
  std::size_t runs = 0;
  bool in_run = false;
  for (const char c : text) {
    runs += !in_run && is_digit(c) ? 1 : 0;
    in_run = is_digit(c);
  }
  return runs;
}

// The place of the word at `at`, which is moved to its end: a space, or the end of the cell. Most
// words are found within one load of eight bytes, without a branch that depends on their length.
std::optional<std::uint32_t> take_word(const char*& at, const char* end, const char* content_end,
                                       WordTable& table) {
  const char* const word = at;
  if (content_end - at >= 8) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, 8);
    const std::uint64_t spaces = bytes ^ 0x2020202020202020ULL;
    const std::uint64_t found = (spaces - 0x0101010101010101ULL) & ~spaces & 0x8080808080808080ULL;
    const auto left = static_cast<std::size_t>(end - at);
    const std::size_t size = std::min(
        found == 0 ? std::size_t{8} : static_cast<std::size_t>(std::countr_zero(found)) / 8, left);
    if (size <= WordTable::short_bytes_max) {
      at += size;
      return table.place_of(WordTable::short_key(bytes, size), {word, size});
    }
    at += 8;
  }
  while (at != end && *at != ' ') ++at;
  return table.place_of({word, static_cast<std::size_t>(at - word)});
}

}  // namespace

void ColumnWriter::clear() {
  kind_ = ValueKind::null;
  all_same_ = true;
  rows_ = missing_ = content_bytes_ = 0;
  lengths_.clear();
  content_.clear();
  numbers_.clear();
}

ValueView ColumnWriter::first() const {
  if (kind_ == ValueKind::null || is_missing(0)) return ValueView::null();
  if (is_string()) return ValueView{kind_, 0, BytesView(content_).substr(0, lengths_[0] - 1)};
  return ValueView{kind_, numbers_[0], {}};
}

void ColumnWriter::add_slowly(const ValueView& cell) {
  if (all_same_ && rows_ > 0) {
    if (cell == first()) {
      ++rows_;
      content_bytes_ += cell.bytes.size();
      return;
    }
    spell_out();
  }
  append_other(cell);
}

void ColumnWriter::append_other(const ValueView& cell) {
  if (cell.is_null()) {
    if (!is_string()) {
      // Before the first cell that is not null nobody knows whether these are numbers.
      if (missing_ == 0) lengths_.assign(rows_, 1);
      numbers_.push_back(0);
    }
    lengths_.push_back(0);
    ++missing_;
    ++rows_;
    return;
  }
  if (kind_ == ValueKind::null) {
    kind_ = cell.kind;
    if (is_string()) numbers_.clear();
  }
  ROLLCALL_CHECK(cell.kind == kind_);
  if (is_string()) {
    append_string(cell.bytes.data(), cell.bytes.size());
  } else {
    append_number(cell.integer);
  }
}

// All cells so far are as the first, which alone is kept: write the others down as well.
void ColumnWriter::spell_out() {
  all_same_ = false;
  const std::size_t copies = rows_ - 1;
  if (!lengths_.empty()) lengths_.insert(lengths_.end(), copies, lengths_[0]);
  if (missing_ != 0) missing_ += copies;
  if (is_string()) {
    const std::size_t size = content_.size();
    content_.resize(size * rows_);
    for (std::size_t i = 1; i <= copies; ++i) content_.replace(size * i, size, content_, 0, size);
  } else {
    numbers_.insert(numbers_.end(), copies, numbers_[0]);
  }
}

void ColumnWriter::write_any(CborWriter& out, ColumnScratch& scratch, bool is_part) const {
  ROLLCALL_CHECK(rows_ > 0);
  if (all_same_) {
    out.array(2);
    out.unsigned_integer(code_of(ColumnEncoding::constant));
    return out.value(first());
  }
  if (kind_ == ValueKind::boolean) {
    ROLLCALL_CHECK(gather_dictionary(scratch));
    return write_dictionary(out, scratch);
  }
  if (kind_ == ValueKind::integer) {
    const IntegerPlan plan = plan_integers();
    // A dictionary's place takes a byte or more.
    if (plan.bytes > rows_ && gather_dictionary(scratch) &&
        dictionary_bytes(scratch) < plan.bytes) {
      return write_dictionary(out, scratch);
    }
    return write_integers(plan, out, scratch);
  }
  if (gather_dictionary(scratch) && dictionary_bytes(scratch) * 4 < strings_bytes() * 3) {
    return write_dictionary(out, scratch);
  }
  if (kind_ == ValueKind::text && !is_part) return write_text(out, scratch);
  write_strings(out, scratch);
}

void ColumnWriter::write_missing(CborWriter& out) const {
  if (missing_ == 0) return out.bytes({});
  Bytes mask((rows_ + 7) / 8, '\0');
  for (std::size_t i = 0; i < rows_; ++i) {
    if (is_missing(i)) mask[i / 8] = static_cast<char>(mask[i / 8] | (1 << (i % 8)));
  }
  out.bytes(mask);
}

// Fills the table and the places. False when the values repeat too little, or are too many.
bool ColumnWriter::gather_dictionary(ColumnScratch& scratch) const {
  scratch.table.clear();
  scratch.places.clear();
  scratch.null_place = 0;
  const char* at = content_.data();
  for (std::size_t i = 0; i < rows_; ++i) {
    if (is_missing(i)) {
      if (scratch.null_place == 0) scratch.null_place = scratch.table.add_unnamed() + 1;
      scratch.places.push_back(scratch.null_place - 1);
      continue;
    }
    BytesView word;
    if (is_string()) {
      word = BytesView(at, lengths_[i] - 1);
      at += word.size();
    } else {
      word = BytesView(reinterpret_cast<const char*>(&numbers_[i]), sizeof numbers_[i]);
    }
    const auto place = scratch.table.place_of(word);
    if (!place || *place >= dictionary_entries_max) return false;
    scratch.places.push_back(*place);
    if (i == trial_cells && scratch.table.size() * 4 > trial_cells * 3) return false;
  }
  return true;
}

std::size_t ColumnWriter::dictionary_bytes(const ColumnScratch& scratch) const {
  const std::size_t entries = scratch.table.size();
  return scratch.table.bytes() + 2 * entries + rows_ * place_bytes(entries) + 8;
}

void ColumnWriter::write_dictionary(CborWriter& out, ColumnScratch& scratch) const {
  out.array(3);
  out.unsigned_integer(code_of(ColumnEncoding::dictionary));
  const std::size_t entries = scratch.table.size();
  out.array(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    ValueView entry{kind_, 0, scratch.table.word(i)};
    if (i + 1 == scratch.null_place) {
      entry = ValueView::null();
    } else if (!is_string()) {
      std::copy_n(entry.bytes.data(), sizeof entry.integer,
                  reinterpret_cast<char*>(&entry.integer));
      entry.bytes = {};
    }
    out.value(entry);
  }
  write_places(out, scratch.places, entries, scratch.bytes);
}

std::size_t ColumnWriter::strings_bytes() const { return content_.size() + rows_ + 16; }

void ColumnWriter::write_strings(CborWriter& out, ColumnScratch& scratch) const {
  out.array(4);
  out.unsigned_integer(code_of(ColumnEncoding::strings));
  out.unsigned_integer(static_cast<std::uint64_t>(kind_));
  scratch.bytes.clear();
  for (const std::uint32_t length : lengths_) put_varint(scratch.bytes, length);
  out.bytes(scratch.bytes);
  out.bytes(content_);
}

ColumnWriter::IntegerPlan ColumnWriter::plan_integers() const {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < rows_; ++i) {
    if (is_missing(i)) continue;
    least = std::min(least, numbers_[i]);
    most = std::max(most, numbers_[i]);
  }
  // One number among nulls still takes a bit: a packed column always has some.
  const std::uint64_t range = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
  const auto bits = static_cast<unsigned>(std::bit_width(range | 1));
  const std::size_t packed_bytes = (present() * bits + 7) / 8;
  if (bits <= 8) return {least, bits, packed_bytes};  // a difference takes a byte or more
  std::size_t deltas_bytes = 0;
  Delta delta;
  for (std::size_t i = 0; i < rows_; ++i) {
    if (!is_missing(i)) deltas_bytes += varint_bytes(delta.to(numbers_[i]));
  }
  if (bits > packed_bits_max || packed_bytes > deltas_bytes) return {0, 0, deltas_bytes};
  return {least, bits, packed_bytes};
}

void ColumnWriter::write_deltas(CborWriter& out, ColumnScratch& scratch) const {
  out.array(3);
  out.unsigned_integer(code_of(ColumnEncoding::deltas));
  write_missing(out);
  scratch.bytes.clear();
  Delta delta;
  for (std::size_t i = 0; i < rows_; ++i) {
    if (!is_missing(i)) put_varint(scratch.bytes, delta.to(numbers_[i]));
  }
  out.bytes(scratch.bytes);
}

void ColumnWriter::write_integers(const IntegerPlan& plan, CborWriter& out,
                                  ColumnScratch& scratch) const {
  if (plan.bits == 0) return write_deltas(out, scratch);
  out.array(5);
  out.unsigned_integer(code_of(ColumnEncoding::packed));
  write_missing(out);
  out.integer(plan.least);
  out.unsigned_integer(plan.bits);
  scratch.bytes.clear();
  scratch.bytes.resize(plan.bytes);
  char* at = scratch.bytes.data();
  const auto least = static_cast<std::uint64_t>(plan.least);
  std::uint64_t window = 0;
  unsigned filled = 0;  // below 8 before each number, so that 56 more fit
  for (std::size_t i = 0; i < rows_; ++i) {
    if (is_missing(i)) continue;
    window |= (static_cast<std::uint64_t>(numbers_[i]) - least) << filled;
    for (filled += plan.bits; filled >= 8; filled -= 8) {
      *at++ = static_cast<char>(window & 0xff);
      window >>= 8;
    }
  }
  if (filled > 0) *at = static_cast<char>(window);
  out.bytes(scratch.bytes);
}

void ColumnWriter::write_text(CborWriter& out, ColumnScratch& scratch) const {
  if (gather_parts(scratch)) {
    scratch.encoded.clear();
    CborWriter parts(scratch.encoded);
    write_parts(parts, scratch);
    if (scratch.encoded.size() * 4 < strings_bytes() * 3) return out.raw(scratch.encoded);
  }
  if (gather_words(scratch)) {
    const std::size_t entries = scratch.table.size();
    const std::size_t bytes = scratch.table.bytes() + 2 * entries + present() +
                              scratch.places.size() * place_bytes(entries);
    if (bytes * 5 < strings_bytes() * 3) return write_words(out, scratch);
  }
  write_strings(out, scratch);
}

bool ColumnWriter::gather_parts(ColumnScratch& scratch) const {
  const char* at = content_.data();
  std::size_t tried = 0;
  std::size_t runs = 0;
  for (std::size_t i = 0; i < rows_ && tried < trial_parts; ++i) {
    if (lengths_[i] == 0) continue;
    const BytesView cell(at, lengths_[i] - 1);
    at += cell.size();
    const std::size_t count = digit_runs(cell);
    if (count == 0 || (tried > 0 && count != runs)) return false;
    runs = count;
    ++tried;
  }
  if (2 * runs + 1 > column_parts_max) return false;
  scratch.run_count = runs;
  scratch.runs.assign(runs, {});
  if (scratch.parts.size() < 2 * runs + 1) scratch.parts.resize(2 * runs + 1);
  for (ColumnWriter& part : scratch.parts) part.clear();
  at = content_.data();
  for (std::size_t i = 0; i < rows_; ++i) {
    if (lengths_[i] == 0) continue;
    const BytesView cell(at, lengths_[i] - 1);
    at += cell.size();
    if (!add_parts(cell, scratch)) return false;
  }
  // A run must be written back as it was: padded to one width, or without leading zeros.
  return std::none_of(scratch.runs.begin(), scratch.runs.end(), [](const ColumnScratch::Run& run) {
    return run.leading_zero && !run.same_digits;
  });
}

bool ColumnWriter::add_parts(BytesView cell, ColumnScratch& scratch) const {
  const char* at = cell.data();
  const char* const end = at + cell.size();
  for (std::size_t i = 0; i < scratch.run_count; ++i) {
    const char* const text = at;
    while (at != end && !is_digit(*at)) ++at;
    if (at == end) return false;
    scratch.parts[2 * i].add_part(text, static_cast<std::size_t>(at - text));
    const char* const digits = at;
    std::uint64_t number = 0;
    while (at != end && is_digit(*at)) number = number * 10 + static_cast<unsigned>(*at++ - '0');
    const auto count = static_cast<std::size_t>(at - digits);
    if (count > part_digits_max) return false;
    ColumnScratch::Run& run = scratch.runs[i];
    if (run.digits == 0) run.digits = static_cast<unsigned>(count);
    run.same_digits = run.same_digits && run.digits == count;
    run.leading_zero = run.leading_zero || (count > 1 && *digits == '0');
    scratch.parts[2 * i + 1].add_part(static_cast<std::int64_t>(number));
  }
  const char* const text = at;
  while (at != end && !is_digit(*at)) ++at;
  if (at != end) return false;
  scratch.parts[2 * scratch.run_count].add_part(text, static_cast<std::size_t>(at - text));
  return true;
}

void ColumnWriter::write_parts(CborWriter& out, ColumnScratch& scratch) const {
  out.array(3);
  out.unsigned_integer(code_of(ColumnEncoding::parts));
  write_missing(out);
  const auto is_empty = [](const ColumnWriter& part) { return part.content_bytes_ == 0; };
  std::size_t count = scratch.run_count;
  for (std::size_t i = 0; i <= scratch.run_count; ++i)
    count += is_empty(scratch.parts[2 * i]) ? 0 : 1;
  out.array(count);
  for (std::size_t i = 0; i <= 2 * scratch.run_count; ++i) {
    const bool is_run = i % 2 == 1;
    if (!is_run && is_empty(scratch.parts[i])) continue;
    out.array(2);
    const bool is_padded = is_run && scratch.runs[i / 2].same_digits;
    out.unsigned_integer(is_padded ? scratch.runs[i / 2].digits : 0);
    scratch.parts[i].write_any(out, scratch, true);
  }
}

// Fills the table with the words and the places with theirs, cell by cell; and `bytes` with the
// counts of words.
bool ColumnWriter::gather_words(ColumnScratch& scratch) const {
  if (content_.size() < present() * wordy_bytes) return false;
  scratch.table.clear();
  scratch.places.clear();
  scratch.bytes.clear();
  const char* at = content_.data();
  const char* const content_end = at + content_.size();
  bool is_tried = false;
  for (std::size_t i = 0; i < rows_; ++i) {
    if (lengths_[i] == 0) continue;
    const char* const end = at + lengths_[i] - 1;
    const std::size_t before = scratch.places.size();
    for (;;) {
      const auto place = take_word(at, end, content_end, scratch.table);
      if (!place || *place >= dictionary_entries_max) return false;
      scratch.places.push_back(*place);
      if (at == end) break;
      ++at;  // the space
    }
    put_varint(scratch.bytes, scratch.places.size() - before);
    if (!is_tried && scratch.places.size() >= trial_words) {
      is_tried = true;
      if (scratch.table.size() * 2 > scratch.places.size()) return false;
    }
  }
  return true;
}

void ColumnWriter::write_words(CborWriter& out, ColumnScratch& scratch) const {
  out.array(5);
  out.unsigned_integer(code_of(ColumnEncoding::words));
  write_missing(out);
  const std::size_t entries = scratch.table.size();
  out.array(entries);
  for (std::size_t i = 0; i < entries; ++i) out.text(scratch.table.word(i));
  out.bytes(scratch.bytes);
  write_places(out, scratch.places, entries, scratch.bytes);
}

}  // namespace rollcall
