// The worked examples of engine/codec/FORMAT.md are what the code writes, and what it reads.

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "engine/codec/column_reader.h"
#include "engine/codec/transaction.h"
#include "tests/engine/codec/hex.h"
#include "tests/engine/codec/sample_page.h"

namespace rollcall {
namespace {

std::string document() {
  std::ifstream file("engine/codec/FORMAT.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

// The bytes of the example with this name: the block of code behind "<!-- example: name -->".
Bytes example(const std::string& name) {
  const std::string text = document();
  const std::size_t mark = text.find("<!-- example: " + name + " -->");
  EXPECT_NE(mark, std::string::npos) << "FORMAT.md has no example " << name;
  if (mark == std::string::npos) return {};
  const std::size_t begin = text.find('\n', text.find("```", mark)) + 1;
  return bytes_of_hex(std::string_view(text).substr(begin, text.find("```", begin) - begin));
}

std::vector<SampleRow> page_rows() {
  const char* const names[] = {"Ana", "Bo", "Ana"};
  std::vector<SampleRow> rows;
  for (unsigned i = 0; i < 3; ++i) {
    rows.push_back(
        {CollectionId(3),
         RowKind::whole,
         fields_of({0, 1, 2, 3}),
         row_id(10 + 5 * i),
         {Value::boolean(false), Value::text(names[i]),
          Value::text("+1-555-010" + std::to_string(i)), Value::integer(40 + static_cast<int>(i))},
         {{FieldId(0), sample_stamp(1'790'000'000'000)},
          {FieldId(1), sample_stamp(1'790'000'000'000)},
          {FieldId(2), sample_stamp(1'790'000'000'000)},
          {FieldId(3), sample_stamp(1'790'000'000'000)}},
         {"unit/nc/wake/01-01"},
         ""});
  }
  rows[1].cells[3] = Value();
  rows[1].stamps.pop_back();
  rows.push_back({CollectionId(3), RowKind::evict, {}, row_id(99), {}, {}, {}, ""});
  return rows;
}

TEST(FormatDocument, ThePageIsWhatTheWriterWrites) {
  EXPECT_EQ(to_hex(example("page")), to_hex(page_of(page_rows())));
}

TEST(FormatDocument, ThePageIsReadAsTheDocumentSays) {
  const auto rows = rows_of(example("page"), PageUse::reply);
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, page_rows());
}

TEST(FormatDocument, TheTransactionIsWhatTheWriterWrites) {
  TransactionWriter writer;
  RowWrite update{CollectionId(3), row_id(10), false, {}};
  FieldWrite phone;
  phone.field = FieldId(2);
  phone.base = sample_stamp(1'790'000'000'000);
  phone.has_value = true;
  phone.value = ValueView::of_text("+1-555-0199");
  FieldWrite tags;
  tags.field = FieldId(4);
  tags.adds = {Value::text("driver")};
  update.fields = {phone, tags};
  writer.add(update);
  const Bytes body =
      writer.finish({TxNumber(7), sample_stamp(1'790'000'060'000), "\x01\x02\x03", 2}).value();
  EXPECT_EQ(to_hex(example("transaction")), to_hex(body));
  TransactionReader reader;
  ASSERT_TRUE(reader.open(body));
  RowWrite back;
  ASSERT_TRUE(reader.next(back));
  EXPECT_EQ(back.fields[1].adds, tags.adds);
}

TEST(FormatDocument, TheExtraIsWhatTheWriterWrites) {
  FieldState tags;
  tags.elements = {{Value::text("driver"), sample_stamp(1'790'000'060'000)}};
  FieldState phone;
  phone.losers = {{Value::text("+1-555-0123"), 0, sample_stamp(1'790'000'030'000)}};
  Bytes extra;
  RowExtraWriter writer(extra, ExtraUse::wire);
  writer.add(FieldId(2), phone);
  writer.add(FieldId(4), tags);
  writer.finish();
  EXPECT_EQ(to_hex(example("extra")), to_hex(extra));
}

TEST(FormatDocument, TheColumnsAreReadAsTheDocumentSays) {
  const auto text = [](BytesView t) { return Value::text(t); };
  const auto number = [](int n) { return Value::integer(n); };
  const std::vector<std::vector<Value>> columns = {{text("a"), text("a")},
                                                   {text("a"), Value(), text("a")},
                                                   {text("a"), Value(), text("")},
                                                   {number(1), number(2), number(1)},
                                                   {number(-95), Value(), number(-93)},
                                                   {text("x-007"), text("x-008")},
                                                   {text("a a b"), text("a")}};
  const Bytes bytes = example("columns");
  CborReader in(bytes);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    ColumnReader column;
    ColumnBudget budget;
    const auto opened = column.open(in, columns[i].size(), budget);
    ASSERT_TRUE(opened) << i << ": " << opened.error().message;
    for (const Value& cell : columns[i]) EXPECT_EQ(Value(column.next()), cell) << i;
  }
  EXPECT_TRUE(in.at_end());
}

TEST(FormatDocument, NamesEveryLimit) {
  const std::string text = document();
  std::ifstream limits("engine/codec/limits.h");
  std::string line;
  std::size_t named = 0;
  while (std::getline(limits, line)) {
    const std::size_t at = line.find("size_t ");
    if (line.find("inline constexpr") != 0 || at == std::string::npos) continue;
    const std::string name = line.substr(at + 7, line.find(" =") - at - 7);
    EXPECT_NE(text.find("`" + name + "`"), std::string::npos) << name;
    ++named;
  }
  EXPECT_GT(named, 15u);
}

}  // namespace
}  // namespace rollcall
