#include "schema/compiler.h"

#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model/limits.h"
#include "schema/limits.h"
#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view plain = R"({"id": 1, "name": "a", "type": "text"})";

// A collection whose fields and paths are given.
SchemaSource pathed(std::string_view paths, std::string_view fields, std::string_view more = "") {
  return thing(R"({"collection": "thing", "id": 1, "paths": )" + std::string(paths) +
               R"(, "fields": [)" + std::string(fields) + "]" + std::string(more) + "}");
}

// --- what it makes

TEST(SchemaCompiler, MakesPlainDataOfFiles) {
  const Schema schema = compiled({header(R"({"schema": "test", "version": 7})"), collection_of(R"(
    {"id": 4, "name": "score", "type": "integer", "rule": "counter"},
    {"id": 2, "name": "state", "type": "enum", "rule": "ladder", "choices": ["new", "done"]},
    {"id": 1, "name": "title", "type": "text", "bytes_max": 80, "required": true, "search": true,
     "index": true, "about": "what it is called"})")});
  EXPECT_EQ(schema.name, "test");
  EXPECT_EQ(schema.version, 7U);
  ASSERT_EQ(schema.collections.size(), 1U);
  const CollectionDef& thing = schema.collections[0];
  EXPECT_EQ(thing.id, CollectionId(1));
  EXPECT_FALSE(thing.append_only);
  ASSERT_EQ(thing.fields.size(), 4U) << "_deleted and three more, in the order of ids";
  EXPECT_EQ(thing.fields[0], deleted_field());
  const FieldDef& title = thing.fields[1];
  EXPECT_EQ(title.id, FieldId(1));
  EXPECT_EQ(title.name, "title");
  EXPECT_EQ(title.type, FieldType::text);
  EXPECT_EQ(title.rule, MergeRule::latest);
  EXPECT_EQ(title.bytes_max, 80U);
  EXPECT_TRUE(title.required && title.search && title.index);
  EXPECT_EQ(thing.fields[2].rule, MergeRule::ladder);
  EXPECT_THAT(thing.fields[2].choices, ElementsAre("new", "done"));
  EXPECT_EQ(thing.fields[3].id, FieldId(4));
  EXPECT_EQ(thing.fields[3].rule, MergeRule::counter);
}

TEST(SchemaCompiler, GivesTheSameHashInAnyOrderOfFilesKeysAndFields) {
  const SchemaSource two{"two.json", R"({"id": 2, "collection": "two", "paths": ["all"],
    "fields": [{"id": 1, "name": "a", "type": "text"}]})"};
  const Schema schema = compiled({header(), collection_of(plain), two});
  const Schema again = compiled({two, collection_of(plain), header()});
  EXPECT_EQ(schema, again);
  EXPECT_NE(schema.hash, compiled(collection_of(plain)).hash);
}

TEST(SchemaCompiler, FillsInLengths) {
  EXPECT_EQ(compiled_field(R"("type": "text")").bytes_max, value_bytes_default);
  EXPECT_EQ(compiled_field(R"("type": "path")").bytes_max, path_field_bytes_default);
  EXPECT_EQ(compiled_field(R"("type": "id")").bytes_max, 16U);
  EXPECT_EQ(compiled_field(R"("type": "date")").bytes_max, 10U);
  EXPECT_EQ(compiled_field(R"("type": "enum", "choices": ["a", "long-one"])").bytes_max, 8U);
  EXPECT_EQ(compiled_field(R"("type": "time")").bytes_max, 0U);
  EXPECT_EQ(compiled_field(R"("type": "text")").elements_max, 0U);
  EXPECT_EQ(compiled_field(R"("type": "text", "rule": "set")").elements_max, set_elements_default);
  EXPECT_EQ(compiled_field(R"("type": "id", "rule": "set", "elements_max": 4096)").elements_max,
            4096U);
}

TEST(SchemaCompiler, RefusesRowsThatCouldOutgrowAPage) {
  const auto with = [](int fields, const std::string& limits) {
    std::string all;
    for (int i = 1; i <= fields; ++i) {
      all += (i > 1 ? "," : "") + std::string("{\"id\": ") + std::to_string(i) + ", \"name\": \"f" +
             std::to_string(i) + "\", \"type\": \"text\", " + limits + "}";
    }
    return refusal(collection_of(all));
  };
  EXPECT_EQ(with(80, "\"bytes_max\": 4096"), "compiled");
  EXPECT_EQ(with(2, "\"bytes_max\": 1048576"), "compiled");
  for (const std::string& wrong :
       {with(100, "\"bytes_max\": 4096"), with(4, "\"bytes_max\": 1048576"),
        with(1, R"("rule": "set", "elements_max": 4096)")}) {
    EXPECT_THAT(wrong, HasSubstr("a row could take"));
    EXPECT_THAT(wrong, HasSubstr("at most 6291456 are allowed"));
  }
}

TEST(SchemaCompiler, MakesEveryFieldOfFactsOnce) {
  const Schema schema = compiled(collection_of(plain, R"(, "append_only": true)"));
  EXPECT_TRUE(schema.collections[0].append_only);
  EXPECT_EQ(schema.collections[0].fields[1].rule, MergeRule::once);
  EXPECT_THAT(refusal(collection_of(R"({"id": 1, "name": "a", "type": "text", "rule": "latest"})",
                                    R"(, "append_only": true)")),
              HasSubstr("every field of an append-only collection is once"));
}

TEST(SchemaCompiler, ReadsPathTemplates) {
  const Schema schema = compiled(
      pathed(R"(["event/{id}", "unit/{hosts}/{kind}", "public when kind=open"])",
             R"({"id": 3, "name": "hosts", "type": "path", "rule": "set", "elements_max": 8},
         {"id": 5, "name": "kind", "type": "enum", "choices": ["open", "closed"]})"));
  const auto& paths = schema.collections[0].paths;
  ASSERT_EQ(paths.size(), 3U);
  ASSERT_EQ(paths[0].parts.size(), 2U);
  EXPECT_EQ(paths[0].parts[0].literal, "event/");
  EXPECT_TRUE(paths[0].parts[1].row_id);
  ASSERT_EQ(paths[1].parts.size(), 4U);
  EXPECT_EQ(paths[1].parts[0].literal, "unit/");
  EXPECT_EQ(paths[1].parts[1].field, FieldId(3));
  EXPECT_EQ(paths[1].parts[2].literal, "/");
  EXPECT_EQ(paths[1].parts[3].field, FieldId(5));
  ASSERT_EQ(paths[2].parts.size(), 1U);
  EXPECT_EQ(paths[2].parts[0].literal, "public");
  EXPECT_EQ(paths[2].when_field, FieldId(5));
  EXPECT_EQ(paths[2].when_value, "open");
  EXPECT_FALSE(paths[0].when_field);
}

TEST(SchemaCompiler, DerivesIdsInTheOrderWritten) {
  const Schema schema = compiled(collection_of(
      R"({"id": 1, "name": "a", "type": "id", "rule": "once", "required": true},
         {"id": 2, "name": "b", "type": "path", "rule": "once", "required": true})",
      R"(, "derived_from": ["b", "a"])"));
  EXPECT_THAT(schema.collections[0].derived_from, ElementsAre(FieldId(2), FieldId(1)));
}

// --- which rules go with which types

TEST(SchemaCompiler, AcceptsExactlyTheSensibleRulesForEachType) {
  const std::map<std::string, std::set<std::string>> allowed = {
      {"text", {"latest", "first", "set", "once"}},
      {"integer", {"latest", "first", "counter", "set", "once"}},
      {"boolean", {"latest", "first", "once"}},
      {"enum", {"latest", "first", "set", "ladder", "once"}},
      {"time", {"latest", "first", "set", "once"}},
      {"date", {"latest", "first", "set", "once"}},
      {"id", {"latest", "first", "set", "once"}},
      {"path", {"latest", "first", "set", "once"}},
      {"bytes", {"latest", "first", "set", "once"}},
      {"localized", {"latest", "once"}},
      {"sealed", {"latest", "once"}},
  };
  for (const auto& [type, rules] : allowed) {
    const std::string choices = type == "enum" ? R"(, "choices": ["a"])" : "";
    for (const char* rule : {"latest", "first", "counter", "set", "ladder", "once"}) {
      std::ostringstream text;
      text << R"("type": ")" << type << R"(", "rule": ")" << rule << '"' << choices;
      const std::string answer = refusal(field(text.str()));
      if (rules.contains(rule)) {
        EXPECT_EQ(answer, "compiled") << text.str();
      } else {
        EXPECT_THAT(answer, StartsWith("thing.json:1:")) << text.str();
      }
    }
  }
}

