// What its roles let nobody write is refused on the device, before it is committed.
#include <gtest/gtest.h>

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

constexpr std::string_view roles = R"({"roles": [
  {"name": "boss", "collections": {
    "thing": {"read": "all", "insert": "all", "update": "all", "delete": true, "undo": true},
    "fact": {"read": "all", "insert": "all"},
    "meeting": {"read": "all", "insert": "all", "update": "all"}}},
  {"name": "door", "collections": {
    "thing": {"read": ["unit", "name", "visits"], "update": ["name", "visits"]},
    "fact": {"insert": "all"}}},
  {"name": "guest", "collections": {
    "thing": {"read": "all", "insert": ["unit", "name"]}}}]})";

class WriteRightsTest : public ::testing::Test {
 protected:
  WriteRightsTest() : boss(world.enroll({"unit=boss"})), door(world.enroll({"unit/a=door"})) {
    ann = boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
    boss->sync();
    door->sync();
  }
  // What `write` says of the transaction's call; nothing of it is committed.
  static Error refused(Phone& phone,
                       const std::function<Result<void>(LocalTransaction&)>& attempt) {
    const std::uint64_t before = need(phone.replica().status()).last_tx.value;
    LocalTransaction transaction = need(phone.replica().begin());
    const auto done = attempt(transaction);
    EXPECT_FALSE(done);
    need(transaction.commit());
    EXPECT_EQ(need(phone.replica().status()).last_tx.value, before) << "nothing was written";
    return done ? Error{} : done.error();
  }

  ReplicaWorld world{1, test_schema_with_roles(roles)};
  std::unique_ptr<Phone> boss;
  std::unique_ptr<Phone> door;
  RowId ann;
};

TEST_F(WriteRightsTest, AFieldThatNoRoleMayWriteIsRefusedWithItsNameAndTheRole) {
  const NamedValue note{"note", text("x")};
  const Error error = refused(*door, [&](LocalTransaction& transaction) {
    return transaction.set("thing", ann, std::span(&note, 1));
  });
  EXPECT_EQ(error.code, ErrorCode::not_allowed);
  EXPECT_NE(error.message.find("thing.note"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("door"), std::string::npos) << error.message;
  EXPECT_EQ(refused(*door,
                    [&](LocalTransaction& transaction) {
                      return transaction.add("thing", ann, "tags", text("x"));
                    })
                .code,
            ErrorCode::not_allowed);
  EXPECT_EQ(
      refused(*door,
              [&](LocalTransaction& transaction) { return transaction.delete_row("thing", ann); })
          .code,
      ErrorCode::not_allowed);
  const NamedValue unit{"unit", text("a")};
  EXPECT_EQ(refused(*door,
                    [&](LocalTransaction& transaction) -> Result<void> {
                      const auto put = transaction.put("thing", std::span(&unit, 1));
                      if (!put) return put.error();
                      return {};
                    })
                .code,
            ErrorCode::not_allowed);
}

TEST_F(WriteRightsTest, WhatARoleMayWriteGoesOnBesideWhatWasRefused) {
  LocalTransaction transaction = need(door->replica().begin());
  const NamedValue note{"note", text("x")};
  const NamedValue name{"name", text("Anna")};
  EXPECT_FALSE(transaction.set("thing", ann, std::span(&note, 1)));
  need(transaction.set("thing", ann, std::span(&name, 1)));
  need(transaction.commit());
  door->put("fact", {{"unit", text("a")}, {"said", text("hello")}});
  door->sync();
  boss->sync();
  EXPECT_EQ(boss->shows("thing", ann, "name"), "Anna");
  EXPECT_EQ(need(door->replica().status()).rejected, 0u);
}

// Where rows lie only the server knows for sure: it decides.
TEST_F(WriteRightsTest, APathThatNoGrantCoversIsNotRefusedHere) {
  door->put("fact", {{"unit", text("b")}, {"said", text("hello")}});
  EXPECT_EQ(need(door->replica().status()).pending, 1u);
  door->sync();
  EXPECT_EQ(need(door->replica().status()).rejected, 1u) << "by the server";
}

TEST_F(WriteRightsTest, AnOwnNewRowIsFilledInByTheTransactionThatMakesItOnly) {
  auto guest = world.enroll({"unit/a=guest"});
  guest->sync();
  RowId made;
  LocalTransaction first = need(guest->replica().begin());
  const NamedValue unit{"unit", text("a")};
  const NamedValue name{"name", text("Ben")};
  made = need(first.put("thing", std::span(&unit, 1)));
  need(first.set("thing", made, std::span(&name, 1)));
  need(first.commit());
  EXPECT_EQ(refused(*guest,
                    [&](LocalTransaction& transaction) {
                      return transaction.set("thing", made, std::span(&name, 1));
                    })
                .code,
            ErrorCode::not_allowed)
      << "it may add rows, not change them";
  guest->sync();
  EXPECT_EQ(need(guest->replica().status()).rejected, 0u);
  boss->sync();
  EXPECT_EQ(boss->shows("thing", made, "name"), "Ben");
}

TEST_F(WriteRightsTest, AGrantThatComesWithTheNextSyncAllowsItFromThenOn) {
  const NamedValue note{"note", text("x")};
  refused(*door, [&](LocalTransaction& transaction) {
    return transaction.set("thing", ann, std::span(&note, 1));
  });
  need(world.space().grant(door->device(), "unit/a=boss"));
  door->sync();
  door->set("thing", ann, {{"note", text("x")}});
  door->sync();
  EXPECT_EQ(need(door->replica().status()).rejected, 0u);
}

}  // namespace
}  // namespace rollcall
