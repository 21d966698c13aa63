#include "engine/storage/layout.h"
#include "engine/storage/path_index.h"
#include "engine/storage/path_sets.h"
#include "engine/storage/replica_table.h"
#include "engine/storage/server_table.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/engine/storage/sample.h"

// Both tables keep the same promises about a row's fields; what differs stands in a trait.
namespace rollcall {
namespace {

struct Replica {
  using Table = ReplicaTable;
  using Row = ReplicaRow;
  static constexpr Flavour flavour = Flavour::replica;
  static Row row(const RowId& id, const CollectionDef&, RowState state) {
    return {id, {0, 4, TxNumber(9), false}, std::move(state)};
  }
  static Result<bool> insert_plain(Table& table, const RowId& id, std::span<const ValueView> cells,
                                   BytesView stamps) {
    return table.insert_plain(id, cells, stamps, 4, TxNumber(9));
  }
  static void expect_equal(const Row& a, const Row& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.place.key, b.place.key);
    EXPECT_EQ(a.place.paths, b.place.paths);
    EXPECT_EQ(a.place.tx, b.place.tx);
    EXPECT_EQ(a.place.deleted, b.place.deleted);
    EXPECT_EQ(a.state, b.state);
  }
  static constexpr bool of_server = false;
};

struct Server {
  using Table = ServerTable;
  using Row = ServerRow;
  static constexpr Flavour flavour = Flavour::server;
  static Row row(const RowId& id, const CollectionDef& collection, RowState state) {
    Row row{id, {0, Sequence(300), false}, {}, {}, std::move(state)};
    row.sequences.resize(collection.fields.size());
    for (std::size_t i = 0; i < row.state.fields.size(); ++i) {
      if (!row.state.fields[i].stamp.is_none()) row.sequences[i] = Sequence(100 + i / 3);
    }
    row.paths = {{1, Sequence(100), Sequence(0)}, {7, Sequence(90), Sequence(300)}};
    return row;
  }
  static Result<bool> insert_plain(Table& table, const RowId& id, std::span<const ValueView> cells,
                                   BytesView stamps) {
    return table.insert_plain(id, cells, {stamps, {}, {}, Sequence(5)});
  }
  static void expect_equal(const Row& a, const Row& b) {
    EXPECT_EQ(a.id, b.id);
    EXPECT_EQ(a.place.key, b.place.key);
    EXPECT_EQ(a.place.last, b.place.last);
    EXPECT_EQ(a.place.deleted, b.place.deleted);
    EXPECT_EQ(a.sequences, b.sequences);
    EXPECT_EQ(a.paths, b.paths);
    EXPECT_EQ(a.state, b.state);
  }
  static constexpr bool of_server = true;
};

template <class Side>
class RowTables : public testing::Test {
 protected:
  RowTables() {
    transaction.emplace(need(Transaction::write(connection)));
    need(apply_layout(connection, Side::flavour, schema));
  }
  typename Side::Table open(const CollectionDef& collection) {
    return need(Side::Table::open(connection, collection));
  }