TEST(SchemaCompiler, SaysWhyARuleDoesNotGoWithAType) {
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "counter")")),
              HasSubstr("a counter adds integers: text cannot be added"));
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "ladder")")),
              HasSubstr("a ladder climbs the choices of an enum"));
  EXPECT_THAT(refusal(field(R"("type": "sealed", "rule": "set")")),
              HasSubstr("sealed cannot merge by set: use latest or once"));
  EXPECT_THAT(refusal(field(R"("type": "boolean", "rule": "set")")),
              HasSubstr("boolean cannot merge by set: use latest, first or once"));
}

TEST(SchemaCompiler, RefusesUnknownTypesAndRules) {
  EXPECT_THAT(refusal(field(R"("type": "float")")), HasSubstr("\"float\" is unknown; there are"));
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "newest")")),
              HasSubstr("\"newest\" is unknown; there are latest first counter"));
  EXPECT_THAT(refusal(field(R"("rule": "latest")")), HasSubstr("\"type\" is missing"));
}

// --- places

TEST(SchemaCompiler, NamesFileLineAndColumn) {
  EXPECT_EQ(refusal(thing("{\n"
                          "  \"collection\": \"thing\",\n"
                          "  \"id\": 1,\n"
                          "  \"paths\": [\"all\"],\n"
                          "  \"fields\": [\n"
                          "    {\"id\": 1, \"name\": \"ü\", \"type\": \"text\"}\n"
                          "  ]\n"
                          "}\n")),
            "thing.json:6:23: \"ü\" is no name: a letter a-z, then letters, digits and _");
  EXPECT_THAT(refusal(thing("{\n\"collection\": \"thing\",\n\"id\": 1,\n\"paths\": [\"all\",\n"
                            " \"Public\"],\n\"fields\": [" +
                            std::string(plain) + "]}")),
              StartsWith("thing.json:5:2: \"Public\": "));
  EXPECT_THAT(refusal(collection_of(R"({"id": 1, "name": "a", "type": "enum", "choices": ["x",
 "y", "x"]})")),
              StartsWith("thing.json:2:7: \"x\" stands here twice"));
}

