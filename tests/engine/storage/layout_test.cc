#include "engine/storage/layout.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/storage/path_index.h"
#include "engine/storage/path_sets.h"
#include "engine/storage/replica_table.h"
#include "engine/storage/server_table.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/engine/storage/sample.h"

namespace rollcall {
namespace {

class LayoutTest : public testing::Test {
 protected:
  void apply(Flavour flavour) {
    in_transaction(connection, [&] { need(apply_layout(connection, flavour, schema)); });
  }
  std::optional<ErrorCode> refusal(Flavour flavour) {
    Transaction transaction = need(Transaction::write(connection));
    return code_of(apply_layout(connection, flavour, schema));
  }

  TempFolder folder;
  std::string path = folder.file("r.db");
  Connection connection = need(Connection::open(path, options_for()));
  Schema schema = sample_schema();
};

// The document draws both layouts; these are its statements, to the letter.
TEST(LayoutDocument, HoldsTheStatementsOfBothLayouts) {
  std::ifstream in("engine/storage/STORAGE.md");
  const std::string document{std::istreambuf_iterator<char>(in), {}};
  ASSERT_FALSE(document.empty());
  std::vector<std::string> statements = create_statements(Flavour::replica, person());
  for (const std::string& sql : create_statements(Flavour::server, person())) {
    statements.push_back(sql);
  }
  statements.push_back(PathSets::create_statement());
  for (const std::string& sql : PathIndex::create_statements()) statements.push_back(sql);
  EXPECT_EQ(statements.size(), 6u + 3u + 1u + 2u);
  for (const std::string& sql : statements) {
    EXPECT_NE(document.find(sql + ";\n"), std::string::npos) << sql;
  }
}

TEST_F(LayoutTest, GivesEachTypeItsColumn) {
  apply(Flavour::replica);
  EXPECT_EQ(sql_text(connection,
                     "SELECT name || ' ' || type FROM pragma_table_info('_zoo') "
                     "WHERE name NOT LIKE '\\_%' ESCAPE '\\'"),
            "note TEXT;size INTEGER;tame INTEGER;keeper BLOB;picture BLOB;visits INTEGER;tags TEXT;"
            "state TEXT;admitted BLOB;born TEXT;friends TEXT");
}

TEST_F(LayoutTest, DoesNothingTheSecondTime) {
  for (const Flavour flavour : {Flavour::replica, Flavour::server}) {
    Connection fresh = need(Connection::open(
        folder.file(flavour == Flavour::replica ? "a.db" : "b.db"), options_for()));
    in_transaction(fresh, [&] { need(apply_layout(fresh, flavour, schema)); });
    const std::string version = sql_text(fresh, "PRAGMA schema_version");
    in_transaction(fresh, [&] { need(apply_layout(fresh, flavour, schema)); });
    EXPECT_EQ(sql_text(fresh, "PRAGMA schema_version"), version);
  }
}

TEST_F(LayoutTest, AddsColumnsAndCollectionsWithoutWritingARow) {
  for (const Flavour flavour : {Flavour::replica, Flavour::server}) {
    const std::string name = folder.file(flavour == Flavour::replica ? "a.db" : "b.db");
    Connection fresh = need(Connection::open(name, options_for()));
    Schema old = schema_of({collection(1, "person", {field(1, "name")})});
    in_transaction(fresh, [&] {
      need(apply_layout(fresh, flavour, old));
      need(fresh.execute(
          "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
          "INSERT INTO _person(_id, _stamps, name" +
          std::string(flavour == Flavour::server ? ", _last, _sequences, _paths" : "") +
          ") SELECT zeroblob(12) || CAST(printf('%04x', i) AS BLOB), x'00', 'x' || i" +
          std::string(flavour == Flavour::server ? ", i, x'00', x''" : "") + " FROM n"));
    });
    need(fresh.checkpoint());
    ASSERT_GT(std::filesystem::file_size(name), 700'000u);
    Schema next = schema;
    next.collections[0] =
        collection(1, "person",
                   {field(1, "name"), field(2, "nickname"), field(7, "size", FieldType::integer)});
    in_transaction(fresh, [&] { need(apply_layout(fresh, flavour, next)); });
    // Nothing but the schema's own pages and the new, empty tables: not one row was touched.
    EXPECT_LT(std::filesystem::file_size(name + "-wal"), 100'000u);
    EXPECT_EQ(sql_text(fresh, "SELECT count(*), max(nickname) FROM person"), "20000|null");
  }
}

TEST_F(LayoutTest, FollowsTheMarksOfSearchAndIndex) {
  schema = schema_of({person()});
  apply(Flavour::replica);
  const CollectionDef def = person();
  in_transaction(connection, [&] {
    ReplicaTable table = need(ReplicaTable::open(connection, schema.collections[0]));
    ReplicaRow row{row_id(1),
                   {},
                   row_state(def, stamp(1),
                             {{"given_name", Value::text("Ann")}, {"phone", Value::text("555")}})};
    need(table.insert(row));
    row.id = row_id(2);
    row.state.fields[0].value = Value::boolean(true);
    need(table.insert(row));
  });
  schema.collections[0].fields[1].search = false;
  schema.collections[0].fields[3].search = true;  // phone
  schema.collections[0].fields[3].index = true;
  schema.collections[0].fields[4].index = false;  // precinct
  apply(Flavour::replica);
  const auto found = [&](const std::string& word) {
    return sql_text(connection,
                    "SELECT count(*) FROM person_search WHERE text MATCH '" + word + "'");
  };
  EXPECT_EQ(found("ann"), "0");
  EXPECT_EQ(found("555"), "1") << "the live row, not the deleted one";
  EXPECT_EQ(sql_text(connection,
                     "SELECT name FROM sqlite_schema WHERE type = 'index' "
                     "AND sql IS NOT NULL"),
            "_person.phone");
  for (FieldDef& item : schema.collections[0].fields) item.search = false;
  apply(Flavour::replica);
  EXPECT_EQ(sql_text(connection,
                     "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%search%' "
                     "OR name LIKE '%.text'"),
            "0");
}

TEST_F(LayoutTest, ShowsLiveRowsOnlyAndNothingOfTheEngine) {
  apply(Flavour::replica);
  EXPECT_EQ(sql_text(connection, "SELECT name FROM pragma_table_info('person')"),
            "id;given_name;family_name;phone;precinct");
}

TEST_F(LayoutTest, RefusesNamesThatCannotLiveTogether) {
  schema = schema_of({person(), collection(2, "person_search", {field(1, "a")})});
  EXPECT_EQ(refusal(Flavour::replica), ErrorCode::schema);
  schema = schema_of({person(), collection(2, "person_search_data", {field(1, "a")})});
  EXPECT_EQ(refusal(Flavour::replica), ErrorCode::schema);
  schema = schema_of({collection(1, "path", {field(1, "a")})});
  in_transaction(connection, [&] {
    for (const std::string& sql : PathIndex::create_statements()) need(connection.execute(sql));
  });
  EXPECT_EQ(refusal(Flavour::server), ErrorCode::schema);
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%person%'"),
            "0");
}

TEST_F(LayoutTest, TakesSqlWordsAsNames) {
  schema = schema_of({collection(
      1, "order", {searched(field(1, "select")), indexed(field(2, "group", FieldType::integer))})});
  apply(Flavour::replica);
  const CollectionDef& def = schema.collections[0];
  in_transaction(connection, [&] {
    ReplicaTable table = need(ReplicaTable::open(connection, def));
    ReplicaRow row{row_id(1), {}, row_state(def, stamp(1), {{"select", Value::text("it")}})};
    need(table.insert(row));
    const std::uint16_t changed[] = {1};
    row.state.fields[1].value = Value::text("all");
    need(table.update(row, changed));
  });
  EXPECT_EQ(sql_text(connection, "SELECT \"select\" FROM \"order\""), "all");
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM order_search WHERE text MATCH 'all'"), "1");
}

}  // namespace
}  // namespace rollcall