  TempFolder folder;
  Connection connection = need(Connection::open(folder.file("r.db"), options_for()));
  Schema schema = sample_schema();
  const CollectionDef& people = schema.collections[0];
  const CollectionDef& animals = schema.collections[1];
  std::optional<Transaction> transaction;
};

using Sides = testing::Types<Replica, Server>;
TYPED_TEST_SUITE(RowTables, Sides);

TYPED_TEST(RowTables, GiveBackARowWithEverythingInIt) {
  auto table = this->open(this->animals);
  auto row = TypeParam::row(row_id(1), this->animals, full_zoo_row(TypeParam::of_server));
  need(table.insert(row));
  EXPECT_NE(row.place.key, 0);
  typename TypeParam::Row by_id, by_key;
  ASSERT_TRUE(need(table.read(row_id(1), by_id)));
  ASSERT_TRUE(need(table.read(row.place.key, by_key)));
  TypeParam::expect_equal(by_id, row);
  TypeParam::expect_equal(by_key, row);
}

TYPED_TEST(RowTables, ShowPeopleASetAsJsonAndIdsAsBlobs) {
  auto table = this->open(this->animals);
  auto row = TypeParam::row(row_id(1), this->animals, full_zoo_row(TypeParam::of_server));
  need(table.insert(row));
  EXPECT_EQ(sql_text(this->connection,
                     "SELECT note, size, tame, uuid(keeper), hex(picture), visits, tags, state, "
                     "friends FROM zoo"),
            "gr\u00fc\u00df \"dich\"|-7000000000000000000|1|" + row_id(77).text() +
                "|00FF01|41|[\"a\\\"b\",\"line\\u000a\"]|started|[\"" + row_id(3).text() + "\"]");
  EXPECT_EQ(sql_text(this->connection, "SELECT value FROM zoo, json_each(zoo.tags)"),
            "a\"b;line\n");
}

TYPED_TEST(RowTables, UpdateOnlyWhatChanged) {
  auto table = this->open(this->animals);
  auto row = TypeParam::row(row_id(1), this->animals, full_zoo_row(TypeParam::of_server));
  need(table.insert(row));
  const std::int64_t key = row.place.key;
  row = TypeParam::row(row_id(1), this->animals, full_zoo_row(TypeParam::of_server));
  row.place.key = key;
  field_of(this->animals, row.state, "note").value = Value::text("new");
  field_of(this->animals, row.state, "note").losers.clear();
  field_of(this->animals, row.state, "note").agreeing.clear();
  field_of(this->animals, row.state, "tags").elements.clear();
  field_of(this->animals, row.state, "size").value = Value();
  const std::uint16_t changed[] = {1, 2, 7};
  need(table.update(row, changed));
  typename TypeParam::Row again;
  ASSERT_TRUE(need(table.read(row_id(1), again)));
  TypeParam::expect_equal(again, row);
  EXPECT_EQ(sql_text(this->connection, "SELECT note, size, tags, visits FROM zoo"),
            "new|null|[]|41");
}

TYPED_TEST(RowTables, TakeDeletedRowsOutOfSightAndBack) {
  auto table = this->open(this->people);
  auto row =
      TypeParam::row(row_id(1), this->people,
                     row_state(this->people, stamp(1), {{"given_name", Value::text("Ann")}}));
  need(table.insert(row));
  const std::uint16_t changed[] = {0};
  for (const bool deleted : {true, false, true}) {
    row.state.fields[0].value = Value::boolean(deleted);
    row.place.deleted = deleted;
    need(table.update(row, changed));
    EXPECT_EQ(sql_text(this->connection, "SELECT count(*) FROM person"), deleted ? "0" : "1");
    EXPECT_EQ(need(table.find(row_id(1)))->deleted, deleted);
    typename TypeParam::Row again;
    ASSERT_TRUE(need(table.read(row_id(1), again)));
    TypeParam::expect_equal(again, row);
  }
}

TYPED_TEST(RowTables, InsertPlainRowsOnceAndLikeAnyOther) {
  auto table = this->open(this->people);
  const std::vector<FieldId> fields = {FieldId(0), FieldId(2), FieldId(4), FieldId(99)};
  table.choose_fields(fields);
  std::vector<ValueView> cells = {ValueView::of_boolean(false), ValueView::of_text("Lee"),
                                  ValueView::of_text("P7"), ValueView::of_text("from the future")};
  Bytes stamps;
  pack_one_stamp(stamp(3), std::vector<FieldId>{FieldId(0), FieldId(2), FieldId(4)}, stamps);
  ASSERT_TRUE(need(TypeParam::insert_plain(table, row_id(1), cells, stamps)));
  const std::int64_t key = this->connection.last_key();
  ASSERT_FALSE(need(TypeParam::insert_plain(table, row_id(1), cells, stamps)));

  // A general insert between must leave nothing behind in the plain ones.
  auto other = TypeParam::row(
      row_id(5), this->people,
      row_state(this->people, stamp(1),
                {{"given_name", Value::text("Ann")}, {"phone", Value::text("555")}}));
  need(table.insert(other));
  EXPECT_EQ(code_of(table.insert(other)), ErrorCode::already_exists);
  ASSERT_TRUE(need(TypeParam::insert_plain(table, row_id(2), cells, stamps)));

  EXPECT_EQ(sql_text(this->connection,
                     "SELECT given_name, family_name, phone, precinct "
                     "FROM person ORDER BY id"),
            "null|Lee|null|P7;null|Lee|null|P7;Ann|null|555|null");
  EXPECT_EQ(need(table.find(row_id(1)))->key, key);
  EXPECT_FALSE(need(table.find(row_id(9))).has_value());
  if constexpr (TypeParam::flavour == Flavour::replica) {
    ReplicaRow read;
    ASSERT_TRUE(need(table.read(row_id(1), read)));
    EXPECT_EQ(read.state,
              row_state(this->people, stamp(3),
                        {{"family_name", Value::text("Lee")}, {"precinct", Value::text("P7")}}));
    EXPECT_EQ(read.place.paths, 4);
    EXPECT_EQ(read.place.tx, TxNumber(9));
  }
}

TYPED_TEST(RowTables, EraseARowForGood) {
  auto table = this->open(this->people);
  auto row = TypeParam::row(row_id(1), this->people, row_state(this->people, stamp(1), {}));
  need(table.insert(row));
  need(table.erase(row.place.key));
  typename TypeParam::Row again;
  EXPECT_FALSE(need(table.read(row_id(1), again)));
  EXPECT_FALSE(need(table.find(row_id(1))).has_value());
}

TYPED_TEST(RowTables, ReadManyRowsInAnyOrder) {
  auto table = this->open(this->people);
  for (unsigned i = 0; i < 20; ++i) {
    auto row = TypeParam::row(
        row_id(i), this->people,
        row_state(this->people, stamp(i), {{"phone", Value::text(std::to_string(i % 7))}}));
    need(table.insert(row));
  }
  Statement many =
      need(this->connection.prepare(table.select("WHERE r.phone = ?1 ORDER BY r._id DESC")));
  many.bind_text(1, "6");
  std::vector<RowId> ids;
  typename TypeParam::Row row;
  while (need(many.step())) {
    need(table.read(many, row));
    ids.push_back(row.id);
    EXPECT_EQ(field_of(this->people, row.state, "phone").value, Value::text("6"));
  }
  EXPECT_THAT(ids, testing::ElementsAre(row_id(13), row_id(6)));
}

TYPED_TEST(RowTables, RefuseWhatSomebodyChangedByHand) {
  auto table = this->open(this->animals);
  auto row = TypeParam::row(row_id(1), this->animals,
                            row_state(this->animals, stamp(1), {{"size", Value::integer(1)}}));
  need(table.insert(row));
  typename TypeParam::Row again;
  for (const char* damage :
       {"UPDATE _zoo SET size = 'big'", "UPDATE _zoo SET size = 1, _stamps = x'00'",
        "UPDATE _zoo SET _stamps = x'000000000000000000000001ff7f'",
        "UPDATE _zoo SET _extra = x'ff'", "UPDATE _zoo SET _id = x'0102'"}) {
    Savepoint part = need(Savepoint::begin(this->connection));
    need(this->connection.execute(damage));
    EXPECT_FALSE(table.read(row.place.key, again).has_value()) << damage;
  }
  EXPECT_TRUE(need(table.read(row.place.key, again)));
}

class ReplicaSearch : public RowTables<Replica> {
 protected:
  std::string found(const std::string& match) {
    return sql_text(connection,
                    "SELECT p.phone FROM person_search AS s JOIN person AS p "
                    "ON p.id = s.id WHERE s.text MATCH '" +
                        match + "' ORDER BY p.phone");
  }
  // The index's own check, against the table's content.
  void check() {
    need(
        connection.execute("INSERT INTO _person_search(_person_search, rank) "
                           "VALUES('integrity-check', 1)"));
  }
  ReplicaRow add(ReplicaTable& table, unsigned id, const char* given, const char* family) {
    ReplicaRow row{row_id(id),
                   {},
                   row_state(people, stamp(1),
                             {{"given_name", Value::text(given)},
                              {"family_name", Value::text(family)},
                              {"phone", Value::text(std::to_string(id))}})};
    need(table.insert(row));
    return row;
  }
};

TEST_F(ReplicaSearch, FindsWordsAndPrefixesWithoutAccentsOrCase) {
  ReplicaTable table = open(people);
  add(table, 1, "Zo\u00eb", "M\u00fcller");
  add(table, 2, "Zora", "O'Brien");
  add(table, 3, "Jos\u00e9", "\u00c5str\u00f6m");
  EXPECT_EQ(found("zoe"), "1");
  EXPECT_EQ(found("ZO*"), "1;2");
  EXPECT_EQ(found("mull* zo*"), "1");
  EXPECT_EQ(found("\"o''brien\""), "2");
  EXPECT_EQ(found("jose astrom"), "3");
  EXPECT_EQ(found("555"), "") << "a field without the mark is not searched";
  check();
}

TEST_F(ReplicaSearch, FollowsUpdatesDeletesUndeletesAndErasure) {
  ReplicaTable table = open(people);
  ReplicaRow one = add(table, 1, "Ann", "Lee");
  ReplicaRow two = add(table, 2, "Ann", "Poe");
  const std::uint16_t family[] = {2};
  const std::uint16_t deleted[] = {0};
  const std::uint16_t phone[] = {3};

  field_of(people, one.state, "family_name").value = Value::text("Gray");
  need(table.update(one, family));
  EXPECT_EQ(found("lee"), "");
  EXPECT_EQ(found("gray"), "1");
  field_of(people, one.state, "phone").value = Value::text("1b");
  need(table.update(one, phone));
  EXPECT_EQ(found("ann"), "1b;2");

  one.state.fields[0].value = Value::boolean(true);
  need(table.update(one, deleted));
  EXPECT_EQ(sql_text(connection,
                     "SELECT count(*) FROM _person_search WHERE _person_search "
                     "MATCH 'ann'"),
            "1");
  // A change of a deleted row stays out of the index, whatever it touches.
  field_of(people, one.state, "family_name").value = Value::text("Silver");
  need(table.update(one, family));
  EXPECT_EQ(found("silver"), "");
  one.state.fields[0].value = Value::boolean(false);
  need(table.update(one, deleted));
  EXPECT_EQ(found("silver"), "1b");

  need(table.erase(two.place.key));
  EXPECT_EQ(sql_text(connection,
                     "SELECT count(*) FROM _person_search WHERE _person_search "
                     "MATCH 'ann'"),
            "1");
  need(table.erase(one.place.key));
  EXPECT_EQ(sql_text(connection,
                     "SELECT count(*) FROM _person_search WHERE _person_search "
                     "MATCH 'ann OR silver OR gray OR lee'"),
            "0");
  check();
}

TEST_F(ReplicaSearch, TakesPlainRowsInUnlessTheyAreDeleted) {
  ReplicaTable table = open(people);
  const std::vector<FieldId> fields = {FieldId(0), FieldId(1), FieldId(3)};
  table.choose_fields(fields);
  Bytes stamps;
  pack_one_stamp(stamp(3), fields, stamps);
  std::vector<ValueView> cells = {ValueView::of_boolean(false), ValueView::of_text("Ann"),
                                  ValueView::of_text("1")};
  ASSERT_TRUE(need(table.insert_plain(row_id(1), cells, stamps, 2, TxNumber())));
  ASSERT_FALSE(need(table.insert_plain(row_id(1), cells, stamps, 2, TxNumber())));
  cells[0] = ValueView::of_boolean(true);
  ASSERT_TRUE(need(table.insert_plain(row_id(2), cells, stamps, 2, TxNumber())));
  EXPECT_EQ(found("ann"), "1");
  EXPECT_TRUE(need(table.find(row_id(2)))->deleted);
  ReplicaRow row;
  ASSERT_TRUE(need(table.read(row_id(2), row)));
  need(table.erase(row.place.key));
  ASSERT_TRUE(need(table.read(row_id(1), row)));
  need(table.erase(row.place.key));
  check();
}

TEST_F(ReplicaSearch, FindsLocalizedTextsInEveryLanguageAndNotTheirTags) {
  const CollectionDef talk =
      collection(3, "talk", {searched(field(1, "title", FieldType::localized)), field(2, "room")});
  need(apply_layout(connection, Flavour::replica, schema_of({people, animals, talk})));
  ReplicaTable table = open(talk);
  const auto titled = [&](unsigned id, const char* title) {
    ReplicaRow row{row_id(id), {}, row_state(talk, stamp(1), {{"title", Value::text(title)}})};
    need(table.insert(row));
    return row;
  };
  const auto matches = [&](const std::string& match) {
    return sql_text(connection,
                    "SELECT count(*) FROM talk_search WHERE text MATCH '" + match + "'");
  };
  ReplicaRow both = titled(1, R"({"en":"Spring meeting","es":"Reunión \"grande\""})");
  titled(2, R"({"es":"Enero"})");
  EXPECT_EQ(matches("spring"), "1");
  EXPECT_EQ(matches("reunion grande"), "1");
  EXPECT_EQ(matches("en*"), "1") << "January, and not what is said in English";
  EXPECT_EQ(matches("es"), "0");

