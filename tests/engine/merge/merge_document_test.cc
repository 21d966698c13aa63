// The worked examples of MERGE.md are run: a block that starts with ```merge names a rule, and each
// of its lines is a write and, behind "=>", what stands then and the verdict.

#include <fstream>
#include <optional>

#include "engine/model/schema.h"
#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

constexpr const char* document = "engine/merge/MERGE.md";

std::optional<Script> script_of(const std::string& name) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first, MergeRule::counter,
                               MergeRule::set, MergeRule::ladder, MergeRule::once}) {
    if (name == rule_name(rule)) return Script(rule);
  }
  if (name == "row") {
    return Script(
        {field_of(1, "phone", MergeRule::latest), field_of(2, "visits", MergeRule::counter)});
  }
  return std::nullopt;
}

std::string trimmed(const std::string& text) {
  const std::size_t from = text.find_first_not_of(' ');
  if (from == std::string::npos) return "";
  return text.substr(from, text.find_last_not_of(' ') - from + 1);
}

TEST(MergeDocument, EveryWorkedExampleHolds) {
  std::ifstream in(document);
  ASSERT_TRUE(in) << document;
  std::optional<Script> script;
  std::size_t examples = 0;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("```merge ", 0) == 0) {
      script = script_of(trimmed(line.substr(9)));
      ASSERT_TRUE(script) << document << ":" << number;
    } else if (line.rfind("```", 0) == 0) {
      script.reset();
    } else if (script && !trimmed(line).empty()) {
      const std::size_t arrow = line.find("=>");
      ASSERT_NE(arrow, std::string::npos) << document << ":" << number;
      script->line(line.substr(0, arrow));
      EXPECT_EQ(script->text() + " (" + script->verdict() + ")", trimmed(line.substr(arrow + 2)))
          << document << ":" << number;
      ++examples;
    }
  }
  EXPECT_GE(examples, 20u) << "the examples are not where this test looks for them";
}

}  // namespace
}  // namespace rollcall
