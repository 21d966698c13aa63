#include "engine/merge/merge_row.h"

#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

using Lines = std::vector<std::string>;

Script person() {
  return Script(std::vector<FieldDef>{field_of(1, "phone", MergeRule::latest),
                                      field_of(2, "note", MergeRule::latest),
                                      field_of(3, "visits", MergeRule::counter)});
}

TEST(MergeRow, AnInsertThatMeetsARowMergesIntoIt) {
  Script script = person();
  script.play({"a@5 insert phone=1 note=x", "b@6 insert phone=2 note=x"});
  EXPECT_EQ(script.text(),
            "live b@6; agreed a@5 | phone: 2 b@6; lost 1 a@5 | note: x b@6; agreed a@5");
  EXPECT_EQ(script.verdict(), "merged");
}

TEST(MergeRow, NamesTheFieldsWhoseSequenceMoves) {
  Script script = person();
  script.play({"a@5 insert phone=1 note=x"});
  EXPECT_EQ(script.effect().changed, (std::vector<std::uint16_t>{0, 1, 2}));
  EXPECT_EQ(script.verdict(), "applied");
  script.line("a@6 write note=y");
  EXPECT_EQ(script.effect().changed, std::vector<std::uint16_t>{2});
}

TEST(MergeRow, ADeleteKeepsWhatOthersWroteAfterItsCursor) {
  Script script = person();
  script.play({"a@5 insert phone=1 note=x visits=1", "c@6 write phone=2 seeing a@5",
               "b@7 delete seeing a@5 after 1"});
  EXPECT_EQ(script.text(), "deleted b@7 | phone: 2 c@6; lost 2 c@6 | note: x a@5 | visits: 1 a@5");
  EXPECT_EQ(script.effect().changed, (std::vector<std::uint16_t>{0, 1}));
  EXPECT_EQ(script.verdict(), "merged");
}

TEST(MergeRow, ADeleteThatSawEverythingKeepsNothing) {
  Script script = person();
  script.play(
      {"a@5 insert phone=1", "c@6 write phone=2 seeing a@5", "b@7 delete seeing a@5 after 2"});
  EXPECT_EQ(script.text(), "deleted b@7 | phone: 2 c@6");
  EXPECT_EQ(script.verdict(), "applied");
}

TEST(MergeRow, ADeleteThatMeetsADeleteStillKeepsWhatItsAuthorHadNotSeen) {
  // d had seen c's phone when it deleted, b had not: in either order b's ignorance shows.
  for (const Lines& deletes :
       {Lines{"d@8 delete seeing a@5 after 2", "b@7 delete seeing a@5 after 1"},
        Lines{"b@7 delete seeing a@5 after 1", "d@8 delete seeing a@5 after 2"}}) {
    Script script = person();
    script.play({"a@5 insert phone=1", "c@6 write phone=2 seeing a@5"});
    script.play(deletes);
    EXPECT_EQ(script.text(), "deleted d@8; agreed b@7 | phone: 2 c@6; lost 2 c@6") << deletes[0];
  }
}

TEST(MergeRow, ADeleteDoesNotKeepItsOwnDevicesWrites) {
  Script script = person();
  EXPECT_EQ(script.play({"b@5 insert phone=1", "b@7 delete"}), "deleted b@7 | phone: 1 b@5");
}

TEST(MergeRow, AWriteThatMeetsADeleteIsKeptAndCountersJoin) {
  Script script = person();
  script.play({"a@5 insert phone=1 visits=1", "b@7 delete seeing a@5 after 1",
               "c@6 write phone=2 visits=4 seeing a@5"});
  EXPECT_EQ(script.text(), "deleted b@7 | phone: 2 c@6; lost 2 c@6 | visits: 5 c@6");
  EXPECT_EQ(script.verdict(), "merged");
}

TEST(MergeRow, TheOrderOfAnEditAndADeleteDoesNotShow) {
  Script edit_first = person();
  Script delete_first = person();
  const std::string insert = "a@5 insert phone=1";
  const std::string edit = "c@6 write phone=2 seeing a@5";
  const std::string remove = "b@7 delete seeing a@5 after 1";
  edit_first.play({insert, edit, remove});
  delete_first.play({insert, remove, edit});
  EXPECT_EQ(edit_first.row, delete_first.row);
}

TEST(MergeRow, AnUndeleteBringsBackWhatMetTheDelete) {
  const std::string insert = "a@5 insert phone=1";
  const std::string edit = "c@6 write phone=2 seeing a@5";
  const std::string remove = "b@7 delete seeing a@5 after 1";
  const std::string undelete = "d@8 undelete seeing b@7";
  for (const Lines& lines :
       {Lines{insert, edit, remove, undelete}, Lines{insert, remove, edit, undelete},
        Lines{insert, remove, undelete, edit}}) {
    Script script = person();
    EXPECT_EQ(script.play(lines), "live d@8 | phone: 2 c@6") << lines[1];
  }
}

