#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "engine/codec/cbor_writer.h"
#include "engine/codec/limits.h"
#include "engine/model/limits.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"
#include "tests/engine/codec/sample_page.h"

namespace rollcall {
namespace {

std::string refusal(BytesView in, PageUse use = PageUse::reply) {
  const auto rows = rows_of(in, use);
  return rows ? "taken" : std::string(error_name(rows.error().code));
}

// Rows come section by section, their paths in the dictionary's order: put both the same way.
std::vector<SampleRow> sorted(std::vector<SampleRow> rows) {
  for (SampleRow& row : rows) std::sort(row.paths.begin(), row.paths.end());
  std::sort(rows.begin(), rows.end(),
            [](const SampleRow& a, const SampleRow& b) { return a.id < b.id; });
  return rows;
}

SampleRow plain_row() {
  return {CollectionId(3),
          RowKind::whole,
          fields_of({0, 1}),
          row_id(1),
          {Value::boolean(false), Value::text("Ana")},
          {{FieldId(0), sample_stamp(5)}, {FieldId(1), sample_stamp(5)}},
          {"unit/nc"},
          ""};
}

TEST(Page, GivesBackRowsOfEveryKind) {
  for (const PageUse use : {PageUse::transaction, PageUse::reply}) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const auto rows = random_rows(seed, 1 + seed * 5, use);
      const auto back = rows_of(page_of(rows), use);
      ASSERT_TRUE(back) << back.error().message << " seed " << seed;
      EXPECT_EQ(sorted(*back), sorted(rows)) << "seed " << seed;
    }
  }
}

TEST(Page, KeepsTheOrderOfRowsInASection) {
  std::vector<SampleRow> rows;
  for (const unsigned last : {5u, 1u, 9u, 3u}) {
    rows.push_back(plain_row());
    rows.back().id = row_id(last);
  }
  EXPECT_EQ(rows_of(page_of(rows), PageUse::reply).value(), rows);
}

TEST(Page, TheSameRowsAreTheSameBytesWhateverTheWriterDidBefore) {
  const auto rows = random_rows(7, 200, PageUse::reply);
  PageWriter used;
  for (const SampleRow& row : random_rows(8, 300, PageUse::reply)) add_to(used, row);
  (void)used.finish();
  EXPECT_EQ(used.rows(), 0u);
  EXPECT_EQ(used.size_estimate(), 0u);
  for (const SampleRow& row : rows) add_to(used, row);
  EXPECT_EQ(used.rows(), rows.size());
  EXPECT_EQ(used.finish().value(), page_of(rows));
}

TEST(Page, AReaderCanBeUsedAgain) {
  const auto big = random_rows(9, 300, PageUse::reply);
  const auto small = random_rows(10, 3, PageUse::reply);
  const Bytes big_page = page_of(big);
  const Bytes small_page = page_of(small);
  PageReader page;
  const auto count = [&page] {
    std::size_t rows = 0;
    for (SectionRow row; page.next(row);) ++rows;
    return rows;
  };
  ASSERT_TRUE(page.open(big_page, PageUse::reply));
  EXPECT_EQ(count(), 300u);
  ASSERT_TRUE(page.open(small_page, PageUse::reply));
  EXPECT_EQ(count(), 3u);
  page.rewind();
  EXPECT_EQ(count(), 3u);
  EXPECT_FALSE(page.open(BytesView(small_page).substr(1), PageUse::reply));
  EXPECT_EQ(count(), 0u);
  EXPECT_EQ(page.rows(), 0u);
  ASSERT_TRUE(page.open(big_page, PageUse::reply));
  SectionRow row;
  ASSERT_TRUE(page.next(row));
  page.rewind();  // in the middle of a section
  EXPECT_EQ(count(), 300u);
}

TEST(Page, ReadersAndWritersCanBeMoved) {
  const auto rows = random_rows(11, 100, PageUse::reply);
  PageWriter first;
  for (std::size_t i = 0; i < 50; ++i) add_to(first, rows[i]);
  PageWriter second = std::move(first);
  for (std::size_t i = 50; i < 100; ++i) add_to(second, rows[i]);
  const Bytes bytes = second.finish().value();
  EXPECT_EQ(bytes, page_of(rows));
  PageReader opened;
  ASSERT_TRUE(opened.open(bytes, PageUse::reply));
  SectionRow row;
  ASSERT_TRUE(opened.next(row));
  PageReader moved = std::move(opened);
  std::size_t left = 0;
  while (moved.next(row)) left += 1 + row.section->fields.size() - row.cells.size();
  EXPECT_EQ(left, 99u);
}

TEST(Page, NoRowsAreAnEmptyMap) {
  EXPECT_EQ(to_hex(PageWriter().finish().value()), "a0");
  EXPECT_TRUE(rows_of("a0"_hex, PageUse::reply).value().empty());
  PageWriter page;
  (void)page.section(CollectionId(1), RowKind::evict, {});
  EXPECT_EQ(to_hex(page.finish().value()), "a0");
}

