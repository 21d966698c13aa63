#include "engine/storage/connection.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "tests/engine/base/temp_folder.h"
#include "tests/engine/storage/crash_vfs.h"
#include "tests/engine/storage/sample.h"

namespace rollcall {
namespace {

Bytes content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void put_content(const std::string& path, BytesView content) {
  std::ofstream(path, std::ios::binary) << content;
}

class ConnectionTest : public testing::Test {
 protected:
  Connection open(const ConnectionOptions& options = options_for()) {
    return need(Connection::open(path, options));
  }
  // Opening is refused with `code`, and the folder holds what it held before.
  void expect_refused(ErrorCode code, const ConnectionOptions& options) {
    const Bytes before = content_of(path);
    auto refused = Connection::open(path, options);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_EQ(content_of(path), before);
    for (const char* beside : {"-wal", "-shm", "-journal"}) {
      EXPECT_FALSE(std::filesystem::exists(path + beside)) << beside;
    }
  }
  // A good file with `rows` rows in table t, closed.
  void make(int rows = 3) {
    Connection connection = open();
    in_transaction(connection, [&] {
      need(connection.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)"));
      for (int i = 0; i < rows; ++i) {
        need(connection.execute("INSERT INTO t(b) VALUES(hex(zeroblob(1000)))"));
      }
    });
  }

