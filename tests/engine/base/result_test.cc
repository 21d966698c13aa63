#include "engine/base/result.h"

#include <memory>

namespace rollcall {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0)
    return failure(ErrorCode::invalid_argument, std::to_string(number) + " is odd");
  return number / 2;
}

Result<int> quarter(int number) {
  ROLLCALL_TRY_ASSIGN(const int once, half(number));
  ROLLCALL_TRY_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> check_even(int number, int& reached) {
  ROLLCALL_TRY(half(number));
  ++reached;
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_TRUE(half(4).has_value());
  EXPECT_EQ(*half(4), 2);
  EXPECT_EQ(half(4).value_or(9), 2);
  EXPECT_FALSE(half(3));
  EXPECT_EQ(half(3).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(half(3).error().message, "3 is odd");
  EXPECT_EQ(half(3).value_or(9), 9);
}

TEST(Result, TryLeavesWithTheFirstError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(quarter(7).error().message, "7 is odd");
  int reached = 0;
  EXPECT_TRUE(check_even(2, reached));
  EXPECT_EQ(check_even(3, reached).error().message, "3 is odd");
  EXPECT_EQ(reached, 1);
}

TEST(Result, MovesWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  std::unique_ptr<int> taken = make().value();
  EXPECT_EQ(*taken, 5);
  auto held = make();
  EXPECT_EQ(**held, 5);
  taken = *std::move(held);
  EXPECT_EQ(*taken, 5);
}

TEST(Result, CanHoldTheErrorTypeOfAnother) {
  const Result<std::string> text = std::string("fine");
  EXPECT_EQ(text->size(), 4u);
}

TEST(ResultDeathTest, TakingWhatIsNotThereIsABug) {
  EXPECT_DEATH((void)half(3).value(), "broken invariant");
  EXPECT_DEATH((void)half(4).error(), "broken invariant");
  EXPECT_DEATH((void)Result<void>().error(), "broken invariant");
  EXPECT_DEATH(Result<void>(failure(ErrorCode::io, "no")).value(), "broken invariant");
}

}  // namespace
}  // namespace rollcall