TEST(Page, GivesIdsAndPathsWithoutReadingRows) {
  std::vector<SampleRow> rows;
  for (const unsigned last : {1u, 2u, 3u}) {
    rows.push_back(plain_row());
    rows.back().id = row_id(last);
    if (last == 3) rows.back().paths = {"unit/nc", "unit/va"};
  }
  const Bytes bytes = page_of(rows);
  PageReader page;
  ASSERT_TRUE(page.open(bytes, PageUse::reply));
  ASSERT_EQ(page.sections().size(), 1u);
  EXPECT_EQ(page.sections()[0].rows, 3u);
  EXPECT_EQ(page.ids(0)[2], row_id(3));
  EXPECT_EQ(page.paths().size(), 2u);
  EXPECT_EQ(page.path_sets(), 2u);
  EXPECT_EQ(page.path_set(0).size(), 1u);
  EXPECT_EQ(page.path_set(1).size(), 2u);
}

TEST(Page, TextLiesInThePageWithoutACopy) {
  SampleRow row = plain_row();
  row.cells[1] = Value::text("a text that nothing can shorten");
  const Bytes bytes = page_of({row});
  PageReader page;
  ASSERT_TRUE(page.open(bytes, PageUse::reply));
  SectionRow read;
  ASSERT_TRUE(page.next(read));
  const char* const text = read.cells[1].bytes.data();
  EXPECT_TRUE(text >= bytes.data() && text < bytes.data() + bytes.size());
}

TEST(Page, ASecondKindOfValueInAColumnIsABug) {
  SampleRow number = plain_row();
  number.cells[1] = Value::integer(1);
  EXPECT_DEATH((void)page_of({plain_row(), number}), "cell.kind == kind_");
}

TEST(Page, IsFullBeforeItsLimits) {
  PageWriter page;
  SampleRow evict;
  evict.kind = RowKind::evict;
  evict.collection = CollectionId(1);
  for (std::size_t i = 0; i < page_rows_max; ++i) {
    ASSERT_FALSE(page.is_full()) << i;
    add_to(page, evict);
  }
  EXPECT_TRUE(page.is_full());
  EXPECT_TRUE(page.finish());
  for (std::size_t i = 0; i <= page_rows_max; ++i) add_to(page, evict);
  EXPECT_EQ(page.finish().error().code, ErrorCode::too_large);
  EXPECT_EQ(page.rows(), 0u);

  SampleRow heavy = plain_row();
  heavy.cells[1] = Value::text(Bytes(value_bytes_max, 'x'));
  std::size_t rows = 0;
  for (; !page.is_full(); ++rows) add_to(page, heavy);
  EXPECT_LT(rows, 25u);
  EXPECT_TRUE(page.finish());
}

// { 3: [[3, kind, ids, fields, stamps, extra, path sets, columns]] } of one row, with parts
// replaced.
struct Parts {
  std::string kind = "02";
  std::string ids = "51 00 0199f2a47c0070008000000000000001";
  std::string fields = "82 00 01";
  std::string stamps = "82 00 4d 000000000005 0000 9f00c1d2 03";
  std::string extra = "82 00 40";
  std::string path_sets = "82 00 00";
  std::string columns = "82 82 00 f4 82 00 63 416e61";
  std::string paths = "01 81 67 756e69742f6e63  02 81 81 00";
  std::string count = "a3";

  [[nodiscard]] Bytes page() const {
    return bytes_of_hex(count + paths + "03 81 88 03" + kind + ids + fields + stamps + extra +
                        path_sets + columns);
  }
};

Parts with(std::string Parts::*part, std::string content) {
  Parts parts;
  parts.*part = std::move(content);
  return parts;
}

TEST(Page, ReadsOneThatWasWrittenByHand) {
  EXPECT_EQ(rows_of(Parts().page(), PageUse::reply).value(), std::vector{plain_row()});
  EXPECT_EQ(to_hex(page_of({plain_row()})), to_hex(Parts().page()));
}

