// Writing on the device.

#include "engine/codec/limits.h"
#include "engine/protocol/limits.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(LocalTransaction, MakesAllOfItsWritesOrNone) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  RowId id;
  {
    LocalTransaction transaction = need(phone->replica().begin());
    const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}};
    id = need(transaction.put("thing", thing));
    EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
    EXPECT_EQ(code_of(phone->replica().begin()), ErrorCode::already_exists);
    EXPECT_EQ(code_of(phone->replica().take_reply({}, {})), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(phone->shows("thing", id, "name"), "-");
  EXPECT_EQ(phone->status().last_tx, TxNumber(0));
  LocalTransaction empty = need(phone->replica().begin());
  EXPECT_EQ(need(empty.commit()).number, TxNumber(0));
  EXPECT_EQ(code_of(empty.commit()), ErrorCode::invalid_argument);
}

TEST(LocalTransaction, RefusesWhatTheServerWouldRefuseAndStaysUsable) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId thing = phone->put("thing", {{"unit", text("a")}, {"born", text("1950")}});
  const RowId fact = phone->put("fact", {{"unit", text("a")}, {"said", text("yes")}});
  LocalTransaction transaction = need(phone->replica().begin());
  const auto put = [&](std::string_view collection, Values values,
                       std::optional<RowId> id = std::nullopt) {
    return code_of(transaction.put(collection, values, id));
  };
  const auto set = [&](RowId id, std::string_view field, ValueView value) {
    const NamedValue named{field, value};
    return code_of(transaction.set("thing", id, std::span(&named, 1)));
  };
  EXPECT_EQ(put("nothing", {}), ErrorCode::unknown_collection);
  EXPECT_EQ(put("thing", {{"nose", text("x")}}), ErrorCode::unknown_field);
  EXPECT_EQ(put("thing", {{"name", text("x")}}), ErrorCode::bad_value);  // no unit
  EXPECT_EQ(put("thing", {{"unit", number(4)}}), ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"rung", text("top")}}), ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"name", text("x")}, {"name", text("y")}}),
            ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"name", text(std::string(5'000, 'x'))}}),
            ErrorCode::too_long);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"_deleted", ValueView::of_boolean(true)}}),
            ErrorCode::unknown_field);
  EXPECT_EQ(put("ticket", {{"event", id_value(id_of(1))}}), ErrorCode::bad_value);
  EXPECT_EQ(
      put("ticket", {{"event", id_value(id_of(1))}, {"person", id_value(id_of(2))}}, id_of(3)),
      ErrorCode::wrong_id);
  EXPECT_EQ(put("fact", {{"unit", text("a")}, {"said", text("no")}}, fact), ErrorCode::append_only);
  EXPECT_EQ(put("fact", {{"unit", text("a")}, {"said", text("yes")}}, fact), std::nullopt);
  EXPECT_EQ(set(id_of(9), "name", text("x")), ErrorCode::unknown_row);
  EXPECT_EQ(set(thing, "born", text("1951")), ErrorCode::not_allowed);
  EXPECT_EQ(set(thing, "tags", text("x")), ErrorCode::bad_value);
  EXPECT_EQ(set(thing, "visits", number(1)), ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.add("thing", thing, "name", text("x"))), ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.add("thing", thing, "visits", ValueView::null())),
            ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.delete_row("fact", fact)), ErrorCode::append_only);
  const NamedValue many[] = {{"unit", text("a")}, {"tags", text("1")}, {"tags", text("2")},
                             {"tags", text("3")}, {"tags", text("4")}, {"tags", text("5")},
                             {"tags", text("6")}, {"tags", text("7")}, {"tags", text("8")},
                             {"tags", text("9")}};
  EXPECT_EQ(code_of(transaction.put("thing", many)), ErrorCode::limit);
  EXPECT_EQ(set(thing, "name", text("good")), std::nullopt);
  EXPECT_EQ(need(transaction.commit()).number, TxNumber(3));
  EXPECT_EQ(phone->shows("thing", thing, "name"), "good");
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  world.expect_same(*phone);
}

