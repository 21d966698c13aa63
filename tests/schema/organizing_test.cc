#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/role_book.h"
#include "engine/model/schema.h"
#include "schema/compiled.h"
#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::ElementsAre;

Schema organizing() { return schema_in("schema/organizing"); }

std::vector<std::string> names(const Schema& schema) {
  std::vector<std::string> out;
  out.reserve(schema.collections.size());
  for (const CollectionDef& collection : schema.collections) out.push_back(collection.name);
  return out;
}

std::vector<std::string> paths(const Schema& schema, std::string_view collection) {
  std::vector<std::string> out;
  for (const PathTemplate& path : schema.find(collection)->paths) out.push_back(path.text);
  return out;
}

std::string derivation(const CollectionDef& collection) {
  std::string out;
  for (const FieldId field : collection.derived_from) {
    out += (out.empty() ? "" : " ") + collection.fields[*collection.position(field)].name;
  }
  return out;
}

TEST(OrganizingSchema, HasItsCollectionsUnderTheirIds) {
  const Schema schema = organizing();
  EXPECT_THAT(
      names(schema),
      ElementsAre("tenant", "unit", "person", "role_assignment", "roster_entry", "activity",
                  "event", "registration", "scan", "course", "offering", "training_record",
                  "announcement", "person_link", "grievance", "grievance_reseal", "sealing_team"));
  for (std::size_t i = 0; i < schema.collections.size(); ++i) {
    EXPECT_EQ(schema.collections[i].id.value, i + 1);
  }
}

TEST(OrganizingSchema, ShowsEachRowWhereItBelongs) {
  const Schema schema = organizing();
  EXPECT_THAT(paths(schema, "tenant"), ElementsAre("public"));
  EXPECT_THAT(paths(schema, "unit"), ElementsAre("unit/{path}", "public"));
  EXPECT_THAT(paths(schema, "person"), ElementsAre("unit/{unit}", "person/{id}"));
  for (const char* at_unit : {"role_assignment", "roster_entry", "activity", "person_link",
                              "grievance", "grievance_reseal"}) {
    EXPECT_THAT(paths(schema, at_unit), ElementsAre("unit/{unit}")) << at_unit;
  }
  EXPECT_THAT(paths(schema, "event"),
              ElementsAre("event/{id}", "unit/{hosts}", "public when visibility=public"));
  EXPECT_THAT(paths(schema, "registration"), ElementsAre("event/{event}", "unit/{unit}"));
  EXPECT_THAT(paths(schema, "scan"), ElementsAre("event/{event}"));
  EXPECT_THAT(paths(schema, "course"), ElementsAre("public"));
  EXPECT_THAT(paths(schema, "offering"), ElementsAre("training/{id}", "unit/{unit}"));
  EXPECT_THAT(paths(schema, "training_record"),
              ElementsAre("training/{offering}", "unit/{unit}", "person/{person}"));
  EXPECT_THAT(paths(schema, "announcement"), ElementsAre("{audience}"));
  EXPECT_THAT(paths(schema, "sealing_team"), ElementsAre("team/{team}"));
}

TEST(OrganizingSchema, DerivesTheIdsThatTwoStationsMustAgreeOn) {
  std::vector<std::string> derived;
  const Schema schema = organizing();
  for (const CollectionDef& collection : schema.collections) {
    if (!collection.derived_from.empty()) {
      derived.push_back(collection.name + ": " + derivation(collection));
    }
  }
  EXPECT_THAT(derived, ElementsAre("tenant: name", "unit: path", "registration: event person unit",
                                   "training_record: offering person unit"));
}

TEST(OrganizingSchema, KeepsFactsAsFacts) {
  std::vector<std::string> facts;
  const Schema schema = organizing();
  for (const CollectionDef& collection : schema.collections) {
    if (collection.append_only) facts.push_back(collection.name);
  }
  EXPECT_THAT(facts, ElementsAre("activity", "scan", "person_link", "grievance", "grievance_reseal",
                                 "sealing_team"));
}

TEST(OrganizingSchema, LetsTheFirstScanAdmitAndTrainingsClimb) {
  const Schema schema = organizing();
  const FieldDef* admitted = schema.find("registration")->find("admitted");
  ASSERT_NE(admitted, nullptr);
  EXPECT_EQ(admitted->type, FieldType::id);
  EXPECT_EQ(admitted->rule, MergeRule::first);
  const FieldDef* state = schema.find("training_record")->find("state");
  ASSERT_NE(state, nullptr);
  EXPECT_EQ(state->rule, MergeRule::ladder);
  EXPECT_THAT(state->choices, ElementsAre("enrolled", "started", "attended", "completed"));
}

TEST(OrganizingSchema, ShowsGrievancesToTheListeningTeamAloneAndKiosksNoKeyEither) {
  const Schema schema = organizing();
  const RoleBook book(schema);
  std::map<std::string, std::string> rights;
  for (const RoleDef& role : book.roles()) {
    for (const char* name : {"grievance", "grievance_reseal", "sealing_team"}) {
      const CollectionRights* of = book.rights(book.bit(role.name), schema.find(name)->id);
      if (of != nullptr) rights[name] += (rights[name].empty() ? "" : " ") + role.name;
    }
  }
  EXPECT_EQ(rights["grievance"], "listener");
  EXPECT_EQ(rights["grievance_reseal"], "listener");
  EXPECT_EQ(rights["sealing_team"], "listener party-admin");
}

// When this changes, every device fetches the schema anew: raise "version" in schema.json, see that
// `rollcall-server schema check` allows it, then write the new hash here.
TEST(OrganizingSchema, KeepsItsBytes) {
  const Schema schema = organizing();
  EXPECT_EQ(schema.version, 4U);
  EXPECT_EQ(encode_schema(schema).size(), 5319U);
  EXPECT_EQ(to_hex(schema.hash.view()),
            "1ac5f85c0538aea1fbe8f7c935b98661189b3086e685291578f9568b5a3fdd68");
}

TEST(BenchmarkSchema, DiffersOnlyInWhatIsSearched) {
  const Schema plain = schema_in("tests/bench/schema");
  Schema searched = schema_in("tests/bench/schema_fts");
  ASSERT_THAT(names(plain), ElementsAre("bench_person"));
  std::vector<std::string> marked;
  for (FieldDef& field : searched.collections.at(0).fields) {
    if (field.search) marked.push_back(field.name);
    field.search = false;
  }
  EXPECT_THAT(marked, ElementsAre("given_name", "family_name", "notes"));
  EXPECT_EQ(plain.collections, searched.collections);
  EXPECT_EQ(plain.collections[0].fields.size(), 10U) << "_deleted and nine texts";
  EXPECT_TRUE(plain.find("bench_person")->find("precinct")->index);
}

}  // namespace
}  // namespace rollcall
