#include "server/space/device_health.h"

#include <gtest/gtest.h>

#include "server/space/limits.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

DeviceHealth seen(std::int64_t ms) {
  DeviceHealth health;
  health.seen_ms = ms;
  return health;
}

std::int64_t stored_ms(World& world, const Device& device) {
  const auto health = need(world.reader().health(device.number()));
  return health ? health->seen_ms : 0;
}

TEST(Health, IsKeptWhole) {
  World world;
  const auto ann = world.enroll({"unit/nc"});
  DeviceHealth health = seen(1000);
  health.read = {Sequence(1), 500};
  health.told = {Sequence(2), 700};
  health.schema_version = 3;
  health.late_ms = -20;
  health.report = DeviceReport{7, -86'400'000, "captain 1.4"};
  world.space().health().note(ann->number(), health);
  need(world.space().write_health());
  world.restart();
  const auto stored = need(world.reader().health(ann->number()));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->seen_ms, 1000);
  EXPECT_EQ(stored->read.sequence, Sequence(1));
  EXPECT_EQ(stored->read.commit_ms, 500);
  EXPECT_EQ(stored->told.sequence, Sequence(2));
  EXPECT_EQ(stored->told.commit_ms, 700);
  EXPECT_EQ(stored->schema_version, 3u);
  EXPECT_EQ(stored->late_ms, -20);
  ASSERT_TRUE(stored->report);
  EXPECT_EQ(stored->report->pending, 7u);
  EXPECT_EQ(stored->report->skew_ms, -86'400'000);
  EXPECT_EQ(stored->report->app, "captain 1.4");
}

TEST(Health, OfADeviceThatPushesIsWrittenByItsPushWithoutAnotherFlush) {
  World world;
  const auto ann = world.enroll({"unit/nc"});
  const auto ben = world.enroll({"unit/nc"});
  const auto push_syncs = [&](unsigned row) {
    const std::uint64_t before = world.disk.syncs();
    ann->write({Edit::insert("person", id_of(row), {{"unit", text("nc/wake")}})});
    return world.disk.syncs() - before;
  };
  const std::uint64_t plain = push_syncs(1);
  world.space().health().note(ann->number(), seen(1000));
  world.space().health().note(ben->number(), seen(2000));
  EXPECT_EQ(push_syncs(2), plain);
  EXPECT_EQ(stored_ms(world, *ann), 1000);
  EXPECT_EQ(stored_ms(world, *ben), 0) << "it did not push: it waits for the minute";
  need(world.space().write_health());
  EXPECT_EQ(stored_ms(world, *ben), 2000);
}

TEST(Health, OfManyDevicesTakesOneCommitAndOfNoneTakesNone) {
  World world;
  std::vector<std::unique_ptr<Device>> devices;
  for (int i = 0; i < 20; ++i) devices.push_back(world.enroll({"unit/nc"}));
  const auto flush_syncs = [&] {
    const std::uint64_t before = world.disk.syncs();
    need(world.space().write_health());
    return world.disk.syncs() - before;
  };
  EXPECT_EQ(flush_syncs(), 0u) << "there is nothing to write";
  world.space().health().note(devices.front()->number(), seen(1));
  const std::uint64_t one = flush_syncs();
  EXPECT_GT(one, 0u);
  for (int again = 0; again < 100; ++again) {
    for (const auto& device : devices) world.space().health().note(device->number(), seen(again));
  }
  const Sequence head = world.space().head();
  EXPECT_EQ(flush_syncs(), one);
  EXPECT_EQ(world.space().head(), head) << "it is no change that anybody reads";
  EXPECT_EQ(stored_ms(world, *devices.back()), 99);
}

TEST(Health, ThatCouldNotBeWrittenIsWrittenLater) {
  World world;
  const auto ann = world.enroll({"unit/nc"});
  world.space().health().note(ann->number(), seen(1000));
  world.disk.fail_at(world.disk.calls() + 1, CrashDisk::Fault::full);
  EXPECT_FALSE(world.space().write_health());
  EXPECT_FALSE(world.space().health().is_empty());
  need(world.space().write_health());
  EXPECT_EQ(stored_ms(world, *ann), 1000);
}

TEST(Health, BookKeepsOneEntryADeviceAndTheNewest) {
  HealthBook book;
  const DeviceNumber ann(1);
  book.note(ann, seen(1));
  auto taken = book.take(health_rows_max);
  ASSERT_EQ(taken.size(), 1u);
  book.note(ann, seen(2));
  book.put_back(std::move(taken));
  book.note(DeviceNumber(2), seen(3));
  EXPECT_EQ(book.take(std::size_t{1}).size(), 1u);
  taken = book.take(std::vector<DeviceNumber>{ann});
  EXPECT_TRUE(taken.empty()) << "it came with the first";
  EXPECT_EQ(book.take(health_rows_max).size(), 1u);
  EXPECT_TRUE(book.is_empty());
}

TEST(Health, NameOfAProgramIsCutToWhatATerminalMayShow) {
  EXPECT_EQ(app_name("captain 1.4"), "captain 1.4");
  EXPECT_EQ(app_name("a\x1b[2Jb\n"), "a?[2Jb?");
  std::string cut(63, 'x');
  const std::string whole = cut;
  cut += "\xc3\xa4";
  EXPECT_EQ(app_name(cut), whole) << "not in the middle of a character";
  EXPECT_EQ(app_name("\xff"), "");
}

}  // namespace
}  // namespace rollcall
