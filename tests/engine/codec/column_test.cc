#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/codec/column_reader.h"
#include "engine/codec/column_writer.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"

namespace rollcall {
namespace {

using Cells = std::vector<Value>;

Cells cells_of(std::size_t rows, const std::function<Value(std::size_t)>& cell) {
  Cells cells;
  for (std::size_t i = 0; i < rows; ++i) cells.push_back(cell(i));
  return cells;
}

Value text(BytesView t) { return Value::text(t); }

Bytes written(const Cells& cells) {
  ColumnWriter column;
  ColumnScratch scratch;
  for (const Value& cell : cells) column.add(cell);
  Bytes out;
  CborWriter writer(out);
  column.write(writer, scratch);
  return out;
}

Result<Cells> read(BytesView in, std::size_t rows, ColumnBudget budget = {}) {
  CborReader reader(in);
  ColumnReader column;
  ROLLCALL_TRY(column.open(reader, rows, budget));
  ROLLCALL_TRY(reader.end());
  Cells cells;
  Cells again;
  for (std::size_t row = 0; row < rows; ++row) {
    cells.emplace_back(column.next());
    EXPECT_EQ(column.is_null(row), cells.back().is_null());
    if (!cells.back().is_null()) {
      EXPECT_EQ(column.kind(), cells.back().view().kind);
    }
  }
  column.rewind();
  for (std::size_t row = 0; row < rows; ++row) again.emplace_back(column.next());
  EXPECT_EQ(cells, again);
  return cells;
}

// The encoding that was taken; and that it is read back as it was.
ColumnEncoding encoding_of(const Cells& cells) {
  const Bytes out = written(cells);
  const auto back = read(out, cells.size());
  EXPECT_TRUE(back) << back.error().message;
  if (back) {
    EXPECT_EQ(*back, cells);
  }
  CborReader reader(out);
  (void)reader.array();
  return static_cast<ColumnEncoding>(reader.unsigned_integer().value());
}

std::string refusal(BytesView in, std::size_t rows, ColumnBudget budget = {}) {
  const auto cells = read(in, rows, budget);
  return cells ? "taken" : std::string(error_name(cells.error().code));
}

const char* const families[] = {"Smith", "Johnson", "Brown", "Garc\u00eda", "Nguyen", ""};
const char* const some_words[] = {"called", "left",        "message", "at",
                                  "the",    "neighbour's", "door",    "\u00e9t\u00e9"};

std::string phone(Random& random) {
  const std::string digits = std::to_string(2'000'000 + random.below(7'999'999));
  return "+1-555-" + digits.substr(0, 3) + "-" + digits.substr(3);
}

std::string note(Random& random) {
  std::string out;
  for (std::uint64_t i = 3 + random.below(20); i > 0; --i) {
    out += some_words[random.below(8)];
    out += ' ';
  }
  return out;
}

TEST(Column, TakesTheEncodingThatSuitsItsCells) {
  SeededRandom random(3);
  EXPECT_EQ(encoding_of(cells_of(9, [](std::size_t) { return Value(); })),
            ColumnEncoding::constant);
  EXPECT_EQ(encoding_of(cells_of(9, [](std::size_t) { return text("same"); })),
            ColumnEncoding::constant);
  EXPECT_EQ(
      encoding_of(cells_of(900, [&](std::size_t) { return text(families[random.below(6)]); })),
      ColumnEncoding::dictionary);
  EXPECT_EQ(encoding_of(cells_of(9, [](std::size_t i) { return Value::boolean(i % 2 == 0); })),
            ColumnEncoding::dictionary);
  EXPECT_EQ(encoding_of(cells_of(900,
                                 [&](std::size_t) {
                                   Bytes some(8, '\0');
                                   random.fill(some.data(), some.size());
                                   return Value::bytes(some);
                                 })),
            ColumnEncoding::strings);
  EXPECT_EQ(encoding_of(cells_of(900,
                                 [&](std::size_t i) {
                                   return Value::integer(static_cast<std::int64_t>(
                                       i * 1'000'000 + random.below(100)));
                                 })),
            ColumnEncoding::deltas);
  EXPECT_EQ(encoding_of(cells_of(900,
                                 [&](std::size_t) {
                                   return Value::integer(
                                       1'000'000 + static_cast<std::int64_t>(random.below(3'000)));
                                 })),
            ColumnEncoding::packed);
  EXPECT_EQ(encoding_of(cells_of(900, [&](std::size_t) { return text(phone(random)); })),
            ColumnEncoding::parts);
  EXPECT_EQ(encoding_of(cells_of(900, [&](std::size_t) { return text(note(random)); })),
            ColumnEncoding::words);
}

TEST(Column, KeepsNullsInEveryEncoding) {
  SeededRandom random(4);
  const std::function<Value(std::size_t)> kinds[] = {
      [&](std::size_t) { return text(families[random.below(6)]); },
      [](std::size_t i) { return Value::boolean(i % 3 == 0); },
      [&](std::size_t) {
        return Value::bytes(Bytes(random.below(4), static_cast<char>(random.next())));
      },
      [&](std::size_t i) { return Value::integer(static_cast<std::int64_t>(i << 40)); },
      [&](std::size_t) { return Value::integer(static_cast<std::int64_t>(random.below(5'000))); },
      [&](std::size_t) { return text(phone(random)); },
      [&](std::size_t) { return text(note(random)); },
  };
  for (const auto& kind : kinds) {
    for (const std::size_t first_nulls : {0u, 1u, 2u, 50u}) {
      const Cells cells = cells_of(700, [&](std::size_t i) {
        return i < first_nulls || random.below(4) == 0 ? Value() : kind(i);
      });
      (void)encoding_of(cells);
    }
  }
}

TEST(Column, KeepsOneValueAmongNulls) {
  for (const Value& value : {Value::integer(7), text("7"), text("a b c d e f g h i j"),
                             Value::boolean(true), Value::bytes("\xff")}) {
    for (std::size_t place = 0; place < 9; ++place) {
      (void)encoding_of(cells_of(9, [&](std::size_t i) { return i == place ? value : Value(); }));
    }
  }
}

TEST(Column, KeepsTheEndsOfTheIntegers) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(encoding_of({Value::integer(least), Value::integer(most), Value::integer(0)}),
            ColumnEncoding::deltas);
  (void)encoding_of({Value::integer(most), Value::integer(most - 1)});
  (void)encoding_of({Value::integer(least), Value::integer(least + (std::int64_t{1} << 56) - 1)});
  (void)encoding_of({Value::integer(least), Value::integer(least + (std::int64_t{1} << 56))});
}

TEST(Column, PacksEveryWidth) {
  SeededRandom random(5);
  for (unsigned bits = 1; bits <= 63; ++bits) {
    (void)encoding_of(cells_of(97, [&](std::size_t) {
      return Value::integer(static_cast<std::int64_t>(random.next() >> (64 - bits)) - 5);
    }));
  }
}

TEST(Column, KeepsDigitsAsTheyWereWritten) {
  const auto kept = [](std::vector<std::string> texts) {
    // Often enough that taking them apart pays, and all different.
    Cells cells;
    SeededRandom random(6);
    for (std::size_t i = 0; i < 400; ++i) {
      cells.push_back(
          text(texts[i % texts.size()] + std::to_string(100'000 + random.below(899'999))));
    }
    return encoding_of(cells);
  };
  EXPECT_EQ(kept({"a-"}), ColumnEncoding::parts);
  EXPECT_EQ(kept({"a 007 b-"}), ColumnEncoding::parts);
  EXPECT_EQ(kept({"a 07 b-", "a 10 b-"}), ColumnEncoding::parts);
  EXPECT_EQ(kept({"a 7 b-", "a 10 b-"}), ColumnEncoding::parts);
  EXPECT_NE(kept({"a 7 b-", "a 07 b-"}), ColumnEncoding::parts);       // padded and not
  EXPECT_NE(kept({"a 1 b-", "a b-"}), ColumnEncoding::parts);          // runs here and not there
  EXPECT_NE(kept({"a1234567890123456789 b"}), ColumnEncoding::parts);  // too long for a number
  EXPECT_EQ(kept({"1-"}), ColumnEncoding::parts);
  EXPECT_EQ(kept({""}), ColumnEncoding::parts);
}

TEST(Column, KeepsSpacesAsTheyWere) {
  SeededRandom random(7);
  const Cells cells = cells_of(600, [&](std::size_t i) {
    const std::string around = i % 5 == 0 ? "  " : i % 7 == 0 ? " " : "";
    return text(around + note(random) + around + some_words[random.below(8)] + around);
  });
  EXPECT_EQ(encoding_of(cells), ColumnEncoding::words);
  (void)encoding_of(
      cells_of(300, [](std::size_t i) { return text(std::string(10 + i % 9, ' ')); }));
}

TEST(Column, KeepsMoreThan256Words) {
  SeededRandom random(8);
  const auto word = [&random] {
    const std::uint64_t n = random.below(900);
    return std::string{'w', static_cast<char>('a' + n / 30), static_cast<char>('A' + n % 30)};
  };
  EXPECT_EQ(encoding_of(cells_of(3'000,
                                 [&](std::size_t) {
                                   std::string out = word();
                                   for (int i = 0; i < 9; ++i) out += " " + word();
                                   return text(out);
                                 })),
            ColumnEncoding::words);
  EXPECT_EQ(encoding_of(cells_of(3'000, [&](std::size_t) { return text("at the " + word()); })),
            ColumnEncoding::dictionary);
}

TEST(Column, KeepsRandomColumnsOfAllSizes) {
  SeededRandom random(9);
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t kind = random.below(6);
    const std::uint64_t distinct = 1 + random.below(40);
    const std::size_t rows = 1 + static_cast<std::size_t>(random.below(90));
    const Cells cells = cells_of(rows, [&](std::size_t) {
      if (random.below(9) == 0) return Value();
      const std::uint64_t n = random.below(distinct);
      switch (kind) {
        case 0: return Value::integer(static_cast<std::int64_t>(n << random.below(60)));
        case 1: return text(std::string(static_cast<std::size_t>(n), 'x'));
        case 2: return Value::bytes(Bytes(static_cast<std::size_t>(n), '\xfe'));
        case 3: return text(phone(random));
        case 4: return text(note(random));
        default: return Value::boolean(n % 2 == 0);
      }
    });
    (void)encoding_of(cells);
  }
}

TEST(Column, WriterIsEmptyAgainAfterClear) {
  ColumnWriter column;
  ColumnScratch scratch;
  const auto write = [&](const Cells& cells) {
    column.clear();
    for (const Value& cell : cells) column.add(cell);
    Bytes out;
    CborWriter writer(out);
    column.write(writer, scratch);
    return out;
  };
  const Cells kinds[] = {{text("a"), Value(), text("b")},
                         {Value(), Value::integer(1), Value::integer(9)},
                         {Value(), Value()},
                         {Value::boolean(true), Value::boolean(false)},
                         {text("x1"), text("x2")}};
  for (const Cells& a : kinds) {
    for (const Cells& b : kinds) {
      (void)write(a);
      EXPECT_EQ(to_hex(write(b)), to_hex(written(b)));
    }
  }
}

TEST(Column, RefusesEachBreachWithItsCode) {
  const std::pair<Bytes, std::string_view> cases[] = {
      {"80"_hex, "malformed"},
      {"82 07 00"_hex, "malformed"},                       // no such encoding
      {"83 00 00 00"_hex, "malformed"},                    // too many items
      {"82 00 80"_hex, "wrong_type"},                      // constant list
      {"83 01 80 42 0000"_hex, "limit"},                   // no entries
      {"83 01 83 00 01 02 42 0000"_hex, "limit"},          // more entries than rows
      {"83 01 82 00 6161 42 0001"_hex, "wrong_type"},      // two kinds
      {"83 01 82 00 01 42 0002"_hex, "malformed"},         // a place beyond
      {"83 01 82 00 01 43 000100"_hex, "malformed"},       // three places
      {"84 02 02 42 0101 40"_hex, "wrong_type"},           // lengths of integers
      {"84 02 03 41 02 41 61"_hex, "truncated"},           // one length
      {"84 02 03 42 0202 41 61"_hex, "truncated"},         // text too short
      {"84 02 03 42 0201 42 6161"_hex, "trailing_bytes"},  // text too long
      {"84 02 03 43 020101 41 61"_hex, "trailing_bytes"},  // three lengths
      {"84 02 03 43 028100 41 61"_hex, "malformed"},       // a length not in its shortest form
      {"84 02 03 42 0202 42 c3a9"_hex, "not_utf8"},        // a character across two cells
      {"84 02 03 42 0202 42 61ff"_hex, "not_utf8"},
      {"83 03 40 41 02"_hex, "truncated"},
      {"83 03 40 43 020202"_hex, "trailing_bytes"},
      {"83 03 41 04 41 02"_hex, "not_canonical"},    // a mask's bit beyond the rows
      {"83 03 41 00 42 0202"_hex, "not_canonical"},  // a mask of no nulls
      {"83 03 41 03 40"_hex, "not_canonical"},       // a mask of nulls only
      {"83 03 42 0100 41 02"_hex, "malformed"},      // a mask of nine rows
      {"85 04 40 00 00 40"_hex, "malformed"},        // no bits
      {"85 04 40 00 1839 4f 000000000000000000000000000000"_hex, "malformed"},  // 57 bits
      {"85 04 40 00 04 42 0000"_hex, "malformed"},                              // a byte too many
      {"85 04 40 00 03 41 c0"_hex, "not_canonical"},  // bits that say nothing
      {"85 04 40 1b7fffffffffffffff 01 41 01"_hex, "bad_value"},
      {"83 05 40 80"_hex, "limit"},  // no parts
      {"83 05 40 81 81 00"_hex, "malformed"},
      {"83 05 40 81 82 13 82 00 00"_hex, "limit"},                          // 19 digits
      {"83 05 40 81 82 01 82 00 6161"_hex, "wrong_type"},                   // a width for text
      {"83 05 40 81 82 00 82 00 f5"_hex, "wrong_type"},                     // a boolean part
      {"83 05 40 81 82 00 82 00 f6"_hex, "wrong_type"},                     // a null part
      {"83 05 40 81 82 02 82 00 1864"_hex, "bad_value"},                    // 100 in two digits
      {"83 05 40 81 82 00 82 00 20"_hex, "bad_value"},                      // -1
      {"83 05 40 81 82 00 83 05 40 81 82 00 82 00 6161"_hex, "malformed"},  // parts of parts
      {"85 06 40 80 42 0101 42 0000"_hex, "limit"},
      {"85 06 40 81 6161 42 0001 41 00"_hex, "malformed"},  // no words
      {"85 06 40 81 6161 41 01 41 00"_hex, "truncated"},
      {"85 06 40 81 6161 42 0101 42 0001"_hex, "malformed"},
      {"85 06 40 81 6161 42 0101 41 00"_hex, "malformed"},
      {"85 06 40 83 6161 6162 6163 42 0101 42 0000"_hex, "limit"},
      {"85 06 40 81 4161 42 0101 42 0000"_hex, "wrong_type"},
  };
  for (const auto& [bytes, code] : cases) EXPECT_EQ(refusal(bytes, 2), code) << to_hex(bytes);
}

TEST(Column, UnfoldsNoMoreThanThePageMayHold) {
  const Bytes long_text(1'000, 'x');
  Bytes constant;
  CborWriter out(constant);
  out.array(2);
  out.unsigned_integer(0);
  out.text(long_text);
  ColumnBudget budget;
  EXPECT_EQ(refusal(constant, page_unfolded_bytes_max / 1'000, budget), "taken");
  EXPECT_EQ(refusal(constant, page_unfolded_bytes_max / 1'000 + 1, budget), "too_large");

  // One byte a word of a thousand.
  Bytes words;
  CborWriter bomb(words);
  bomb.array(5);
  bomb.unsigned_integer(6);
  bomb.bytes({});
  bomb.array(1);
  bomb.text(long_text);
  Bytes count;
  put_varint(count, 100'000);
  bomb.bytes(count);
  bomb.bytes(Bytes(100'000, '\0'));
  EXPECT_EQ(refusal(words, 1, budget), "too_large");

  // The same by parts: each row is its constant.
  Bytes parts;
  CborWriter part(parts);
  part.array(3);
  part.unsigned_integer(5);
  part.bytes({});
  part.array(30);
  for (int i = 0; i < 30; ++i) {
    part.array(2);
    part.unsigned_integer(0);
    part.raw(constant);
  }
  EXPECT_EQ(refusal(parts, 800, budget), "taken");
  EXPECT_EQ(refusal(parts, 900, budget), "too_large");
  budget.cells = 30 * 800;
  EXPECT_EQ(refusal(parts, 800, budget), "limit");
  budget.cells = page_cells_max;
  budget.columns = 30;
  EXPECT_EQ(refusal(parts, 800, budget), "limit");
}

TEST(Column, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  SeededRandom random(10);
  const Cells columns[] = {
      cells_of(20, [&](std::size_t) { return text(families[random.below(6)]); }),
      cells_of(20, [&](std::size_t i) { return i == 3 ? Value() : text(phone(random)); }),
      cells_of(20, [&](std::size_t i) { return i == 3 ? Value() : text(note(random)); }),
      cells_of(20,
               [&](std::size_t i) {
                 return i == 3 ? Value() : Value::integer(static_cast<std::int64_t>(i * i));
               }),
      cells_of(20,
               [&](std::size_t i) { return Value::integer(static_cast<std::int64_t>(i << 40)); }),
      cells_of(20, [&](std::size_t i) { return Value::bytes(Bytes(i, '\xff')); })};
  for (const Cells& cells : columns) {
    const Bytes whole = written(cells);
    expect_every_truncation_refused(whole, [](BytesView part) { return !read(part, 20); });
    read_with_every_bit_turned(whole, [](BytesView turned) { (void)refusal(turned, 20); });
    EXPECT_FALSE(read(whole, 19));
    EXPECT_FALSE(read(whole, 21));
  }
}

}  // namespace
}  // namespace rollcall
