#include "engine/codec/transaction.h"

#include <gtest/gtest.h>

#include "engine/codec/limits.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"
#include "tests/engine/codec/sample_page.h"

namespace rollcall {
namespace {

TransactionHead head() { return {TxNumber(7), sample_stamp(1'790'000'000'000), "cursor", 2}; }

std::string refusal(BytesView body) {
  TransactionReader reader;
  const auto opened = reader.open(body);
  return opened ? "taken" : std::string(error_name(opened.error().code));
}

FieldWrite set_to(int field, ValueView value, Stamp base = {}) {
  FieldWrite write;
  write.field = FieldId(static_cast<std::uint16_t>(field));
  write.has_value = true;
  write.value = value;
  write.base = base;
  return write;
}

std::vector<RowWrite> sample_writes() {
  RowWrite insert{CollectionId(1), row_id(1), true, {}};
  insert.fields = {set_to(0, ValueView::of_boolean(false)), set_to(1, ValueView::of_text("Ana")),
                   set_to(2, ValueView::null())};
  RowWrite another = insert;
  another.id = row_id(2);
  another.fields[1].value = ValueView::of_text("Bo");
  RowWrite update{CollectionId(1), row_id(3), false, {}};
  update.fields = {set_to(1, ValueView::of_text("Cy"), sample_stamp(4)),
                   set_to(7, ValueView::of_integer(-2))};
  RowWrite special{CollectionId(2), row_id(3), false, {}};
  FieldWrite tags;
  tags.field = FieldId(4);
  tags.adds = {Value::text("driver")};
  tags.removes = {{Value::text("host"), sample_stamp(5), {}}, {Value::text("x"), {}, TxNumber(6)}};
  FieldWrite closing;
  closing.field = FieldId(5);
  closing.base = sample_stamp(6);
  closing.closes = {sample_stamp(8)};
  FieldWrite undo = set_to(6, ValueView::of_text("open"), sample_stamp(7));
  undo.generation = 2;
  special.fields = {tags, closing, undo};
  return {insert, another, update, special};
}

Bytes written(const std::vector<RowWrite>& writes) {
  TransactionWriter writer;
  for (const RowWrite& write : writes) writer.add(write);
  return writer.finish(head()).value();
}

void expect_same(const RowWrite& a, const RowWrite& b) {
  EXPECT_EQ(a.collection, b.collection);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.insert, b.insert);
  ASSERT_EQ(a.fields.size(), b.fields.size());
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    const FieldWrite& x = a.fields[i];
    const FieldWrite& y = b.fields[i];
    EXPECT_EQ(x.field, y.field);
    EXPECT_EQ(x.base, y.base);
    EXPECT_EQ(x.has_value, y.has_value);
    EXPECT_EQ(x.value, y.value);
    EXPECT_EQ(x.generation, y.generation);
    EXPECT_EQ(x.adds, y.adds);
    EXPECT_EQ(x.removes, y.removes);
    EXPECT_EQ(x.closes, y.closes);
  }
}

TEST(Transaction, GivesBackItsHeadAndItsWrites) {
  const auto writes = sample_writes();
  const Bytes body = written(writes);
  TransactionReader reader;
  const auto opened = reader.open(body);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(reader.head().number, TxNumber(7));
  EXPECT_EQ(reader.head().stamp, head().stamp);
  EXPECT_EQ(reader.head().cursor, "cursor");
  EXPECT_EQ(reader.head().schema_version, 2u);
  for (int round = 0; round < 2; ++round) {
    RowWrite row;  // used again: nothing of the row before may stay
    for (const RowWrite& write : writes) {
      ASSERT_TRUE(reader.next(row));
      expect_same(row, write);
    }
    EXPECT_FALSE(reader.next(row));
    reader.rewind();
  }
}

TEST(Transaction, TheFastWayWritesTheSameBytes) {
  auto writes = sample_writes();
  writes.resize(2);
  TransactionWriter fast;
  const auto fields = fields_of({0, 1, 2});
  const std::size_t section = fast.section(CollectionId(1), true, fields);
  const ValueView ana[] = {ValueView::of_boolean(false), ValueView::of_text("Ana"), {}};
  const ValueView bo[] = {ValueView::of_boolean(false), ValueView::of_text("Bo"), {}};
  fast.add(section, row_id(1), ana);
  fast.add(section, row_id(2), bo);
  EXPECT_EQ(fast.rows(), 2u);
  EXPECT_EQ(fast.finish(head()).value(), written(writes));
}

TEST(Transaction, RandomWritesComeBack) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto rows = random_rows(seed, 60, PageUse::transaction);
    TransactionWriter writer;
    for (const SampleRow& row : rows) {
      std::vector<ValueView> cells(row.cells.begin(), row.cells.end());
      Bytes bases;
      pack_stamps(row.stamps, bases);
      writer.add(writer.section(row.collection, row.kind == RowKind::insert, row.fields), row.id,
                 cells, bases, row.extra);
    }
    const Bytes body = writer.finish(head()).value();
    TransactionReader reader;
    ASSERT_TRUE(reader.open(body));
    TransactionWriter again;
    for (RowWrite row; reader.next(row);) again.add(row);
    EXPECT_EQ(again.finish(head()).value(), body) << "seed " << seed;
  }
}

