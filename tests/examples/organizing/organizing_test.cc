#include "examples/organizing/organizing.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/client-core/abi/test_server.h"
#include "tests/engine/base/temp_folder.h"

namespace rollcall::organizing {
namespace {

using nlohmann::json;

template <class T>
T need(Outcome<T> outcome) {
  if (!outcome) {
    ADD_FAILURE() << outcome.error().message;
    std::abort();
  }
  return std::move(*outcome);
}

// Ids that a test can name.
std::string id_of(int n) {
  std::string digits = std::to_string(n);
  return "018f0000-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}
const std::string zoe_id = id_of(1), ben_id = id_of(2), del_id = id_of(3);
const std::string event_id = id_of(10), other_id = id_of(11), offering_id = id_of(20);

// A county with two precincts, three people, an event and a training, at a real server.
class OrganizingTest : public testing::Test {
 protected:
  OrganizingTest() {
    test_server_make(&server_, ROLLCALL_TEST_SERVER, ROLLCALL_TEST_SCHEMA,
                     folder_.file("").c_str());
    load("unit", {{{"path", "nc/wake"}, {"kind", "county"}, {"name", "Wake"}},
                  {{"path", "nc/wake/1"}, {"kind", "precinct"}, {"name", "One"}},
                  {{"path", "nc/wake/2"}, {"kind", "precinct"}, {"name", "Two"}},
                  {{"path", "nc/durham/9"}, {"kind", "precinct"}, {"name", "Nine"}}});
    load("person", {{{"id", zoe_id},
                     {"unit", "nc/wake/1"},
                     {"given_name", "Zoë"},
                     {"family_name", "Okafor"},
                     {"preferred_name", "Zo"},
                     {"phones", {"+1 919 555 0100"}}},
                    {{"id", ben_id}, {"unit", "nc/wake/2"}, {"given_name", "Ben"}},
                    {{"id", del_id}, {"unit", "nc/durham/9"}, {"given_name", "Del"}}});
    load("event", {{{"id", event_id},
                    {"title", {{"en", "Spring"}, {"es", "Primavera"}}},
                    {"kind", "conference"},
                    {"hosts", {"nc/wake"}},
                    {"status", "published"},
                    {"venue", "Hall 1"},
                    {"starts_at", 2000}},
                   {{"id", other_id},
                    {"title", {{"es", "Otoño"}}},
                    {"hosts", {"nc/wake"}},
                    {"starts_at", 1000}}});
    load("registration", {{{"event", event_id},
                           {"person", zoe_id},
                           {"unit", "nc/wake/1"},
                           {"code", "NC1"},
                           {"badge_name", "Zoë O."}},
                          {{"event", event_id},
                           {"person", ben_id},
                           {"unit", "nc/wake/2"},
                           {"code", "NC2"},
                           {"badge_name", "Ben"}}});
    load("offering", {{{"id", offering_id},
                       {"course", id_of(30)},
                       {"unit", "nc/wake"},
                       {"title", {{"en", "Captains 101"}}},
                       {"starts_at", 3000}}});
    test_server_start(&server_);
  }
  ~OrganizingTest() override { test_server_stop(&server_); }

  void load(const std::string& collection, const json& rows) {
    const std::string path = folder_.file(collection + ".jsonl");
    std::ofstream file(path);
    for (const json& row : rows) file << row.dump() << "\n";
    file.close();
    const std::array words{"import",     const_cast<const char*>(server_.folder),
                           "nc",         collection.c_str(),
                           path.c_str(), static_cast<const char*>(nullptr)};
    char said[2000];
    test_server_command(&server_, words.data(), said, sizeof said);
  }

  client::Replica device(const std::string& label, const std::vector<std::string>& scopes) {
    std::vector<const char*> words{"invite", server_.folder, "nc",
                                   "--json", "--label",      label.c_str()};
    for (const std::string& scope : scopes) words.insert(words.end(), {"--scope", scope.c_str()});
    words.push_back(nullptr);
    char said[2000];
    test_server_command(&server_, words.data(), said, sizeof said);
    const std::string path = folder_.file(label + ".db");
    { const auto made = need(client::Replica::enroll(path, json::parse(said)["link"], label)); }
    client::Replica replica = need(client::Replica::open(path, not_conflicts));
    sync(replica);
    return replica;
  }
  client::Replica captain(const std::string& label = "captain") {
    return device(label, {"unit/nc/wake", "event/" + event_id});
  }

  static void sync(client::Replica& replica) {
    const auto done = replica.sync();
    ASSERT_TRUE(done) << done.error().message;
  }
  static std::int64_t number(client::Replica& replica, const std::string& sql) {
    client::Rows rows = need(replica.query(sql));
    EXPECT_TRUE(rows.next());
    return rows.integer(0);
  }
  static void put(client::Replica& replica, const std::string& collection, const json& fields) {
    need(replica.transaction([&](client::Replica& to) -> client::Done {
      const auto id = to.put(collection, fields.dump());
      if (!id) return id.error();
      return client::Nothing{};
    }));
  }

 private:
  TempFolder folder_;
  test_server server_{};
};

TEST_F(OrganizingTest, FindsPeopleByTheBeginningsOfTheirNamesAccentsAndCaseFolded) {
  client::Replica replica = captain();
  Organizing organizing(replica);
  for (const char* words : {"zoe", "ZOË OKA", "okafor z", "zo"}) {
    const auto found = need(organizing.find_people(words, 10));
    ASSERT_EQ(found.size(), 1u) << words;
    EXPECT_EQ(found[0].id, zoe_id);
    EXPECT_EQ(found[0].name, "Zoë Okafor (Zo)");
    EXPECT_EQ(found[0].unit, "nc/wake/1");
    EXPECT_EQ(found[0].phone, "+1 919 555 0100");
  }
  EXPECT_TRUE(need(organizing.find_people("del", 10)).empty());  // another county's
  EXPECT_TRUE(need(organizing.find_people("", 10)).empty());
}

TEST_F(OrganizingTest, AContactIsWrittenWhereThePersonLivesAndIsShownNewestFirst) {
  client::Replica replica = captain();
  Organizing organizing(replica);
  const std::string first = need(organizing.log_contact(zoe_id, "door", "home", "will help", 100));
  const std::string second = need(organizing.log_contact(zoe_id, "call", "", "", 200));
  const PersonPage page = need(organizing.person(zoe_id));
  ASSERT_EQ(page.contacts.size(), 2u);
  EXPECT_EQ(page.contacts[0].id, second);
  EXPECT_EQ(page.contacts[0].outcome, "");
  EXPECT_EQ(page.contacts[1].id, first);
  EXPECT_EQ(page.contacts[1].note, "will help");
  EXPECT_EQ(page.contacts[1].at_ms, 100);
  EXPECT_EQ(json::parse(page.json)["id"], zoe_id);
  EXPECT_EQ(number(replica, "SELECT count(*) FROM activity WHERE unit = 'nc/wake/1'"), 2);
  sync(replica);
  EXPECT_EQ(json::parse(need(replica.status()))["rejected"], 0);

  const auto nobody = organizing.log_contact(id_of(99), "door", "home", "", 100);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, ROLLCALL_E_NOT_FOUND);
  EXPECT_NE(nobody.error().message.find("people find"), std::string::npos);
  EXPECT_FALSE(organizing.log_contact(zoe_id, "smoke signal", "", "", 100));
  EXPECT_FALSE(organizing.person(id_of(99)));
  EXPECT_EQ(number(replica, "SELECT count(*) FROM activity"), 2);
}

TEST_F(OrganizingTest, TheRosterNamesWhoHoldsARoleAndThePrecinctsWithoutACaptain) {
  client::Replica replica = captain();
  Organizing organizing(replica);
  // Durham's precinct is public and in sight, but none of its people: no vacancy to tell.
  ASSERT_EQ(number(replica, "SELECT count(*) FROM unit WHERE path = 'nc/durham/9'"), 1);
  const auto vacancies = need(organizing.roster(true));
  ASSERT_EQ(vacancies.size(), 2u);
  EXPECT_EQ(vacancies[0].unit, "nc/wake/1");
  EXPECT_EQ(vacancies[0].status, "vacant");
  EXPECT_EQ(vacancies[1].unit, "nc/wake/2");

  put(replica, "role_assignment",
      {{"unit", "nc/wake/1"}, {"person", zoe_id}, {"role", "captain"}, {"status", "confirmed"}});
  put(replica, "role_assignment",
      {{"unit", "nc/wake/2"}, {"person", ben_id}, {"role", "captain"}, {"status", "ended"}});
  put(replica, "role_assignment",
      {{"unit", "nc/wake/2"}, {"person", zoe_id}, {"role", "volunteer"}});
  const auto roster = need(organizing.roster(false));
  ASSERT_EQ(roster.size(), 3u);
  EXPECT_EQ(roster[0].unit_name, "One");
  EXPECT_EQ(roster[0].role, "captain");
  EXPECT_EQ(roster[0].name, "Zoë Okafor (Zo)");
  EXPECT_EQ(roster[1].status, "vacant");  // the former captain does not hold the seat
  EXPECT_EQ(roster[1].unit, "nc/wake/2");
  EXPECT_EQ(roster[2].role, "volunteer");
  EXPECT_EQ(need(organizing.roster(true)).size(), 1u);
  EXPECT_EQ(need(organizing.person(zoe_id)).roles.size(), 2u);
}

TEST_F(OrganizingTest, EventsAreInTheOrderOfTheirTimeAndTitledInWhateverLanguageThereIs) {
  client::Replica replica = captain();
  const auto events = need(Organizing(replica).events());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].title, "Otoño");
  EXPECT_EQ(events[1].title, "Spring");
  EXPECT_EQ(events[1].venue, "Hall 1");
  EXPECT_EQ(events[1].kind, "conference");
  EXPECT_EQ(events[1].status, "published");
  EXPECT_EQ(events[1].registered, 2);
  EXPECT_EQ(events[1].admitted, 0);
}

