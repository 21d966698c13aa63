// Plain SQL, full-text search, observed queries.

#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, AnswersOnlyQueriesThatRead) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  for (const char* sql :
       {"DELETE FROM _thing", "UPDATE thing SET name = 'x'", "DROP TABLE _thing",
        "ATTACH 'x.db' AS x", "PRAGMA journal_mode = DELETE", "BEGIN", "VACUUM"}) {
    EXPECT_FALSE(phone->replica().query(sql).has_value()) << sql;
  }
  EXPECT_EQ(code_of(phone->replica().query("SELECT ?")), ErrorCode::sql);
  EXPECT_EQ(code_of(phone->replica().query("SELECT 1; SELECT 2")), ErrorCode::sql);
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
}

TEST(Replica, FindsWordsWithoutAccentsAndCaseAndByTheirBeginning) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId ann = phone->put("thing", {{"unit", text("a")}, {"name", text("Ánn-Marie López")}});
  const RowId bob = phone->put("thing", {{"unit", text("a")}, {"name", text("Bob Lopez")}});
  const auto found = [&](std::string_view words) {
    return need(phone->replica().search("thing", words, 10)).size();
  };
  EXPECT_EQ(found("ann"), 1u);
  EXPECT_EQ(found("LOPEZ"), 2u);
  EXPECT_EQ(found("bob lop"), 1u);
  EXPECT_EQ(found("lop bo"), 1u);
  EXPECT_EQ(found("zzz"), 0u);
  for (const char* hostile : {"\"", "a\" OR \"b", "name:ann", "*", "AND", "NEAR(", "-", "(", ""}) {
    EXPECT_TRUE(phone->replica().search("thing", hostile, 10).has_value()) << hostile;
  }
  EXPECT_EQ(code_of(phone->replica().search("ticket", "x", 10)), ErrorCode::invalid_argument);
  phone->erase("thing", bob);
  EXPECT_EQ(found("lopez"), 1u);
  phone->set("thing", ann, {{"name", text("Anna")}});
  EXPECT_EQ(found("lopez"), 0u);
  EXPECT_EQ(found("anna"), 1u);
}

TEST(Replica, RunsObservedQueriesAgainWhenTheirTablesChanged) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  b->sync();
  int things = 0, facts = 0;
  std::int64_t count = -1;
  const ObserverId first =
      need(b->replica().observe("SELECT count(*) FROM thing", {}, [&](QueryRows& rows) {
        ++things;
        if (need(rows.step())) count = rows.value(0).integer;
      }));
  need(b->replica().observe("SELECT said FROM fact", {}, [&](QueryRows&) { ++facts; }));
  EXPECT_EQ(things, 1);
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  EXPECT_EQ(things, 1);
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(facts, 1);
  b->put("fact", {{"unit", text("a")}, {"said", text("yes")}});
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
  EXPECT_EQ(facts, 2);
  b->replica().unobserve(first);
  b->put("thing", {{"unit", text("a")}});
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
}

}  // namespace
}  // namespace rollcall