  TempFolder folder;
  std::string path = folder.file("replica.db");
};

TEST_F(ConnectionTest, KeepsWhatWasCommittedAndNothingElse) {
  {
    Connection connection = open();
    in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
    in_transaction(connection, [&] { need(connection.execute("INSERT INTO t VALUES(1)")); });
    Transaction unfinished = need(Transaction::write(connection));
    need(connection.execute("INSERT INTO t VALUES(2)"));
  }
  Connection connection = open();
  EXPECT_EQ(sql_text(connection, "SELECT a FROM t"), "1");
}

TEST_F(ConnectionTest, SetsWhatMakesACommitDurable) {
  Connection connection = open();
  EXPECT_EQ(sql_text(connection, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(sql_text(connection, "PRAGMA synchronous"), "2");
  EXPECT_EQ(sql_text(connection, "PRAGMA locking_mode"), "exclusive");
  EXPECT_EQ(sql_text(connection, "PRAGMA application_id"), std::to_string(sample_application));
  EXPECT_EQ(sql_text(connection, "PRAGMA user_version"), "3");
  EXPECT_EQ(sql_text(connection, "PRAGMA wal_autocheckpoint"), "0");
}

TEST_F(ConnectionTest, RefusesAFileThatIsNotThere) {
  EXPECT_EQ(code_of(Connection::open(path, options_for(Access::exclusive, false))),
            ErrorCode::not_found);
  EXPECT_EQ(code_of(Connection::open(path, options_for(Access::reader))), ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(code_of(Connection::open("", options_for())), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(Connection::open(folder.file("no/such/folder.db"), options_for())),
            ErrorCode::io);
}

TEST_F(ConnectionTest, RefusesAFileThatIsNoDatabaseUntouched) {
  for (const BytesView content :
       {BytesView("hello"), BytesView("SQLite format 3"),
        BytesView("{\"replica\": false, \"padding\": \"....................."
                  "...........................................\"}")}) {
    put_content(path, content);
    expect_refused(ErrorCode::not_a_replica, options_for());
    expect_refused(ErrorCode::not_a_replica, options_for(Access::exclusive, false));
    expect_refused(ErrorCode::not_a_replica, options_for(Access::reader));
  }
  put_content(path, "");
  expect_refused(ErrorCode::not_found, options_for(Access::exclusive, false));
  EXPECT_TRUE(Connection::open(path, options_for()).has_value()) << "empty is as good as new";
}

TEST_F(ConnectionTest, RefusesAnotherProgramsDatabaseUntouched) {
  make();
  ConnectionOptions other = options_for();
  other.application_id = 7;
  expect_refused(ErrorCode::not_a_replica, other);
}

TEST_F(ConnectionTest, RefusesANewerFormatUntouched_A12) {
  make();
  ConnectionOptions older = options_for();
  older.format_version = 2;
  expect_refused(ErrorCode::newer_format, older);
  older.format_version = 4;
  EXPECT_TRUE(Connection::open(path, older).has_value());
}

TEST_F(ConnectionTest, RefusesATruncatedFileUntouched) {
  make(200);
  const Bytes whole = content_of(path);
  ASSERT_GT(whole.size(), 100'000u);
  for (const std::size_t size : {whole.size() - 4096, whole.size() / 2, std::size_t{4096}}) {
    put_content(path, BytesView(whole).substr(0, size));
    expect_refused(ErrorCode::corrupt, options_for());
    expect_refused(ErrorCode::corrupt, options_for(Access::reader));
  }
  put_content(path, BytesView(whole).substr(0, 99));
  expect_refused(ErrorCode::not_a_replica, options_for());
}

TEST_F(ConnectionTest, StopsAtACorruptPageForGood) {
  make(200);
  Bytes content = content_of(path);
  std::fill(content.begin() + 8192, content.end(), '\x5a');
  put_content(path, content);
  Connection connection = open();
  Statement statement = need(connection.prepare("SELECT sum(length(b)) FROM t"));
  EXPECT_EQ(code_of(statement.step()), ErrorCode::corrupt);
  EXPECT_TRUE(connection.is_poisoned());
  EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::corrupt);
}

TEST_F(ConnectionTest, RemovesAFileAndWhatLiesBesideIt) {
  make();
  put_content(path + "-wal", "left over");
  Connection::remove(path, "");
  for (const char* beside : {"", "-wal", "-shm", "-journal"}) {
    EXPECT_FALSE(std::filesystem::exists(path + beside)) << beside;
  }
  Connection::remove(path, "");  // nothing there is no error
}

TEST_F(ConnectionTest, RefusesASecondOpenerInThisProcess) {
  make();
  Connection first = open();
  EXPECT_EQ(code_of(Connection::open(path, options_for())), ErrorCode::open_elsewhere);
  EXPECT_EQ(code_of(Connection::open(path, options_for(Access::reader))),
            ErrorCode::open_elsewhere);
  in_transaction(first, [&] { need(first.execute("INSERT INTO t(b) VALUES('still mine')")); });
}

TEST_F(ConnectionTest, RefusesASecondOpenerInAnotherProcess) {
  make();
  const auto in_child = [this] {
    const pid_t child = ::fork();
    if (child == 0)
      ::_exit(code_of(Connection::open(path, options_for())) == ErrorCode::open_elsewhere ? 1 : 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(in_child(), 0);
  Connection first = open();
  EXPECT_EQ(in_child(), 1);
}

TEST_F(ConnectionTest, LetsReadersSeeSnapshotsBesideAWriter) {
  Connection writer = open(options_for(Access::writer));
  in_transaction(writer, [&] { need(writer.execute("CREATE TABLE t(a)")); });
  Connection reader = open(options_for(Access::reader));
  {
    Transaction snapshot = need(Transaction::read(reader));
    in_transaction(writer, [&] { need(writer.execute("INSERT INTO t VALUES(1)")); });
    EXPECT_EQ(sql_text(reader, "SELECT count(*) FROM t"), "0");
  }
  EXPECT_EQ(sql_text(reader, "SELECT count(*) FROM t"), "1");
  EXPECT_EQ(code_of(reader.execute("INSERT INTO t VALUES(2)")), ErrorCode::read_only);
}

TEST_F(ConnectionTest, ReadsAFileThatNobodyWrites) {
  make();
  Connection reader = open(options_for(Access::reader));
  EXPECT_EQ(sql_text(reader, "SELECT count(*) FROM t"), "3");
}

TEST_F(ConnectionTest, RefusesAFileThatItMayNotWrite) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  {
    Connection connection = need(Connection::open("r.db", options));
    in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
  }
  disk.make_read_only();
  EXPECT_EQ(code_of(Connection::open("r.db", options)), ErrorCode::read_only);
}

TEST_F(ConnectionTest, StopsAcknowledgingWhenItsFileIsDeleted_A10) {
  make();
  Connection connection = open();
  Transaction transaction = need(Transaction::write(connection));
  need(connection.execute("INSERT INTO t(b) VALUES('lost')"));
  std::filesystem::remove(path);
  EXPECT_EQ(code_of(transaction.commit()), ErrorCode::unlinked);
  EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::unlinked);
}

TEST_F(ConnectionTest, StopsAcknowledgingWhenItsFileIsReplaced) {
  make();
  Connection connection = open();
  const std::string copy = folder.file("copy.db");
  std::filesystem::copy_file(path, copy);
  std::filesystem::rename(copy, path);
  EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::unlinked);
}

TEST_F(ConnectionTest, StopsAcknowledgingWhenItsLogIsDeleted_A10) {
  make();
  Connection connection = open();
  in_transaction(connection, [&] { need(connection.execute("INSERT INTO t(b) VALUES('x')")); });
  std::filesystem::remove(path + "-wal");
  Transaction transaction = need(Transaction::write(connection));
  need(connection.execute("INSERT INTO t(b) VALUES('y')"));
  EXPECT_EQ(code_of(transaction.commit()), ErrorCode::unlinked);
}

TEST_F(ConnectionTest, NeverAcknowledgesAgainAfterAFailedFlush) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  {
    Connection connection = need(Connection::open("r.db", options));
    in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
    in_transaction(connection, [&] { need(connection.execute("INSERT INTO t VALUES(1)")); });
    disk.fail_sync();
    {
      Transaction transaction = need(Transaction::write(connection));
      need(connection.execute("INSERT INTO t VALUES(2)"));
      EXPECT_EQ(code_of(transaction.commit()), ErrorCode::io);
    }
    EXPECT_TRUE(connection.is_poisoned());
    EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::io);
    EXPECT_EQ(code_of(connection.execute("INSERT INTO t VALUES(3)")), ErrorCode::io);
  }
  for (const Unsynced unsynced : {Unsynced::dropped, Unsynced::kept}) {
    CrashDisk after;
    after.load(disk.after_power_cut(unsynced, 0));
    options.vfs = after.vfs();
    Connection connection = need(Connection::open("r.db", options));
    // The second row's flush failed: it may be there. The third was refused before it was written.
    const std::string rows = sql_text(connection, "SELECT a FROM t");
    EXPECT_TRUE(rows == "1" || rows == "1;2") << rows;
  }
}

TEST_F(ConnectionTest, IsPoisonedByAFlushThatFailsWhileTheLogIsFoldedIn) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  options.checkpoint_pages = 1;
  Connection connection = need(Connection::open("r.db", options));
  in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
  const auto insert = [&] { need(connection.execute("INSERT INTO t VALUES(1)")); };
  const std::uint64_t before = disk.syncs();
  in_transaction(connection, insert);
  // The last flush of such a commit is the file's own, after the log was folded in.
  disk.fail_sync(disk.syncs() - before);
  in_transaction(connection, insert);  // this commit was durable before, and stands
  EXPECT_TRUE(connection.is_poisoned());
  EXPECT_EQ(code_of(Transaction::write(connection)), ErrorCode::io);
}

TEST_F(ConnectionTest, RollsBackAndGoesOnWhenTheDiskIsFull) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  Connection connection = need(Connection::open("r.db", options));
  in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
  {
    Transaction transaction = need(Transaction::write(connection));
    need(connection.execute("INSERT INTO t VALUES(1)"));
    disk.fail_at(disk.calls() + 1, CrashDisk::Fault::full);
    EXPECT_EQ(code_of(transaction.commit()), ErrorCode::disk_full);
  }
  EXPECT_FALSE(connection.is_poisoned());
  EXPECT_EQ(sql_text(connection, "SELECT count(*) FROM t"), "0");
  in_transaction(connection, [&] { need(connection.execute("INSERT INTO t VALUES(2)")); });
  EXPECT_EQ(sql_text(connection, "SELECT a FROM t"), "2");
}

