// Power cuts at every write of a replica's file: what a commit acknowledged is there, and nothing
// is there by half.
#include "tests/client-core/replica/replica_world.h"
#include "tests/engine/storage/crash_vfs.h"

namespace rollcall {
namespace {

// A server's side of the story, played once on a good disk: the same requests are answered with the
// same replies, whatever becomes of the phone.
struct Script {
  ReplicaWorld world;
  EnrollReply enrolled = world.enroll_reply({"unit/a"});
  std::unique_ptr<Phone> other = world.enroll({"unit/a"});
};

constexpr const char* replica_path = "phone.db";

ReplicaOptions options(const CrashDisk& disk) {
  ReplicaOptions on_disk;
  on_disk.vfs = disk.vfs();
  return on_disk;
}

TEST(CrashPoints, NeverLoseAnAcknowledgedLocalWrite) {
  Script server;
  std::uint64_t acknowledged = 0;
  const auto script = [&](CrashDisk& disk) {
    acknowledged = 0;
    auto replica = Replica::create(replica_path, server.enrolled, {}, "http://x",
                                   server.world.doors, options(disk));
    if (!replica) return;
    for (std::uint64_t i = 1; i <= 6; ++i) {
      auto transaction = (*replica)->begin();
      if (!transaction) return;
      const std::string name = "n" + std::to_string(i);
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text(name)}};
      const RowId id = id_of(static_cast<unsigned>(i));
      if (!transaction->put("thing", thing, id)) return;
      if (i > 1 && !transaction->add("thing", id_of(1), "visits", number(1))) return;
      if (!transaction->commit()) return;
      acknowledged = i;
      if (i == 3 && !(*replica)->checkpoint()) return;
    }
  };
  const auto verify = [&](CrashDisk& disk, const std::string& where) {
    auto replica = Replica::open(replica_path, server.world.doors, options(disk));
    if (!replica) {
      EXPECT_EQ(acknowledged, 0u) << where << ": " << replica.error().message;
      return;
    }
    const auto number_of = [&](const std::string& sql) {
      auto rows = need((*replica)->query(sql));
      return need(rows.step()) ? rows.value(0).integer : -1;
    };
    const std::uint64_t last = need((*replica)->status()).last_tx.value;
    EXPECT_GE(last, acknowledged) << where;
    EXPECT_LE(last, acknowledged + 1) << where;
    // Rows, outbox and chain are those of the same moment.
    const auto rows = static_cast<std::int64_t>(last);
    EXPECT_EQ(number_of("SELECT count(*) FROM thing"), rows) << where;
    EXPECT_EQ(number_of("SELECT count(*) FROM _outbox"), rows) << where;
    if (rows > 1) {
      EXPECT_EQ(number_of("SELECT max(visits) FROM thing"), rows - 1) << where;
    }
    auto transaction = need((*replica)->begin());
    const NamedValue thing[] = {{"unit", text("a")}};
    need(transaction.put("thing", thing));
    EXPECT_EQ(need(transaction.commit()).number.value, last + 1) << where;
  };
  EXPECT_GT(explore_crash_points(script, verify, {.stride = 3, .torn_seeds = 1}), 20);
}

// One reply after another, each applied in one step: a cut leaves the replica before it or after
// it, and it goes on from there to what the server has.
TEST(CrashPoints, LeaveAReplyTakenOrNotTaken) {
  Script server;
  Phone& other = *server.other;
  for (int i = 0; i < 30; ++i) {
    other.put("thing", {{"unit", text("a")}, {"name", text("row " + std::to_string(i))}});
  }
  other.sync();
  const RowId shared = other.put("thing", {{"unit", text("a")}, {"visits", number(1)}});
  other.sync();
  // With a wait it is a live connection's: news of others is flushed with the next commit.
  const auto exchange = [&](Replica& replica, std::uint32_t wait_ms = 0) -> Result<bool> {
    RequestPlan plan;
    plan.push = wait_ms == 0;
    plan.read = true;
    plan.wait_ms = wait_ms;
    ROLLCALL_TRY_ASSIGN(PreparedRequest prepared, replica.prepare(plan));
    prepared.request.budget_bytes = 700;
    const SyncReply reply = server.world.answer(replica.device(), prepared.request, prepared.head);
    ROLLCALL_TRY_ASSIGN(const Taken taken, replica.take_reply(prepared.request, reply));
    static_cast<void>(taken);
    const ReplicaFacts facts = replica.facts();
    return facts.read_complete && !facts.unread_own && !facts.unsent;
  };
  int run = 0;
  EnrollReply enrolled;
  std::uint64_t wrote = 0;
  TxNumber told;  // the last of this run's transactions that the server heard of in `verify`
  const auto write = [&](Replica& replica) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(auto transaction, replica.begin());
    const NamedValue thing[] = {{"unit", text("a")}, {"name", text("mine")}};
    ROLLCALL_TRY(transaction.put("thing", thing));
    ROLLCALL_TRY(transaction.commit());
    ++wrote;
    return {};
  };
  const auto script = [&](CrashDisk& disk) {
    ++run;
    wrote = 0;
    told = {};
    enrolled = server.world.enroll_reply({"unit/a"});  // a chain of its own for each run
    auto replica =
        Replica::create(replica_path, enrolled, {}, "http://x", server.world.doors, options(disk));
    if (!replica) return;
    for (int step = 0; step < 40; ++step) {
      if (step == 2 && !write(**replica)) return;
      const auto done = exchange(**replica);
      if (!done) return;
      if (*done && step > 2) break;
    }
    for (int i = 0; i < 3; ++i) {
      const std::string news = "news " + std::to_string(run) + "." + std::to_string(i);
      other.set("thing", shared, {{"name", text(news)}});
      other.sync();
      if (!exchange(**replica, 1'000)) return;
      if (i == 1 && !write(**replica)) return;
    }
  };
  const auto verify = [&](CrashDisk& disk, const std::string& where) {
    auto replica = Replica::open(replica_path, server.world.doors, options(disk));
    if (!replica) return;
    // One way of losing what was not flushed kept a commit that never returned, and the server has
    // it now; that this disk lost it belongs to another future.
    const TxNumber last = need((*replica)->status()).last_tx;
    EXPECT_GE(last, TxNumber(wrote)) << where;
    if (last < told) return;
    told = last;
    bool done = false;
    for (int step = 0; step < 60 && !done; ++step) done = need(exchange(**replica));
    EXPECT_TRUE(done) << where;
    const std::uint64_t sum = need((*replica)->content_digest("unit/a"));
    EXPECT_EQ(sum, server.world.digest("unit/a")) << where;
    for (const GrantSum& kept : need((*replica)->status()).digests) {
      for (const Grant& grant : need((*replica)->status()).grants) {
        if (grant.id != kept.grant || grant.path != "unit/a") continue;
        EXPECT_EQ(kept.sum, sum) << where;
      }
    }
    EXPECT_FALSE(need((*replica)->status()).forked) << where;
  };
  EXPECT_GT(explore_crash_points(script, verify, {.stride = 11, .torn_seeds = 1}), 10);
}

}  // namespace
}  // namespace rollcall
