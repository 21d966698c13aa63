#include "client-core/replica/replica_parts.h"

#include "client-core/replica/replica_format.h"
#include "engine/storage/layout.h"
#include "schema/compiled.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

// The parts of a phone's replica, with the connection in the test's own hands.
class ReplicaPartsTest : public testing::Test {
 protected:
  ReplicaPartsTest() : phone(world.enroll({"unit/a"})) {
    phone->sync();
    phone->put("thing", {{"unit", text("a/x")}, {"name", text("Ann")}});
    phone->sync();
    const std::string path = phone->replica().path();
    phone->close();
    ConnectionOptions options;
    if (Connection::encrypts()) options.file_key.assign(Connection::file_key_bytes, 'k');
    options.application_id = replica_application_id;
    options.format_version = replica_format_version;
    Connection connection = need(Connection::open(path, options));
    Identity identity = need(Identity::load(connection));
    parts = std::make_unique<ReplicaParts>(world.doors, ReplicaOptions{}, std::move(connection),
                                           std::move(identity),
                                           std::make_shared<const Schema>(test_schema()));
    need(parts->reload());
  }
  // A write that comes as far as the commit, and fails there.
  Result<void> fail_to_write() {
    return parts->write([&]() -> Result<void> {
      need(parts->outbox.append(Stamp{}, Hash{}, Hash{}, 1, "bytes"));
      return failure(ErrorCode::disk_full, "no room");
    });
  }

  ReplicaWorld world;
  std::unique_ptr<Phone> phone;
  std::unique_ptr<ReplicaParts> parts;
};

TEST_F(ReplicaPartsTest, AFailedWriteLeavesMemoryAsTheFile) {
  EXPECT_EQ(code_of(fail_to_write()), ErrorCode::disk_full);
  EXPECT_EQ(parts->outbox.last(), TxNumber(1));
}

// Named for what it was: the next transaction went on from a number that the file never had.
TEST_F(ReplicaPartsTest, WhatCouldNotBeReadAgainAfterAFailedWriteIsReadBeforeTheNextOne) {
  need(parts->connection.execute("ALTER TABLE _path_sets RENAME TO _away"));
  EXPECT_EQ(code_of(fail_to_write()), ErrorCode::disk_full);
  int ran = 0;
  const auto count = [&]() -> Result<void> {
    ++ran;
    return {};
  };
  for (int i = 0; i < 2; ++i) {
    const auto refused = parts->write(count);
    ASSERT_EQ(code_of(refused), ErrorCode::sql);
    EXPECT_NE(refused.error().message.find("after a write that failed"), std::string::npos);
  }
  EXPECT_EQ(ran, 0);
  need(parts->connection.execute("ALTER TABLE _away RENAME TO _path_sets"));
  need(parts->write(count));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(parts->outbox.last(), TxNumber(1));
}

TEST_F(ReplicaPartsTest, WorkThatThrowsLeavesMemoryAsTheFile) {
  const auto runs_out_of_memory = [&]() -> Result<void> {
    need(parts->outbox.append(Stamp{}, Hash{}, Hash{}, 1, "bytes"));
    throw std::bad_alloc();
  };
  EXPECT_THROW(static_cast<void>(parts->write(runs_out_of_memory)), std::bad_alloc);
  need(parts->refresh());
  EXPECT_EQ(parts->outbox.last(), TxNumber(1));
  need(parts->write([]() -> Result<void> { return {}; }));
}

TEST_F(ReplicaPartsTest, AParkedTransactionHasItsStampAndARejectedOneNone) {
  const DeviceNumber device = parts->identity.device;
  const Stamp told = Stamp::at(7'000, 0, device);
  const auto made = [&](int n) { return Stamp::at(9'000 + n, 0, device); };
  need(parts->write([&]() -> Result<void> {
    for (int n = 2; n <= 5; ++n) {
      need(parts->outbox.append(made(n), Hash{}, Hash{}, 0, "bytes"));
    }
    std::vector<Verdict> verdicts(4);
    for (std::size_t i = 0; i < verdicts.size(); ++i) verdicts[i].number = TxNumber(2 + i);
    verdicts[0].kind = VerdictKind::parked;
    verdicts[0].accepted = told;
    verdicts[1].kind = VerdictKind::parked;
    verdicts[2].kind = VerdictKind::rejected;
    verdicts[2].accepted = told;
    verdicts[3].kind = VerdictKind::applied;
    need(parts->verdicts.take(verdicts, parts->outbox.last(), parts->standing));
    return {};
  }));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(parts->own_stamps.accepted(TxNumber(2)), told);
    EXPECT_EQ(parts->own_stamps.accepted(TxNumber(3)), made(3));
    EXPECT_EQ(parts->own_stamps.accepted(TxNumber(4)), std::nullopt);
    EXPECT_EQ(parts->own_stamps.accepted(TxNumber(5)), made(5));
    EXPECT_EQ(parts->own_stamps.accepted(TxNumber(6)), std::nullopt);
    need(parts->verdicts.reload(TxNumber(5)));  // once they are retired, too
  }
}

TEST_F(ReplicaPartsTest, NoPathOutlivesTheSetsThatItIsAViewOf) {
  const std::int64_t set = parts->path_sets.sets().back();
  ASSERT_EQ(parts->grants.covered(set).front().path, "unit/a/x");
  need(parts->connection.execute("ALTER TABLE _outbox RENAME TO _away"));
  EXPECT_FALSE(parts->reload().has_value());  // the sets are read again, the grants are not
  EXPECT_EQ(parts->grants.covered(set).front().path, "unit/a/x");
  need(parts->connection.execute("ALTER TABLE _away RENAME TO _outbox"));
  need(parts->reload());
  EXPECT_EQ(parts->grants.covered(set).front().path, "unit/a/x");
}

}  // namespace
}  // namespace rollcall
