#include "schema/evolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::HasSubstr;

constexpr std::string_view base_text = R"({
  "collection": "thing", "id": 1, "derived_from": ["key"],
  "paths": ["all", "key/{key}"],
  "fields": [
    {"id": 1, "name": "key", "type": "id", "rule": "once", "required": true},
    {"id": 2, "name": "title", "type": "text", "bytes_max": 100},
    {"id": 3, "name": "tags", "type": "text", "rule": "set", "elements_max": 10},
    {"id": 4, "name": "kind", "type": "enum", "choices": ["a", "b", "c"]},
    {"id": 5, "name": "state", "type": "enum", "rule": "ladder", "choices": ["new", "done"]},
    {"id": 6, "name": "count", "type": "integer", "rule": "counter"},
    {"id": 7, "name": "needed", "type": "text", "required": true}
  ]})";

Schema version(int number, const std::vector<std::string>& collections) {
  std::vector<SchemaSource> files = {
      header(R"({"schema": "test", "version": )" + std::to_string(number) + "}")};
  for (const std::string& text : collections) files.push_back(thing(text));
  return compiled(files);
}

Schema base() { return version(1, {std::string(base_text)}); }

// The base with one piece of its text replaced.
std::string with(std::string_view piece, std::string_view replacement) {
  std::string text(base_text);
  const std::size_t at = text.find(piece);
  EXPECT_NE(at, text.npos) << piece;
  return text.replace(at, piece.size(), replacement);
}

std::string answer(const Schema& present, const Schema& next) {
  const auto result = check_evolution(present, next);
  if (result) return "allowed";
  EXPECT_EQ(result.error().code, ErrorCode::schema_change);
  return result.error().message;
}

// What is said of version 2 with one piece of the base's text replaced.
std::string change(std::string_view piece, std::string_view replacement) {
  return answer(base(), version(2, {with(piece, replacement)}));
}

const std::string last_field = R"({"id": 7, "name": "needed", "type": "text", "required": true})";
const std::string other = R"({"collection": "other", "id": 2, "paths": ["all"],
                              "fields": [{"id": 1, "name": "a", "type": "text"}]})";

TEST(SchemaEvolution, AllowsCollectionsAndFieldsToBeAdded) {
  EXPECT_EQ(answer(base(), version(2, {std::string(base_text), other})), "allowed");
  EXPECT_EQ(change(last_field, last_field + R"(, {"id": 9, "name": "x", "type": "id"})"),
            "allowed");
}

TEST(SchemaEvolution, AllowsWhatTakesNothingAway) {
  EXPECT_EQ(change(R"("bytes_max": 100)", R"("bytes_max": 200)"), "allowed");
  EXPECT_EQ(change(R"("elements_max": 10)", R"("elements_max": 20)"), "allowed");
  EXPECT_EQ(change(R"(["a", "b", "c"])", R"(["a", "b", "c", "longer"])"), "allowed");
  EXPECT_EQ(change(R"(["new", "done"])", R"(["new", "done", "paid"])"), "allowed");
  EXPECT_EQ(change(R"("bytes_max": 100)", R"("bytes_max": 100, "search": true, "index": true)"),
            "allowed");
  EXPECT_EQ(answer(version(1, {with(R"("bytes_max": 100)", R"("bytes_max": 100, "search": true)")}),
                   version(2, {std::string(base_text)})),
            "allowed");
  EXPECT_EQ(change(last_field, R"({"id": 7, "name": "needed", "type": "text"})"), "allowed");
}

TEST(SchemaEvolution, AllowsTheSameAgainAndAHigherVersionOfIt) {
  EXPECT_EQ(answer(base(), base()), "allowed");
  EXPECT_EQ(answer(base(), version(9, {std::string(base_text)})), "allowed");
}

TEST(SchemaEvolution, RefusesRemovals) {
  EXPECT_EQ(
      answer(version(1, {std::string(base_text), other}), version(2, {std::string(base_text)})),
      "other: it was removed: it has rows, and clients write to it; one that is no longer "
      "used stays");
  EXPECT_THAT(change(R"({"id": 2, "name": "title", "type": "text", "bytes_max": 100},)", ""),
              HasSubstr("thing.title: it was removed: rows and clients hold it"));
  EXPECT_THAT(change(R"(["a", "b", "c"])", R"(["a", "c"])"),
              HasSubstr("thing.kind: the choice \"b\" is gone: rows and clients hold it"));
}

