#include "engine/codec/row_extra.h"

#include <gtest/gtest.h>

#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"

namespace rollcall {
namespace {

Stamp at(std::uint64_t ms) { return Stamp::at(ms, 0, DeviceNumber(9)); }

Bytes written(const std::vector<std::pair<FieldId, FieldState>>& fields, ExtraUse use) {
  Bytes out;
  RowExtraWriter writer(out, use);
  for (const auto& [field, state] : fields) writer.add(field, state);
  writer.finish();
  return out;
}

Bytes written(const std::vector<FieldWrite>& writes) {
  Bytes out;
  RowExtraWriter writer(out, ExtraUse::wire);
  for (const FieldWrite& write : writes) writer.add(write);
  writer.finish();
  return out;
}

Result<std::vector<std::pair<FieldId, FieldState>>> read_states(BytesView in, ExtraUse use) {
  RowExtraReader reader(in, use);
  std::vector<std::pair<FieldId, FieldState>> fields;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, reader.next());
    if (!field) return fields;
    FieldState state;
    ROLLCALL_TRY(reader.read(state));
    fields.emplace_back(*field, std::move(state));
  }
}

Result<std::vector<FieldWrite>> read_writes(BytesView in) {
  RowExtraReader reader(in, ExtraUse::wire);
  std::vector<FieldWrite> writes;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, reader.next());
    if (!field) return writes;
    FieldWrite write;
    write.field = *field;
    ROLLCALL_TRY(reader.read(write));
    writes.push_back(std::move(write));
  }
}

FieldState full_state() {
  FieldState state;
  state.generation = 3;
  state.elements = {{Value::text("a"), at(1)}, {Value::text("b"), at(2)}};
  state.losers = {{Value::integer(-7), 2, at(3)}, {Value(), 0, at(4)}};
  state.removals = {{Value::text("c"), at(5)}, {Value::text("c"), at(6)}};
  return state;
}

FieldWrite full_write() {
  FieldWrite write;
  write.field = FieldId(4);
  write.has_value = false;
  write.generation = 1;
  write.adds = {Value::text("x"), Value::integer(1)};
  write.removes = {{Value::text("y"), at(7), {}}, {Value::text("z"), {}, TxNumber(12)}};
  write.closes = {at(8)};
  return write;
}

TEST(RowExtra, AnOrdinaryRowHasNone) {
  FieldState plain;
  plain.stamp = at(1);
  plain.value = Value::text("v");
  EXPECT_EQ(written({{FieldId(1), plain}, {FieldId(2), FieldState{}}}, ExtraUse::wire), "");
  EXPECT_TRUE(read_states("", ExtraUse::wire).value().empty());
  FieldWrite write;
  write.has_value = true;
  EXPECT_EQ(written({write}), "");
}

TEST(RowExtra, GivesBackAField) {
  FieldState state = full_state();
  const auto server =
      read_states(written({{FieldId(1), state}}, ExtraUse::server), ExtraUse::server);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(server->at(0).second, state);
  EXPECT_EQ(server->at(0).first, FieldId(1));
}

TEST(RowExtra, RemovalsStayOnTheServer) {
  FieldState state = full_state();
  const Bytes wire = written({{FieldId(1), state}}, ExtraUse::wire);
  EXPECT_FALSE(read_states(written({{FieldId(1), state}}, ExtraUse::server), ExtraUse::wire));
  state.removals.clear();
  EXPECT_EQ(read_states(wire, ExtraUse::wire).value().at(0).second, state);
  EXPECT_EQ(wire, written({{FieldId(1), state}}, ExtraUse::server));
  FieldState only_removals;
  only_removals.removals = full_state().removals;
  EXPECT_EQ(written({{FieldId(1), only_removals}}, ExtraUse::wire), "");
  EXPECT_EQ(read_states(written({{FieldId(1), only_removals}}, ExtraUse::server), ExtraUse::server)
                .value()
                .at(0)
                .second,
            only_removals);
}

TEST(RowExtra, AgreeingWritesStayOnTheServer) {
  FieldState state;
  state.agreeing = {at(5), at(6)};
  EXPECT_EQ(written({{FieldId(1), state}}, ExtraUse::wire), "");
  Bytes stored = written({{FieldId(1), state}}, ExtraUse::server);
  EXPECT_EQ(read_states(stored, ExtraUse::server).value().at(0).second, state);
  EXPECT_FALSE(read_states(stored, ExtraUse::wire));
  state.removals = full_state().removals;
  stored = written({{FieldId(1), state}}, ExtraUse::server);
  EXPECT_EQ(read_states(stored, ExtraUse::server).value().at(0).second, state);
  state.agreeing = {at(6), at(5)};
  stored = written({{FieldId(1), state}}, ExtraUse::server);
  EXPECT_EQ(read_states(stored, ExtraUse::server).error().code, ErrorCode::not_canonical);
}

