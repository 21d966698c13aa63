// What a role hides never reaches a replica, and what it may not write never reaches the server.
#include <algorithm>
#include <array>
#include <deque>
#include <fstream>
#include <iterator>

#include "engine/model/path.h"
#include "engine/model/role_book.h"
#include "engine/storage/connection.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

constexpr std::string_view roles = R"({"roles": [
  {"name": "boss", "collections": {
    "thing": {"read": "all", "insert": "all", "update": "all", "delete": true, "undo": true},
    "fact": {"read": "all", "insert": "all"},
    "meeting": {"read": "all", "insert": "all", "update": "all"}}},
  {"name": "viewer", "collections": {
    "thing": {"read": ["unit", "name"]}, "meeting": {"read": ["hosts"]}}},
  {"name": "door", "collections": {
    "thing": {"read": ["unit", "name", "visits"], "update": ["name", "visits"]},
    "fact": {"insert": "all"}}}]})";

Schema schema_with_roles() { return test_schema_with_roles(roles); }

// No re-reading was needed to have the server's sums, so that each grant's was equal at once.
void expect_equal_sums(Phone& phone) {
  EXPECT_EQ(phone.count("SELECT count(*) FROM _healed"), 0);
  EXPECT_EQ(phone.count("SELECT count(*) FROM _grants WHERE reread OR diverged_until_ms"), 0);
}

bool file_holds(Phone& phone, const std::string& text) {
  const std::string path = phone.replica().path();
  phone.close();
  bool found = false;
  for (const std::string& name : {path, path + "-wal"}) {
    std::ifstream file(name, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    found = found || bytes.find(text) != std::string::npos;
  }
  phone.open();
  return found;
}

TEST(Roles, AReplicaHoldsOnlyTheFieldsAndCollectionsThatItsRoleShows_G17) {
  ReplicaWorld world(1, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto viewer = world.enroll({"unit/a=viewer"});
  const RowId id =
      boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}, {"note", text("canary77")}});
  boss->put("fact", {{"unit", text("a")}, {"said", text("canary77")}});
  boss->sync();
  viewer->sync();
  EXPECT_EQ(viewer->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(viewer->shows("thing", id, "note"), "");
  EXPECT_EQ(viewer->count("SELECT count(*) FROM fact"), 0);
  expect_equal_sums(*viewer);
  boss->set("thing", id, {{"note", text("canary77 again")}});
  boss->add("thing", id, "tags", text("canary77"));
  boss->set("thing", id, {{"name", text("Anna")}});
  boss->sync();
  viewer->sync();
  EXPECT_EQ(viewer->shows("thing", id, "name"), "Anna");
  expect_equal_sums(*viewer);
  EXPECT_FALSE(file_holds(*viewer, "canary77"));
  EXPECT_EQ(file_holds(*boss, "canary77"), !Connection::encrypts()) << "the search finds it";
}

