#include "engine/protocol/client_sync.h"

#include <gtest/gtest.h>

#include "engine/protocol/limits.h"

namespace rollcall {
namespace {

using Kind = RequestOutcome::Kind;

class ClientSyncTest : public testing::Test {
 protected:
  std::vector<RequestPlan> decide() { return sync_.decide(facts_, now_); }
  void end(Lane lane, Kind kind, std::int64_t retry_after_ms = 0) {
    sync_.ended(lane, {kind, retry_after_ms}, now_);
  }

  SeededRandom random_{11};
  ClientSync sync_{random_};
  ReplicaFacts facts_;
  std::int64_t now_ = 1000;
};

TEST_F(ClientSyncTest, CatchUpEndsAfterOneReadWithNothingLeft) {
  sync_.start(ClientSync::Mode::catch_up);
  auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].read);
  EXPECT_FALSE(plans[0].push);
  EXPECT_EQ(plans[0].wait_ms, 0u);
  EXPECT_TRUE(decide().empty());
  facts_.read_complete = true;
  end(plans[0].lane, Kind::answered);
  EXPECT_TRUE(decide().empty());
  EXPECT_EQ(sync_.mode(), ClientSync::Mode::idle);
}

TEST_F(ClientSyncTest, ACatchUpWithNothingToSendIsNotDoneBeforeItWasAnswered) {
  for (const Kind kind : {Kind::unreachable, Kind::stale, Kind::later, Kind::replayed}) {
    ClientSync sync(random_);
    facts_ = {.read_complete = true};
    sync.start(ClientSync::Mode::catch_up);
    ASSERT_EQ(sync.decide(facts_, now_).size(), 1u);
    sync.ended(Lane::push, {kind, 0}, now_);
    std::vector<RequestPlan> again = sync.decide(facts_, now_);
    EXPECT_EQ(sync.mode(), ClientSync::Mode::catch_up) << static_cast<int>(kind);
    if (again.empty()) {
      now_ = *sync.next_wake_ms();
      again = sync.decide(facts_, now_);
    }
    ASSERT_EQ(again.size(), 1u) << static_cast<int>(kind);
    sync.ended(Lane::push, {Kind::answered, 0}, now_);
    EXPECT_TRUE(sync.decide(facts_, now_).empty());
    EXPECT_EQ(sync.mode(), ClientSync::Mode::idle);
  }
}

TEST_F(ClientSyncTest, CatchUpGoesOnUntilOwnWritesCameBack) {
  facts_ = {.unsent = true, .read_complete = true};
  sync_.start(ClientSync::Mode::catch_up);
  auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].push && plans[0].read);
  facts_ = {.read_complete = true, .unread_own = true};
  end(Lane::push, Kind::answered);
  ASSERT_EQ(decide().size(), 1u);
  facts_.unread_own = false;
  end(Lane::push, Kind::answered);
  EXPECT_TRUE(decide().empty());
  EXPECT_EQ(sync_.mode(), ClientSync::Mode::idle);
}

TEST_F(ClientSyncTest, UploadingNeverWaitsForTheOpenRead) {
  facts_.read_complete = true;
  sync_.start(ClientSync::Mode::live);
  auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].lane, Lane::read);
  EXPECT_EQ(plans[0].wait_ms, live_wait_ms);
  facts_.unsent = true;
  plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].lane, Lane::push);
  EXPECT_FALSE(plans[0].read);
}

TEST_F(ClientSyncTest, ReadingGoesOnWhileUploadingRests) {
  facts_ = {.unsent = true, .read_complete = true};
  sync_.start(ClientSync::Mode::live);
  ASSERT_EQ(decide().size(), 2u);
  end(Lane::push, Kind::later, 5000);
  end(Lane::read, Kind::answered);
  const auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].lane, Lane::read);
}

TEST_F(ClientSyncTest, RestsAtLeastAsLongAsTold) {
  facts_.unsent = true;
  sync_.start(ClientSync::Mode::catch_up);
  decide();
  end(Lane::push, Kind::later, 5000);
  now_ += 4999;
  EXPECT_TRUE(decide().empty());
  now_ += 1 + backoff_base_ms;
  EXPECT_EQ(decide().size(), 1u);
}

TEST_F(ClientSyncTest, BacksOffWithJitterUpToTheCapAndNeverForEver) {
  sync_.start(ClientSync::Mode::live);
  std::int64_t longest = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_FALSE(decide().empty()) << i;
    end(Lane::read, Kind::unreachable);
    const auto wake = sync_.next_wake_ms();
    ASSERT_TRUE(wake.has_value());
    longest = std::max(longest, *wake - now_);
    EXPECT_LE(*wake - now_, backoff_cap_ms);
    now_ = std::max(now_, *wake);
  }
  EXPECT_GT(longest, backoff_cap_ms / 2);
}

TEST_F(ClientSyncTest, HurryEndsTheRest) {
  sync_.start(ClientSync::Mode::live);
  decide();
  end(Lane::read, Kind::later, 3'600'000);
  EXPECT_TRUE(decide().empty());
  sync_.hurry();
  EXPECT_FALSE(decide().empty());
}

TEST_F(ClientSyncTest, EveryRequestHasADeadline) {
  facts_.read_complete = true;
  sync_.start(ClientSync::Mode::live);
  decide();
  EXPECT_FALSE(sync_.overdue(now_ + live_wait_ms + request_deadline_ms - 1).has_value());
  EXPECT_EQ(sync_.overdue(now_ + live_wait_ms + request_deadline_ms), Lane::read);
}

