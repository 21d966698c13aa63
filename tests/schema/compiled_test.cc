#include "schema/compiled.h"

#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "engine/codec/cbor_writer.h"
#include "schema/limits.h"
#include "schema/schema_message.h"
#include "tests/schema/schema_language.h"

namespace rollcall {
namespace {

using testing::HasSubstr;

constexpr std::string_view ticket_json = R"({
  "collection": "ticket", "id": 3, "derived_from": ["event", "seat"],
  "paths": ["event/{event}", "ticket/{id}"],
  "fields": [
    {"id": 1, "name": "event", "type": "id", "rule": "once", "required": true, "index": true},
    {"id": 2, "name": "seat", "type": "text", "rule": "once", "required": true, "bytes_max": 10},
    {"id": 5, "name": "state", "type": "enum", "rule": "ladder", "choices": ["sold", "used"]},
    {"id": 6, "name": "tags", "type": "text", "rule": "set", "bytes_max": 20, "elements_max": 4},
    {"id": 9, "name": "note", "type": "localized", "search": true}
  ]})";

Schema tickets() {
  return compiled({header(), SchemaSource{"ticket.json", std::string(ticket_json)}});
}

Result<Schema> decoded(BytesView bytes) { return decode_schema(bytes, cryptography()); }

std::string refusal_of(const SchemaMessage& message) {
  const auto schema = decoded(to_cbor(message));
  return schema ? "decoded" : schema.error().message;
}

TEST(CompiledSchema, ComesBackAsItWas) {
  const Schema schema = tickets();
  const Bytes bytes = encode_schema(schema);
  const auto back = decoded(bytes);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, schema);
  EXPECT_EQ(back->hash, cryptography().hash({bytes}));
  EXPECT_EQ(encode_schema(*back), bytes);
}

// The hex digits that a document draws between two lines: each line's, up to two spaces.
std::string drawn_hex(const std::string& document, const std::string& first,
                      const std::string& end) {
  const std::size_t begin = document.find(first);
  if (begin == document.npos) return "no \"" + first + "\"";
  std::istringstream lines(document.substr(begin, document.find(end, begin) - begin));
  std::string hex;
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(' '));
    for (const char c : line.substr(0, line.find("  "))) {
      if (c != ' ') hex.push_back(c);
    }
  }
  return hex;
}

TEST(CompiledSchema, HasTheBytesThatTheDocumentDraws) {
  std::ifstream file("schema/SCHEMA.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  const Schema schema =
      compiled({header(R"({"schema": "tiny", "version": 2})"), SchemaSource{"note.json", R"({
      "collection": "note", "id": 1, "paths": ["public"],
      "fields": [{"id": 1, "name": "body", "type": "text", "required": true, "bytes_max": 500}]})"}});
  EXPECT_EQ(to_hex(encode_schema(schema)),
            "a4"                    // a map of 4
            "0101"                  // format: 1
            "026474696e79"          // name: "tiny"
            "0302"                  // version: 2
            "0481a4"                // collections: one, a map of 4
            "0101"                  //   id: 1
            "02646e6f7465"          //   name: "note"
            "0481a6"                //   fields: one, a map of 6
            "0101"                  //     id: 1
            "0264626f6479"          //     name: "body"
            "0301"                  //     type: text
            "0401"                  //     rule: latest
            "05f5"                  //     required: true
            "061901f4"              //     bytes_max: 500
            "0681667075626c6963");  //   paths: ["public"]
  EXPECT_EQ(to_hex(encode_schema(schema)), drawn_hex(document, "    a4    ", "    hash  "));
  EXPECT_THAT(document, HasSubstr("    hash  " + to_hex(schema.hash.view())));
  EXPECT_EQ(to_hex(schema.hash.view()),
            "a4b9c8415eaef02828b83099fe8a9d84b190bfd9552911b60848b26274f7b173");
}

TEST(CompiledSchema, IsRefusedTruncatedAtEveryByte) {
  const Bytes bytes = encode_schema(tickets());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decoded(BytesView(bytes).substr(0, length))) << length;
  }
  EXPECT_EQ(decoded(bytes + '\0').error().code, ErrorCode::trailing_bytes);
}

TEST(CompiledSchema, DecodesOnlyItsOwnForm) {
  const Bytes bytes = encode_schema(tickets());
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto schema = decoded(changed);
      if (!schema) continue;
      ++accepted;  // another letter in a name, another limit: then that, and in one form
      EXPECT_EQ(encode_schema(*schema), changed);
    }
  }
  EXPECT_GT(accepted, 0U);
}