TEST(SchemaCompiler, NamesTheRightFileOfSeveral) {
  const SchemaSource other{"other.json",
                           R"({"collection": "other", "id": 1, "paths": ["all"], "fields": []})"};
  EXPECT_THAT(refusal({header(), other, collection_of(plain)}),
              StartsWith("other.json:1:62: a collection needs a field"));
}

// --- names

TEST(SchemaCompiler, RefusesNamesThatSqlOrTheEngineNeeds_G9) {
  const auto named = [](const std::string& name) {
    return refusal(collection_of(R"({"id": 1, "name": ")" + name + R"(", "type": "text"})"));
  };
  EXPECT_EQ(named("select"), "compiled") << "names are quoted in SQL";
  EXPECT_EQ(named("a_2"), "compiled");
  EXPECT_THAT(named("id"), HasSubstr("is the row's own id in SQL"));
  EXPECT_THAT(named("rowid"), HasSubstr("is the row's own id in SQL"));
  EXPECT_THAT(named("_tx"), HasSubstr("names that begin with _ are the engine's own"));
  for (const std::string wrong : {"", "Name", "2a", "a-b", "a b", "a\\\"b", "né"}) {
    EXPECT_THAT(named(wrong), HasSubstr("is no name")) << wrong;
  }
  EXPECT_EQ(named(std::string(63, 'a')), "compiled");
  EXPECT_THAT(named(std::string(64, 'a')), HasSubstr("bytes in a name: at most 63"));
}

