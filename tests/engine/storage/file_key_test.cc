#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"
#include "tests/engine/base/need.h"
#include "tests/engine/base/temp_folder.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

const std::string canary = "heronry by the ferry";
const Bytes right_key(32, 'k');

ConnectionOptions options(const Bytes& key) {
  ConnectionOptions wanted;
  wanted.create = true;
  wanted.application_id = 7;
  wanted.file_key = key;
  return wanted;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file with one text in it, and what lay on the disk beside it while it was open.
class FileKey : public ::testing::Test {
 protected:
  void make(const Bytes& key) {
    Connection connection = need(Connection::open(path, options(key)));
    need(connection.execute("CREATE TABLE note(text)"));
    need(connection.execute("INSERT INTO note VALUES('" + canary + "')"));
    log = content_of(path + "-wal");
    ASSERT_FALSE(log.empty());
  }
  [[nodiscard]] std::string text(const Bytes& key) const {
    Connection connection = need(Connection::open(path, options(key)));
    Statement select = need(connection.prepare("SELECT text FROM note"));
    EXPECT_TRUE(need(select.step()));
    return std::string(select.text(0));
  }

  TempFolder folder;
  std::string path = folder.file("replica.db");
  std::string log;
};

TEST_F(FileKey, ABuildKnowsWhetherItEncrypts) {
#ifdef ROLLCALL_ENCRYPTS
  EXPECT_TRUE(Connection::encrypts());
#else
  EXPECT_FALSE(Connection::encrypts());
#endif
}

#ifndef ROLLCALL_ENCRYPTS

TEST_F(FileKey, IsRefusedByABuildThatCannotEncryptAndNothingIsMade) {
  const auto refused = Connection::open(path, options(right_key));
  EXPECT_EQ(code_of(refused), ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("ROLLCALL_SQLITE=encrypted"));
  EXPECT_FALSE(std::filesystem::exists(path));
}

#endif

TEST_F(FileKey, WithoutOneAFileIsReadableAndTheSearchFindsWhatIsInIt) {
  make({});
  EXPECT_EQ(text({}), canary);
  EXPECT_THAT(log, HasSubstr(canary));
  EXPECT_THAT(content_of(path), HasSubstr(canary));
}

#ifdef ROLLCALL_ENCRYPTS

using EncryptedFile = FileKey;

TEST_F(EncryptedFile, ShowsNothingToWhoHasTheDiskAndNotTheKey) {
  make(right_key);
  for (const std::string& bytes : {log, content_of(path)}) {
    EXPECT_EQ(bytes.find(canary), std::string::npos);
    EXPECT_EQ(bytes.find("CREATE TABLE"), std::string::npos);
    EXPECT_EQ(bytes.find("SQLite format"), std::string::npos);
  }
  EXPECT_EQ(text(right_key), canary);
}

TEST_F(EncryptedFile, IsLeftAsItWasByAnotherKeyAndByNone) {
  make(right_key);
  const std::string before = content_of(path);
  Bytes other = right_key;
  other.back() = 'l';
  for (const auto& [key, code] :
       {std::pair(other, ErrorCode::wrong_key), std::pair(Bytes(), ErrorCode::not_a_replica),
        std::pair(Bytes("short"), ErrorCode::invalid_argument)}) {
    const auto refused = Connection::open(path, options(key));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_EQ(content_of(path), before);
  }
  EXPECT_EQ(text(right_key), canary);
}

TEST_F(EncryptedFile, AKeyForAFileThatAnybodyMayReadIsRefusedAndTheFileLeftAsItWas) {
  make({});
  const std::string before = content_of(path);
  EXPECT_EQ(code_of(Connection::open(path, options(right_key))), ErrorCode::wrong_key);
  EXPECT_EQ(content_of(path), before);
}

TEST_F(EncryptedFile, GoesOnFromItsLogAfterAKill) {
  const std::string copy = folder.file("copy.db");
  {
    Connection connection = need(Connection::open(path, options(right_key)));
    need(connection.execute("CREATE TABLE note(text)"));
    need(connection.execute("INSERT INTO note VALUES('" + canary + "')"));
    std::filesystem::copy_file(path, copy);
    std::filesystem::copy_file(path + "-wal", copy + "-wal");
  }
  path = copy;
  EXPECT_EQ(text(right_key), canary);
}

#endif

}  // namespace
}  // namespace rollcall
