#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/engine/base/temp_folder.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

class SpaceFileTest : public ::testing::Test {
 protected:
  Space::Doors doors() { return {clock, random, test_cryptography(), {}}; }
  Result<std::unique_ptr<Space>> create(std::string_view name = "nc") {
    return Space::create(path, name, "North Carolina", test_schema(), doors());
  }
  Result<std::unique_ptr<Space>> open() { return Space::open(path, doors()); }

  TempFolder folder;
  std::string path = folder.file("space");
  ManualClock clock;
  SeededRandom random{1};
};

TEST_F(SpaceFileTest, RemembersWhatItIs) {
  const Epoch epoch = need(create())->epoch();
  const auto space = need(open());
  EXPECT_EQ(space->name(), "nc");
  EXPECT_EQ(space->title(), "North Carolina");
  EXPECT_EQ(space->epoch(), epoch);
  EXPECT_EQ(space->schema().hash, test_schema().hash);
}

TEST_F(SpaceFileTest, IsNotMadeTwice) {
  need(create());
  EXPECT_EQ(code_of(create()), ErrorCode::already_exists);
  EXPECT_TRUE(open().has_value());
}

// A process that may write no file beyond so many bytes is killed where it would.
TEST_F(SpaceFileTest, IsThereWholeOrNotAtAllWhereverItsMakingIsKilled) {
  std::size_t killed = 0;
  for (rlim_t bytes = 1024; !std::filesystem::exists(path); bytes += 12288) {
    ASSERT_LT(bytes, rlim_t{4} << 20);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const rlimit no_core{0, 0};
      const rlimit file{bytes, bytes};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::setrlimit(RLIMIT_FSIZE, &file);
      ::_exit(create().has_value() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status)) ++killed;
    if (std::filesystem::exists(path)) {
      ASSERT_TRUE(open().has_value()) << "killed at " << bytes << " bytes";
    }
  }
  EXPECT_GT(killed, 5u);
  EXPECT_FALSE(std::filesystem::exists(path + ".making"));
}

TEST_F(SpaceFileTest, RefusesNamesThatAreNone) {
  for (const char* name : {"", "-x", "NC", "a b", "a/b", "ä"}) {
    EXPECT_EQ(code_of(create(name)), ErrorCode::invalid_argument) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SpaceFileTest, RefusesASecondWriter) {
  const auto first = need(create());
  EXPECT_EQ(code_of(open()), ErrorCode::open_elsewhere);
}

TEST_F(SpaceFileTest, LetsReadersInBesideTheWriter) {
  const auto writer = need(create());
  SeededRandom other(2);
  EXPECT_TRUE(writer->open_reader(other).has_value());
  EXPECT_TRUE(SpaceReader::open(path, {clock, other, test_cryptography(), {}}).has_value());
}

TEST_F(SpaceFileTest, IsNotFoundWhereThereIsNone) {
  EXPECT_EQ(code_of(open()), ErrorCode::not_found);
}

TEST_F(SpaceFileTest, RefusesAFileThatIsNoneAndLeavesIt) {
  const std::string content(5000, 'x');
  std::ofstream(path) << content;
  EXPECT_EQ(code_of(open()), ErrorCode::not_a_replica);
  EXPECT_EQ(code_of(create()), ErrorCode::not_a_replica);
  std::ifstream back(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(back), {}), content);
}

}  // namespace
}  // namespace rollcall