TEST(SchemaCompiler, RefusesCollectionNamesAlike) {
  const auto named = [](const std::string& name) {
    return refusal(thing(R"({"collection": ")" + name + R"(", "id": 1, "paths": ["all"],
      "fields": [)" + std::string(plain) +
                         "]}"));
  };
  EXPECT_EQ(named("order"), "compiled");
  EXPECT_THAT(named("_x"), HasSubstr("thing.json:1:16: \"_x\": names that begin with _"));
  EXPECT_THAT(named("sqlite_x"), HasSubstr("SQLite's own"));
  EXPECT_THAT(named("A"), HasSubstr("is no name"));
}

TEST(SchemaCompiler, RefusesANameTwice) {
  EXPECT_THAT(refusal(collection_of(R"({"id": 1, "name": "a", "type": "text"},
{"id": 2, "name": "a", "type": "text"})")),
              StartsWith("thing.json:2:19: the name \"a\" is taken"));
  SchemaSource second = collection_of(plain);
  second.name = "second.json";
  second.text.replace(second.text.find("\"id\": 1"), 7, "\"id\": 2");
  EXPECT_THAT(refusal({header(), collection_of(plain), second}),
              StartsWith("second.json:1:16: the name \"thing\" is taken"));
}

// --- ids

TEST(SchemaCompiler, RefusesAnIdTwice) {
  EXPECT_THAT(refusal(collection_of(R"({"id": 1, "name": "a", "type": "text"},
{"id": 1, "name": "b", "type": "text"})")),
              StartsWith("thing.json:2:8: field id 1 is taken"));
  const SchemaSource second{"second.json", R"({"collection": "second", "id": 1, "paths": ["all"],
    "fields": [{"id": 1, "name": "a", "type": "text"}]})"};
  EXPECT_THAT(refusal({header(), collection_of(plain), second}),
              StartsWith("second.json:1:32: collection id 1 is taken"));
}

TEST(SchemaCompiler, RefusesIdsOutOfRange) {
  const auto numbered = [](const std::string& id) {
    return refusal(collection_of(R"({"id": )" + id + R"(, "name": "a", "type": "text"})"));
  };
  EXPECT_EQ(numbered("1023"), "compiled");
  for (const std::string id : {"0", "-1", "1024", "4294967297"}) {
    EXPECT_THAT(numbered(id), HasSubstr("\"id\" goes from 1 to 1023")) << id;
  }
  EXPECT_THAT(numbered("\"1\""), HasSubstr("\"id\" is a number, not a text"));
  EXPECT_THAT(refusal(collection_of(R"({"name": "a", "type": "text"})")),
              HasSubstr("\"id\" is missing"));
}

// --- limits and marks

TEST(SchemaCompiler, RefusesLimitsBeyondTheEngines) {
  EXPECT_EQ(refusal(field(R"("type": "text", "bytes_max": 1048576)")), "compiled");
  EXPECT_THAT(refusal(field(R"("type": "text", "bytes_max": 1048577)")),
              HasSubstr("bytes of a text: at most 1048576"));
  EXPECT_EQ(refusal(field(R"("type": "path", "bytes_max": 512)")), "compiled");
  EXPECT_THAT(refusal(field(R"("type": "path", "bytes_max": 513)")),
              HasSubstr("bytes of a path: at most 512"));
  EXPECT_THAT(refusal(field(R"("type": "text", "bytes_max": 0)")), HasSubstr("goes from 1 to"));
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "set", "elements_max": 4097)")),
              HasSubstr("elements of a set: at most 4096"));
  EXPECT_THAT(refusal(field(R"("type": "text", "elements_max": 4)")),
              HasSubstr("only a set has elements"));
  EXPECT_THAT(refusal(field(R"("type": "date", "bytes_max": 10)")),
              HasSubstr("date has no length that a schema could limit"));
}

TEST(SchemaCompiler, RefusesChoicesThatAreNone) {
  EXPECT_THAT(refusal(field(R"("type": "enum")")), HasSubstr("an enum needs its choices"));
  EXPECT_THAT(refusal(field(R"("type": "enum", "choices": [])")),
              HasSubstr("an enum needs its choices"));
  EXPECT_THAT(refusal(field(R"("type": "text", "choices": ["a"])")),
              HasSubstr("only an enum has choices"));
  EXPECT_THAT(refusal(field(R"("type": "enum", "choices": ["a", "B"])")),
              HasSubstr("\"B\" is no choice"));
  EXPECT_THAT(refusal(field(R"("type": "enum", "choices": ["a", 1])")),
              HasSubstr("this list holds a text, not a number"));
  std::string many;
  for (std::size_t i = 0; i <= field_choices_max; ++i) {
    many += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\"";
  }
  EXPECT_THAT(refusal(field(R"("type": "enum", "choices": [)" + many + "]")),
              HasSubstr("choices: at most 256"));
}