TEST(CompiledSchema, TellsANewerFormatFromRubbish) {
  SchemaMessage message = schema_message(tickets());
  message.format = schema_format + 1;
  Bytes newer = to_cbor(message);
  EXPECT_EQ(decoded(newer).error().code, ErrorCode::newer_format);
  message.format = 0;
  EXPECT_EQ(decoded(to_cbor(message)).error().code, ErrorCode::malformed);
  EXPECT_EQ(decoded("").error().code, ErrorCode::truncated);
  EXPECT_EQ(decoded("hello").error().code, ErrorCode::wrong_type);
  EXPECT_EQ(decoded(Bytes(compiled_schema_bytes_max + 1, '\0')).error().code, ErrorCode::too_large);
}

TEST(CompiledSchema, RefusesPartsThatItsFormatDoesNotHave) {
  Bytes bytes = encode_schema(tickets());
  ASSERT_EQ(bytes[0], '\xa4');
  bytes[0] = '\xa5';
  CborWriter writer(bytes);
  writer.unsigned_integer(99);
  writer.text("new");
  EXPECT_EQ(decoded(bytes).error().code, ErrorCode::not_canonical);
}

// A hostile server must not make a client's database of what the compiler would have refused.
TEST(CompiledSchema, HoldsBytesToTheRulesOfTheCompiler) {
  const SchemaMessage good = schema_message(tickets());
  EXPECT_EQ(refusal_of(good), "decoded");
  const auto spoiled = [&](auto&& spoil) {
    SchemaMessage message = good;
    spoil(message.collections[0]);
    return refusal_of(message);
  };
  EXPECT_THAT(spoiled([](auto& c) { c.name = "x\"; DROP TABLE y; --"; }),
              HasSubstr("collection 3: collection: "));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[3].name = "_tx"; }),
              HasSubstr("collection 3, field 6: name: "));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[1].rule = MergeRule::latest; }),
              HasSubstr("derived_from: \"seat\" must be once and required"));
  EXPECT_THAT(spoiled([](auto& c) { std::swap(c.fields[0], c.fields[1]); }),
              HasSubstr("fields stand in the order of their ids"));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[4].id = FieldId(0); }),
              HasSubstr("field ids go from 1"));
  EXPECT_THAT(spoiled([](auto& c) { c.paths[0] = "event/{nothing}"; }),
              HasSubstr("ticket has no field \"nothing\""));
  EXPECT_THAT(spoiled([](auto& c) { c.paths[0] = "event/{seat}"; }),
              HasSubstr("\"seat\" is text: a path is made of"));
  EXPECT_THAT(spoiled([](auto& c) { c.derived_from[0] = FieldId(77); }),
              HasSubstr("names a field that is not there"));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[1].bytes_max = 0xffff'ffff; }),
              HasSubstr("bytes of a text: at most"));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[0].bytes_max = 20; }), HasSubstr("parts that"));
  EXPECT_THAT(spoiled([](auto& c) { c.fields[0].elements_max = 20; }),
              HasSubstr("only a set has elements"));
  EXPECT_THAT(spoiled([](auto& c) { c.fields.clear(); }),
              HasSubstr("ticket has no field \"event\""));
  EXPECT_THAT(spoiled([](auto& c) { c.paths.assign(100'000, "x/{seat}"); }),
              HasSubstr("more fields or paths than it may"));
  SchemaMessage none = good;
  none.collections.clear();
  EXPECT_THAT(refusal_of(none), HasSubstr("a schema needs a collection"));
  SchemaMessage twice = good;
  twice.collections.push_back(twice.collections[0]);
  EXPECT_THAT(refusal_of(twice), HasSubstr("collection id 3 is taken"));
  std::swap(twice.collections[0].id, twice.collections[1].id);
  twice.collections[1].id = CollectionId(2);
  EXPECT_THAT(refusal_of(twice), HasSubstr("collections stand in the order of their ids"));
}

TEST(CompiledSchema, RefusesUnknownTypesAndRules) {
  Bytes bytes = encode_schema(compiled(field(R"("type": "sealed", "bytes_max": 1)")));
  const Bytes type_and_rule("\x03\x0b\x04\x01", 4);  // type: sealed, rule: latest
  const std::size_t at = bytes.find(type_and_rule);
  ASSERT_NE(at, bytes.npos);
  Bytes unknown_type = bytes;
  unknown_type[at + 1] = 12;
  EXPECT_THAT(decoded(unknown_type).error().message, HasSubstr("type: "));
  Bytes unknown_rule = bytes;
  unknown_rule[at + 3] = 7;
  EXPECT_THAT(decoded(unknown_rule).error().message, HasSubstr("rule: "));
}

}  // namespace
}  // namespace rollcall