TEST(Roles, AFieldThatTheRoleMayNotWriteIsRefusedAndNamed_G11) {
  ReplicaWorld world(2, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  // Somewhere else it may do all of this, so that its own replica cannot know.
  auto door = world.enroll({"unit/a=door", "unit/b=boss"});
  const RowId id = boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  boss->sync();
  door->sync();
  door->set("thing", id, {{"name", text("Anna")}});
  door->set("thing", id, {{"note", text("mine")}});
  door->set("thing", id, {{"unit", text("b")}});
  door->erase("thing", id);
  door->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  door->sync();
  boss->sync();
  EXPECT_EQ(boss->shows("thing", id, "name"), "Anna");
  EXPECT_EQ(boss->shows("thing", id, "note"), "");
  EXPECT_EQ(boss->shows("thing", id, "unit"), "a");
  EXPECT_EQ(boss->count("SELECT count(*) FROM thing"), 1);
  EXPECT_EQ(door->count("SELECT count(*) FROM thing"), 1);
  EXPECT_EQ(door->shows("thing", id, "note"), "");
  expect_equal_sums(*door);
}

TEST(Roles, WhatIsWrittenAndMayNotBeReadLeavesTheReplicaAtItsVerdict) {
  ReplicaWorld world(3, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto door = world.enroll({"unit/a=door"});
  door->sync();
  const RowId id = door->put("fact", {{"unit", text("a")}, {"said", text("a complaint")}});
  EXPECT_EQ(door->shows("fact", id, "said"), "a complaint");
  door->sync();
  boss->sync();
  EXPECT_EQ(door->shows("fact", id, "said"), "-");
  EXPECT_EQ(boss->shows("fact", id, "said"), "a complaint");
  expect_equal_sums(*door);
}

// A station that adds facts unseen must not find out by guessing what others said.
TEST(Roles, AnInsertTellsNothingOfTheHiddenFieldsOfTheRowThatItMeets_G12) {
  std::string text_of_roles(roles);
  const std::string_view unread = R"("fact": {"insert": "all"})";
  text_of_roles.replace(text_of_roles.find(unread), unread.size(),
                        R"("fact": {"read": ["unit"], "insert": "all"})");
  ReplicaWorld world(8, test_schema_with_roles(text_of_roles));
  auto boss = world.enroll({"unit=boss"});
  const RowId id = boss->put("fact", {{"unit", text("a")}, {"said", text("guess")}});
  boss->sync();
  std::vector<std::string> told;
  for (const char* guess : {"guess", "other"}) {
    auto door = world.enroll({"unit/a=door"});  // it has not read: to it the row is not there
    door->put("fact", {{"unit", text("a")}, {"said", text(guess)}}, id);
    door->sync();
    for (const TrayEntry& entry : need(door->replica().tray())) told.push_back(entry.reason);
  }
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0], told[1]);
}

TEST(Roles, FieldsComeAndGoWithTheGrantThatShowsThem_F4) {
  ReplicaWorld world(4, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto phone = world.enroll({"unit/a=viewer"});
  const RowId id =
      boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}, {"note", text("n")}});
  const RowId fact = boss->put("fact", {{"unit", text("a")}, {"said", text("s")}});
  boss->sync();
  phone->sync();
  need(world.space().grant(phone->device(), "unit/a=boss"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "n");
  EXPECT_EQ(phone->shows("fact", fact, "said"), "s");
  expect_equal_sums(*phone);
  need(world.space().ungrant(phone->device(), "unit/a=boss"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", id, "note"), "");
  EXPECT_EQ(phone->shows("fact", fact, "said"), "-");
  expect_equal_sums(*phone);
}

TEST(Roles, ARowShowsMoreOrLessAsItMoves_F5) {
  ReplicaWorld world(5, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto phone = world.enroll({"unit/a=viewer", "unit/b=boss"});
  const RowId id =
      boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}, {"note", text("n")}});
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "");
  boss->set("thing", id, {{"unit", text("b")}});
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "n");
  boss->set("thing", id, {{"unit", text("a")}});
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "");
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  boss->set("thing", id, {{"unit", text("c")}});
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "-");
  expect_equal_sums(*phone);
}

TEST(Roles, ARowThatGainsOrLosesOneOfItsPathsShowsMoreOrLess) {
  ReplicaWorld world(7, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto phone = world.enroll({"unit/a=viewer", "unit/b=boss"});
  const RowId id = id_of(1);
  need(boss->write([&](LocalTransaction& to) {
    const std::array<NamedValue, 1> values = {{{"title", text("Tour")}}};
    need(to.put("meeting", values, id));
    need(to.add("meeting", id, "hosts", text("a")));
  }));
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("meeting", id, "title"), "");
  boss->add("meeting", id, "hosts", text("b"));
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("meeting", id, "title"), "Tour");
  boss->remove("meeting", id, "hosts", text("b"));
  boss->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("meeting", id, "title"), "");
  EXPECT_EQ(phone->shows("meeting", id, "hosts"), R"(["a"])");
  expect_equal_sums(*phone);
}

