#include "server/sync/long_poll_hub.h"

#include <gtest/gtest.h>

#include "server/sync/limits.h"

namespace rollcall {
namespace {

using Parked = LongPollHub::Parked;

// A hub and polls that are known by a letter.
class LongPollHubTest : public ::testing::Test {
 protected:
  Parked park(const char* owner, std::vector<std::string> prefixes, std::uint32_t device = 1,
              std::int64_t deadline_ms = 1000) {
    return park_since(hub_.version(0), owner, std::move(prefixes), device, deadline_ms);
  }
  Parked park_since(std::uint64_t version, const char* owner, std::vector<std::string> prefixes,
                    std::uint32_t device = 1, std::int64_t deadline_ms = 1000) {
    LongPollHub::Poll poll;
    poll.device = DeviceNumber(device);
    poll.prefixes = std::move(prefixes);
    poll.deadline_ms = deadline_ms;
    poll.wake = [this, owner] { woken_ += owner; };
    return hub_.park(owner, version, std::move(poll));
  }
  // Who wakes of what touched these paths.
  std::string touch(std::vector<std::string> paths, std::size_t space = 0) {
    CommitNews news;
    news.paths = std::move(paths);
    return tell(news, space);
  }
  std::string tell(const CommitNews& news, std::size_t space = 0) {
    hub_.committed(space, news);
    return take();
  }
  std::string take() { return std::exchange(woken_, {}); }

  Metrics metrics_;
  LongPollHub hub_{metrics_};
  std::string woken_;
};

TEST_F(LongPollHubTest, WakesWhomTheChangedPathsConcernAndNobodyElse) {
  park("a", {"unit/nc"});
  park("b", {"unit/nc/wake"});
  park("c", {"unit/ncx", "event/7"});
  EXPECT_EQ(touch({"unit/nc/wakefield", "unit/va"}), "a") << "whole segments only";
  park("a", {"unit/nc"});
  EXPECT_EQ(touch({"unit/nc/wake/1-01"}), "ba");
  EXPECT_EQ(touch({"event/7"}), "c");
  EXPECT_EQ(hub_.waiting(), 0u);
}

TEST_F(LongPollHubTest, WakesAPollOnceHoweverManyOfItsPathsChanged) {
  park("a", {"unit/nc", "public"});
  EXPECT_EQ(touch({"public", "unit/nc", "unit/nc/wake"}), "a");
  EXPECT_EQ(touch({"public"}), "");
}

TEST_F(LongPollHubTest, WakesADeviceOfItsVerdictsAndGrants) {
  park("a", {}, 1);
  park("b", {}, 2);
  CommitNews verdicts;
  verdicts.verdicts = {DeviceNumber(2), DeviceNumber(3)};
  EXPECT_EQ(tell(verdicts), "b");
  CommitNews grants;
  grants.grants = {DeviceNumber(1)};
  EXPECT_EQ(tell(grants), "a");
}

TEST_F(LongPollHubTest, WakesAllOfASchemaAnEpochOrAChangeEverywhere) {
  for (int what = 0; what < 3; ++what) {
    park("a", {"unit/nc"}, 1);
    park("b", {}, 2);
    CommitNews news;
    (what == 0 ? news.schema : what == 1 ? news.epoch : news.everywhere) = true;
    EXPECT_EQ(tell(news), "ab");
  }
}

TEST_F(LongPollHubTest, KeepsSpacesApart) {
  park("a", {"public"});
  EXPECT_EQ(touch({"public"}, 1), "");
  EXPECT_EQ(touch({"public"}, 0), "a");
}

TEST_F(LongPollHubTest, SendsAPollBackThatACommitOvertook) {
  const std::uint64_t before = hub_.version(0);
  touch({"unit/nc"});
  EXPECT_EQ(park_since(before, "a", {"unit/nc"}), Parked::moved_on);
  EXPECT_EQ(park_since(before, "b", {"unit/va"}), Parked::waiting) << "not its business";
  EXPECT_EQ(hub_.waiting(), 1u);
}

TEST_F(LongPollHubTest, SendsAPollBackWhenItCannotKnowWhatOvertookIt) {
  const std::uint64_t before = hub_.version(0);
  for (std::size_t i = 0; i <= recent_news_max; ++i) touch({"unit/va"});
  EXPECT_EQ(park_since(before, "a", {"unit/nc"}), Parked::moved_on) << "too many commits";

  const std::uint64_t again = hub_.version(0);
  touch(std::vector<std::string>(recent_news_paths_max + 1, "unit/va"));
  EXPECT_EQ(park_since(again, "a", {"unit/nc"}), Parked::moved_on) << "too many paths";
}

TEST_F(LongPollHubTest, WakesAtTheDeadlineAndTellsTheNext) {
  park("a", {"x"}, 1, 100);
  park("b", {"x"}, 2, 200);
  EXPECT_EQ(hub_.expire(99), 100);
  EXPECT_EQ(take(), "");
  EXPECT_EQ(hub_.expire(100), 200);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(hub_.expire(5000), std::nullopt);
  EXPECT_EQ(take(), "b");
}

TEST_F(LongPollHubTest, RingsWhenADeadlineComesBeforeAllOthers) {
  int rings = 0;
  hub_.set_alarm([&rings] { ++rings; });
  park("a", {}, 1, 200);
  EXPECT_EQ(rings, 1);
  park("b", {}, 2, 300);
  EXPECT_EQ(rings, 1);
  park("c", {}, 3, 100);
  EXPECT_EQ(rings, 2);
}

TEST_F(LongPollHubTest, ForgetsAPollWhoseClientHungUp) {
  const char* owner = "a";
  park(owner, {"x"});
  hub_.forget(owner);
  EXPECT_EQ(touch({"x"}), "");
  EXPECT_EQ(hub_.expire(100'000), std::nullopt);
  hub_.forget(owner);
}

TEST_F(LongPollHubTest, DrainsAllAndTakesNoMore) {
  park("a", {"x"}, 1);
  park("b", {"y"}, 2);
  EXPECT_EQ(metrics_.polls_waiting.load(), 2);
  hub_.drain();
  EXPECT_EQ(take(), "ab");
  EXPECT_EQ(park("c", {"x"}), Parked::draining);
  EXPECT_EQ(metrics_.polls_waiting.load(), 0);
}

}  // namespace
}  // namespace rollcall
