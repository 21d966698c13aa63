// The power goes at every call that changes the disk: what was answered is there, and of a group
// commit all or nothing.
#include <gtest/gtest.h>

#include "tests/engine/storage/crash_vfs.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

constexpr unsigned rounds = 3;
constexpr unsigned per_round = 2;  // transactions of each device

// What one run was answered before the disk died.
struct Answered {
  bool created = false;
  std::vector<DeviceNumber> devices;
  unsigned rounds = 0;
  std::uint64_t digest = 0;  // after the last answered round
};

std::vector<Edit> edits_of(unsigned device, unsigned number) {
  // The first inserts two rows; later ones change one of them and move it.
  if (number % per_round == 1) {
    return {Edit::insert("person", id_of(100 * device + number),
                         {{"name", text("Ann")}, {"unit", text("nc/wake")}}),
            Edit::insert("note", id_of(100 * device + number),
                         {{"unit", text("nc/wake/" + std::to_string(number))}})};
  }
  return {Edit::set("person", id_of(100 * device + number - 1),
                    {{"name", text("Anna")}, {"unit", text("nc/dare")}})};
}

Result<void> commit_round(World& world, std::vector<std::unique_ptr<Device>>& devices) {
  std::vector<SyncRequest> requests;
  std::vector<Push> pushes;
  for (unsigned d = 0; d < devices.size(); ++d) {
    for (unsigned i = 0; i < per_round; ++i) {
      devices[d]->make(edits_of(d, static_cast<unsigned>(devices[d]->made.size()) + 1));
    }
    requests.push_back(devices[d]->push_request());
  }
  for (unsigned d = 0; d < devices.size(); ++d) {
    pushes.push_back({devices[d]->number(), &requests[d], devices[d]->head(), "", std::nullopt});
  }
  ROLLCALL_TRY_ASSIGN(const auto replies, world.space().apply(pushes));
  for (unsigned d = 0; d < devices.size(); ++d) devices[d]->take(replies[d]);
  return {};
}

// Runs until the end or the disk's.
void run(CrashDisk& disk, Answered& answered, std::vector<std::unique_ptr<Device>>& devices) {
  answered = Answered{};
  devices.clear();
  World world(disk, 1);
  if (!world.try_create()) return;
  answered.created = true;
  for (const char* label : {"ben", "cat"}) {
    auto device = world.try_enroll({"unit/nc"}, label);
    if (!device) return;
    answered.devices.push_back((*device)->number());
    devices.push_back(std::move(*device));
  }
  for (unsigned round = 0; round < rounds; ++round) {
    if (!commit_round(world, devices)) return;
    ++answered.rounds;
  }
}

void verify(CrashDisk& disk, const std::string& where, const Answered& answered) {
  SCOPED_TRACE(where);
  World world(disk, 2);
  const auto opened = world.try_open();
  if (!opened) {
    EXPECT_FALSE(answered.created) << opened.error().message;
    return;
  }
  for (const DeviceNumber device : answered.devices) {
    EXPECT_TRUE(need(world.reader().device(device)).has_value());
  }
  std::set<std::uint64_t> reached;
  for (const DeviceRecord& device : need(world.reader().devices())) {
    reached.insert(device.last_tx.value);
    EXPECT_GE(device.last_tx.value, answered.rounds * per_round);
  }
  if (answered.devices.size() == 2) {
    EXPECT_EQ(reached.size(), 1u);  // all of a group or nothing
  }
  const unsigned transactions = reached.empty() ? 0 : static_cast<unsigned>(*reached.begin());
  EXPECT_EQ(transactions % per_round, 0u);
  std::size_t rows = 0;
  for (const CollectionId collection : {CollectionId(1), CollectionId(2)}) {
    need(world.reader().rows(collection, [&](const RowView& row) -> Result<void> {
      ++rows;
      EXPECT_FALSE(row.paths.empty());
      return {};
    }));
  }
  EXPECT_EQ(rows, std::size_t{2} * 2 * transactions / per_round);
  // The index tells the same as the rows: the digest by paths is that of all rows.
  EXPECT_EQ(need(world.reader().digest("unit")) + need(world.reader().digest("person")),
            need(world.reader().digest(std::nullopt)));
}