TEST(Page, RefusesEachBreachWithItsCode) {
  const std::tuple<std::string Parts::*, std::string, std::string_view> cases[] = {
      {&Parts::kind, "00", "bad_value"},  // an update in a reply
      {&Parts::kind, "06", "bad_value"},
      {&Parts::kind, "05", "limit"},  // an evict with fields
      {&Parts::ids, "40", "truncated"},
      {&Parts::ids, "50 00 0199f2a47c00700080000000000000", "truncated"},
      {&Parts::fields, "82 01 00", "not_canonical"},
      {&Parts::fields, "82 00 00", "not_canonical"},
      {&Parts::fields, "82 00 190400", "limit"},
      {&Parts::fields, "81 00", "malformed"},  // and its stamps, and its columns
      {&Parts::stamps, "f6", "wrong_type"},
      {&Parts::stamps, "82 00 f6", "wrong_type"},
      {&Parts::stamps, "82 00 63 616263", "wrong_type"},
      {&Parts::stamps, "82 00 4c 000000000005 0000 9f00c1d2", "truncated"},
      {&Parts::stamps, "82 00 4d 000000000005 0000 9f00c1d2 00", "not_canonical"},
      {&Parts::stamps, "82 00 4d 000000000005 0000 9f00c1d2 07", "malformed"},  // a third field
      {&Parts::stamps, "82 00 4d 000000000005 0000 9f00c1d2 01",
       "not_canonical"},  // "Ana" has none
      {&Parts::extra, "f6", "wrong_type"},
      {&Parts::extra, "82 00 41 a0", "not_canonical"},
      {&Parts::extra, "82 00 46 a1 01 83 01 80 80", "taken"},
      {&Parts::extra, "82 00 46 a1 02 83 01 80 80", "malformed"},  // of a field that is not there
      {&Parts::extra, "82 00 45 a1 01 83 01 80", "truncated"},
      {&Parts::path_sets, "f6", "wrong_type"},
      {&Parts::path_sets, "82 00 01", "malformed"},
      {&Parts::path_sets, "82 00 20", "malformed"},
      {&Parts::path_sets, "82 00 f6", "wrong_type"},
      {&Parts::path_sets, "82 00 60", "wrong_type"},
      {&Parts::columns, "81 82 00 f4", "malformed"},
      {&Parts::columns, "82 82 00 f4 82 00 63 41ff61", "not_utf8"},
      {&Parts::paths, "01 81 60 02 81 81 00", "too_long"},
      {&Parts::paths, "01 80 02 81 80", "not_canonical"},
      {&Parts::paths, "01 81 61 61 02 80", "not_canonical"},
      {&Parts::paths, "01 81 61 61 02 81 81 01", "malformed"},
      {&Parts::paths, "01 82 61 61 61 62 02 81 82 01 00", "not_canonical"},
      {&Parts::paths, "02 81 81 00 01 81 61 61", "malformed"},  // sets before paths
      {&Parts::count, "a2", "trailing_bytes"},
      {&Parts::count, "a4", "truncated"},
  };
  for (const auto& [part, content, code] : cases) {
    EXPECT_EQ(refusal(with(part, content).page()), code) << content;
  }
  EXPECT_EQ(refusal("a1 03 80"_hex), "not_canonical");
  EXPECT_EQ(refusal("a1 04 80"_hex), "malformed");
  EXPECT_EQ(refusal("a1 00 80"_hex), "malformed");
  EXPECT_EQ(refusal("80"_hex), "wrong_type");
  EXPECT_EQ(refusal(Parts().page(), PageUse::transaction), "bad_value");
  EXPECT_EQ(refusal("a1 01 81 61 61"_hex, PageUse::transaction), "malformed");
}

TEST(Page, RefusesHostileCounts) {
  Parts path_of_600;
  path_of_600.paths = "01 81 79 0258" + to_hex(Bytes(600, 'a')) + "02 81 81 00";
  EXPECT_EQ(refusal(path_of_600.page()), "too_long");

  // 65 paths in one set.
  Bytes many;
  CborWriter out(many);
  out.map(2);
  out.unsigned_integer(1);
  out.array(row_paths_max + 1);
  for (std::size_t i = 0; i <= row_paths_max; ++i) out.text("p" + std::to_string(i));
  out.unsigned_integer(2);
  out.array(1);
  out.array(row_paths_max + 1);
  for (std::size_t i = 0; i <= row_paths_max; ++i) out.unsigned_integer(i);
  EXPECT_EQ(refusal(many), "limit");

  // A megabyte in a constant, for more rows than the page may unfold.
  Bytes bomb;
  CborWriter page(bomb);
  page.map(1);
  page.unsigned_integer(3);
  page.array(1);
  page.array(8);
  page.unsigned_integer(1);
  page.unsigned_integer(0);
  Bytes ids("\0", 1);
  ids.resize(1 + 16 * 1'000);
  page.bytes(ids);
  page.array(1);
  page.unsigned_integer(1);
  page.raw("82 00 40"_hex);
  page.raw("82 00 40"_hex);
  page.null();
  page.array(1);
  page.array(2);
  page.unsigned_integer(0);
  page.text(Bytes(1u << 20, 'x'));
  EXPECT_EQ(refusal(bomb, PageUse::transaction), "too_large");
  EXPECT_EQ(refusal(Bytes(200'000, '[')), "wrong_type");
  EXPECT_EQ(refusal(Bytes(200'000, '\x81')), "wrong_type");
}

TEST(Page, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  for (const PageUse use : {PageUse::transaction, PageUse::reply}) {
    const auto rows = random_rows(12, 25, use);
    const Bytes whole = page_of(rows);
    expect_every_truncation_refused(whole, [use](BytesView part) { return !rows_of(part, use); });
    read_with_every_bit_turned(whole,
                               [use](BytesView turned) { (void)rows_of(turned, use).has_value(); });
  }
}

TEST(Page, SurvivesRandomDamage) {
  SeededRandom random(13);
  for (int round = 0; round < 300; ++round) {
    Bytes bytes = page_of(random_rows(random.next(), 40, PageUse::reply));
    for (std::uint64_t i = 1 + random.below(4); i > 0; --i) {
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    }
    (void)rows_of(bytes, PageUse::reply).has_value();
  }
}

}  // namespace
}  // namespace rollcall