TEST(SchemaCompiler, RefusesMarksThatMakeNoSense) {
  EXPECT_EQ(refusal(field(R"("type": "localized", "search": true)")), "compiled");
  EXPECT_THAT(refusal(field(R"("type": "integer", "search": true)")), HasSubstr("are searched"));
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "set", "search": true)")),
              HasSubstr("are searched"));
  EXPECT_EQ(refusal(field(R"("type": "time", "index": true)")), "compiled");
  for (const std::string text : {R"("type": "text", "rule": "set")", R"("type": "localized")",
                                 R"("type": "sealed")", R"("type": "bytes")"}) {
    EXPECT_THAT(refusal(field(text + R"(, "index": true)")), HasSubstr("have no index")) << text;
  }
  EXPECT_THAT(refusal(field(R"("type": "text", "rule": "set", "required": true)")),
              HasSubstr("a set begins empty: it cannot be required"));
  EXPECT_THAT(refusal(field(R"("type": "integer", "rule": "counter", "required": true)")),
              HasSubstr("a counter begins empty"));
}

TEST(SchemaCompiler, BoundsFieldsAndFiles) {
  std::string fields;
  for (std::size_t i = 1; i <= collection_fields_max + 1; ++i) {
    fields += std::string(i == 1 ? "" : ",") + R"({"id": )" + std::to_string(i) +
              R"(, "name": "f)" + std::to_string(i) + R"(", "type": "text"})";
  }
  EXPECT_THAT(refusal(collection_of(fields)), HasSubstr("at most 256 fields"));
  const std::vector<SchemaSource> files(schema_files_max + 1, header());
  EXPECT_THAT(refusal(files), HasSubstr("a schema has at most 258"));
}

// --- derived ids

SchemaSource derived(std::string_view fields, std::string_view from, std::string_view paths) {
  return pathed(paths, fields, R"(, "derived_from": )" + std::string(from));
}

TEST(SchemaCompiler, RefusesIdsDerivedFromWhatCanChange) {
  const std::string_view all = R"(["all"])";
  EXPECT_THAT(refusal(derived(R"({"id": 1, "name": "a", "type": "id", "required": true})",
                              R"(["a"])", all)),
              HasSubstr("\"a\" must be once and required"));
  EXPECT_THAT(
      refusal(derived(R"({"id": 1, "name": "a", "type": "id", "rule": "once"})", R"(["a"])", all)),
      HasSubstr("\"a\" must be once and required"));
  EXPECT_THAT(refusal(derived(plain, R"(["b"])", all)), HasSubstr("thing has no field \"b\""));
  EXPECT_THAT(refusal(derived(plain, R"(["_deleted"])", all)), HasSubstr("has no field"));
  EXPECT_THAT(refusal(derived(
                  R"({"id": 1, "name": "a", "type": "bytes", "rule": "once", "required": true})",
                  R"(["a"])", all)),
              HasSubstr("no id is derived from bytes"));
  EXPECT_THAT(
      refusal(derived(R"({"id": 1, "name": "a", "type": "id", "rule": "once", "required": true})",
                      R"(["a", "a"])", all)),
      HasSubstr("\"a\" stands here twice"));
}

TEST(SchemaCompiler, RefusesADerivedIdThatDoesNotFixThePaths) {
  const std::string_view fields =
      R"({"id": 1, "name": "a", "type": "id", "rule": "once", "required": true},
         {"id": 2, "name": "unit", "type": "path", "rule": "once", "required": true},
         {"id": 3, "name": "kind", "type": "enum", "choices": ["x"]})";
  EXPECT_EQ(refusal(derived(fields, R"(["a", "unit"])", R"(["unit/{unit}", "thing/{id}"])")),
            "compiled");
  EXPECT_THAT(refusal(derived(fields, R"(["a"])", R"(["all", "unit/{unit}"])")),
              HasSubstr("\"unit/{unit}\": \"unit\" is not in derived_from"));
  EXPECT_THAT(refusal(derived(fields, R"(["a"])", R"(["all", "open when kind=x"])")),
              HasSubstr("\"kind\" is not in derived_from"));
}

