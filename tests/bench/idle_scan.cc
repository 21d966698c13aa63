#include <chrono>

#include <fmt/format.h>

#include "server/sync/long_poll_hub.h"
#include "tests/bench/stopwatch.h"
#include "tests/bench/workloads.h"

namespace rollcall::bench {
namespace {

constexpr std::size_t devices = 1'000;
constexpr std::size_t grants = 20;
constexpr std::size_t changes = 1'000;

// Precincts of one county, as captains are granted them.
std::string precinct(std::size_t number) {
  return fmt::format("unit/nc/wake/{:02}-{:02}", number / 50, number % 50);
}

}  // namespace

Result<void> measure_idle_scan(int repeats, Measurements& out) {
  std::vector<double> took_ms;
  for (int round = 0; round < repeats; ++round) {
    Metrics metrics;
    LongPollHub hub(metrics);
    std::size_t woken = 0;
    std::vector<int> owners(devices);
    for (std::size_t device = 0; device < devices; ++device) {
      LongPollHub::Poll poll;
      poll.device = DeviceNumber(static_cast<std::uint32_t>(device + 1));
      for (std::size_t i = 0; i < grants; ++i) poll.prefixes.push_back(precinct(device * 2 + i));
      poll.deadline_ms = 1'000'000;
      poll.wake = [&woken] { ++woken; };
      if (hub.park(&owners[device], hub.version(0), std::move(poll)) !=
          LongPollHub::Parked::waiting) {
        return failure(ErrorCode::internal, "a poll did not park");
      }
    }
    // Each in a commit of its own, in a county that none of them sees.
    std::vector<CommitNews> news(changes);
    for (std::size_t i = 0; i < changes; ++i) {
      news[i].head = Sequence(i + 1);
      news[i].paths = {fmt::format("person/{:08}", i), fmt::format("unit/nc/dare/{:02}", i % 40)};
    }
    const Stopwatch watch;
    for (const CommitNews& one : news) hub.committed(0, one);
    took_ms.push_back(watch.seconds() * 1000);
    if (woken != 0 || hub.waiting() != devices) {
      return failure(ErrorCode::internal, "a poll was woken by what its device does not see");
    }
    news[0].paths = {precinct(0)};
    hub.committed(0, news[0]);
    if (woken != 1) return failure(ErrorCode::internal, "a poll slept through what it sees");
    hub.drain();
  }
  out.idle_scan_ms = quantile(took_ms, 0.5);
  return {};
}

}  // namespace rollcall::bench
