#include "engine/base/error.h"

#include <fstream>
#include <map>
#include <sstream>

namespace rollcall {
namespace {

// The names and numbers as the header gives them, read from its text: nobody forgets one twice.
std::map<std::string, int> codes_in_header() {
  std::ifstream in("engine/base/error.h");
  std::map<std::string, int> codes;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    std::string equals;
    int number = 0;
    // "  forked = 401,"
    if (!(words >> name >> equals >> number) || equals != "=" || words.get() != ',') continue;
    EXPECT_TRUE(codes.emplace(name, number).second) << line;
  }
  return codes;
}

TEST(ErrorCode, EachHasItsOwnNumberAndIsCalledAsTheHeaderCallsIt) {
  const auto codes = codes_in_header();
  ASSERT_GT(codes.size(), 50u);
  std::map<int, std::string> numbers;
  for (const auto& [name, number] : codes) {
    EXPECT_EQ(error_name(static_cast<ErrorCode>(number)), name);
    EXPECT_TRUE(numbers.emplace(number, name).second) << name << " and " << numbers[number];
  }
}

TEST(ErrorCode, NumbersNeverChange) {
  // A few of each hundred, as published: clients, logs and the C ABI depend on them.
  EXPECT_EQ(static_cast<int>(ErrorCode::invalid_argument), 100);
  EXPECT_EQ(static_cast<int>(ErrorCode::open_elsewhere), 103);
  EXPECT_EQ(static_cast<int>(ErrorCode::malformed), 200);
  EXPECT_EQ(static_cast<int>(ErrorCode::not_utf8), 205);
  EXPECT_EQ(static_cast<int>(ErrorCode::bad_signature), 301);
  EXPECT_EQ(static_cast<int>(ErrorCode::forked), 401);
  EXPECT_EQ(static_cast<int>(ErrorCode::not_allowed), 500);
  EXPECT_EQ(static_cast<int>(ErrorCode::gone), 507);
  EXPECT_EQ(static_cast<int>(ErrorCode::schema), 600);
  EXPECT_EQ(static_cast<int>(ErrorCode::unreachable), 700);
}

TEST(ErrorCode, ANumberFromANewerPeerIsUnknown) {
  EXPECT_EQ(error_name(static_cast<ErrorCode>(9999)), "unknown");
}

}  // namespace
}  // namespace rollcall