TEST(Transaction, RefusesTheSameRowTwice) {
  const auto twice = [](unsigned a, unsigned b, bool same_section, int collection) {
    RowWrite first{CollectionId(1), row_id(a), true, {set_to(0, ValueView::of_boolean(false))}};
    RowWrite second = first;
    second.id = row_id(b);
    second.collection = CollectionId(static_cast<std::uint16_t>(collection));
    second.insert = same_section;
    return refusal(written({first, second}));
  };
  EXPECT_EQ(twice(1, 2, true, 1), "taken");
  EXPECT_EQ(twice(2, 1, true, 1), "taken");
  EXPECT_EQ(twice(1, 1, true, 1), "malformed");
  EXPECT_EQ(twice(1, 1, false, 1), "malformed");  // inserted and updated
  EXPECT_EQ(twice(1, 2, false, 1), "taken");
  EXPECT_EQ(twice(1, 1, true, 2), "taken");  // of another collection
}

TEST(Transaction, HoldsItsLimits) {
  TransactionWriter writer;
  const auto fields = fields_of({0});
  const ValueView cell = ValueView::of_boolean(false);
  SeededRandom random(1);
  RowIdSource ids(random);
  const auto fill = [&](std::size_t rows) {
    for (std::size_t i = 0; i < rows; ++i) {
      writer.add(writer.section(CollectionId(1), true, fields), ids.next(5), {&cell, 1});
    }
  };
  fill(transaction_rows_max);
  const auto most = writer.finish(head());
  ASSERT_TRUE(most);
  EXPECT_EQ(refusal(*most), "taken");
  fill(transaction_rows_max + 1);
  EXPECT_EQ(writer.finish(head()).error().code, ErrorCode::too_large);
  EXPECT_EQ(writer.rows(), 0u);

  // Noise does not compress: over the encoded limit below the unfolded one.
  Bytes noise(1u << 20, '\0');
  random.fill(noise.data(), noise.size());
  const auto with_noise = [&](int times) {
    for (int i = 0; i < times; ++i) {
      noise[0] = static_cast<char>(i);
      const ValueView value = ValueView::of_bytes(noise);
      writer.add(writer.section(CollectionId(1), true, fields), ids.next(5), {&value, 1});
    }
    return writer.finish(head());
  };
  EXPECT_TRUE(with_noise(3));
  EXPECT_EQ(with_noise(4).error().code, ErrorCode::too_large);
  EXPECT_EQ(with_noise(9).error().code, ErrorCode::too_large);
  EXPECT_EQ(refusal(Bytes(transaction_bytes_max + 1, '\0')), "too_large");

  // Rows beyond the limit that somebody else encoded: a page of a transaction is held to it too.
  PageWriter page;
  for (std::size_t i = 0; i <= transaction_rows_max; ++i) {
    page.add(page.section(CollectionId(1), RowKind::insert, fields),
             {ids.next(5), {&cell, 1}, {}, 0, {}});
  }
  PageReader reader;
  EXPECT_EQ(reader.open(page.finish().value(), PageUse::transaction).error().code,
            ErrorCode::limit);
}

TEST(Transaction, RefusesEachBreachWithItsCode) {
  const std::string stamp = "02 4c 0000000000050000 9f00c1d2 ";
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 40 04 02 05 a0")), "taken");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 00" + stamp + "03 40 04 02 05 a0")), "bad_value");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07 02 4c 000000000000000000000000 03 40 04 02 05 a0")),
            "bad_value");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07 02 41 00 03 40 04 02 05 a0")), "wrong_type");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 60 04 02 05 a0")), "wrong_type");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 59 0101" + to_hex(Bytes(257, 'c')) +
                                 "04 02 05 a0")),
            "limit");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 40 04 1b0000000100000000 05 a0")),
            "bad_value");
  EXPECT_EQ(refusal(bytes_of_hex("a4 01 07" + stamp + "03 40 04 02")), "malformed");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 40 04 02 06 a0")), "malformed");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 40 04 02 05 80")), "wrong_type");
  EXPECT_EQ(refusal(bytes_of_hex("a5 01 07" + stamp + "03 40 04 02 05 a0 00")), "trailing_bytes");
}

TEST(Transaction, AWriteWithoutAValueHasNoCell) {
  TransactionWriter writer;
  FieldWrite closing;
  closing.field = FieldId(1);
  closing.closes = {sample_stamp(3)};
  Bytes extra;
  RowExtraWriter extra_writer(extra, ExtraUse::wire);
  extra_writer.add(closing);
  extra_writer.finish();
  const ValueView cell = ValueView::of_text("and a value");
  const auto fields = fields_of({1});
  writer.add(writer.section(CollectionId(1), false, fields), row_id(1), {&cell, 1}, {}, extra);
  EXPECT_EQ(refusal(writer.finish(head()).value()), "not_canonical");
}

TEST(Transaction, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  const Bytes whole = written(sample_writes());
  expect_every_truncation_refused(whole, [](BytesView part) { return refusal(part) != "taken"; });
  read_with_every_bit_turned(whole, [](BytesView turned) {
    TransactionReader reader;
    if (!reader.open(turned)) return;
    for (RowWrite row; reader.next(row);) EXPECT_LE(row.fields.size(), 3u);
  });
}

}  // namespace
}  // namespace rollcall
