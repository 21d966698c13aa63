#include "engine/storage/digest.h"

#include <algorithm>

#include <xxhash.h>

#include "engine/codec/cbor_writer.h"
#include "tests/engine/storage/sample.h"

namespace rollcall {
namespace {

// A row's tuple, written out by hand as the document says: independent of the code under test.
struct Tuple {
  std::string path = "unit/nc/wake/1-01";
  RowId id = row_id(1);
  std::uint16_t field = 1;
  Stamp at = stamp(5);
  Digest hash(const std::function<void(CborWriter&)>& value,
              const std::function<void(CborWriter&)>& losers) const {
    Bytes bytes;
    CborWriter cbor(bytes);
    cbor.array(6);
    cbor.text(path);
    cbor.bytes(id.view());
    cbor.unsigned_integer(field);
    cbor.bytes(at.bytes());
    value(cbor);
    losers(cbor);
    return Digest{XXH3_64bits(bytes.data(), bytes.size())};
  }
  Digest plain(const Value& value) const {
    return hash([&](CborWriter& cbor) { cbor.value(value); },
                [](CborWriter& cbor) { cbor.array(0); });
  }
};

TEST(RowHasher, HashesTheTupleOfPathIdFieldStampValueAndLosers) {
  RowHasher hasher;
  const Tuple tuple;
  hasher.begin(tuple.path, tuple.id);
  for (const Value& value : {Value(), Value::boolean(true), Value::integer(-5), Value::text(""),
                             Value::text("J\u00fcrgen"), Value::bytes(row_id(9).view())}) {
    EXPECT_EQ(hasher.plain_field(FieldId(1), tuple.at, value), tuple.plain(value));
    FieldState state;
    state.stamp = tuple.at;
    state.value = value;
    EXPECT_EQ(hasher.field(FieldId(1), state), tuple.plain(value));
  }
}

// The bytes and the sums of the worked example in STORAGE.md.
TEST(RowHasher, GivesTheDocumentsSums) {
  RowHasher hasher;
  hasher.begin("unit/nc/wake/1-01", row_id(1));
  EXPECT_EQ(hasher.plain_field(FieldId(1), stamp(5), Value::text("Ada")).text(),
            "0dd7a4167292d46b");
  FieldState ladder;
  ladder.stamp = stamp(5);
  ladder.value = Value::text("attended");
  ladder.generation = 1;
  ladder.losers = {{Value::text("started"), 1, stamp(4, 2)}};
  EXPECT_EQ(hasher.field(FieldId(2), ladder).text(), "69a06badf4fc74b6");
}

TEST(RowHasher, CountsGenerationsElementsAndLosers) {
  RowHasher hasher;
  const Tuple tuple;
  hasher.begin(tuple.path, tuple.id);
  FieldState state;
  state.stamp = tuple.at;
  state.value = Value::text("attended");
  state.generation = 3;
  state.losers = {{Value::text("x"), 2, stamp(1)}, {Value(), 0, stamp(2, 9)}};
  EXPECT_EQ(hasher.field(FieldId(1), state), tuple.hash(
                                                 [](CborWriter& cbor) {
                                                   cbor.array(2);
                                                   cbor.unsigned_integer(3);
                                                   cbor.text("attended");
                                                 },
                                                 [](CborWriter& cbor) {
                                                   cbor.array(2);
                                                   cbor.array(3);
                                                   cbor.text("x");
                                                   cbor.unsigned_integer(2);
                                                   cbor.bytes(stamp(1).bytes());
                                                   cbor.array(3);
                                                   cbor.null();
                                                   cbor.unsigned_integer(0);
                                                   cbor.bytes(stamp(2, 9).bytes());
                                                 }));
  FieldState set;
  set.stamp = tuple.at;
  set.elements = {{Value::integer(4), stamp(1)}};
  set.removals = {{Value::integer(5), stamp(1)}};
  const Digest with_removals = hasher.field(FieldId(1), set);
  set.removals.clear();
  EXPECT_EQ(hasher.field(FieldId(1), set), with_removals) << "removals stay on the server";
  EXPECT_EQ(with_removals, tuple.hash(
                               [](CborWriter& cbor) {
                                 cbor.array(1);
                                 cbor.array(2);
                                 cbor.unsigned_integer(4);
                                 cbor.bytes(stamp(1).bytes());
                               },
                               [](CborWriter& cbor) { cbor.array(0); }));
  set.elements.clear();
  EXPECT_EQ(hasher.field(FieldId(1), set), tuple.plain(Value())) << "an empty set is null";
}

TEST(RowHasher, CountsWrittenVisibleFieldsOfLiveRows) {
  RowHasher hasher;
  const CollectionDef def = zoo();
  RowState state = full_zoo_row(false);
  field_of(def, state, "born") = FieldState();
  Digest expected;
  hasher.begin("a", row_id(1));
  for (std::size_t i = 0; i < def.fields.size(); ++i) {
    expected += hasher.field(def.fields[i].id, state.fields[i]);
  }
  const Digest all = hasher.row("a", row_id(1), def, state);
  EXPECT_EQ(all, expected);

  std::vector<std::uint8_t> visible(def.fields.size(), 1);
  visible[3] = 0;
  hasher.begin("a", row_id(1));
  const Digest hidden = hasher.field(def.fields[3].id, state.fields[3]);
  EXPECT_NE(hidden, Digest());
  EXPECT_EQ(hasher.row("a", row_id(1), def, state, visible), all - hidden);

  state.fields[0].value = Value::boolean(true);
  EXPECT_EQ(hasher.row("a", row_id(1), def, state), Digest()) << "a deleted row adds nothing";
}

TEST(RowHasher, GivesTheSameFromCellsAsFromStates) {
  RowHasher hasher;
  const CollectionDef def = person();
  RowState state = row_state(def, stamp(5),
                             {{"given_name", Value::text("Ann")}, {"precinct", Value::text("P1")}});
  state.fields[4].stamp = stamp(6);
  std::vector<FieldId> fields;
  std::vector<ValueView> cells;
  std::vector<FieldStamp> written;
  for (std::size_t i = 0; i < def.fields.size(); ++i) {
    fields.push_back(def.fields[i].id);
    cells.push_back(state.fields[i].value.view());
    if (!state.fields[i].stamp.is_none()) {
      written.push_back({def.fields[i].id, state.fields[i].stamp});
    }
  }
  Bytes stamps;
  pack_stamps(written, stamps);
  const Digest expected = hasher.row("p", row_id(3), def, state);
  // Twice: the second row finds the stamps unpacked.
  EXPECT_EQ(need(hasher.plain_row("p", row_id(3), fields, cells, stamps)), expected);
  EXPECT_EQ(need(hasher.plain_row("p", row_id(3), fields, cells, stamps)), expected);

  std::vector<std::uint8_t> visible = {1, 0, 1, 1, 1};
  EXPECT_EQ(need(hasher.plain_row("p", row_id(3), fields, cells, stamps, visible)),
            hasher.row("p", row_id(3), def, state, visible));
  cells[0] = ValueView::of_boolean(true);
  EXPECT_EQ(need(hasher.plain_row("p", row_id(3), fields, cells, stamps)), Digest());
  cells[0] = ValueView::of_boolean(false);
  EXPECT_FALSE(hasher.plain_row("p", row_id(3), fields, cells, BytesView("short")).has_value());
  EXPECT_EQ(need(hasher.plain_row("p", row_id(3), fields, cells, stamps)), expected)
      << "a refusal leaves nothing behind";
}

TEST(Digest, DoesNotDependOnOrderAndCanBeTakenBack) {
  RowHasher hasher;
  const CollectionDef def = person();
  std::vector<unsigned> order;
  for (unsigned i = 0; i < 200; ++i) order.push_back(i);
  const auto sum = [&] {
    Digest digest;
    for (const unsigned i : order) {
      const RowState state = row_state(def, stamp(i), {{"phone", Value::integer(i)}});
      digest += hasher.row(i % 3 == 0 ? "a" : "b", row_id(i), def, state);
    }
    return digest;
  };
  const Digest ascending = sum();
  SeededRandom random(7);
  for (std::size_t i = order.size() - 1; i > 0; --i) {
    std::swap(order[i], order[random.below(i + 1)]);
  }
  EXPECT_EQ(sum(), ascending);
  Digest rest = ascending;
  for (const unsigned i : order) {
    const RowState state = row_state(def, stamp(i), {{"phone", Value::integer(i)}});
    rest -= hasher.row(i % 3 == 0 ? "a" : "b", row_id(i), def, state);
  }
  EXPECT_EQ(rest, Digest());
  EXPECT_EQ(Digest{0x0123}.text(), "0000000000000123");
}

}  // namespace
}  // namespace rollcall
