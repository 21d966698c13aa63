#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/engine/storage/temp_folder.h"
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
