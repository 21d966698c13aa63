#include "engine/model/value.h"

#include "engine/model/field_state.h"
#include "engine/model/schema.h"

namespace rollcall {
namespace {

TEST(Value, HasATotalOrderByKindThenContent) {
  const std::vector<Value> ascending = {Value(),
                                        Value::boolean(false),
                                        Value::boolean(true),
                                        Value::integer(INT64_MIN),
                                        Value::integer(-1),
                                        Value::integer(0),
                                        Value::integer(2),
                                        Value::integer(10),
                                        Value::text(""),
                                        Value::text("10"),
                                        Value::text("2"),
                                        Value::text("\xc3\xa9"),
                                        Value::bytes(""),
                                        Value::bytes("\xff")};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t k = 0; k < ascending.size(); ++k) {
      EXPECT_EQ(ascending[i] < ascending[k], i < k) << i << ", " << k;
      EXPECT_EQ(ascending[i] == ascending[k], i == k) << i << ", " << k;
    }
  }
}

TEST(Value, OwnsWhatItsViewBorrowed) {
  Bytes text = "before";
  const Value value{ValueView::of_text(text)};
  text = "after!";
  EXPECT_EQ(value, Value::text("before"));
}

TEST(Value, TextAndBytesMayHoldNul) {
  EXPECT_NE(Value::text(BytesView("a\0b", 3)), Value::text("a"));
  EXPECT_EQ(Value::text(BytesView("a\0b", 3)).view().bytes.size(), 3u);
}

TEST(FieldState, NeedsExtraOnlyBeyondValueAndStamp) {
  FieldState field;
  field.value = Value::text("red");
  field.stamp = Stamp::at(1, 0, DeviceNumber(1));
  EXPECT_FALSE(field.has_extra());
  const auto with = [&](auto change) {
    FieldState changed = field;
    change(changed);
    return changed.has_extra() && !(changed == field);
  };
  EXPECT_TRUE(with([](FieldState& f) { f.generation = 1; }));
  EXPECT_TRUE(with([](FieldState& f) { f.elements.emplace_back(); }));
  EXPECT_TRUE(with([](FieldState& f) { f.removals.emplace_back(); }));
  EXPECT_TRUE(with([](FieldState& f) { f.losers.emplace_back(); }));
  EXPECT_TRUE(with([](FieldState& f) { f.agreeing.emplace_back(); }));
}

TEST(RowState, IsDeletedWhenItsFirstFieldSaysSo) {
  RowState row;
  EXPECT_FALSE(row.is_deleted());
  row.fields.resize(2);
  EXPECT_FALSE(row.is_deleted());
  row.fields[0].value = Value::boolean(false);
  EXPECT_FALSE(row.is_deleted());
  row.fields[0].value = Value::boolean(true);
  EXPECT_TRUE(row.is_deleted());
}

TEST(CollectionDef, FindsFieldsByIdAlsoWhereIdsAreMissing) {
  CollectionDef collection;
  for (const std::uint16_t id : std::vector<std::uint16_t>{0, 1, 2, 5, 9}) {
    FieldDef field;
    field.id = FieldId(id);
    field.name = "f" + std::to_string(id);
    collection.fields.push_back(field);
  }
  EXPECT_EQ(collection.position(FieldId(2)), 2u);
  EXPECT_EQ(collection.position(FieldId(5)), 3u);
  EXPECT_EQ(collection.position(FieldId(9)), 4u);
  for (const std::uint16_t id : std::vector<std::uint16_t>{3, 4, 6, 10, 1023}) {
    EXPECT_EQ(collection.position(FieldId(id)), std::nullopt) << id;
  }
  EXPECT_EQ(collection.find("f5")->id, FieldId(5));
  EXPECT_EQ(collection.find("f3"), nullptr);
}

}  // namespace
}  // namespace rollcall