TEST_F(ClientSyncTest, AWrongClockIsRetriedOnceAtOnceThenRests) {
  sync_.start(ClientSync::Mode::catch_up);
  decide();
  end(Lane::push, Kind::stale);
  ASSERT_EQ(decide().size(), 1u);
  end(Lane::push, Kind::stale);
  EXPECT_GE(*sync_.next_wake_ms(), now_);
  EXPECT_EQ(sync_.failures(), 1u);
}

TEST_F(ClientSyncTest, FindsTheTransactionThatIsRefusedAndVoidsIt) {
  facts_ = {.unsent = true};
  sync_.start(ClientSync::Mode::catch_up);
  auto plans = decide();
  EXPECT_FALSE(plans[0].push_one);
  end(Lane::push, Kind::refused);
  now_ += backoff_cap_ms;
  plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  end(Lane::push, Kind::refused);
  now_ += backoff_cap_ms;
  plans = decide();  // pulls first
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_FALSE(plans[0].push);
  EXPECT_TRUE(plans[0].read);
  end(Lane::push, Kind::answered);
  plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].push_one);
  end(Lane::push, Kind::answered);  // this one was not it
  plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].push_one);
  end(Lane::push, Kind::refused);
  EXPECT_TRUE(sync_.wants_void());
  EXPECT_TRUE(decide().empty());
  sync_.voided();
  plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].push);
}

TEST_F(ClientSyncTest, AForkStopsPushingNotReading) {
  facts_ = {.unsent = true, .push_stopped = true};
  sync_.start(ClientSync::Mode::catch_up);
  const auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_FALSE(plans[0].push);
  EXPECT_TRUE(plans[0].read);
}

TEST_F(ClientSyncTest, AServerThatLacksWhatTheReplicaHasIsAskedEverMoreSeldom) {
  sync_.start(ClientSync::Mode::live);
  std::int64_t longest = 0;
  for (std::uint32_t i = 1; i <= 12; ++i) {
    ASSERT_EQ(decide().size(), 1u);
    end(Lane::read, Kind::behind);
    EXPECT_EQ(sync_.failures(), i);
    longest = std::max(longest, *sync_.next_wake_ms() - now_);
    now_ = std::max(now_, *sync_.next_wake_ms());
  }
  EXPECT_GT(longest, 4 * backoff_base_ms);
}

TEST_F(ClientSyncTest, WhoWaitsForTheServerToHaveItsWritesReadsOnceAPushWentThrough) {
  facts_ = {.unsent = true};
  sync_.start(ClientSync::Mode::live);
  ASSERT_EQ(decide().size(), 2u);
  for (int i = 0; i < 8; ++i) {  // a long rest by now
    end(Lane::read, Kind::behind);
    now_ = std::max(now_, sync_.next_wake_ms().value_or(now_));
    while (!sync_.under_way(Lane::read)) {
      decide();
      ++now_;
    }
  }
  end(Lane::read, Kind::behind);
  end(Lane::push, Kind::answered);
  facts_ = {};
  const auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].lane, Lane::read);
}

TEST_F(ClientSyncTest, ADeniedDeviceStopsAsking) {
  sync_.start(ClientSync::Mode::live);
  decide();
  end(Lane::read, Kind::denied);
  EXPECT_TRUE(sync_.is_denied());
  now_ += 10 * backoff_cap_ms;
  EXPECT_TRUE(decide().empty());
}

TEST_F(ClientSyncTest, ARestThatIsOverWakesNobodyWhoHasNothingToSay) {
  facts_ = {.unsent = true, .read_complete = true};
  sync_.start(ClientSync::Mode::live);
  ASSERT_EQ(decide().size(), 2u);
  end(Lane::push, Kind::unreachable);
  facts_.unsent = false;  // its verdict came by the read lane
  now_ += backoff_base_ms;
  EXPECT_TRUE(decide().empty());
  ASSERT_TRUE(sync_.next_wake_ms().has_value());
  EXPECT_GT(*sync_.next_wake_ms(), now_);
}

TEST_F(ClientSyncTest, ADeniedDeviceSleeps) {
  facts_ = {.unsent = true};
  sync_.start(ClientSync::Mode::live);
  ASSERT_EQ(decide().size(), 2u);
  end(Lane::push, Kind::unreachable);
  end(Lane::read, Kind::denied);
  now_ += backoff_cap_ms;
  EXPECT_TRUE(decide().empty());
  EXPECT_FALSE(sync_.next_wake_ms().has_value());
}

TEST_F(ClientSyncTest, ASearchThatFindsNothingEnds) {
  facts_ = {.unsent = true};
  sync_.start(ClientSync::Mode::catch_up);
  for (int refusals = 0; refusals < 2; ++refusals) {
    ASSERT_EQ(decide().size(), 1u);
    end(Lane::push, Kind::refused);
    now_ += backoff_cap_ms;
  }
  ASSERT_EQ(decide().size(), 1u);  // pulls first
  end(Lane::push, Kind::answered);
  ASSERT_TRUE(decide()[0].push_one);
  facts_ = {};  // that was the last: all went through one by one
  end(Lane::push, Kind::answered);
  decide();
  end(Lane::push, Kind::answered);
  facts_.unsent = true;
  const auto plans = decide();
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_TRUE(plans[0].push);
  EXPECT_FALSE(plans[0].push_one);
}

}  // namespace
}  // namespace rollcall
