// What was written while a role still allowed it, and comes when it does not any more.
#include <gtest/gtest.h>

#include "server/space/limits.h"
#include "server/space/space_file.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

// A role "walker" with these rights in person, beside an editor who may do all.
Schema schema_of(std::string_view walker, std::uint32_t version) {
  const std::string roles = R"({"roles": [
    {"name": "editor", "collections": {
      "person": {"read": "all", "insert": "all", "update": "all", "delete": true}}},
    {"name": "walker", "collections": {"person": )" +
                            std::string(walker) + "}}]}";
  return test_schema_with_roles(roles, version);
}

constexpr std::string_view writes_all =
    R"({"read": "all", "insert": "all", "update": "all", "delete": true, "anywhere": true})";
constexpr std::string_view writes_names = R"({"read": "all", "update": ["name"]})";

Edit person(unsigned n, std::string_view unit) {
  return Edit::insert("person", id_of(n), {{"name", text("Ann")}, {"unit", text(unit)}});
}

class PastRolesTest : public ::testing::Test {
 protected:
  PastRolesTest() {
    world.schema = schema_of(writes_all, 1);
    need(world.try_create());
  }
  void next_roles(std::string_view walker) {
    ++version_;
    need(world.space().apply_schema(schema_of(walker, version_)));
  }
  static void expect_parked(const Device& device, TxNumber number) {
    const auto& verdict = device.made[number.value - 1].verdict;
    ASSERT_TRUE(verdict);
    EXPECT_EQ(verdict->kind, VerdictKind::parked) << verdict->reason;
    EXPECT_EQ(static_cast<ErrorCode>(verdict->code), ErrorCode::grant_lost);
  }

  CrashDisk disk;
  World world{disk, 1};

 private:
  std::uint32_t version_ = 1;
};

TEST_F(PastRolesTest, AWriteThatItsRoleAllowedAtItsCursorIsParkedAndOneAfterItRefused_F3) {
  auto ann = world.enroll({"unit/nc=walker"});
  ann->write({person(1, "nc/wake")});
  ann->read();
  const TxNumber unit = ann->make({Edit::set("person", id_of(1), {{"unit", text("nc/dare")}})});
  const TxNumber name = ann->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  const TxNumber added = ann->make({person(2, "nc/wake")});
  const TxNumber elsewhere = ann->make({person(3, "ga")});
  const TxNumber removed = ann->make({Edit::remove("person", id_of(1))});
  next_roles(writes_names);
  ann->push();
  for (const TxNumber lost : {unit, added, elsewhere, removed}) expect_parked(*ann, lost);
  EXPECT_EQ(ann->made[name.value - 1].verdict->kind, VerdictKind::applied) << "allowed as before";

  auto boss = world.enroll({"unit/nc=editor"});
  boss->write({person(9, "nc/wake")});  // others go on, so that her cursor does, too
  ann->read();
  ann->make({Edit::set("person", id_of(1), {{"unit", text("nc/dare")}})});
  ann->push();
  EXPECT_EQ(ann->made.back().verdict->kind, VerdictKind::rejected);
  EXPECT_EQ(static_cast<ErrorCode>(ann->made.back().verdict->code), ErrorCode::not_allowed);
}

TEST_F(PastRolesTest, AreRememberedThroughARestart_F3) {
  auto ann = world.enroll({"unit/nc=walker"});
  ann->write({person(1, "nc/wake")});
  ann->read();
  const TxNumber added = ann->make({person(2, "nc/wake")});
  next_roles(writes_names);
  world.restart();
  ann->push();
  expect_parked(*ann, added);
}

TEST_F(PastRolesTest, CountForAGrantThatARoleShowingLessRenewed_F3) {
  auto ann = world.enroll({"unit/nc=walker"});
  ann->write({person(1, "nc/wake")});
  ann->read();
  const TxNumber changed = ann->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  next_roles(R"({"read": ["unit"]})");
  ann->push();
  expect_parked(*ann, changed);
}

// A right that nobody had when the write was made is no right that was lost.
TEST_F(PastRolesTest, GiveNothingThatTheRoleDidNotAllowThen_F3) {
  auto ann = world.enroll({"unit/nc=walker"});
  next_roles(writes_names);
  auto boss = world.enroll({"unit/nc=editor"});
  boss->write({person(1, "nc/wake")});
  ann->read();
  ann->make({person(2, "nc/wake")});
  next_roles(R"({"read": "all"})");
  ann->push();
  EXPECT_EQ(ann->made.back().verdict->kind, VerdictKind::rejected);
}

TEST_F(PastRolesTest, AreForgottenOldestFirst) {
  auto boss = world.enroll({"unit/nc=editor"});
  for (unsigned i = 0; i < past_schemas_max + 3; ++i) {
    boss->write({person(10 + i, "nc/wake")});
    next_roles(i % 2 == 0 ? writes_names : writes_all);
  }
  const Sequence head = world.space().head();
  world.close();
  SpaceFile file = need(SpaceFile::open(world.path, world.doors().vfs, Access::reader));
  Statement kept =
      need(file.connection().prepare("SELECT count(*), min(until), max(until) FROM _past_schemas"));
  ASSERT_TRUE(need(kept.step()));
  EXPECT_EQ(kept.integer(0), static_cast<std::int64_t>(past_schemas_max));
  EXPECT_EQ(kept.integer(2), static_cast<std::int64_t>(head.value) + 1);
  EXPECT_EQ(kept.integer(1), kept.integer(2) - static_cast<std::int64_t>(past_schemas_max) + 1);
}

}  // namespace
}  // namespace rollcall
