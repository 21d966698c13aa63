#include "engine/storage/connection.h"
#include "engine/storage/layout.h"
#include "engine/storage/path_index.h"
#include "engine/storage/replica_table.h"
#include "engine/storage/server_table.h"
#include "tests/engine/storage/crash_vfs.h"
#include "tests/engine/storage/sample.h"

// The power goes at every mutating call of a script, and whatever was not flushed is lost, kept or
// torn. Afterwards every acknowledged transaction is there, whole, and any other wholly absent, but
// for the one that was being committed: it may be there, whole.
namespace rollcall {
namespace {

constexpr unsigned steps = 12;

// Every call, but for the build that looks for memory faults, ten times as slow: there every
// second.
#ifdef __SANITIZE_ADDRESS__
constexpr CrashExploration exploration{2, 2};
#else
constexpr CrashExploration exploration{1, 2};
#endif
constexpr int stride = static_cast<int>(exploration.stride);

Schema schema_at(unsigned step) {
  Schema schema = sample_schema();
  // Half way, the schema grows, in a transaction of its own row's writes.
  if (step > steps / 2) schema.collections[0].fields.push_back(searched(field(9, "email")));
  return schema;
}

// What the n-th transaction does to both collections; deterministic.
void write_step(Connection& connection, const Schema& schema, unsigned step,
                Result<void>& outcome) {
  const auto run = [&]() -> Result<void> {
    ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(connection));
    ROLLCALL_TRY(apply_layout(connection, Flavour::replica, schema));
    ROLLCALL_TRY_ASSIGN(ReplicaTable people, ReplicaTable::open(connection, schema.collections[0]));
    ROLLCALL_TRY_ASSIGN(ReplicaTable animals,
                        ReplicaTable::open(connection, schema.collections[1]));
    const CollectionDef& person_def = schema.collections[0];
    for (unsigned i = 0; i < 4 + step; ++i) {
      ReplicaRow row{row_id(step * 100 + i),
                     {},
                     row_state(person_def, stamp(step),
                               {{"given_name", Value::text("step" + std::to_string(step))},
                                {"precinct", Value::text(std::string(300, 'p'))}})};
      ROLLCALL_TRY(people.insert(row));
    }
    ReplicaRow animal{row_id(step), {}, full_zoo_row(false)};
    ROLLCALL_TRY(animals.insert(animal));
    if (step > 1) {
      // Deletes one row of the step before and erases another.
      ReplicaRow before;
      ROLLCALL_TRY_ASSIGN(const bool found, people.read(row_id((step - 1) * 100), before));
      ROLLCALL_CHECK(found);
      before.state.fields[0].value = Value::boolean(true);
      const std::uint16_t changed[] = {0};
      ROLLCALL_TRY(people.update(before, changed));
      ROLLCALL_TRY_ASSIGN(const bool second, people.read(row_id((step - 1) * 100 + 1), before));
      ROLLCALL_CHECK(second);
      ROLLCALL_TRY(people.erase(before.place.key));
    }
    return transaction.commit();
  };
  outcome = run();
}

ConnectionOptions options_on(const CrashDisk& disk) {
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  options.checkpoint_pages = 40;  // so that the log is folded in and begun anew several times
  return options;
}

// Everything that a reader can see of a state, in one text.
std::string picture(Connection& connection) {
  if (sql_text(connection, "SELECT count(*) FROM sqlite_schema WHERE name = '_zoo'") == "0") {
    return "empty";
  }
  const std::string columns = sql_text(
      connection, "SELECT group_concat(name) FROM pragma_table_info('_person') ORDER BY cid");
  return columns + "#" +
         sql_text(connection,
                  "SELECT uuid(_id), _deleted, hex(_stamps), given_name, "
                  "length(precinct) FROM _person ORDER BY _id") +
         "#" + sql_text(connection, "SELECT uuid(_id), hex(_extra), note FROM _zoo ORDER BY _id") +
         "#" + sql_text(connection, "SELECT count(*) FROM person_search WHERE text MATCH 'step*'");
}

TEST(CrashPoints, LeaveAcknowledgedTransactionsWholeAndOthersAbsent) {
  // What each number of transactions looks like, from a disk that never fails.
  std::vector<std::string> pictures = {"empty"};
  {
    CrashDisk disk;
    Connection connection = need(Connection::open("r.db", options_on(disk)));
    for (unsigned step = 1; step <= steps; ++step) {
      Result<void> outcome;
      write_step(connection, schema_at(step), step, outcome);
      need(outcome);
      pictures.push_back(picture(connection));
    }
  }
  unsigned acknowledged = 0;
  const auto script = [&](CrashDisk& disk) {
    acknowledged = 0;
    auto connection = Connection::open("r.db", options_on(disk));
    if (!connection) return;
    for (unsigned step = 1; step <= steps; ++step) {
      Result<void> outcome;
      write_step(*connection, schema_at(step), step, outcome);
      if (!outcome) return;
      acknowledged = step;
    }
  };
  unsigned seen_ahead = 0;
  const auto verify = [&](CrashDisk& disk, const std::string& where) {
    auto reopened = Connection::open("r.db", options_on(disk));
    ASSERT_TRUE(reopened.has_value()) << where << ": " << reopened.error().message;
    EXPECT_EQ(sql_text(*reopened, "PRAGMA integrity_check"), "ok") << where;
    const std::string now = picture(*reopened);
    const bool is_last = now == pictures[acknowledged];
    const bool is_next = acknowledged < steps && now == pictures[acknowledged + 1];
    EXPECT_TRUE(is_last || is_next) << where << ", acknowledged " << acknowledged << "\n" << now;
    if (is_next) ++seen_ahead;
    if (now != "empty") {
      need(
          reopened->execute("BEGIN; INSERT INTO _person_search(_person_search, rank) "
                            "VALUES('integrity-check', 1); ROLLBACK"));
    }
    // And it goes on from there.
    Result<void> outcome;
    const unsigned next = is_next ? acknowledged + 2 : acknowledged + 1;
    if (next <= steps) {
      write_step(*reopened, schema_at(next), next, outcome);
      EXPECT_TRUE(outcome.has_value()) << where;
      EXPECT_EQ(picture(*reopened), pictures[next]) << where;
    }
  };
  const int kills = explore_crash_points(script, verify, exploration);
  EXPECT_GT(kills * stride, 150);
  EXPECT_GT(seen_ahead, 0u) << "no kill fell between a commit's write and its acknowledgement";
}

// Two connections on one log, as a server has them: the writer dies while a reader looks on.
TEST(CrashPoints, HoldForAWriterWithReadersBesideIt) {
  const auto options = [](const CrashDisk& disk, Access access) {
    ConnectionOptions made = options_for(access);
    made.vfs = disk.vfs();
    made.checkpoint_pages = 8;
    return made;
  };
  int acknowledged = 0;
  const auto script = [&](CrashDisk& disk) {
    acknowledged = 0;
    auto writer = Connection::open("s.db", options(disk, Access::writer));
    if (!writer) return;
    const auto run = [&](const std::string& sql) -> Result<void> {
      ROLLCALL_TRY_ASSIGN(Transaction transaction, Transaction::write(*writer));
      ROLLCALL_TRY(writer->execute(sql));
      return transaction.commit();
    };
    if (!run("CREATE TABLE a(n, x); CREATE TABLE b(n, x)")) return;
    auto reader = Connection::open("s.db", options(disk, Access::reader));
    if (!reader) return;
    for (int n = 1; n <= 10; ++n) {
      auto snapshot = Transaction::read(*reader);
      if (!snapshot) return;
      const std::string values = " VALUES(" + std::to_string(n) + ", zeroblob(3000));";
      std::string both = "INSERT INTO a" + values;
      both.append("INSERT INTO b").append(values);
      if (!run(both)) return;
      acknowledged = n;
    }
  };
  const auto verify = [&](CrashDisk& disk, const std::string& where) {
    auto reopened = Connection::open("s.db", options(disk, Access::writer));
    ASSERT_TRUE(reopened.has_value()) << where << ": " << reopened.error().message;
    EXPECT_EQ(sql_text(*reopened, "PRAGMA integrity_check"), "ok") << where;
    if (sql_text(*reopened, "SELECT count(*) FROM sqlite_schema") == "0") {
      EXPECT_EQ(acknowledged, 0) << where;
      return;
    }
    const std::string in_a = sql_text(*reopened, "SELECT count(*), ifnull(max(n), 0) FROM a");
    EXPECT_EQ(in_a, sql_text(*reopened, "SELECT count(*), ifnull(max(n), 0) FROM b")) << where;
    const auto text = [](int n) { return std::to_string(n) + "|" + std::to_string(n); };
    EXPECT_TRUE(in_a == text(acknowledged) || in_a == text(acknowledged + 1))
        << where << ": " << in_a << ", acknowledged " << acknowledged;
  };
  EXPECT_GT(explore_crash_points(script, verify, exploration) * stride, 60);
}

// What is flushed with the next commit may be lost, but whole, in order, and never once that one
// stands.
TEST(CrashPoints, UndoWhatWasToBeFlushedWithTheNextCommitInOrder) {
  int committed = 0;
  int acknowledged = 0;  // flushed at its commit
  int lost = 0;
  const auto script = [&](CrashDisk& disk) {
    committed = acknowledged = 0;
    ConnectionOptions options = options_for();
    options.vfs = disk.vfs();
    auto connection = Connection::open("r.db", options);
    if (!connection || !connection->execute("CREATE TABLE t(a)")) return;
    for (int i = 1; i <= 9; ++i) {
      const Flush flush = i % 3 == 0 ? Flush::at_commit : Flush::with_the_next;
      auto transaction = Transaction::write(*connection, flush);
      if (!transaction) return;
      const std::string row = "INSERT INTO t VALUES(" + std::to_string(i) + ")";
      if (!connection->execute(row) || !connection->execute(row)) return;
      if (!transaction->commit()) return;
      committed = i;
      if (flush == Flush::at_commit) acknowledged = i;
    }
  };
  const auto verify = [&](CrashDisk& disk, const std::string& where) {
    ConnectionOptions options = options_for();
    options.vfs = disk.vfs();
    auto connection = Connection::open("r.db", options);
    if (!connection) {
      EXPECT_EQ(acknowledged, 0) << where;
      return;
    }
    auto read = connection->prepare("SELECT count(*), coalesce(max(a), 0) FROM t");
    if (!read) {
      EXPECT_EQ(acknowledged, 0) << where;
      return;
    }
    ASSERT_TRUE(need(read->step()));
    const std::int64_t last = read->integer(1);
    EXPECT_EQ(read->integer(0), 2 * last) << where << ": a gap or half a transaction";
    EXPECT_GE(last, acknowledged) << where;
    if (last < committed) ++lost;
  };
  EXPECT_GT(explore_crash_points(script, verify), 20);
  EXPECT_GT(lost, 0) << "every one was flushed at its commit";
}

// The disk itself is under test too: a script that flushes too little must be caught by it.
TEST(CrashDisk, LosesWhatWasNotFlushed) {
  int broken = 0;
  int acknowledged = 0;
  const auto script = [&](CrashDisk& disk) {
    acknowledged = 0;
    ConnectionOptions options = options_for();
    options.vfs = disk.vfs();
    auto connection = Connection::open("r.db", options);
    if (!connection) return;
    if (!connection->execute("PRAGMA synchronous = OFF; CREATE TABLE t(a)")) return;
    for (int i = 1; i <= 5; ++i) {
      if (!connection->execute("INSERT INTO t VALUES(1)")) return;
      acknowledged = i;
    }
  };
  const auto verify = [&](CrashDisk& disk, const std::string&) {
    ConnectionOptions options = options_for();
    options.vfs = disk.vfs();
    auto connection = Connection::open("r.db", options);
    if (!connection) {
      ++broken;
      return;
    }
    const auto rows = [&]() -> Result<std::int64_t> {
      ROLLCALL_TRY_ASSIGN(Statement count, connection->prepare("SELECT count(*) FROM t"));
      ROLLCALL_TRY(count.step());
      return count.integer(0);
    };
    if (acknowledged > 0 && rows().value_or(0) < acknowledged) ++broken;
  };
  explore_crash_points(script, verify);
  EXPECT_GT(broken, 0);
}

TEST(CrashDisk, KeepsAFileOpenAfterItsNameIsGone) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  Connection connection = need(Connection::open("r.db", options));
  disk.unlink("r.db");
  EXPECT_FALSE(disk.has("r.db"));
  EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::unlinked);
}

TEST(CrashDisk, RefusesASecondOpenerAsAFileSystemDoes) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  Connection connection = need(Connection::open("r.db", options));
  EXPECT_EQ(code_of(Connection::open("r.db", options)), ErrorCode::open_elsewhere);
}

}  // namespace
}  // namespace rollcall
