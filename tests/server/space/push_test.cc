#include <gtest/gtest.h>

#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit ann() {
  return Edit::insert("person", id_of(1), {{"name", text("Ann")}, {"unit", text("nc/wake")}});
}

TEST(Push, AppliesAnInsertAndShowsItToAnother) {
  World world;
  auto ben = world.enroll({"unit/nc/wake"});
  auto cat = world.enroll({"unit/nc"});
  const Verdict verdict = ben->write({ann()});
  EXPECT_EQ(verdict.kind, VerdictKind::applied);
  cat->read();
  EXPECT_EQ(cat->shows("person", id_of(1), "name"), "Ann");
}

}  // namespace
}  // namespace rollcall