TEST(Roles, ASchemaThatShowsARoleMoreGivesItsGrantsAnew) {
  ReplicaWorld world(6, schema_with_roles());
  auto boss = world.enroll({"unit=boss"});
  auto phone = world.enroll({"unit/a=viewer"});
  const RowId id =
      boss->put("thing", {{"unit", text("a")}, {"name", text("Ann")}, {"note", text("n")}});
  boss->sync();
  phone->sync();
  std::string wider(roles);
  const std::string_view shown = R"("read": ["unit", "name"])";
  wider.replace(wider.find(shown), shown.size(), R"("read": ["unit", "note"])");
  Schema next = test_schema_with_roles(wider);
  next.version = 2;
  need(world.space().apply_schema(next));
  phone->sync();
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "n");
  EXPECT_EQ(phone->shows("thing", id, "name"), "");
  expect_equal_sums(*phone);

  Schema less = next;
  less.version = 3;
  less.roles.pop_back();  // nobody is a door
  need(world.space().apply_schema(less));
  less.version = 4;
  less.roles.pop_back();
  const auto refused = world.space().apply_schema(less);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::schema_change);
}

// --- random worlds against a model of authority that shares no code with the one under test

struct ModelRole {
  std::string name;
  std::array<bool, 3> reads{};  // name, note, visits
  std::array<bool, 3> writes{};
  bool inserts = false;
  [[nodiscard]] bool shows() const { return reads[0] || reads[1] || reads[2]; }
};
constexpr std::array<std::string_view, 3> model_fields = {"name", "note", "born"};
constexpr std::array<std::string_view, 4> units = {"a", "a/x", "b", "ab"};

std::string names_of(const std::array<bool, 3>& which) {
  std::string list = "[\"unit\"";
  for (std::size_t i = 0; i < 3; ++i) {
    if (which[i]) list += ",\"" + std::string(model_fields[i]) + "\"";
  }
  return list + "]";
}

bool lies_under(const std::string& prefix, const std::string& unit) {
  const std::string path = "unit/" + unit + "/";
  return path.compare(0, prefix.size() + 1, prefix + "/") == 0;
}