  // The plain way in, and every way out.
  const std::vector<FieldId> fields = {FieldId(0), FieldId(1)};
  table.choose_fields(fields);
  Bytes stamps;
  pack_one_stamp(stamp(3), fields, stamps);
  const std::vector<ValueView> cells = {ValueView::of_boolean(false),
                                        ValueView::of_text(R"({"fr":"Réunion"})")};
  ASSERT_TRUE(need(table.insert_plain(row_id(3), cells, stamps, 2, TxNumber())));
  EXPECT_EQ(matches("reunion"), "2");
  field_of(talk, both.state, "title").value = Value();
  const std::uint16_t title[] = {1};
  need(table.update(both, title));
  EXPECT_EQ(matches("reunion"), "1");
  ReplicaRow french;
  ASSERT_TRUE(need(table.read(row_id(3), french)));
  need(table.erase(french.place.key));
  EXPECT_EQ(matches("reunion"), "0");
  need(connection.execute(
      "INSERT INTO _talk_search(_talk_search, rank) VALUES('integrity-check', 1)"));
}

TEST_F(ReplicaSearch, MovesBookkeepingWithoutTouchingTheRow) {
  ReplicaTable table = open(people);
  const ReplicaRow row = add(table, 1, "Ann", "Lee");
  need(table.set_place(row.place.key, 12, TxNumber(5)));
  ReplicaRow again;
  ASSERT_TRUE(need(table.read(row_id(1), again)));
  EXPECT_EQ(again.place.paths, 12);
  EXPECT_EQ(again.place.tx, TxNumber(5));
  EXPECT_EQ(again.state, row.state);
}

