#include "server/sync/long_poll_hub.h"

#include <algorithm>

#include "engine/model/path.h"
#include "server/sync/limits.h"

namespace rollcall {
namespace {

bool has(const std::vector<DeviceNumber>& ascending, DeviceNumber device) {
  return std::binary_search(ascending.begin(), ascending.end(), device);
}

template <class Key, class Map>
void unlist(Map& map, const Key& key, std::uint64_t id) {
  const auto at = map.find(key);
  if (at == map.end()) return;
  at->second.erase(id);
  if (at->second.empty()) map.erase(at);
}

}  // namespace

LongPollHub::SpaceNews& LongPollHub::news_of(std::size_t space) {
  while (spaces_.size() <= space) spaces_.push_back(std::make_unique<SpaceNews>());
  return *spaces_[space];
}

std::uint64_t LongPollHub::version(std::size_t space) {
  const std::lock_guard lock(mutex_);
  return news_of(space).version;
}

bool LongPollHub::concerns(const CommitNews& news, const Poll& poll) {
  if (news.schema || news.epoch || news.everywhere) return true;
  if (has(news.verdicts, poll.device) || has(news.grants, poll.device)) return true;
  for (const std::string& prefix : poll.prefixes) {
    // What a prefix covers begins with it: look from there on, in the paths' order.
    for (auto at = std::lower_bound(news.paths.begin(), news.paths.end(), prefix);
         at != news.paths.end() && at->compare(0, prefix.size(), prefix) == 0; ++at) {
      if (covers(prefix, *at)) return true;
    }
  }
  return false;
}

LongPollHub::Parked LongPollHub::park(const void* owner, std::uint64_t version, Poll poll) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return Parked::draining;
    SpaceNews& news = news_of(poll.space);
    const std::uint64_t missed = news.version - version;
    if (missed > news.recent.size()) return Parked::moved_on;
    for (std::size_t i = news.recent.size() - missed; i < news.recent.size(); ++i) {
      if (!news.recent[i] || concerns(*news.recent[i], poll)) return Parked::moved_on;
    }
    const PollId id = next_++;
    for (const std::string& prefix : poll.prefixes) news.by_prefix[prefix].insert(id);
    news.by_device[poll.device].insert(id);
    by_owner_[owner] = id;
    by_deadline_.emplace(poll.deadline_ms, id);
    is_first = by_deadline_.begin()->second == id;
    polls_.emplace(id, Waiting{std::move(poll), owner});
    metrics_.polls_waiting.store(static_cast<std::int64_t>(polls_.size()));
  }
  if (is_first && alarm_) alarm_();
  return Parked::waiting;
}

void LongPollHub::remove(PollId id, Wakes* wakes) {
  const auto at = polls_.find(id);
  if (at == polls_.end()) return;
  Poll& poll = at->second.poll;
  SpaceNews& news = news_of(poll.space);
  for (const std::string& prefix : poll.prefixes) unlist(news.by_prefix, prefix, id);
  unlist(news.by_device, poll.device, id);
  by_owner_.erase(at->second.owner);
  by_deadline_.erase({poll.deadline_ms, id});
  if (wakes != nullptr) wakes->push_back(std::move(poll.wake));
  polls_.erase(at);
  metrics_.polls_waiting.store(static_cast<std::int64_t>(polls_.size()));
}

void LongPollHub::call(const Wakes& wakes) {
  for (const auto& wake : wakes) wake();
}

void LongPollHub::forget(const void* owner) {
  Wakes dropped;  // destroyed after the lock: what they hold may come back here
  const std::lock_guard lock(mutex_);
  const auto at = by_owner_.find(owner);
  if (at != by_owner_.end()) remove(at->second, &dropped);
}

void LongPollHub::committed(std::size_t space, const CommitNews& told) {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    SpaceNews& news = news_of(space);
    ++news.version;
    if (told.paths.size() <= recent_news_paths_max) {
      news.recent.emplace_back(told);
    } else {
      news.recent.emplace_back(std::nullopt);
    }
    if (news.recent.size() > recent_news_max) news.recent.pop_front();

    std::set<PollId> woken;
    const auto add = [&woken](const std::set<PollId>& ids) {
      woken.insert(ids.begin(), ids.end());
    };
    if (told.schema || told.epoch || told.everywhere) {
      for (const auto& [device, ids] : news.by_device) add(ids);
    } else {
      for (const auto* devices : {&told.verdicts, &told.grants}) {
        for (const DeviceNumber device : *devices) {
          const auto at = news.by_device.find(device);
          if (at != news.by_device.end()) add(at->second);
        }
      }
      // Each path and each prefix of whole segments of it.
      for (const std::string_view path : told.paths) {
        for (std::size_t end = 0; end != std::string_view::npos;) {
          end = path.find('/', end + 1);
          const auto at = news.by_prefix.find(path.substr(0, end));
          if (at != news.by_prefix.end()) add(at->second);
        }
      }
    }
    for (const PollId id : woken) remove(id, &wakes);
  }
  metrics_.polls_woken.fetch_add(wakes.size(), std::memory_order_relaxed);
  call(wakes);
}

std::optional<std::int64_t> LongPollHub::expire(std::int64_t now_ms) {
  Wakes wakes;
  std::optional<std::int64_t> next;
  {
    const std::lock_guard lock(mutex_);
    while (!by_deadline_.empty() && by_deadline_.begin()->first <= now_ms) {
      remove(by_deadline_.begin()->second, &wakes);
    }
    if (!by_deadline_.empty()) next = by_deadline_.begin()->first;
  }
  call(wakes);
  return next;
}

void LongPollHub::drain() {
  Wakes wakes;
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    while (!polls_.empty()) remove(polls_.begin()->first, &wakes);
  }
  call(wakes);
}

std::size_t LongPollHub::waiting() {
  const std::lock_guard lock(mutex_);
  return polls_.size();
}

}  // namespace rollcall
