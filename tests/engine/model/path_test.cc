#include "engine/model/path.h"

#include "engine/model/limits.h"

namespace rollcall {
namespace {

const RowId id = RowId::parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f").value();

TEST(CheckPath, TakesScopePaths) {
  for (const char* path :
       {"public", "unit/nc/wake/1-01", "unit/md/place:baltimore/1-001", "unit/pr/añasco",
        "event/017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "a.b_c~d"}) {
    EXPECT_TRUE(check_path(path)) << path;
  }
}

TEST(CheckPath, RefusesEmptySegmentsAndOtherCharacters) {
  for (const char* path : {"", "/", "/unit", "unit/", "unit//nc", "Unit", "unit/nc wake",
                           "unit\\nc", "unit/%", "unit/*", "a\tb", "unit/\xff", "unit/\xc3"}) {
    EXPECT_EQ(check_path(path).error().code, ErrorCode::bad_value) << path;
  }
  EXPECT_EQ(check_path(std::string_view("a\0b", 3)).error().code, ErrorCode::bad_value);
}

TEST(CheckPath, HoldsItsLimits) {
  EXPECT_TRUE(check_path(std::string(path_bytes_max, 'a')));
  EXPECT_FALSE(check_path(std::string(path_bytes_max + 1, 'a')));
  std::string deep = "a";
  for (std::size_t i = 1; i < path_segments_max; ++i) deep += "/a";
  EXPECT_TRUE(check_path(deep));
  EXPECT_FALSE(check_path(deep + "/a"));
}

TEST(Covers, MatchesWholeSegmentsOnly) {
  EXPECT_TRUE(covers("unit/nc", "unit/nc"));
  EXPECT_TRUE(covers("unit/nc", "unit/nc/wake"));
  EXPECT_FALSE(covers("unit/nc", "unit/ncx"));
  EXPECT_FALSE(covers("unit/nc", "unit/ncx/wake"));
  EXPECT_FALSE(covers("unit/nc/wake", "unit/nc"));
  EXPECT_FALSE(covers("unit/nc", "event/nc"));
  EXPECT_FALSE(covers("", "unit")) << "no prefix is not every path";
}

PathTemplate::Part text_part(std::string text) {
  PathTemplate::Part part;
  part.literal = std::move(text);
  return part;
}
PathTemplate::Part field_part(std::uint16_t field) {
  PathTemplate::Part part;
  part.field = FieldId(field);
  return part;
}
PathTemplate::Part id_part() {
  PathTemplate::Part part;
  part.row_id = true;
  return part;
}
PathTemplate shape(std::vector<PathTemplate::Part> parts) {
  PathTemplate path;
  path.parts = std::move(parts);
  return path;
}

FieldDef field_def(std::uint16_t field, FieldType type, MergeRule rule = MergeRule::latest) {
  FieldDef def;
  def.id = FieldId(field);
  def.name = "f" + std::to_string(field);
  def.type = type;
  def.rule = rule;
  return def;
}

// event: `event/{id}`, `unit/{hosts}`, `public` when visibility=public; and `person/{owner}`.
class RowPaths : public testing::Test {
 protected:
  RowPaths() {
    event.id = CollectionId(6);
    event.name = "event";
    event.fields = {deleted_field(), field_def(1, FieldType::path, MergeRule::set),
                    field_def(2, FieldType::enumerated), field_def(3, FieldType::id),
                    field_def(4, FieldType::boolean)};
    event.paths = {shape({text_part("event/"), id_part()}),
                   shape({text_part("unit/"), field_part(1)}), shape({text_part("public")}),
                   shape({text_part("person/"), field_part(3)})};
    event.paths[2].when_field = FieldId(2);
    event.paths[2].when_value = "public";
    row.fields.resize(event.fields.size());
  }
  void host(std::string_view path) {
    row.fields[1].elements.push_back({Value::text(path), Stamp::at(1, 0, DeviceNumber(1))});
  }
  std::vector<std::string> paths() { return row_paths(event, id, row).value(); }

  CollectionDef event;
  RowState row;
};

const char* const event_path = "event/017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

TEST_F(RowPaths, ARowHasOnePathForEachTemplateThatHasAValue) {
  EXPECT_EQ(paths(), std::vector<std::string>{event_path});
  row.fields[3].value = Value::bytes(id.view());
  EXPECT_EQ(paths(),
            (std::vector<std::string>{event_path, "person/017f22e2-79b0-7cc3-98c4-dc0c0c07398f"}));
}

TEST_F(RowPaths, ASetGivesOnePathForEachElementSortedAndOnce) {
  host("nc/wake");
  host("nc/chatham");
  event.paths.push_back(shape({text_part("unit/"), field_part(1)}));
  EXPECT_EQ(paths(), (std::vector<std::string>{event_path, "unit/nc/chatham", "unit/nc/wake"}));
}

TEST_F(RowPaths, ATemplateMayHoldTwoSets) {
  host("b");
  host("a");
  event.paths = {shape({field_part(1), text_part("/"), field_part(1)})};
  EXPECT_EQ(paths(), (std::vector<std::string>{"a/a", "a/b", "b/a", "b/b"}));
}

TEST_F(RowPaths, AConditionCountsOnlyWhileItsFieldHasThatText) {
  row.fields[2].value = Value::text("members");
  EXPECT_EQ(paths(), std::vector<std::string>{event_path});
  row.fields[2].value = Value::text("public");
  EXPECT_EQ(paths(), (std::vector<std::string>{event_path, "public"}));
  event.paths[2].when_field = FieldId(4);
  event.paths[2].when_value = "true";
  EXPECT_EQ(paths(), std::vector<std::string>{event_path});
  row.fields[4].value = Value::boolean(true);
  EXPECT_EQ(paths(), (std::vector<std::string>{event_path, "public"}));
}

TEST_F(RowPaths, ADeletedRowKeepsItsPaths) {
  row.fields[0].value = Value::boolean(true);
  EXPECT_EQ(paths(), std::vector<std::string>{event_path});
}

TEST_F(RowPaths, AValueThatMakesNoPathIsRefused) {
  host("NC Wake");
  EXPECT_EQ(row_paths(event, id, row).error().code, ErrorCode::bad_value);
  row.fields[1].elements.clear();
  host("");
  EXPECT_EQ(row_paths(event, id, row).error().code, ErrorCode::bad_value);
  row.fields[1].elements.clear();
  row.fields[3].value = Value::bytes("short");
  EXPECT_EQ(row_paths(event, id, row).error().code, ErrorCode::bad_value);
}

TEST_F(RowPaths, HoldsTheLimitsOfARow) {
  host(std::string(path_bytes_max - 5, 'a'));
  EXPECT_TRUE(row_paths(event, id, row));
  row.fields[1].elements.clear();
  host(std::string(path_bytes_max - 4, 'a'));
  EXPECT_EQ(row_paths(event, id, row).error().code, ErrorCode::too_long);
  row.fields[1].elements.clear();
  event.paths = {shape({text_part("unit/"), field_part(1)})};
  for (std::size_t i = 0; i < row_paths_max; ++i) host("nc/" + std::to_string(i));
  EXPECT_EQ(paths().size(), row_paths_max);
  host("nc/more");
  EXPECT_EQ(row_paths(event, id, row).error().code, ErrorCode::limit);
}

TEST_F(RowPaths, PlainValuesGiveTheSameIntoStringsThatAreThere) {
  std::vector<std::string> out = {"left", "over", "from", "the row before"};
  const auto value = [](std::size_t position) {
    return position == 2   ? ValueView::of_text("public")
           : position == 3 ? ValueView::of_bytes(id.view())
                           : ValueView::null();
  };
  ASSERT_TRUE(row_paths(event, id, value, out));
  row.fields[2].value = Value::text("public");
  row.fields[3].value = Value::bytes(id.view());
  EXPECT_EQ(out, paths());
  ASSERT_TRUE(row_paths(
      event, id, [](std::size_t) { return ValueView::null(); }, out));
  EXPECT_EQ(out, std::vector<std::string>{event_path});
}

TEST(DeriveRowId, IsTheVersion5OfTheCanonicalCbor) {
  CollectionDef registration;
  registration.id = CollectionId(7);
  // 83 07 63 "abc" 38 63 = [7, "abc", -100]; computed with Python's uuid.uuid5 over these bytes.
  const std::vector<ValueView> values = {ValueView::of_text("abc"), ValueView::of_integer(-100)};
  EXPECT_EQ(derive_row_id(registration, values).text(), "91cbc81b-93b5-58d9-8082-3791e7e105a5");
  const std::vector<ValueView> all = {ValueView::null(),
                                      ValueView::of_boolean(true),
                                      ValueView::of_boolean(false),
                                      ValueView::of_integer(23),
                                      ValueView::of_integer(24),
                                      ValueView::of_integer(65'536),
                                      ValueView::of_integer(INT64_MIN),
                                      ValueView::of_bytes(id.view())};
  EXPECT_EQ(derive_row_id(registration, all).text(), "a491da03-8049-5906-98f7-e09d6e38156e");
}

TEST(DeriveRowId, TellsCollectionsKindsAndBordersApart) {
  CollectionDef a;
  a.id = CollectionId(1);
  CollectionDef b;
  b.id = CollectionId(2);
  const auto text = [](std::string_view t) { return ValueView::of_text(t); };
  EXPECT_NE(derive_row_id(a, {text("x")}), derive_row_id(b, {text("x")}));
  EXPECT_NE(derive_row_id(a, {text("xy"), text("z")}), derive_row_id(a, {text("x"), text("yz")}));
  EXPECT_NE(derive_row_id(a, {text("x")}), derive_row_id(a, {ValueView::of_bytes("x")}));
  EXPECT_NE(derive_row_id(a, {text("1")}), derive_row_id(a, {ValueView::of_integer(1)}));
}

}  // namespace
}  // namespace rollcall