TEST_F(OrganizingTest, TheFirstScanLetsInAndEveryLaterOneIsADouble) {
  client::Replica replica = captain();
  Organizing organizing(replica);
  const CheckIn first = need(organizing.check_in(event_id, "NC1", "north", 500));
  EXPECT_EQ(first.kind, CheckIn::Kind::admitted);
  EXPECT_EQ(first.name, "Zoë O.");
  EXPECT_EQ(need(organizing.doubles()), 0);
  // By the person's id, and by the registration's.
  for (const std::string& who : {zoe_id, first.registration}) {
    const CheckIn again = need(organizing.check_in(event_id, who, "south", 600));
    EXPECT_EQ(again.kind, CheckIn::Kind::double_scan);
    EXPECT_EQ(again.registration, first.registration);
    EXPECT_EQ(again.first_at_ms, 500);
    EXPECT_EQ(again.first_gate, "north");
    EXPECT_NE(again.scan, first.scan);
  }
  EXPECT_EQ(need(organizing.doubles()), 2);
  EXPECT_EQ(need(organizing.events())[1].admitted, 1);
  EXPECT_EQ(need(organizing.events())[1].doubles, 2);

  for (const std::string& who : {del_id, std::string("NC3"), std::string("'; --")}) {
    EXPECT_EQ(need(organizing.check_in(event_id, who, "", 700)).kind,
              CheckIn::Kind::not_registered);
  }
  EXPECT_EQ(need(organizing.check_in(other_id, zoe_id, "", 700)).kind,
            CheckIn::Kind::not_registered);
  EXPECT_EQ(number(replica, "SELECT count(*) FROM scan"), 3);
}