class RandomRoles {
 public:
  explicit RandomRoles(std::uint64_t seed) : random_(seed) {
    std::string text = R"({"roles": [{"name": "boss", "collections": {"thing":
      {"read": "all", "insert": "all", "update": "all", "delete": true}}})";
    for (int i = 0; i < 3; ++i) {
      ModelRole role;
      role.name = "role" + std::to_string(i);
      for (std::size_t f = 0; f < 3; ++f) {
        role.reads[f] = flip();
        role.writes[f] = f < 2 && role.reads[f] && flip();  // the third is `once`
      }
      role.inserts = flip();
      text += R"(,{"name": ")" + role.name + R"(", "collections": {)";
      if (role.shows()) {
        text += R"("thing": {"read": )" + names_of(role.reads);
        if (role.inserts) text += R"(, "insert": )" + names_of(role.reads);
        if (role.writes[0] || role.writes[1]) text += R"(, "update": )" + names_of(role.writes);
        text += "}";
      }
      text += "}}";
      roles_.push_back(role);
    }
    world_.emplace(seed, test_schema_with_roles(text + "]}"));
    boss_ = world_->enroll({"unit=boss"});
    for (int i = 0; i < 3; ++i) {
      grants_.push_back(some_grants());
      phones_.push_back(world_->enroll(grants_.back()));
    }
  }

  void step() {
    const std::size_t who = random_.next() % 4;
    Phone& phone = who == 3 ? *boss_ : *phones_[who];
    switch (random_.next() % 6) {
      case 0: try_put(phone); break;
      case 1: phone.sync(); break;
      case 2: change_grants(random_.next() % 3); break;
      default: write(phone); break;
    }
  }

  void expect_right() {
    for (int round = 0; round < 2; ++round) {
      boss_->sync();
      for (auto& phone : phones_) phone->sync();
    }
    boss_->sync();
    for (std::size_t who = 0; who < phones_.size(); ++who) {
      expect_equal_sums(*phones_[who]);
      for (const RowId& id : ids_) expect_row(who, id);
    }
  }

 private:
  bool flip() { return random_.next() % 2 == 0; }
  ValueView unit() { return text(units[random_.next() % units.size()]); }
  ValueView word() {
    words_.push_back("w" + std::to_string(words_.size()));
    return text(words_.back());
  }
  std::vector<std::string> some_grants() {
    std::vector<std::string> grants;
    const std::size_t count = 1 + random_.next() % 3;
    for (std::size_t i = 0; i < count; ++i) grants.push_back(some_grant());
    std::sort(grants.begin(), grants.end());
    grants.erase(std::unique(grants.begin(), grants.end()), grants.end());
    return grants;
  }
  std::string some_grant() {
    constexpr std::array<std::string_view, 4> prefixes = {"unit/a", "unit/a/x", "unit/b", "unit"};
    return std::string(prefixes[random_.next() % 4]) + "=" + roles_[random_.next() % 3].name;
  }
  void change_grants(std::size_t who) {
    const std::string grant = some_grant();
    auto& held = grants_[who];
    const auto at = std::find(held.begin(), held.end(), grant);
    if (at == held.end()) {
      if (world_->space().grant(phones_[who]->device(), grant)) held.push_back(grant);
    } else {
      need(world_->space().ungrant(phones_[who]->device(), grant));
      held.erase(at);
    }
  }
  // Devices write what they see, as apps do, whether they may or not.
  void write(Phone& phone) {
    if (ids_.empty()) return;
    const RowId id = ids_[random_.next() % ids_.size()];
    if (phone.shows("thing", id, "unit") == "-") return;
    switch (random_.next() % 3) {
      case 0: try_set(phone, id, {"name", word()}); break;
      case 1: try_set(phone, id, {"note", word()}); break;
      default: try_set(phone, id, {"unit", unit()}); break;
    }
  }
  void try_put(Phone& phone) {
    const std::array<NamedValue, 2> values = {{{"unit", unit()}, {"name", word()}}};
    need(phone.write([&](LocalTransaction& transaction) {
      const auto made = transaction.put("thing", values);
      EXPECT_TRUE(made || made.error().code == ErrorCode::not_allowed);
      if (made) ids_.push_back(*made);
    }));
  }
  // What none of its roles may do, its own replica refuses.
  static void try_set(Phone& phone, RowId id, const NamedValue& value) {
    need(phone.write([&](LocalTransaction& transaction) {
      const auto done = transaction.set("thing", id, std::span(&value, 1));
      EXPECT_TRUE(done || done.error().code == ErrorCode::not_allowed);
    }));
  }
  void expect_row(std::size_t who, const RowId& id) {
    Phone& phone = *phones_[who];
    const std::string unit = boss_->shows("thing", id, "unit");
    bool visible = false;
    std::array<bool, 3> reads{};
    for (const std::string& grant : grants_[who]) {
      const std::size_t equals = grant.find('=');
      if (unit == "-" || !lies_under(grant.substr(0, equals), unit)) continue;
      const ModelRole& role = roles_[static_cast<std::size_t>(grant.back() - '0')];
      visible = visible || role.shows();
      for (std::size_t f = 0; f < 3; ++f) reads[f] = reads[f] || role.reads[f];
    }
    for (std::size_t f = 0; f < 3; ++f) {
      std::string expected = "-";
      if (visible) expected = reads[f] ? boss_->shows("thing", id, model_fields[f]) : "";
      EXPECT_EQ(phone.shows("thing", id, model_fields[f]), expected)
          << "device " << who << " row " << id.text() << " field " << model_fields[f];
    }
  }

  SeededRandom random_;
  std::vector<ModelRole> roles_;
  std::optional<ReplicaWorld> world_;
  std::unique_ptr<Phone> boss_;
  std::vector<std::unique_ptr<Phone>> phones_;
  std::vector<std::vector<std::string>> grants_;
  std::vector<RowId> ids_;
  std::deque<std::string> words_;
};

TEST(Roles, InRandomWorldsADeviceHoldsExactlyWhatItsGrantsShow_G10) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    RandomRoles world(seed);
    for (int i = 0; i < 60; ++i) world.step();
    world.expect_right();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace rollcall
