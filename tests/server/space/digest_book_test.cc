#include "server/space/digest_book.h"

#include <gtest/gtest.h>

#include "server/space/limits.h"

namespace rollcall {
namespace {

Digest of(std::uint64_t sum) { return Digest{sum}; }
std::vector<PathChange> at(std::string path, std::uint64_t by) {
  return {{std::move(path), of(by)}};
}

TEST(DigestBook, KnowsNothingUntilSomebodyScanned) {
  DigestBook book(Sequence(5));
  EXPECT_FALSE(book.sum("unit/nc", Sequence(5)).has_value());
  book.offer("unit/nc", Sequence(5), of(100));
  EXPECT_EQ(book.sum("unit/nc", Sequence(5)), of(100));
}

TEST(DigestBook, FollowsCommitsBelowThePrefixOnly) {
  DigestBook book(Sequence(5));
  book.offer("unit/nc", Sequence(5), of(100));
  const auto watch = book.watched();
  book.stage(Sequence(6), *watch, at("unit/nc/wake", 7));
  book.stage(Sequence(7), *watch, at("unit/nc-east", 1000));
  book.stage(Sequence(8), *watch, at("unit/nc", 1));
  EXPECT_EQ(book.sum("unit/nc", Sequence(8)), of(108));
}

TEST(DigestBook, TellsTheSumOfOlderSnapshots) {
  DigestBook book(Sequence(5));
  book.offer("a", Sequence(5), of(100));
  const auto watch = book.watched();
  book.stage(Sequence(6), *watch, at("a/b", 1));
  book.stage(Sequence(9), *watch, at("a", 10));
  EXPECT_EQ(book.sum("a", Sequence(5)), of(100));
  EXPECT_EQ(book.sum("a", Sequence(6)), of(101));
  EXPECT_EQ(book.sum("a", Sequence(9)), of(111));
}

TEST(DigestBook, TakesAScanOfAnOlderSnapshot) {
  DigestBook book(Sequence(5));
  EXPECT_FALSE(book.sum("a", Sequence(5)).has_value());  // watched from now on
  const auto watch = book.watched();
  book.stage(Sequence(6), *watch, at("a", 1));
  book.offer("a", Sequence(5), of(100));
  EXPECT_EQ(book.sum("a", Sequence(6)), of(101));
}

TEST(DigestBook, IsNotFooledByACommitThatBeganBeforeThePrefixWasWatched) {
  DigestBook book(Sequence(5));
  const auto before = book.watched();
  EXPECT_FALSE(book.sum("a", Sequence(5)).has_value());
  book.stage(Sequence(6), *before, {});  // it changed "a", and did not say so
  book.offer("a", Sequence(5), of(100));
  EXPECT_FALSE(book.sum("a", Sequence(6)).has_value());
  EXPECT_FALSE(book.sum("a", Sequence(5)).has_value());
  book.offer("a", Sequence(6), of(103));
  EXPECT_EQ(book.sum("a", Sequence(6)), of(103));
}

TEST(DigestBook, ForgetsACommitThatDidNotHappen) {
  DigestBook book(Sequence(5));
  book.offer("a", Sequence(5), of(100));
  const auto watch = book.watched();
  book.stage(Sequence(6), *watch, at("a", 1));
  book.unstage();
  EXPECT_EQ(book.sum("a", Sequence(5)), of(100));
  EXPECT_FALSE(book.sum("a", Sequence(6)).has_value());
  book.stage(Sequence(6), *watch, at("a", 2));  // the sequence is given again
  EXPECT_EQ(book.sum("a", Sequence(6)), of(102));
}

TEST(DigestBook, ForgetsOldCommitsAndThenSaysSo) {
  DigestBook book(Sequence(0));
  book.offer("a", Sequence(0), of(0));
  const auto watch = book.watched();
  const std::uint64_t count = book_commits_max + 10;
  for (std::uint64_t i = 1; i <= count; ++i) book.stage(Sequence(i), *watch, at("a", 1));
  EXPECT_FALSE(book.sum("a", Sequence(1)).has_value());
  EXPECT_EQ(book.sum("a", Sequence(count - 5)), of(count - 5));
  EXPECT_EQ(book.sum("a", Sequence(count)), of(count));
}

TEST(DigestBook, WatchesAPrefixThroughItsWholeSegmentsOnly) {
  DigestBook book(Sequence(0));
  book.offer("unit/nc", Sequence(0), of(0));
  const auto watch = book.watched();
  EXPECT_TRUE(watch->covers("unit/nc"));
  EXPECT_TRUE(watch->covers("unit/nc/wake/1-01"));
  EXPECT_FALSE(watch->covers("unit/ncx"));
  EXPECT_FALSE(watch->covers("unit"));
  EXPECT_FALSE(watch->covers("person/nc"));
}

}  // namespace
}  // namespace rollcall
