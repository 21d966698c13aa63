#include "engine/storage/connection.h"
#include "engine/storage/layout.h"
#include "engine/storage/replica_table.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/engine/storage/sample.h"

namespace rollcall {
namespace {

class QueryTest : public testing::Test {
 protected:
  QueryTest() {
    in_transaction(connection, [this] {
      need(apply_layout(connection, Flavour::replica, schema));
      need(connection.execute("CREATE TABLE _secret(key BLOB)"));
      ReplicaTable table = need(ReplicaTable::open(connection, schema.collections[0]));
      ReplicaRow row{
          row_id(1),
          {},
          row_state(schema.collections[0], stamp(1),
                    {{"given_name", Value::text("Zo\u00eb")}, {"precinct", Value::text("P1")}})};
      need(table.insert(row));
    });
  }
  static ConnectionOptions options() {
    ConnectionOptions options = options_for();
    options.hidden_tables = {"_secret"};
    return options;
  }

  TempFolder folder;
  Connection connection = need(Connection::open(folder.file("r.db"), options()));
  Schema schema = sample_schema();
};

TEST_F(QueryTest, ReadsViewsFunctionsAndFullText) {
  for (const char* sql :
       {"SELECT given_name FROM person WHERE precinct = 'P1'",
        "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
        "SELECT p.given_name FROM person AS p, n WHERE n.i = 2",
        "SELECT p.given_name FROM person_search AS s JOIN person AS p ON p.id = s.id "
        "WHERE s.text MATCH 'zoe' ORDER BY s.rank;  "}) {
    Query query = need(connection.query(sql));
    ASSERT_TRUE(need(query.statement.step())) << sql;
    EXPECT_EQ(query.statement.text(0), "Zo\u00eb");
    EXPECT_FALSE(need(query.statement.step()));
  }
  for (const char* sql : {"SELECT uuid(id) FROM person", "SELECT name FROM sqlite_schema",
                          "SELECT * FROM pragma_table_info('person')", "PRAGMA table_list",
                          "EXPLAIN QUERY PLAN SELECT * FROM person"}) {
    Query query = need(connection.query(sql));
    EXPECT_TRUE(need(query.statement.step())) << sql;
  }
}

TEST_F(QueryTest, TellsWhichTablesItReads) {
  EXPECT_THAT(need(connection.query("SELECT count(*) FROM person")).tables,
              testing::ElementsAre("_person"));
  EXPECT_THAT(need(connection.query("SELECT given_name FROM person")).tables,
              testing::Contains("_person"));
  const Query search =
      need(connection.query("SELECT id FROM person_search WHERE text MATCH 'zo*'"));
  EXPECT_THAT(search.tables, testing::IsSupersetOf({"_person", "_person_search"}));
}

TEST_F(QueryTest, RefusesEverythingThatIsNotReading_G9) {
  const std::string before = sql_text(connection, "SELECT count(*) FROM sqlite_schema");
  for (const char* sql : {"INSERT INTO _person(_id, _stamps) VALUES(x'00', x'00')",
                          "DELETE FROM _person",
                          "UPDATE _person SET precinct = 'x'",

                          "DROP VIEW person",
                          "CREATE TABLE x(a)",
                          "CREATE TEMP TABLE x(a)",
                          "ALTER TABLE _person ADD COLUMN x",
                          "ATTACH 'other.db' AS other",
                          "DETACH main",
                          "VACUUM",
                          "VACUUM INTO 'copy.db'",
                          "REINDEX",
                          "ANALYZE",
                          "BEGIN",
                          "COMMIT",
                          "ROLLBACK",
                          "SAVEPOINT x",
                          "PRAGMA journal_mode = DELETE",
                          "PRAGMA user_version = 9",
                          "PRAGMA synchronous = OFF",
                          "PRAGMA wal_checkpoint",
                          "INSERT INTO _person_search(_person_search) VALUES('delete-all')",
                          "WITH x AS (SELECT 1) DELETE FROM _person",
                          "SELECT key FROM _secret",
                          "SELECT (SELECT count(*) FROM _secret)",
                          "SELECT 1 FROM person UNION SELECT key FROM _secret"}) {
    const auto refused = connection.query(sql);
    ASSERT_FALSE(refused.has_value()) << sql;
    EXPECT_EQ(refused.error().code, ErrorCode::read_only) << sql << ": " << refused.error().message;
  }
  for (const char* sql :
       {"", "  ", "-- nothing", "SELECT 1; SELECT 2", "SELECT 1; DROP VIEW person", "SELEC 1",
        "SELECT load_extension('x')", "DELETE FROM person"}) {
    const auto refused = connection.query(sql);
    ASSERT_FALSE(refused.has_value()) << sql;
    EXPECT_EQ(refused.error().code, ErrorCode::sql) << sql << ": " << refused.error().message;
  }
  EXPECT_EQ(code_of(connection.query(std::string(query_bytes_max + 1, ' '))), ErrorCode::limit);
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM sqlite_schema"), before);
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM person"), "1");
  EXPECT_FALSE(connection.in_transaction());
}

TEST_F(QueryTest, LeavesTheEnginesOwnStatementsAlone) {
  ASSERT_FALSE(connection.query("DELETE FROM _person").has_value());
  in_transaction(connection, [this] { need(connection.execute("DELETE FROM _person")); });
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM person"), "0");
}

TEST_F(QueryTest, TakesParametersAndSurvivesASchemaChange) {
  Query query = need(connection.query("SELECT count(*) FROM person WHERE precinct = ?1"));
  ASSERT_EQ(query.statement.parameters(), 1);
  in_transaction(connection, [this] {
    schema.collections[0].fields.push_back(field(9, "email"));
    need(apply_layout(connection, Flavour::replica, schema));
  });
  query.statement.bind_text(1, "P1");
  ASSERT_TRUE(need(query.statement.step()));
  EXPECT_EQ(query.statement.integer(0), 1);
}

}  // namespace
}  // namespace rollcall