TEST_F(ConnectionTest, FlushesOncePerCommit) {
  CrashDisk disk;
  ConnectionOptions options = options_for();
  options.vfs = disk.vfs();
  Connection connection = need(Connection::open("r.db", options));
  in_transaction(connection, [&] { need(connection.execute("CREATE TABLE t(a)")); });
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t before = disk.syncs();
    in_transaction(connection, [&] { need(connection.execute("INSERT INTO t VALUES(1)")); });
    EXPECT_EQ(disk.syncs(), before + 1);
  }
}

TEST_F(ConnectionTest, BeginsTheLogAnewThoughReadersAlwaysOverlap) {
  ConnectionOptions options = options_for();
  options.checkpoint_pages = 8;
  options.access = Access::writer;
  Connection writer = open(options);
  need(writer.execute("CREATE TABLE t(a, b)"));
  std::atomic<bool> done{false};
  std::atomic<bool> reads{false};
  std::thread reading([&] {
    ConnectionOptions read = options_for();
    read.access = Access::reader;
    Connection one = open(read);
    Connection other = open(read);
    // At every moment one of the two has a snapshot.
    std::optional<Transaction> first(need(Transaction::read(one)));
    while (!done) {
      std::optional<Transaction> second(need(Transaction::read(other)));
      first.reset();
      first.emplace(need(Transaction::read(one)));
      reads = true;
    }
  });
  while (!reads) std::this_thread::yield();
  for (int n = 0; n < 800; ++n) {
    Transaction transaction = need(Transaction::write(writer));
    need(writer.execute("INSERT INTO t VALUES(1, zeroblob(3000))"));
    need(transaction.commit());
  }
  done = true;
  reading.join();
  // It is begun anew with the commit that goes over its limit, or, where that was busy, once it is
  // twice as long as it was then. A commit writes some three pages.
  constexpr std::uintmax_t page_bytes = 4096 + 24;
  constexpr std::uintmax_t commit_pages = 3;
  const std::uintmax_t busy_pages = overgrown_log_factor * 8 + commit_pages;
  EXPECT_LE(std::filesystem::file_size(path + "-wal"),
            (2 * busy_pages + commit_pages) * page_bytes);
}

