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

TEST(DigestBook, ForgetsThePrefixThatWasNotAskedForTheLongest) {
  DigestBook book(Sequence(1));
  const auto name = [](std::size_t n) { return "person/" + std::to_string(n); };
  for (std::size_t n = 0; n < watched_prefixes_max; ++n) book.offer(name(n), Sequence(1), of(n));
  EXPECT_EQ(book.sum(name(0), Sequence(1)), of(0));  // used again
  book.offer("unit/nc", Sequence(1), of(7));
  EXPECT_EQ(book.sum("unit/nc", Sequence(1)), of(7));
  EXPECT_EQ(book.sum(name(0), Sequence(1)), of(0));
  EXPECT_FALSE(book.sum(name(1), Sequence(1)).has_value());
  EXPECT_EQ(book.watched()->prefixes.size(), watched_prefixes_max);
}

TEST(DigestBook, APrefixThatCameBackIsNotTheOneThatWasForgotten) {
  DigestBook book(Sequence(1));
  book.offer("unit/nc", Sequence(1), of(7));
  const auto before = book.watched();
  for (std::size_t n = 0; n < 3 * watched_prefixes_max; ++n) {
    EXPECT_FALSE(book.sum("person/" + std::to_string(n), Sequence(1)).has_value());
  }
  book.offer("unit/nc", Sequence(1), of(7));
  book.stage(Sequence(2), *before, at("unit/nc", 1));
  EXPECT_FALSE(book.sum("unit/nc", Sequence(2)).has_value());  // it may not have said all
  book.offer("unit/nc", Sequence(2), of(8));
  book.stage(Sequence(3), *book.watched(), at("unit/nc", 1));
  EXPECT_EQ(book.sum("unit/nc", Sequence(3)), of(9));
}

TEST(DigestBook, LetsOneReaderScanAtATime) {
  DigestBook book(Sequence(5));
  EXPECT_TRUE(book.begin_scan("unit/nc", Sequence(5)));
  EXPECT_FALSE(book.begin_scan("unit/nc", Sequence(5)));
  EXPECT_FALSE(book.begin_scan("unit/va", Sequence(5)));
  book.end_scan("unit/nc", std::nullopt);  // it failed
  EXPECT_TRUE(book.begin_scan("unit/va", Sequence(5)));
  book.end_scan("unit/va", of(3));
  EXPECT_FALSE(book.begin_scan("unit/va", Sequence(5)));  // known by now
  EXPECT_EQ(book.sum("unit/va", Sequence(5)), of(3));
}

TEST(DigestBook, KeepsWhatAScanFoundHoweverManyCommitsCameMeanwhile) {
  DigestBook book(Sequence(0));
  ASSERT_TRUE(book.begin_scan("a", Sequence(0)));
  const std::uint64_t count = book_commits_max + 10;
  for (std::uint64_t i = 1; i <= count; ++i) {
    book.stage(Sequence(i), *book.watched(), at("a/b", 1));
  }
  book.stage(Sequence(count + 1), *book.watched(), at("a", 1000));
  book.unstage();
  book.end_scan("a", of(5));
  EXPECT_EQ(book.sum("a", Sequence(count)), of(5 + count));
}

}  // namespace
}  // namespace rollcall
