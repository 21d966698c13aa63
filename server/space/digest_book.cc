#include "server/space/digest_book.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"
#include "engine/model/path.h"
#include "server/space/limits.h"

namespace rollcall {
namespace {

// The changes of `prefix` itself and of what lies below it. In byte order other paths may stand
// between the two ("unit/nc", "unit/nc-1", "unit/nc/wake").
Digest sum_below(const std::vector<PathChange>& changes, std::string_view prefix) {
  const auto by_path = [](const PathChange& change, std::string_view path) {
    return change.path < path;
  };
  Digest sum;
  auto at = std::lower_bound(changes.begin(), changes.end(), prefix, by_path);
  if (at != changes.end() && at->path == prefix) sum += at->digest;
  const std::string under = std::string(prefix) + "/";
  at = std::lower_bound(at, changes.end(), std::string_view(under), by_path);
  for (; at != changes.end() && at->path.starts_with(under); ++at) sum += at->digest;
  return sum;
}

}  // namespace

bool DigestBook::Watch::covers(std::string_view path) const {
  // Each whole-segment prefix of the path, the path itself first.
  while (true) {
    if (std::binary_search(prefixes.begin(), prefixes.end(), path)) return true;
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) return false;
    path = path.substr(0, slash);
  }
}

std::shared_ptr<const DigestBook::Watch> DigestBook::watched() {
  const std::lock_guard lock(mutex_);
  if (watch_->version == version_) return watch_;
  auto next = std::make_shared<Watch>();
  next->version = version_;
  next->prefixes.reserve(entries_.size());
  for (const auto& [prefix, unused] : entries_) next->prefixes.push_back(prefix);
  watch_ = std::move(next);
  return watch_;
}

DigestBook::Entry& DigestBook::watch(std::string_view prefix) {
  if (const auto found = entries_.find(prefix); found != entries_.end()) {
    used_.splice(used_.begin(), used_, found->second.used);
    return found->second;
  }
  if (entries_.size() >= watched_prefixes_max) forget_oldest();
  Entry& entry = entries_.emplace(prefix, Entry{}).first->second;
  used_.emplace_front(prefix);
  entry.used = used_.begin();
  entry.since = latest_;
  entry.version = ++version_;
  fresh_.emplace_back(entry.version, std::string(prefix));
  return entry;
}

void DigestBook::forget_oldest() {
  entries_.erase(used_.back());
  used_.pop_back();
  if (fresh_.size() < 2 * watched_prefixes_max) return;
  // No commit came for long: most of these went again meanwhile.
  std::deque<std::pair<std::uint64_t, std::string>> left;
  for (auto& [version, prefix] : fresh_) {
    const auto entry = entries_.find(prefix);
    if (entry == entries_.end() || entry->second.version != version) continue;
    left.emplace_back(version, std::move(prefix));
  }
  fresh_ = std::move(left);
}

void DigestBook::move(const std::vector<PathChange>& changes, bool forward) {
  for (const PathChange& change : changes) {
    // Each whole-segment prefix of the path, the path itself first.
    for (std::string_view path = change.path;;) {
      if (const auto found = entries_.find(path); found != entries_.end()) {
        for (std::optional<Digest>* sum : {&found->second.sum, &found->second.behind_scan}) {
          if (!*sum) continue;
          if (forward) {
            **sum += change.digest;
          } else {
            **sum -= change.digest;
          }
        }
      }
      const std::size_t slash = path.rfind('/');
      if (slash == std::string_view::npos) break;
      path = path.substr(0, slash);
    }
  }
}

void DigestBook::stage(Sequence head, const Watch& watch, std::vector<PathChange> changes) {
  const std::lock_guard lock(mutex_);
  ROLLCALL_CHECK(head > latest_);
  Commit commit{head, latest_, std::move(changes), {}};
  move(commit.changes, true);
  while (!fresh_.empty() && fresh_.front().first <= watch.version) fresh_.pop_front();
  for (const auto& [version, prefix] : fresh_) {
    const auto entry = entries_.find(prefix);
    if (entry == entries_.end() || entry->second.version != version) continue;
    // Watched only since this commit was under way: what it changed there is not known.
    entry->second.since = head;
    entry->second.sum.reset();
    entry->second.behind_scan.reset();
    commit.missed.push_back(prefix);
  }
  remembered_changes_ += commit.changes.size();
  commits_.push_back(std::move(commit));
  latest_ = head;
  while (commits_.size() > 1 &&
         (commits_.size() > book_commits_max || remembered_changes_ > book_changes_max)) {
    remembered_changes_ -= commits_.front().changes.size();
    remembered_after_ = commits_.front().head;
    commits_.pop_front();
  }
}

void DigestBook::unstage() {
  const std::lock_guard lock(mutex_);
  ROLLCALL_CHECK(!commits_.empty());
  Commit& commit = commits_.back();
  latest_ = commit.before;
  move(commit.changes, false);
  for (const auto& [version, prefix] : fresh_) {
    if (const auto entry = entries_.find(prefix); entry != entries_.end()) {
      entry->second.since = std::min(entry->second.since, latest_);
    }
  }
  remembered_changes_ -= commit.changes.size();
  commits_.pop_back();
}

std::optional<Digest> DigestBook::changes_after(std::string_view prefix, Sequence at) const {
  if (at < remembered_after_ || at > latest_) return std::nullopt;
  Digest sum;
  for (auto commit = commits_.rbegin(); commit != commits_.rend() && commit->head > at; ++commit) {
    const auto& missed = commit->missed;
    if (std::find(missed.begin(), missed.end(), prefix) != missed.end()) return std::nullopt;
    sum += sum_below(commit->changes, prefix);
  }
  return sum;
}

std::optional<Digest> DigestBook::sum(std::string_view prefix, Sequence at) {
  const std::lock_guard lock(mutex_);
  const Entry& entry = watch(prefix);
  if (!entry.sum || at < entry.since) return std::nullopt;
  const auto changes = changes_after(prefix, at);
  if (!changes) return std::nullopt;
  return *entry.sum - *changes;
}

bool DigestBook::begin_scan(std::string_view prefix, Sequence at) {
  const std::lock_guard lock(mutex_);
  if (scanning_) return false;
  Entry& entry = watch(prefix);
  if (entry.sum || at < entry.since) return false;
  entry.behind_scan = changes_after(prefix, at);
  scanning_ = entry.behind_scan.has_value();
  return scanning_;
}

void DigestBook::end_scan(std::string_view prefix, std::optional<Digest> sum) {
  const std::lock_guard lock(mutex_);
  ROLLCALL_CHECK(scanning_);
  scanning_ = false;
  const auto found = entries_.find(prefix);
  if (found == entries_.end()) return;  // so much else was asked for meanwhile
  Entry& entry = found->second;
  if (sum && entry.behind_scan && !entry.sum) entry.sum = *sum + *entry.behind_scan;
  entry.behind_scan.reset();
}

void DigestBook::offer(std::string_view prefix, Sequence at, Digest sum) {
  const std::lock_guard lock(mutex_);
  Entry& entry = watch(prefix);
  if (entry.sum || at < entry.since) return;
  const auto changes = changes_after(prefix, at);
  if (changes) entry.sum = sum + *changes;
}

}  // namespace rollcall