TEST_F(OrganizingTest, TwoDoorsWithoutASignalBothLetInAndLaterAgreeWhichScanWasADouble) {
  client::Replica north = captain("north");
  client::Replica south = device("south", {"event/" + event_id});
  const CheckIn at_north = need(Organizing(north).check_in(event_id, "NC1", "north", 500));
  const CheckIn at_south = need(Organizing(south).check_in(event_id, "NC1", "south", 501));
  EXPECT_EQ(at_north.kind, CheckIn::Kind::admitted);
  EXPECT_EQ(at_south.kind, CheckIn::Kind::admitted);
  for (client::Replica* replica : {&north, &south, &north}) sync(*replica);
  for (client::Replica* replica : {&north, &south}) {
    EXPECT_EQ(need(Organizing(*replica).doubles()), 1);
    // A double is counted from the scans; nobody has to decide it.
    EXPECT_EQ(json::parse(need(replica->status()))["conflicts"], 0);
    EXPECT_EQ(number(*replica, "SELECT count(*) FROM scan"), 2);
  }
  const auto admitted = [](client::Replica& replica) {
    client::Rows rows =
        need(replica.query("SELECT uuid(admitted) FROM registration WHERE code = 'NC1'"));
    EXPECT_TRUE(rows.next());
    return rows.text(0);
  };
  EXPECT_EQ(admitted(north), admitted(south));
  EXPECT_TRUE(admitted(north) == at_north.scan || admitted(north) == at_south.scan);
}

TEST_F(OrganizingTest, ATrainingRecordIsOneRowOnAllDevicesAndOnlyClimbs) {
  client::Replica first = captain("first");
  client::Replica second = captain("second");
  const std::string here = need(Organizing(first).train(offering_id, zoe_id, "attended", 100));
  const std::string there = need(Organizing(second).train(offering_id, zoe_id, "enrolled", 200));
  EXPECT_EQ(here, there);
  EXPECT_NE(need(Organizing(second).train(offering_id, ben_id, "started", 200)), here);
  for (client::Replica* replica : {&first, &second, &first}) sync(*replica);
  for (client::Replica* replica : {&first, &second}) {
    Organizing organizing(*replica);
    const auto trainings = need(organizing.trainings());
    ASSERT_EQ(trainings.size(), 1u);
    EXPECT_EQ(trainings[0].offering, offering_id);
    EXPECT_EQ(trainings[0].title, "Captains 101");
    EXPECT_EQ(trainings[0].enrolled, 2);
    EXPECT_EQ(trainings[0].completed, 0);
    const auto page = need(organizing.person(zoe_id));
    ASSERT_EQ(page.trainings.size(), 1u);
    EXPECT_EQ(page.trainings[0].state, "attended");
    EXPECT_EQ(page.trainings[0].id, here);
    // The lower rung is no conflict; that the two times differ is one.
    const json conflicts = json::parse(need(replica->conflicts()));
    ASSERT_EQ(conflicts.size(), 1u);
    EXPECT_EQ(conflicts[0]["field"], "at");
  }
  need(Organizing(first).train(offering_id, zoe_id, "completed", 300));
  EXPECT_EQ(need(Organizing(first).trainings())[0].completed, 1);
  EXPECT_FALSE(Organizing(first).train(offering_id, zoe_id, "enlightened", 300));
}

}  // namespace
}  // namespace rollcall::organizing