TEST(LocalTransaction, MakesOneWriteOfAllThatItDoesToARow) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  RowId first, second;
  need(phone->write([&](LocalTransaction& transaction) {
    const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}, {"visits", number(1)}};
    first = need(transaction.put("thing", thing));
    second = need(transaction.put("thing", thing));
    const NamedValue name{"name", text("Anna")};
    need(transaction.set("thing", first, std::span(&name, 1)));
    need(transaction.add("thing", first, "visits", number(2)));
    need(transaction.add("thing", first, "tags", text("tall")));
    need(transaction.add("thing", first, "tags", text("old")));
    need(transaction.remove("thing", first, "tags", text("old")));
  }));
  EXPECT_EQ(phone->shows("thing", first, "name"), "Anna");
  EXPECT_EQ(phone->shows("thing", first, "visits"), "3");
  EXPECT_EQ(phone->shows("thing", first, "tags"), R"(["tall"])");
  EXPECT_EQ(phone->count("SELECT rows FROM _outbox"), 2);
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", first, "visits"), "3");
  EXPECT_EQ(phone->shows("thing", second, "name"), "Ann");
  world.expect_same(*phone);
}

TEST(LocalTransaction, PutsManyRowsByTheFastWay) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const CollectionDef& def = *phone->replica().schema().find("thing");
  const std::vector<FieldId> fields = {FieldId(1), FieldId(2), FieldId(5)};
  std::vector<ValueView> cells;
  for (int i = 0; i < 500; ++i) {
    cells.push_back(text(i % 2 == 0 ? "a/x" : "a/y"));
    cells.push_back(text("row"));
    cells.push_back(number(i));
  }
  std::vector<RowId> made;
  need(phone->write([&](LocalTransaction& transaction) {
    need(transaction.put_rows(def, fields, 500, {}, cells, &made));
  }));
  ASSERT_EQ(made.size(), 500u);
  EXPECT_EQ(phone->shows("thing", made[499], "visits"), "499");
  cells[3] = number(1);  // row 1's unit
  LocalTransaction transaction = need(phone->replica().begin());
  const auto refused = transaction.put_rows(def, fields, 500, {}, cells);
  EXPECT_EQ(code_of(refused), ErrorCode::bad_value);
  EXPECT_NE(refused.error().message.find("row 1:"), std::string::npos);
  transaction.rollback();
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 500);
  world.expect_same(*phone);
}

TEST(LocalTransaction, HoldsTheLimitsOfATransaction) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const CollectionDef& def = *phone->replica().schema().find("thing");
  const std::vector<FieldId> fields = {FieldId(1)};
  const std::vector<ValueView> cells(transaction_rows_max + 1, text("a"));
  LocalTransaction transaction = need(phone->replica().begin());
  EXPECT_EQ(code_of(transaction.put_rows(def, fields, cells.size(), {}, cells)), ErrorCode::limit);
  EXPECT_EQ(need(transaction.commit()).number, TxNumber(1));
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"),
            static_cast<std::int64_t>(transaction_rows_max));
}

TEST(LocalTransaction, NamesAnOwnUnconfirmedAddByItsNumberWhenItIsTakenBack) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"tags", text("old")}});
  phone->sync();
  phone->add("thing", id, "tags", text("new"));
  phone->remove("thing", id, "tags", text("new"));
  phone->remove("thing", id, "tags", text("old"));
  EXPECT_EQ(phone->shows("thing", id, "tags"), "[]");
  phone->clock.wrong_by_ms = 86'400'000;  // the adds' stamps will be clamped
  phone->add("thing", id, "tags", text("tomorrow"));
  phone->remove("thing", id, "tags", text("tomorrow"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "tags"), "[]");
  world.expect_same(*phone);
}

}  // namespace
}  // namespace rollcall
