#include "schema/schema_folder.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/limits.h"
#include "tests/engine/base/temp_folder.h"
#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::HasSubstr;

class SchemaFolder : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    std::ofstream(temp.file(name), std::ios::binary) << text;
  }

  TempFolder temp;
};

TEST_F(SchemaFolder, GivesItsJsonFilesByName) {
  write("b.json", "two");
  write("a.json", "one");
  write("README.md", "not this");
  std::filesystem::create_directory(temp.file("c.json"));
  const auto files = read_schema_folder(temp.path());
  ASSERT_TRUE(files) << files.error().message;
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].name, "a.json");
  EXPECT_EQ((*files)[0].text, "one");
  EXPECT_EQ((*files)[1].name, "b.json");
}

TEST_F(SchemaFolder, RefusesWhatIsNotThere) {
  EXPECT_EQ(read_schema_folder(temp.file("none")).error().code, ErrorCode::io);
  EXPECT_EQ(read_schema_folder(temp.path()).error().code, ErrorCode::not_found);
}

TEST_F(SchemaFolder, BoundsItsFiles) {
  write("large.json", std::string(schema_file_bytes_max + 5000, ' '));
  const auto large = read_schema_folder(temp.path());
  ASSERT_TRUE(large) << large.error().message;
  EXPECT_THAT(refusal(*large), HasSubstr("bytes, and at most 262144 are allowed"));
  for (std::size_t i = 0; i < schema_files_max; ++i) write(std::to_string(i) + ".json", "");
  EXPECT_EQ(read_schema_folder(temp.path()).error().code, ErrorCode::limit);
}

}  // namespace
}  // namespace rollcall