TEST(Crash, WhatWasAnsweredIsThereAndAGroupIsAllOrNothing) {
  Answered answered;
  std::vector<std::unique_ptr<Device>> devices;
  const int kills = explore_crash_points([&](CrashDisk& disk) { run(disk, answered, devices); },
                                         [&](CrashDisk& disk, const std::string& where) {
                                           if (!::testing::Test::HasFailure())
                                             verify(disk, where, answered);
                                         },
                                         {.stride = 1, .torn_seeds = 1});
  EXPECT_GT(kills, 60);
  EXPECT_EQ(answered.rounds, rounds);  // the last run lived
}

TEST(Crash, ARepeatAfterThePowerCutTakesEffectOnce) {
  for (std::uint64_t call = 30;; call += 7) {
    CrashDisk disk;
    disk.kill_at(call);
    Answered answered;
    std::vector<std::unique_ptr<Device>> devices;
    run(disk, answered, devices);
    if (!disk.is_dead()) break;
    if (devices.size() < 2) continue;
    CrashDisk after;
    after.load(disk.after_power_cut(Unsynced::torn, call));
    World world(after, 2);
    need(world.try_open());
    for (auto& device : devices) {
      // Everything from the first on: what is stored is known, the rest is new.
      const SyncRequest request = device->push_request(TxNumber(1));
      if (request.transactions.empty()) continue;
      const auto replies = need(world.try_apply(*device, request));
      ASSERT_EQ(replies[0].state, SyncState::ok);
      EXPECT_EQ(replies[0].known_tx, device->last);
      const std::uint64_t once = need(world.reader().digest(std::nullopt));
      need(world.try_apply(*device, request));
      EXPECT_EQ(need(world.reader().digest(std::nullopt)), once);
    }
  }
}

TEST(Crash, AFullDiskRefusesThePushAndTheNextOneIsTaken) {
  for (std::uint64_t nth = 1; nth < 12; ++nth) {
    World world;
    auto ben = world.enroll({"unit/nc"});
    auto cat = world.enroll({"unit/nc"});
    cat->read();
    ben->make({Edit::insert("person", id_of(1), {{"unit", text("nc/wake")}})});
    const SyncRequest request = ben->push_request();
    world.disk.fail_at(world.disk.calls() + nth, CrashDisk::Fault::full);
    const auto refused = world.try_apply(*ben, request);
    const std::uint64_t rows = refused ? 1 : 0;
    SyncRequest pull = cat->read_request();
    pull.tail = true;
    EXPECT_EQ(cat->ask(pull).page.empty(), rows == 0);  // reads go on
    if (refused) continue;
    const auto replies = need(world.try_apply(*ben, request));
    EXPECT_EQ(replies[0].known_tx, TxNumber(1));
    cat->read();  // and the digests agree
    EXPECT_EQ(cat->rows().size(), 1u);
  }
}

TEST(Crash, AFailedFlushIsNeverAnsweredAndPoisonsTheSpaceUntilItIsOpenedAgain) {
  World world;
  auto ben = world.enroll({"unit/nc"});
  ben->make({Edit::insert("person", id_of(1), {{"unit", text("nc/wake")}})});
  const SyncRequest request = ben->push_request();
  world.disk.fail_sync();
  EXPECT_FALSE(world.try_apply(*ben, request).has_value());
  EXPECT_TRUE(world.space().is_poisoned());
  EXPECT_FALSE(world.try_apply(*ben, request).has_value());
  world.restart();
  const auto replies = need(world.try_apply(*ben, request));
  EXPECT_EQ(replies[0].known_tx, TxNumber(1));
  auto cat = world.enroll({"unit/nc"});
  cat->read();
  EXPECT_EQ(cat->rows().size(), 1u);
}

}  // namespace
}  // namespace rollcall