class PathTables : public testing::Test {
 protected:
  TempFolder folder;
  Connection connection = need(Connection::open(folder.file("r.db"), options_for()));
};

TEST_F(PathTables, InternEachPathSetOnce) {
  const std::vector<std::string_view> wake = {"public", "unit/nc/wake"};
  const std::vector<std::string_view> one = {"public"};
  const std::vector<std::string_view> unsorted = {"unit/nc", "public"};
  const std::vector<std::string_view> odd = {"a\nb"};
  std::int64_t number = 0;
  in_transaction(connection, [&] {
    need(connection.execute(PathSets::create_statement()));
    PathSets sets = need(PathSets::open(connection));
    EXPECT_EQ(need(sets.intern({})), PathSets::empty_set);
    number = need(sets.intern(wake));
    EXPECT_NE(need(sets.intern(one)), number);
    EXPECT_EQ(need(sets.intern(wake)), number);
    EXPECT_EQ(code_of(sets.intern(unsorted)), ErrorCode::malformed);
    EXPECT_EQ(code_of(sets.intern(odd)), ErrorCode::malformed);
  });
  PathSets sets = need(PathSets::open(connection));
  EXPECT_EQ(need(sets.intern(wake)), number);
  EXPECT_THAT(sets.paths(number), testing::ElementsAre("public", "unit/nc/wake"));
  EXPECT_THAT(sets.paths(PathSets::not_confirmed), testing::IsEmpty());
  EXPECT_THAT(sets.paths(99), testing::IsEmpty());
  EXPECT_EQ(sets.sets().size(), 3u);
}

