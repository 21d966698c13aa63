// Transactions that the server did not take, or not yet, and voids.

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, KeepsARejectedTransactionInTheTrayAndOutOfSight) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  const RowId mine = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  const RowId theirs = phone->put("thing", {{"unit", text("b")}, {"name", text("Bob")}});
  const RowId later = phone->put("thing", {{"unit", text("a")}, {"name", text("Cat")}});
  EXPECT_EQ(phone->shows("thing", theirs, "name"), "Bob");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", theirs, "name"), "-");
  EXPECT_EQ(phone->shows("thing", mine, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", later, "name"), "Cat");
  EXPECT_EQ(phone->status().rejected, 1u);
  const auto tray = need(phone->replica().tray());
  ASSERT_EQ(tray.size(), 1u);
  EXPECT_EQ(tray[0].number, TxNumber(2));
  EXPECT_EQ(tray[0].kind, VerdictKind::rejected);
  EXPECT_EQ(tray[0].code, static_cast<std::uint32_t>(ErrorCode::not_allowed));
  EXPECT_EQ(tray[0].collection, "thing");
  EXPECT_EQ(tray[0].rows, 1u);
  const std::string json = need(phone->replica().export_json(TxNumber(2)));
  EXPECT_NE(json.find(R"("name":"Bob")"), std::string::npos) << json;
  world.expect_same(*phone);
  phone->restart();
  EXPECT_EQ(phone->status().rejected, 1u);
  need(phone->replica().discard(TxNumber(2)));
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(code_of(phone->replica().discard(TxNumber(2))), ErrorCode::not_found);
}

TEST(Replica, RetriesARejectedTransactionOnceItIsAllowed) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  const RowId id =
      phone->put("thing", {{"unit", text("b")}, {"tags", text("tall")}, {"visits", number(3)}});
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 1u);
  need(world.space().grant(phone->device(), "unit/b"));
  phone->sync();
  EXPECT_EQ(need(phone->replica().retry(TxNumber(1))).number, TxNumber(2));
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", id, "tags"), R"(["tall"])");
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", id, "visits"), "3");
  world.expect_same(*phone);
}

TEST(Replica, FallsBackToTheConfirmedRowWhenAnEditIsRejected) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  phone->set("thing", id, {{"unit", text("b")}, {"name", text("moved")}});
  phone->set("thing", id, {{"note", text("stays")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "moved");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", id, "note"), "stays");
  EXPECT_EQ(phone->status().rejected, 1u);
  world.expect_same(*phone);
}

TEST(Replica, PutsAVoidInThePlaceOfATransactionThatCannotBeSent) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId first = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  const RowId second = phone->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  EXPECT_EQ(need(phone->replica().void_oldest()), TxNumber(1));
  EXPECT_EQ(phone->shows("thing", first, "name"), "-");
  EXPECT_EQ(phone->status().rejected, 1u);
  phone->sync();
  EXPECT_EQ(phone->status().pending, 0u);
  EXPECT_EQ(phone->status().rejected, 1u);
  EXPECT_EQ(phone->shows("thing", second, "name"), "Bob");
  world.expect_same(*phone);
  EXPECT_EQ(need(phone->replica().retry(TxNumber(1))).number, TxNumber(3));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", first, "name"), "Ann");
  world.expect_same(*phone);
}

TEST(Replica, TakesOutOfTheTrayWhatWritesNothingWhenItIsRetried) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"tags", text("tall")}});
  a->sync();
  b->sync();
  a->remove("thing", id, "tags", text("tall"));
  const TxNumber number = need(a->replica().void_oldest());
  b->remove("thing", id, "tags", text("tall"));
  b->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "tags"), "[]");
  EXPECT_EQ(a->status().rejected, 1u);
  EXPECT_EQ(need(a->replica().retry(number)).number, TxNumber(0));
  EXPECT_EQ(a->status().rejected, 0u);
  EXPECT_EQ(a->status().last_tx, number);
  EXPECT_EQ(code_of(a->replica().retry(number)), ErrorCode::not_found);
  a->restart();
  EXPECT_EQ(a->status().rejected, 0u);
  world.expect_same(*a);
}

TEST(Replica, ARetryThatWritesNothingOfARowLeavesTheRowAlone) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"tags", text("tall")}});
  a->sync();
  b->sync();
  need(a->write([&](LocalTransaction& transaction) {
    need(transaction.remove("thing", id, "tags", text("tall")));
    need(transaction.put("thing", Values{{"unit", text("a")}, {"name", text("Ann")}}));
  }));
  const TxNumber number = need(a->replica().void_oldest());
  b->remove("thing", id, "tags", text("tall"));
  b->sync();
  a->sync();
  need(a->replica().retry(number));
  EXPECT_EQ(a->count("SELECT count(*) FROM _writes WHERE id = x'" + to_hex(id.view()) + "'"), 0);
  EXPECT_EQ(a->count("SELECT count(*) FROM _base"), 0);
  a->sync();
  world.expect_same(*a);
}

TEST(Replica, VoidsNoOtherTransactionThanTheOneThatWasRefused) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  EXPECT_EQ(code_of(phone->replica().void_oldest(TxNumber(2))), ErrorCode::not_found);
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(need(phone->replica().void_oldest(TxNumber(1))), TxNumber(1));
}

}  // namespace
}  // namespace rollcall
