#include "examples/organizing/unit_path.h"

#include <fstream>
#include <set>

#include <gtest/gtest.h>

namespace rollcall::organizing {
namespace {

TEST(UnitPath, LeavesOutTheTypesThatEveryStateHas) {
  EXPECT_EQ(unit_path("ocd-division/country:us/state:nc"), "nc");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:nc/county:wake"), "nc/wake");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:nc/county:wake/precinct:1-01"),
            "nc/wake/1-01");
  EXPECT_EQ(unit_path("ocd-division/country:us/district:dc/ward:1/precinct:137"), "dc/ward:1/137");
  EXPECT_EQ(unit_path("ocd-division/country:us/territory:pr"), "pr");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:la/parish:acadia/ward:1/precinct:1"),
            "la/acadia/ward:1/1");
}

TEST(UnitPath, KeepsTheTypesThatOnlySomeHave) {
  EXPECT_EQ(unit_path("ocd-division/country:us/state:ak/sldl:1/precinct:446"), "ak/sldl:1/446");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:ct/place:ansonia/precinct:1"),
            "ct/place:ansonia/1");
  // Baltimore is both a county and a city outside of it.
  EXPECT_EQ(unit_path("ocd-division/country:us/state:md/county:baltimore"), "md/baltimore");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:md/place:baltimore"), "md/place:baltimore");
}

TEST(UnitPath, KeepsWhatStandsBehindTheFirstColon) {
  EXPECT_EQ(unit_path("ocd-division/country:us/state:nc/county:wake/precinct:a:b"), "nc/wake/a:b");
  EXPECT_EQ(unit_path("ocd-division/country:us/state:hi/county:hawaiʻi"), "hi/hawaiʻi");
}

TEST(UnitPath, IsNothingForWhatIsNoDivisionOfTheUnitedStates) {
  for (const char* text :
       {"", "nc/wake", "ocd-division/country:us", "ocd-division/country:us/",
        "ocd-division/country:ca/province:on", "ocd-division/country:us/state:nc/",
        "ocd-division/country:us/state:nc//precinct:1",
        "ocd-division/country:us/state:", "ocd-division/country:us/state",
        "ocd-division/country:us/:nc", "ocd-jurisdiction/country:us/state:nc"}) {
    EXPECT_FALSE(unit_path(text).has_value()) << text;
  }
}

TEST(UnitPath, OneSegmentUpIsTheParent) {
  EXPECT_EQ(parent_path("nc/wake/1-01"), "nc/wake");
  EXPECT_EQ(parent_path("nc/wake"), "nc");
  EXPECT_FALSE(parent_path("nc").has_value());
}

// Columns path,parent,kind,name,ocd_ids; names may be quoted, the others never are.
TEST(UnitPath, NamesEachPrecinctOfNorthCarolinaOnceAndAsTheDataFileDoes) {
  std::ifstream file(ROLLCALL_TEST_PRECINCTS);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  ASSERT_EQ(line, "path,parent,kind,name,ocd_ids");
  std::set<std::string> paths;
  while (std::getline(file, line)) {
    const std::string path = line.substr(0, line.find(','));
    const std::string rest = line.substr(path.size() + 1);
    const std::string parent = rest.substr(0, rest.find(','));
    const std::string ocd_id = line.substr(line.rfind(',') + 1);
    EXPECT_EQ(unit_path(ocd_id), path);
    EXPECT_EQ(parent_path(path), parent);
    EXPECT_TRUE(paths.insert(path).second) << path << " is there twice";
  }
  EXPECT_EQ(paths.size(), 2726u);
}

}  // namespace
}  // namespace rollcall::organizing