TEST_F(PathTables, ForgetPathSetsOfATransactionThatWasRolledBack) {
  in_transaction(connection, [&] { need(connection.execute(PathSets::create_statement())); });
  PathSets sets = need(PathSets::open(connection));
  const std::vector<std::string_view> one = {"public"};
  {
    Transaction transaction = need(Transaction::write(connection));
    need(sets.intern(one));
  }
  need(sets.forget());
  in_transaction(connection, [&] { need(sets.intern(one)); });
  EXPECT_EQ(sql_text(connection, "SELECT id FROM _path_sets"), "2");
}

TEST_F(PathTables, NamePathsAlsoWhenTheyWereForgotten) {
  in_transaction(connection, [&] {
    for (const std::string& sql : PathIndex::create_statements()) need(connection.execute(sql));
    PathIndex index = need(PathIndex::open(connection));
    for (const char* path : {"unit/nc", "unit/nc-1", "unit/nc/wake", "unit/nc/wake/1-01",
                             "unit/ncx/a", "unit", "public"}) {
      need(index.intern(path));
    }
    EXPECT_EQ(need(index.intern("unit/nc")), 1);
  });
  PathIndex index = need(PathIndex::open(connection));
  EXPECT_EQ(need(index.path(3)), "unit/nc/wake");
  EXPECT_EQ(need(index.find("unit/nc/wake")), 3);
  index.trim(0);
  EXPECT_EQ(need(index.find("unit/nc/wake")), 3);
  EXPECT_EQ(need(index.path(3)), "unit/nc/wake");
  EXPECT_EQ(need(index.path(99)), "");
  EXPECT_EQ(need(index.find("unit/nope")), 0);
  EXPECT_TRUE(need(index.any_below("unit/nc/wake")));
  EXPECT_TRUE(need(index.any_below("public")));
  EXPECT_TRUE(need(index.any_below("unit/ncx")));
  EXPECT_FALSE(need(index.any_below("unit/nc/wake/1")));
  EXPECT_FALSE(need(index.any_below("pub")));
}