TEST(MergeRow, AnInsertThatLosesToADeleteIsKept) {
  Script script = person();
  script.play({"a@5 insert phone=1", "b@7 delete seeing a@5 after 1", "c@6 insert phone=2"});
  EXPECT_EQ(script.text(), "deleted b@7; lost false c@6 | phone: 2 c@6; lost 1 a@5; lost 2 c@6");
}

TEST(MergeRow, AnInsertThatWinsOverADeleteIsTheRow) {
  Script script = person();
  script.play({"a@5 insert phone=1", "b@7 delete seeing a@5 after 1", "c@8 insert phone=2"});
  EXPECT_EQ(script.text(), "live c@8; lost true b@7 | phone: 2 c@8; lost 1 a@5");
}

TEST(MergeRow, AFieldWrittenWithTheDeleteIsNoLoser) {
  Script script = person();
  EXPECT_EQ(script.play({"a@5 insert phone=1", "b@7 delete note=double seeing a@5 after 1"}),
            "deleted b@7 | phone: 1 a@5 | note: double b@7");
  EXPECT_EQ(script.verdict(), "applied");
}

TEST(MergeRow, AReplacedLoserOfADeletedRowIsGone) {
  Script script = person();
  script.play({"a@5 insert phone=1", "b@7 delete seeing a@5 after 1",
               "c@6 write phone=2 seeing a@5", "d@8 write phone=3 seeing c@6"});
  EXPECT_EQ(script.text(), "deleted b@7 | phone: 3 d@8; lost 3 d@8");
}

TEST(MergeRow, AReplicaNeedsNoSequences) {
  Script script = person();
  script.play({"a@5 insert phone=1"});
  RowWrite write;
  FieldWrite deleted;
  deleted.has_value = true;
  deleted.value = ValueView::of_boolean(true);
  write.fields = {deleted};
  RowEffect effect;
  merge_row(script.collection, script.row, write, "b@7"_stamp, {}, effect);
  EXPECT_TRUE(script.row.is_deleted());
  EXPECT_TRUE(script.field().losers.empty());
}

TEST(MergeRow, MakesARowOfNothing) {
  const Script script = person();
  RowState row;
  RowWrite write;
  FieldWrite phone;
  phone.field = FieldId(1);
  phone.has_value = true;
  phone.value = ValueView::of_text("1");
  FieldWrite unknown = phone;
  unknown.field = FieldId(77);
  write.fields = {phone, unknown};
  RowEffect effect;
  merge_row(script.collection, row, write, "a@5"_stamp, {}, effect);
  ASSERT_EQ(row.fields.size(), 4u);
  EXPECT_EQ(row.fields[1].stamp, "a@5"_stamp);
  EXPECT_EQ(effect.changed, std::vector<std::uint16_t>{1});
}

TEST(MergeRow, SeenBaseIsTheGreatestBaseThatStillStands) {
  Script script = person();
  script.play({"a@5 insert phone=1 note=x", "b@6 write phone=2 seeing a@5"});
  const auto seeing = [](std::uint16_t field, Stamp base) {
    FieldWrite write;
    write.field = FieldId(field);
    write.base = base;
    return write;
  };
  RowWrite write;
  write.fields = {seeing(1, "a@5"_stamp)};
  EXPECT_TRUE(seen_base(script.collection, script.row, write).is_none());
  write.fields = {seeing(1, "a@5"_stamp), seeing(2, "a@5"_stamp)};
  EXPECT_EQ(seen_base(script.collection, script.row, write), "a@5"_stamp);
  write.fields = {seeing(1, "b@6"_stamp), seeing(2, "a@5"_stamp), seeing(3, Stamp())};
  EXPECT_EQ(seen_base(script.collection, script.row, write), "b@6"_stamp);
}

TEST(MergeRow, APlainInsertGivesEachFieldItsValue) {
  RowWrite write;
  write.insert = true;
  FieldWrite phone;
  phone.field = FieldId(1);
  phone.has_value = true;
  write.fields = {phone};
  EXPECT_TRUE(is_plain_insert(write));
  write.insert = false;
  EXPECT_FALSE(is_plain_insert(write));
  write.insert = true;
  write.fields[0].generation = 1;
  EXPECT_FALSE(is_plain_insert(write));
  write.fields[0].generation = 0;
  write.fields[0].adds.push_back(Value::text("red"));
  EXPECT_FALSE(is_plain_insert(write));
}

}  // namespace
}  // namespace rollcall