TEST_F(ConnectionTest, CutsTheLogToNothingAtACheckpoint) {
  make(500);
  Connection connection = open();
  in_transaction(connection, [&] { need(connection.execute("UPDATE t SET b = b || 'x'")); });
  EXPECT_GT(std::filesystem::file_size(path + "-wal"), 100'000u);
  need(connection.checkpoint());
  EXPECT_EQ(std::filesystem::file_size(path + "-wal"), 0u);
}

TEST_F(ConnectionTest, TakesBackAPartOfATransactionAlone) {
  Connection connection = open();
  in_transaction(connection, [&] {
    need(connection.execute("CREATE TABLE t(a)"));
    {
      Savepoint part = need(Savepoint::begin(connection));
      need(connection.execute("INSERT INTO t VALUES(1)"));
      need(part.release());
    }
    {
      Savepoint part = need(Savepoint::begin(connection));
      need(connection.execute("INSERT INTO t VALUES(2)"));
      Savepoint inner = need(Savepoint::begin(connection));
      need(connection.execute("INSERT INTO t VALUES(3)"));
      need(inner.release());
    }
  });
  EXPECT_EQ(sql_text(connection, "SELECT a FROM t"), "1");
}

TEST_F(ConnectionTest, LendsAStatementTwiceAndTakesItBack) {
  Connection connection = open();
  const std::string sql = "SELECT ?1";
  {
    Statement first = need(connection.cached(sql));
    Statement second = need(connection.cached(sql));
    first.bind_integer(1, 1);
    second.bind_integer(1, 2);
    ASSERT_TRUE(need(first.step()));
    ASSERT_TRUE(need(second.step()));
    EXPECT_EQ(first.integer(0), 1);
    EXPECT_EQ(second.integer(0), 2);
  }
  Statement again = need(connection.cached(sql));
  ASSERT_TRUE(need(again.step()));
  EXPECT_TRUE(again.is_null(0)) << "a lent statement comes without old bindings";
}

TEST_F(ConnectionTest, TranslatesBetweenIdsAndText) {
  Connection connection = open();
  const std::string text = row_id(5).text();
  EXPECT_EQ(sql_text(connection, "SELECT uuid(uuid_blob('" + text + "'))"), text);
  EXPECT_EQ(sql_text(connection, "SELECT hex(uuid_blob('" + text + "'))"),
            "018F0000000070008000000000000005");
  EXPECT_EQ(sql_text(connection,
                     "SELECT uuid('x'), uuid(x'00'), uuid(null), uuid_blob('x'), "
                     "uuid_blob(null), uuid_blob(5)"),
            "null|null|null|null|null|null");
}

TEST_F(ConnectionTest, NamesTheErrorOfAStatementAndItsText) {
  Connection connection = open();
  const auto bad = connection.prepare("SELECT no_such_column FROM sqlite_schema");
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, ErrorCode::sql);
  EXPECT_THAT(bad.error().message, testing::HasSubstr("no such column: no_such_column"));
  EXPECT_THAT(bad.error().message, testing::HasSubstr("replica.db"));
}

}  // namespace
}  // namespace rollcall
