// One writer, readers on other threads: each sees whole commits and the digests of its own moment.
#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "tests/engine/base/temp_folder.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

using Sums = std::map<std::uint64_t, std::uint64_t>;  // head -> digest

// Reads until told to stop; what the book said at each head that it met.
Sums watch(Space& space, std::uint64_t seed, const std::atomic<bool>& done) {
  SeededRandom random(seed);
  auto reader = need(space.open_reader(random));
  Sums sums;
  while (!done.load()) {
    need(reader->begin());
    const std::uint64_t head = need(reader->head()).value;
    const std::uint64_t sum = need(reader->digest("unit/nc"));
    const auto [place, is_new] = sums.emplace(head, sum);
    EXPECT_TRUE(is_new || place->second == sum);
    // A transaction's two rows are both there or neither.
    std::size_t rows = 0;
    need(reader->rows(CollectionId(1), [&](const RowView&) -> Result<void> {
      ++rows;
      return {};
    }));
    EXPECT_EQ(rows % 2, 0u);
    reader->end();
  }
  return sums;
}

TEST(Concurrency, ReadersOnOtherThreadsAgreeWithScansOfTheirOwnMoment) {
  TempFolder folder;
  const std::string path = folder.file("space");
  ManualClock clock;
  SeededRandom random(1);
  auto space =
      need(Space::create(path, "nc", "", test_schema(), {clock, random, test_cryptography(), {}}));
  const Invitation invitation = need(space->invite("", {"unit/nc"}));
  EnrollRequest request;
  request.secret = invitation.secret;
  const EnrollReply enrolled = need(space->enroll(request));
  World elsewhere;  // only makes transactions
  Device device(elsewhere, enrolled, SecretSeed{});

  std::atomic<bool> done = false;
  Sums seen[2];
  std::thread readers[2];
  for (std::uint64_t i = 0; i < 2; ++i) {
    readers[i] = std::thread([&, i] { seen[i] = watch(*space, 10 + i, done); });
  }
  SeededRandom own(3);
  auto scanner = need(SpaceReader::open(path, {clock, own, test_cryptography(), {}}));
  Sums scanned = {{space->head().value, 0}};
  for (unsigned n = 0; n < 60; ++n) {
    device.make({Edit::insert("person", id_of(2 * n), {{"unit", text("nc/wake")}}),
                 Edit::insert("person", id_of(2 * n + 1), {{"unit", text("nc/dare")}})});
    const SyncRequest push = device.push_request();
    const Push pushes[] = {{device.number(), &push, device.head(), "", std::nullopt}};
    device.take(need(space->apply(pushes))[0]);
    scanned[space->head().value] = need(scanner->digest("unit/nc"));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  std::size_t compared = 0;
  for (const Sums& sums : seen) {
    for (const auto& [head, sum] : sums) {
      ASSERT_TRUE(scanned.contains(head));
      EXPECT_EQ(sum, scanned[head]) << head;
      ++compared;
    }
  }
  EXPECT_GT(compared, 2u);
}

}  // namespace
}  // namespace rollcall