// --- paths

TEST(SchemaCompiler, RefusesTemplatesThatNameUnknownFields) {
  EXPECT_THAT(refusal(pathed(R"(["all", "unit/{unit}"])", plain)),
              HasSubstr("\"unit/{unit}\": thing has no field \"unit\""));
  EXPECT_THAT(refusal(pathed(R"(["all when b=x"])", plain)), HasSubstr("no field \"b\""));
  EXPECT_THAT(refusal(pathed(R"(["x/{_deleted}"])", plain)), HasSubstr("no field \"_deleted\""));
}

TEST(SchemaCompiler, RefusesTemplatesThatAreNoPaths) {
  for (const std::string wrong : {"", "/a", "a/", "a//b", "Unit/{id}", "a b", "when a=b"}) {
    EXPECT_THAT(refusal(pathed("[\"" + wrong + "\"]", plain)), HasSubstr("is not a path")) << wrong;
  }
  for (const std::string wrong : {"{id", "id}", "x-{id}", "{id}x", "{{id}}"}) {
    EXPECT_THAT(refusal(pathed("[\"" + wrong + "\"]", plain)),
                HasSubstr("a segment is a word or one {field}"))
        << wrong;
  }
}

TEST(SchemaCompiler, RefusesTemplatesOfFieldsThatAreNoSegments) {
  for (const std::string type :
       {"text", "integer", "boolean", "time", "date", "bytes", "localized", "sealed"}) {
    EXPECT_THAT(refusal(pathed(R"(["all", "x/{a}"])",
                               R"({"id": 1, "name": "a", "type": ")" + type + R"("})")),
                HasSubstr("a path is made of fields of type path, id and enum"))
        << type;
  }
}

TEST(SchemaCompiler, RefusesConditionsOnOtherThanWords) {
  const auto when = [](std::string_view condition, std::string_view type) {
    return refusal(pathed(R"(["all", "public when )" + std::string(condition) + R"("])",
                          R"({"id": 1, "name": "a", )" + std::string(type) + "}"));
  };
  EXPECT_EQ(when("a=x y", R"("type": "text")"), "compiled");
  EXPECT_EQ(when("a=x", R"("type": "enum", "choices": ["x"])"), "compiled");
  EXPECT_THAT(when("a=y", R"("type": "enum", "choices": ["x"])"),
              HasSubstr("\"y\" is no choice of \"a\""));
  EXPECT_THAT(when("a=1", R"("type": "integer")"), HasSubstr("when needs an enum or text field"));
  EXPECT_THAT(when("a=x", R"("type": "text", "rule": "set")"),
              HasSubstr("when needs an enum or text field that holds one value"));
  EXPECT_THAT(when("a=", R"("type": "text")"), HasSubstr("when needs a value behind ="));
  EXPECT_THAT(when("a", R"("type": "text")"), HasSubstr("write the condition as: when"));
}

TEST(SchemaCompiler, RefusesRowsThatNobodyWouldSee) {
  const std::string_view unit = R"({"id": 1, "name": "unit", "type": "path"})";
  const std::string_view needed = R"({"id": 1, "name": "unit", "type": "path", "required": true})";
  const std::string_view hosts = R"({"id": 1, "name": "unit", "type": "path", "rule": "set"})";
  const std::string_view condition = R"({"id": 1, "name": "a", "type": "text", "required": true})";
  EXPECT_THAT(refusal(pathed("[]", plain)), HasSubstr("needs a path template"));
  EXPECT_THAT(
      refusal(thing(R"({"collection": "thing", "id": 1, "fields": [)" + std::string(plain) + "]}")),
      HasSubstr("needs a path template"));
  EXPECT_THAT(refusal(pathed(R"(["unit/{unit}"])", unit)), HasSubstr("without any path"));
  EXPECT_THAT(refusal(pathed(R"(["unit/{unit}"])", hosts)), HasSubstr("without any path"));
  EXPECT_THAT(refusal(pathed(R"(["public when a=x"])", condition)), HasSubstr("without any path"));
  EXPECT_EQ(refusal(pathed(R"(["unit/{unit}"])", needed)), "compiled");
  EXPECT_EQ(refusal(pathed(R"(["unit/{unit}", "thing/{id}"])", unit)), "compiled");
}

