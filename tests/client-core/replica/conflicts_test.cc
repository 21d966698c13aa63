// What lost a merge and waits for a person.

#include "engine/protocol/limits.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

TEST(Replica, ListsALosingValueAndPutsItBackWithOneWrite) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  a->set("thing", id, {{"name", text("Anna")}});
  b->set("thing", id, {{"name", text("Anne")}});
  a->sync();
  b->sync();
  a->sync();
  const auto conflicts = need(a->replica().conflicts());
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].collection_name, "thing");
  EXPECT_EQ(conflicts[0].field_name, "name");
  EXPECT_EQ(conflicts[0].present.view().bytes, "Anne");
  EXPECT_EQ(conflicts[0].losing.view().bytes, "Anna");
  EXPECT_EQ(conflicts[0].losing_stamp.device, a->device());
  EXPECT_TRUE(conflicts[0].restorable);
  EXPECT_EQ(b->status().conflicts, 1u);

  a->restore("thing", id, "name");
  EXPECT_EQ(a->shows("thing", id, "name"), "Anna");
  EXPECT_EQ(a->status().conflicts, 0u);
  a->sync();
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "name"), "Anna");
  EXPECT_EQ(b->status().conflicts, 0u);
  world.expect_same(*a);
  world.expect_same(*b);
}

// Two stations without a network register the same people.
struct TwoGates {
  TwoGates() {
    ReplicaOptions options;
    options.quiet = {{"ticket", "admitted"}};
    quiet = world.enroll({"event"}, options);
    other = world.enroll({"event"});
  }
  void put(unsigned person, std::string_view seat, std::string_view other_seat) {
    const auto put_at = [&](Phone& phone, std::string_view gate, std::string_view given) {
      phone.put("ticket", {{"event", id_value(id_of(1))},
                           {"person", id_value(id_of(person))},
                           {"seat", text(given)},
                           {"admitted", text(gate)}});
    };
    put_at(*quiet, "gate 1", seat);
    put_at(*other, "gate 2", other_seat);
  }
  void sync() {
    quiet->sync();
    other->sync();
    quiet->sync();
  }

  ReplicaWorld world;
  std::unique_ptr<Phone> quiet;
  std::unique_ptr<Phone> other;
};

TEST(Replica, CountsNoConflictOfAQuietField) {
  TwoGates gates;
  gates.put(2, "row 1", "row 1");
  gates.sync();
  EXPECT_EQ(gates.quiet->status().conflicts, 0u);
  EXPECT_TRUE(need(gates.quiet->replica().conflicts()).empty());
  EXPECT_EQ(gates.other->status().conflicts, 1u);
  EXPECT_EQ(gates.quiet->count("SELECT count(*) FROM ticket"), 1);
}

TEST(Replica, ListsConflictsBehindAnyNumberOfQuietOnes) {
  TwoGates gates;
  for (unsigned person = 1; person <= 3; ++person) gates.put(person, "row 1", "row 1");
  gates.put(4, "row 1", "row 2");
  gates.sync();
  const auto listed = need(gates.quiet->replica().conflicts(1));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].field_name, "seat");
  EXPECT_EQ(gates.quiet->status().conflicts, 1u);
}

TEST(Replica, AConflictKeepsItsNumberAndNoOtherEverGetsIt) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  std::vector<RowId> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(a->put("thing", {{"unit", text("a")}}));
  a->sync();
  b->sync();
  const auto clash = [&](int row) {
    const auto at = static_cast<std::size_t>(row);
    a->set("thing", rows[at], {{"name", text("of a")}});
    b->set("thing", rows[at], {{"name", text("of b")}});
    a->sync();
    b->sync();
  };
  const auto listed = [&] {
    std::map<RowId, std::uint64_t> numbers;
    for (const Conflict& conflict : need(b->replica().conflicts())) {
      numbers[conflict.row] = conflict.number;
    }
    return numbers;
  };
  for (const int row : {1, 2}) clash(row);
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[1], 1}, {rows[2], 2}}));
  clash(0);  // lies before both
  b->restore("thing", rows[1], "name");
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[2], 2}, {rows[0], 3}}));
  b->restore("thing", rows[0], "name");
  b->restore("thing", rows[2], "name");
  b->sync();
  EXPECT_TRUE(listed().empty());
  clash(3);
  b->restart();
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[3], 4}}));
  EXPECT_EQ(b->count("SELECT count(*) FROM _conflicts"), 1);
}

TEST(Replica, AConflictThatACutListLeftOutKeepsItsNumber) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  for (Phone* phone : {a.get(), b.get()}) {
    for (unsigned n = 1; n <= 3; ++n) {
      phone->put("thing", {{"unit", text("a")}, {"name", text(phone == a.get() ? "a" : "b")}},
                 id_of(n));
    }
  }
  a->sync();
  b->sync();
  const auto all = need(b->replica().conflicts());
  ASSERT_EQ(all.size(), 3u);
  ASSERT_EQ(need(b->replica().conflicts(1)).size(), 1u);
  const auto again = need(b->replica().conflicts());
  ASSERT_EQ(again.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(again[i].number, all[i].number);
}

TEST(Replica, NumbersConflictsInAFileThatWasMadeBeforeThereWereNumbers) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  for (Phone* phone : {a.get(), b.get()}) {
    phone->put("thing", {{"unit", text("a")}, {"name", text(phone == a.get() ? "a" : "b")}},
               id_of(1));
  }
  a->sync();
  b->sync();
  b->spoil(
      "DROP TABLE _conflicts; ALTER TABLE _standing DROP COLUMN heard_ms;"
      " ALTER TABLE _standing DROP COLUMN latest_ms; ALTER TABLE _standing DROP COLUMN banned;"
      " ALTER TABLE _identity DROP COLUMN tls_pin;"
      " PRAGMA user_version = 1");
  EXPECT_EQ(need(b->replica().conflicts())[0].number, 1u);
}

TEST(Replica, RefusesToRestoreWhatOnlyCanBeClosed) {
  ReplicaWorld world;
  auto a = world.enroll({"event"});
  auto b = world.enroll({"event"});
  // Both make the same thing with another `born`.
  a->sync();
  b->sync();
  const RowId id = id_of(77);
  auto c = world.enroll({"unit/a"});
  auto d = world.enroll({"unit/a"});
  c->put("thing", {{"unit", text("a")}, {"born", text("1950")}}, id);
  d->put("thing", {{"unit", text("a")}, {"born", text("1951")}}, id);
  c->sync();
  d->sync();
  const auto conflicts = need(d->replica().conflicts());
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_FALSE(conflicts[0].restorable);
  LocalTransaction transaction = need(d->replica().begin());
  EXPECT_EQ(code_of(transaction.restore_loser("thing", id, "born", conflicts[0].losing_stamp)),
            ErrorCode::not_allowed);
  EXPECT_EQ(code_of(transaction.restore_loser("thing", id, "name", conflicts[0].losing_stamp)),
            ErrorCode::not_found);
  need(transaction.close_loser("thing", id, "born", conflicts[0].losing_stamp));
  need(transaction.commit());
  EXPECT_EQ(d->status().conflicts, 0u);
  d->sync();
  world.expect_same(*d);
}

}  // namespace
}  // namespace rollcall