TEST_F(PathTables, HoldEachRowOnceAtAPath) {
  in_transaction(connection, [&] {
    for (const std::string& sql : PathIndex::create_statements()) need(connection.execute(sql));
    PathIndex index = need(PathIndex::open(connection));
    const std::int64_t path = need(index.intern("public"));
    need(index.enter(path, CollectionId(1), row_id(1), 10));
    need(index.enter(path, CollectionId(1), row_id(1), 10));
    need(index.enter(path, CollectionId(2), row_id(1), 11));
    need(index.erase(path, CollectionId(2), row_id(1)));
  });
  EXPECT_EQ(sql_text(connection, "SELECT path, collection, uuid(id), key FROM _index"),
            "1|1|" + row_id(1).text() + "|10");
}

TEST(PackedPaths, ComeBackAndRefuseWhatWasNotPacked) {
  const std::vector<PathEntry> entries = {{1, Sequence(5), Sequence(0)},
                                          {300, Sequence(70000), Sequence(70001)}};
  Bytes packed;
  pack_paths(entries, packed);
  EXPECT_EQ(to_hex(packed), "010500ac02f0a204f1a204");
  std::vector<PathEntry> again;
  need(unpack_paths(packed, again));
  EXPECT_EQ(again, entries);
  for (std::size_t size = 1; size < packed.size(); ++size) {
    if (size == 3) continue;  // one whole entry
    EXPECT_FALSE(unpack_paths(BytesView(packed).substr(0, size), again).has_value()) << size;
  }
  EXPECT_FALSE(unpack_paths(from_hex("020000010000").value(), again).has_value()) << "descending";
  EXPECT_FALSE(unpack_paths(from_hex("000000").value(), again).has_value()) << "no such path";
}

}  // namespace
}  // namespace rollcall