TEST(RowExtra, GivesBackAWrite) {
  const FieldWrite write = full_write();
  const auto back = read_writes(written({write}));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->size(), 1u);
  EXPECT_EQ(back->at(0).field, write.field);
  EXPECT_EQ(back->at(0).has_value, write.has_value);
  EXPECT_EQ(back->at(0).generation, write.generation);
  EXPECT_EQ(back->at(0).adds, write.adds);
  EXPECT_EQ(back->at(0).removes, write.removes);
  EXPECT_EQ(back->at(0).closes, write.closes);
}

TEST(RowExtra, AFieldCanBeStepppedOver) {
  FieldState state;
  state.generation = 5;
  const Bytes extra = written({{FieldId(1), full_state()}, {FieldId(9), state}}, ExtraUse::wire);
  RowExtraReader reader(extra, ExtraUse::wire);
  EXPECT_EQ(reader.next().value(), FieldId(1));
  EXPECT_TRUE(reader.skip());
  EXPECT_EQ(reader.next().value(), FieldId(9));
  FieldState back;
  EXPECT_TRUE(reader.read(back));
  EXPECT_EQ(back, state);
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

TEST(RowExtra, RefusesEachBreachWithItsCode) {
  const auto state = [](const Bytes& in) {
    const auto read = read_states(in, ExtraUse::server);
    return read ? "taken" : std::string(error_name(read.error().code));
  };
  const std::string stamp = "4c 000000000001000000000009 ";
  EXPECT_EQ(state("a0"_hex), "not_canonical");
  EXPECT_EQ(state("a1 01 83 01 80 80"_hex), "taken");
  EXPECT_EQ(state("a1 01 83 01 80 80 00"_hex), "trailing_bytes");
  EXPECT_EQ(state("a1 01 83 00 80 80"_hex), "not_canonical");  // says nothing
  EXPECT_EQ(state("a1 01 84 01 80 80 80"_hex), "not_canonical");
  EXPECT_EQ(state("a1 01 82 01 80"_hex), "malformed");
  EXPECT_EQ(state("a1 190400 83 01 80 80"_hex), "limit");
  EXPECT_EQ(state("a2 02 83 01 80 80 01 83 01 80 80"_hex), "not_canonical");
  EXPECT_EQ(state("a1 01 83 1b0000000100000000 80 80"_hex), "bad_value");
  EXPECT_EQ(state("a1 01 83 00 81 82 00 4100 80"_hex), "wrong_type");
  EXPECT_EQ(state(bytes_of_hex("a1 01 83 00 82 82 02 " + stamp + "82 01 " + stamp + "80")),
            "not_canonical");  // elements 2, 1
  EXPECT_EQ(state(bytes_of_hex("a1 01 83 00 82 82 01 " + stamp + "82 01 " + stamp + "80")),
            "not_canonical");  // twice
  EXPECT_EQ(state(bytes_of_hex("a1 01 83 00 80 82 83 01 00 " + stamp + "83 02 00 " + stamp)),
            "not_canonical");  // two losers of one writer
  std::string losers = "a1 01 83 00 80 91";
  for (int i = 0; i < 17; ++i)
    losers +=
        "83 01 00 4c 0000000000" + to_hex(Bytes(1, static_cast<char>(i + 1))) + "000000000009 ";
  EXPECT_EQ(state(bytes_of_hex(losers)), "limit");

  const auto write = [](const Bytes& in) {
    const auto read = read_writes(in);
    return read ? "taken" : std::string(error_name(read.error().code));
  };
  EXPECT_EQ(write("a1 01 85 f4 00 80 80 80"_hex), "taken");
  EXPECT_EQ(write("a1 01 85 f5 00 80 80 80"_hex), "not_canonical");
  EXPECT_EQ(write("a1 01 85 f4 00 80 81 82 00 00 80"_hex), "bad_value");  // names no add
  EXPECT_EQ(write("a1 01 84 f4 00 80 80"_hex), "malformed");
}

TEST(RowExtra, RefusesEveryTruncationAndSurvivesEveryTurnedBit) {
  const Bytes state = written({{FieldId(1), full_state()}}, ExtraUse::server);
  // All but nothing at all, which is an extra of nothing.
  expect_every_truncation_refused(
      state, [](BytesView part) { return part.empty() || !read_states(part, ExtraUse::server); });
  read_with_every_bit_turned(
      state, [](BytesView turned) { (void)read_states(turned, ExtraUse::server).has_value(); });
  const Bytes write = written({full_write()});
  expect_every_truncation_refused(
      write, [](BytesView part) { return part.empty() || !read_writes(part); });
  read_with_every_bit_turned(write,
                             [](BytesView turned) { (void)read_writes(turned).has_value(); });
}

}  // namespace
}  // namespace rollcall
