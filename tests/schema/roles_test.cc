#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/role_book.h"
#include "schema/compiled.h"
#include "schema/evolution.h"
#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view two_fields = R"({"id": 1, "name": "a", "type": "text"},
  {"id": 2, "name": "b", "type": "text"})";

// One role that may do this in collection thing.
std::vector<SchemaSource> with_rights(std::string_view rights, std::string_view more = "") {
  return {header(),
          collection_of(two_fields, more),
          {"roles.json",
           R"({"roles": [{"name": "r", "collections": {"thing": )" + std::string(rights) + "}}]}"}};
}

TEST(SchemaRoles, AreCompiledByFieldAndComeBackFromTheirBytes) {
  const Schema schema =
      compiled(with_rights(R"({"read": ["b", "a"], "insert": ["a"], "update": ["b"]})"));
  ASSERT_EQ(schema.roles.size(), 1U);
  const CollectionRights& rights = schema.roles[0].collections.at(0);
  EXPECT_THAT(rights.read->fields, ElementsAre(FieldId(1), FieldId(2)));
  EXPECT_THAT(rights.update->fields, ElementsAre(FieldId(2)));
  EXPECT_FALSE(rights.remove);
  const auto again = decode_schema(encode_schema(schema), cryptography());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(*again, schema);
}

TEST(SchemaRoles, AreDeniedWhatIsNotSaid) {
  const Schema schema = compiled(with_rights(R"({"read": ["a"]})"));
  RoleBook book(schema);
  const FieldView& view = book.view(CollectionId(1), book.bit("r"));
  EXPECT_THAT(view.fields, ElementsAre(FieldId(0), FieldId(1)));
  EXPECT_FALSE(view.all);
  EXPECT_EQ(book.bit("member"), 0U) << "who declares roles has no others";
  EXPECT_FALSE(book.view(CollectionId(1), 0).shows);
}

TEST(SchemaRoles, ASchemaWithoutRolesHasMemberAndReaderAndKeepsItsBytes) {
  const Schema schema = compiled(collection_of(two_fields));
  EXPECT_TRUE(schema.roles.empty());
  RoleBook book(schema);
  EXPECT_TRUE(book.view(CollectionId(1), book.bit("reader")).all);
  EXPECT_TRUE(book.rights(book.bit("member"), CollectionId(1))->remove);
  EXPECT_FALSE(book.rights(book.bit("reader"), CollectionId(1))->insert);
}

TEST(SchemaRoles, AreRefusedWithTheirPlace) {
  EXPECT_THAT(refusal(with_rights(R"({"read": ["a"], "update": ["b"]})")),
              HasSubstr("may write thing.b and not read it"));
  EXPECT_THAT(refusal(with_rights(R"({"read": ["c"]})")), HasSubstr("thing has no field \"c\""));
  EXPECT_THAT(refusal(with_rights(R"({"read": "some"})")), HasSubstr("\"all\" or a list"));
  EXPECT_THAT(refusal(with_rights(R"({"delete": true})")), HasSubstr("cannot see the rows"));
  EXPECT_THAT(refusal(with_rights(R"({"read": "all", "undo": true})")), HasSubstr("update"));
  EXPECT_THAT(
      refusal(with_rights(R"({"read": "all", "update": "all"})", R"(, "append_only": true)")),
      HasSubstr("added, never changed"));
  EXPECT_THAT(refusal(with_rights(R"({"insert": ["a"]})")), HasSubstr("roles.json:1:"));
  EXPECT_THAT(refusal({header(), collection_of(two_fields), {"roles.json", R"({"roles": [
                {"name": "r", "collections": {"nothing": {}}}]})"}}),
              HasSubstr("there is no collection \"nothing\""));
  EXPECT_THAT(refusal({header(), collection_of(two_fields), {"roles.json", R"({"roles": [
                {"name": "r", "collections": {}}, {"name": "r", "collections": {}}]})"}}),
              HasSubstr("there already"));
}

TEST(SchemaRoles, WriteOnlyFieldsAreForAppendOnlyCollections) {
  const Schema schema = compiled(with_rights(R"({"insert": ["a"]})", R"(, "append_only": true)"));
  EXPECT_EQ(schema.roles.size(), 1U);
}

TEST(SchemaRoles, OtherRolesNeedAnotherVersion) {
  const Schema present = compiled(with_rights(R"({"read": ["a"]})"));
  const Schema next = compiled(with_rights(R"({"read": "all"})"));
  const auto same = check_evolution(present, next);
  ASSERT_FALSE(same.has_value());
  EXPECT_THAT(same.error().message, HasSubstr("raise \"version\""));
}

}  // namespace
}  // namespace rollcall