TEST(SchemaEvolution, RefusesNewIdsForOldNames) {
  EXPECT_THAT(change(R"("id": 2)", R"("id": 12)"), HasSubstr("thing.title: its id changed"));
  EXPECT_THAT(change(R"("id": 1, "derived_from")", R"("id": 5, "derived_from")"),
              HasSubstr("thing: its id changed"));
  EXPECT_THAT(change(R"({"id": 1, "name": "key")", R"({"id": 11, "name": "key")"),
              HasSubstr("thing: derived_from changed"));
}

TEST(SchemaEvolution, RefusesNewNamesForOldIds) {
  EXPECT_THAT(change(R"("title")", R"("headline")"),
              HasSubstr("thing.title: the name changed from title to headline: it is the column"));
  EXPECT_THAT(change(R"("collection": "thing")", R"("collection": "item")"),
              HasSubstr("thing: the name changed from thing to item: it is the view"));
}

TEST(SchemaEvolution, RefusesOtherTypesAndRules) {
  EXPECT_THAT(change(R"("name": "title", "type": "text", "bytes_max": 100)",
                     R"("name": "title", "type": "bytes", "bytes_max": 100)"),
              HasSubstr("thing.title: the type changed from text to bytes: stored values"));
  EXPECT_THAT(change(R"("rule": "counter")", R"("rule": "latest")"),
              HasSubstr("thing.count: the rule changed from counter to latest: replicas would"));
}

TEST(SchemaEvolution, RefusesOtherPathsIdsAndFacts) {
  EXPECT_THAT(change(R"(["all", "key/{key}"])", R"(["all"])"),
              HasSubstr("thing: paths changed from \"all\", \"key/{key}\" to \"all\": every row"));
  EXPECT_THAT(change(R"(["all", "key/{key}"])", R"(["all", "key/{key}", "more"])"),
              HasSubstr("thing: paths changed"));
  EXPECT_THAT(change(R"("derived_from": ["key"],)", ""), HasSubstr("thing: derived_from changed"));
}

TEST(SchemaEvolution, RefusesLowerLimits) {
  EXPECT_THAT(
      change(R"("bytes_max": 100)", R"("bytes_max": 99)"),
      HasSubstr("thing.title: bytes_max changed from 100 to 99: a limit that was announced"));
  EXPECT_THAT(change(R"("elements_max": 10)", R"("elements_max": 9)"),
              HasSubstr("thing.tags: elements_max changed from 10 to 9"));
}

TEST(SchemaEvolution, RefusesReorderedChoices) {
  EXPECT_THAT(change(R"(["a", "b", "c"])", R"(["b", "a", "c"])"),
              HasSubstr("thing.kind: the choices changed their order: add new ones at the end"));
  EXPECT_THAT(change(R"(["new", "done"])", R"(["done", "new"])"),
              HasSubstr("the rungs of a ladder decide merges that have happened"));
  EXPECT_THAT(change(R"(["new", "done"])", R"(["new", "half", "done"])"),
              HasSubstr("thing.state: the choices changed their order"));
}

TEST(SchemaEvolution, RefusesWhatOldClientsCannotGive) {
  EXPECT_THAT(change(R"("name": "title", "type": "text")",
                     R"("name": "title", "required": true, "type": "text")"),
              HasSubstr("thing.title: it became required: rows without it exist"));
  EXPECT_THAT(change(last_field,
                     last_field + R"(, {"id": 9, "name": "x", "type": "id", "required": true})"),
              HasSubstr("thing.x: a new field is required"));
}

TEST(SchemaEvolution, RefusesOtherContentUnderTheSameOrALowerVersion) {
  EXPECT_THAT(answer(base(), version(1, {std::string(base_text), other})),
              HasSubstr("version 1 has other content already: raise \"version\""));
  EXPECT_THAT(answer(version(3, {std::string(base_text)}), base()),
              HasSubstr("the version changed from 3 to 1: versions only rise"));
}

TEST(SchemaEvolution, RefusesAnotherSchema) {
  Schema next = base();
  next.name = "elsewhere";
  EXPECT_THAT(answer(base(), next), HasSubstr("the schema's name changed from test to elsewhere"));
}

TEST(SchemaEvolution, RefusesFactsThatBecomeRowsAndBack) {
  const std::string rows = R"({"collection": "fact", "id": 1, "paths": ["all"],
                               "fields": [{"id": 1, "name": "a", "type": "text", "rule": "once"}]})";
  std::string facts = rows;
  facts.insert(1, R"("append_only": true, )");
  EXPECT_THAT(answer(version(1, {rows}), version(2, {facts})),
              HasSubstr("fact: append_only changed"));
  EXPECT_THAT(answer(version(1, {facts}), version(2, {rows})),
              HasSubstr("fact: append_only changed"));
}

}  // namespace
}  // namespace rollcall
