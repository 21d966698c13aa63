#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "engine/clock/clock.h"
#include "server/sync/device_rates.h"
#include "server/sync/limits.h"
#include "server/sync/long_poll_hub.h"
#include "server/sync/replay_memory.h"
#include "server/sync/space_writer.h"

namespace rollcall {

// A space as the server holds it: its writer, what it remembers of requests, and its part of the
// hub. Any thread.
class HostedSpace final : public CommitListener {
 public:
  // `index` names it in the hub; `devices` are those of the space that may ask.
  HostedSpace(std::size_t index, std::unique_ptr<Space> space, std::set<DeviceNumber> devices,
              LongPollHub& hub, const Clock& clock, Metrics& metrics, Log& log,
              std::function<void()> failed)
      : index_(index),
        hub_(hub),
        clock_(clock),
        metrics_(metrics),
        replays_(replay_entries_max, replay_device_entries_max),
        started_ms_(space->server_ms()),
        latest_ms_(started_ms_),
        revocations_(space->revocations()),
        devices_(std::move(devices)) {
    space->set_listener(this);
    writer_.emplace(std::move(space), metrics, log, std::move(failed));
  }

  [[nodiscard]] std::size_t index() const { return index_; }
  SpaceWriter& writer() { return *writer_; }
  ReplayMemory& replays() { return replays_; }
  DeviceRates& rates() { return rates_; }

  // What was signed before is not remembered, and not taken. Never before the space's last commit,
  // though the clock may have been set back.
  [[nodiscard]] std::int64_t started_ms() const { return started_ms_; }
  // Never before a time that was told to anybody.
  [[nodiscard]] std::int64_t server_ms() const {
    return std::max(clock_.utc_ms(), latest_ms_.load(std::memory_order_relaxed));
  }
  void told(std::int64_t server_ms) {
    std::int64_t latest = latest_ms_.load(std::memory_order_relaxed);
    while (latest < server_ms && !latest_ms_.compare_exchange_weak(latest, server_ms)) {
    }
  }

  // Whether a device of this number was enrolled: for heads, of which most strangers' end here.
  // That it is who it says is another question.
  [[nodiscard]] bool knows(DeviceNumber device) {
    const std::lock_guard lock(mutex_);
    return devices_.contains(device);
  }
  // Before it is told its number.
  void enrolled(DeviceNumber device) {
    const std::lock_guard lock(mutex_);
    devices_.insert(device);
  }

  // Revocations that were counted, as far as is known: a commit is told of after it can be read.
  [[nodiscard]] std::uint64_t revocations() const {
    return revocations_.load(std::memory_order_relaxed);
  }
  // The space forgot revocations: it serves nobody until it is reconciled. False: that is known.
  bool note_forgotten() { return !forgot_.exchange(true); }
  [[nodiscard]] bool has_forgotten() const { return forgot_.load(std::memory_order_relaxed); }

  // A device's requests under way; at most `device_requests_max`.
  bool begin_request(DeviceNumber device) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = under_way_[device];
    if (count >= device_requests_max) return false;
    ++count;
    return true;
  }
  void end_request(DeviceNumber device) {
    const std::lock_guard lock(mutex_);
    const auto at = under_way_.find(device);
    if (at != under_way_.end() && --at->second == 0) under_way_.erase(at);
  }

  void committed(const CommitNews& news) override {
    metrics_.commits.fetch_add(1, std::memory_order_relaxed);
    for (const DeviceNumber device : news.admitted) enrolled(device);
    revocations_.store(news.revocations, std::memory_order_relaxed);
    hub_.committed(index_, news);
  }

 private:
  const std::size_t index_;
  LongPollHub& hub_;
  const Clock& clock_;
  Metrics& metrics_;
  ReplayMemory replays_;
  const std::int64_t started_ms_;
  std::atomic<std::int64_t> latest_ms_;
  std::atomic<std::uint64_t> revocations_;
  std::atomic<bool> forgot_ = false;
  std::mutex mutex_;
  DeviceRates rates_;
  std::map<DeviceNumber, std::size_t> under_way_;
  std::set<DeviceNumber> devices_;
  std::optional<SpaceWriter> writer_;  // last: its thread uses the rest
};

}  // namespace rollcall