TEST(SchemaCompiler, RefusesTemplatesThatCanOutgrowALimit) {
  EXPECT_THAT(refusal(pathed(R"(["unit/{unit}"])",
                             R"({"id": 1, "name": "unit", "type": "path", "required": true,
                                 "bytes_max": 508})")),
              HasSubstr("can grow to 513 bytes, and a path has at most 512"));
  EXPECT_THAT(refusal(pathed(R"(["all", "unit/{hosts}"])",
                             R"({"id": 1, "name": "hosts", "type": "path", "rule": "set",
                                 "elements_max": 64})")),
              HasSubstr("a row could have 65 paths, and at most 64 are allowed"));
  EXPECT_THAT(refusal(pathed(R"(["all", "{a}/{b}"])",
                             R"({"id": 1, "name": "a", "type": "id", "rule": "set"},
                                {"id": 2, "name": "b", "type": "id", "rule": "set"})")),
              HasSubstr("a template has one set field at most"));
  EXPECT_THAT(refusal(pathed(R"(["all", "all"])", plain)), HasSubstr("\"all\" stands here twice"));
  std::string many = R"("p0")";
  for (std::size_t i = 1; i <= collection_paths_max; ++i) many += ",\"p" + std::to_string(i) + "\"";
  EXPECT_THAT(refusal(pathed("[" + many + "]", plain)), HasSubstr("path templates: at most 16"));
}

// --- files

TEST(SchemaCompiler, RefusesKeysThatItDoesNotKnow) {
  EXPECT_THAT(refusal(field(R"("type": "text", "indexed": true)")),
              HasSubstr("\"indexed\" is no key of a field; it has id name about type rule"));
  EXPECT_THAT(refusal(collection_of(plain, R"(, "apend_only": true)")),
              HasSubstr("\"apend_only\" is no key of a collection; it has collection id"));
  EXPECT_THAT(
      refusal({header(R"({"schema": "test", "version": 1, "x": 1})"), collection_of(plain)}),
      StartsWith("schema.json:1:34: \"x\" is no key of a schema"));
}

TEST(SchemaCompiler, RefusesValuesOfTheWrongKind) {
  EXPECT_THAT(refusal(field(R"("type": 3)")), HasSubstr("\"type\" is a text, not a number"));
  EXPECT_THAT(refusal(field(R"("type": "text", "index": 1)")),
              HasSubstr("\"index\" is true or false, not a number"));
  EXPECT_THAT(refusal(field(R"("type": "text", "about": [])")),
              HasSubstr("\"about\" is a text, not a list"));
  EXPECT_THAT(refusal(collection_of("3")), HasSubstr("this list holds an object, not a number"));
  EXPECT_THAT(refusal(thing("[]")), HasSubstr("thing.json:1:1: a schema file holds an object"));
  EXPECT_THAT(refusal(thing("{}")), HasSubstr("begins with \"collection\" or, once,"));
  EXPECT_THAT(refusal(thing("{")), HasSubstr("thing.json:1:2: syntax error"));
}

TEST(SchemaCompiler, NeedsOneHeaderAndOneCollection) {
  EXPECT_THAT(refusal(std::vector<SchemaSource>{collection_of(plain)}),
              HasSubstr("no file names the schema"));
  EXPECT_THAT(refusal(std::vector<SchemaSource>{header()}),
              HasSubstr("schema.json:1:1: a schema needs a collection"));
  EXPECT_THAT(refusal({header(), SchemaSource{"b.json", header().text}, collection_of(plain)}),
              HasSubstr("b.json:1:1: the schema is named in schema.json already"));
  EXPECT_THAT(refusal({header(R"({"schema": "test", "version": 0})"), collection_of(plain)}),
              HasSubstr("\"version\" goes from 1"));
  EXPECT_THAT(refusal({header(R"({"schema": "Test", "version": 1})"), collection_of(plain)}),
              StartsWith("schema.json:1:12: \"Test\" is no name"));
}

}  // namespace
}  // namespace rollcall
