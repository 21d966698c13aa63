#include "engine/merge/restore.h"

#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

// Applies what `restore_loser` proposes for the first open loser, as a write of device d.
std::string restored(MergeRule rule, const std::vector<std::string>& lines) {
  Script script(rule);
  script.play(lines);
  const FieldDef& def = script.collection.fields[1];
  FieldState& field = script.row.fields[1];
  const Loser loser = field.losers.front();
  const auto write = restore_loser(def, field, loser);
  if (!write) return std::string(error_name(write.error().code));
  const MergeEffect effect = merge_field(def, field, *write, "d@9"_stamp, {});
  EXPECT_FALSE(effect.merged);
  return script.text();
}

TEST(Restore, PutsTheLosersValueBackAndClosesIt) {
  EXPECT_EQ(restored(MergeRule::latest, {"a@5 write red", "b@6 write blue"}), "red d@9");
  EXPECT_EQ(restored(MergeRule::first, {"a@5 write red", "b@6 write blue"}),
            "blue d@9 generation 1");
  EXPECT_EQ(restored(MergeRule::ladder,
                     {"a@5 write attended", "c@7 write enrolled generation 1 seeing a@5",
                      "b@6 write completed"}),
            "completed d@9 generation 2");
}

TEST(Restore, AOnceFieldsLoserCanOnlyBeClosed) {
  EXPECT_EQ(restored(MergeRule::once, {"a@5 write red", "b@6 write blue"}), "not_allowed");
}

TEST(Restore, ClosingLeavesTheValue) {
  Script script(MergeRule::once);
  script.play({"a@5 write red", "b@6 write blue"});
  const FieldDef& def = script.collection.fields[1];
  FieldState& field = script.row.fields[1];
  const FieldWrite write = close_loser(def, field, field.losers.front());
  const MergeEffect effect = merge_field(def, field, write, "d@9"_stamp, {});
  EXPECT_TRUE(effect.changed);
  EXPECT_EQ(script.text(), "red a@5");
}

}  // namespace
}  // namespace rollcall
