#include "engine/protocol/judge_push.h"

#include <map>

#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"
#include "engine/protocol/chain.h"

namespace rollcall {
namespace {

// A device that made some transactions ("one", "two", …) and a server that holds some of them.
class JudgePush : public testing::Test {
 protected:
  Hash hash(BytesView bytes) const { return cryptography_.hash({bytes}); }

  Hash head_after(const std::vector<Bytes>& all) const {
    Hash head;
    for (const Bytes& bytes : all) head = next_head(cryptography_, head, hash(bytes));
    return head;
  }

  // The server holds `held`; the device pushes `pushed` from `first`, its chain being `chain`.
  PushJudgement judge(const std::vector<Bytes>& held, std::uint64_t first,
                      const std::vector<Bytes>& pushed, const std::vector<Bytes>& chain) const {
    SyncRequest request;
    request.first_tx = TxNumber(pushed.empty() ? 0 : first);
    request.last_tx = TxNumber(chain.size());
    for (const Bytes& bytes : pushed) request.transactions.push_back({bytes, {}});
    return judge_push(cryptography_, {TxNumber(held.size()), head_after(held)}, request,
                      head_after(chain), [&](TxNumber number) -> std::optional<Hash> {
                        if (number.value == 0 || number.value > held.size()) return std::nullopt;
                        return hash(held[number.value - 1]);
                      });
  }

  SodiumCryptography cryptography_;
};

TEST_F(JudgePush, TakesWhatFollows) {
  const auto judged = judge({"one"}, 2, {"two", "three"}, {"one", "two", "three"});
  EXPECT_EQ(judged.state, SyncState::ok);
  EXPECT_EQ(judged.repeated, 0u);
  ASSERT_EQ(judged.heads.size(), 2u);
  EXPECT_EQ(judged.heads[1], head_after({"one", "two", "three"}));
}

TEST_F(JudgePush, KnowsARepeatAndTakesTheRest) {
  const auto judged = judge({"one", "two"}, 1, {"one", "two", "three"}, {"one", "two", "three"});
  EXPECT_EQ(judged.state, SyncState::ok);
  EXPECT_EQ(judged.repeated, 2u);
  EXPECT_EQ(judged.heads.size(), 1u);
}

TEST_F(JudgePush, TakesARepeatOfOldNumbersOnly) {
  EXPECT_EQ(judge({"one", "two", "three"}, 1, {"one"}, {"one"}).state, SyncState::ok);
}

TEST_F(JudgePush, AnswersGapForANumberThatSkips) {
  EXPECT_EQ(judge({"one"}, 3, {"three"}, {"one", "two", "three"}).state, SyncState::gap);
}

TEST_F(JudgePush, AnswersForkedForARepeatWithOtherBytes) {
  EXPECT_EQ(judge({"one", "two"}, 2, {"TWO"}, {"one", "TWO"}).state, SyncState::forked);
}

TEST_F(JudgePush, AnswersForkedForAChainThatDoesNotContinue) {
  EXPECT_EQ(judge({"one", "two"}, 3, {"three"}, {"one", "TWO", "three"}).state, SyncState::forked);
}

TEST_F(JudgePush, AnswersForkedForASignedHeadOfAnotherNumber) {
  EXPECT_EQ(judge({"one"}, 2, {"two"}, {"one", "two", "three"}).state, SyncState::forked);
}

TEST_F(JudgePush, TellsARestoredDeviceThatOnlyPulls_A9) {
  EXPECT_EQ(judge({"one", "two"}, 0, {}, {"one"}).state, SyncState::forked);
  EXPECT_EQ(judge({"one", "two"}, 0, {}, {"one", "TWO"}).state, SyncState::forked);
  EXPECT_EQ(judge({"one", "two"}, 0, {}, {"one", "two"}).state, SyncState::ok);
  EXPECT_EQ(judge({"one", "two"}, 0, {}, {"one", "two", "three"}).state, SyncState::ok);
}

TEST_F(JudgePush, ChainsAVoidByItsHash) {
  SyncRequest request;
  request.first_tx = TxNumber(2);
  request.last_tx = TxNumber(2);
  request.transactions.push_back({{}, Bytes(hash("two").view())});
  const auto judged = judge_push(cryptography_, {TxNumber(1), head_after({"one"})}, request,
                                 head_after({"one", "two"}), [](TxNumber) { return std::nullopt; });
  EXPECT_EQ(judged.state, SyncState::ok);
  EXPECT_EQ(judged.hashes[0], hash("two"));
}

}  // namespace
}  // namespace rollcall
