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

std::shared_ptr<const DigestBook::Watch> DigestBook::watched() const {
  const std::lock_guard lock(mutex_);
  return watch_;
}

DigestBook::Entry* DigestBook::watch(std::string_view prefix) {
  if (const auto found = entries_.find(prefix); found != entries_.end()) return &found->second;
  if (entries_.size() >= watched_prefixes_max) return nullptr;
  Entry& entry = entries_.emplace(prefix, Entry{}).first->second;
  auto next = std::make_shared<Watch>();
  next->version = watch_->version + 1;
  for (const auto& [watched, unused] : entries_) next->prefixes.push_back(watched);
  watch_ = std::move(next);
  entry.watched_since_version = watch_->version;
  entry.since = latest_;
  return &entry;
}

void DigestBook::stage(Sequence head, const Watch& watch, std::vector<PathChange> changes) {
  const std::lock_guard lock(mutex_);
  ROLLCALL_CHECK(head > latest_);
  Commit commit{head, latest_, std::move(changes), {}};
  for (auto& [prefix, entry] : entries_) {
    if (entry.watched_since_version > watch.version) {
      // Watched only since this commit was under way: what it changed there is not known.
      entry.since = head;
      entry.sum.reset();
      commit.missed.push_back(prefix);
    } else if (entry.sum) {
      *entry.sum += sum_below(commit.changes, prefix);
    }
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
  for (auto& [prefix, entry] : entries_) {
    if (entry.since > latest_) entry.since = latest_;
    if (entry.sum) *entry.sum -= sum_below(commit.changes, prefix);
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
  const Entry* entry = watch(prefix);
  if (entry == nullptr || !entry->sum || at < entry->since) return std::nullopt;
  const auto changes = changes_after(prefix, at);
  if (!changes) return std::nullopt;
  return *entry->sum - *changes;
}

void DigestBook::offer(std::string_view prefix, Sequence at, Digest sum) {
  const std::lock_guard lock(mutex_);
  Entry* entry = watch(prefix);
  if (entry == nullptr || entry->sum || at < entry->since) return;
  const auto changes = changes_after(prefix, at);
  if (changes) entry->sum = sum + *changes;
}

void DigestBook::forget(Sequence head) {
  const std::lock_guard lock(mutex_);
  latest_ = head;
  remembered_after_ = head;
  commits_.clear();
  remembered_changes_ = 0;
  for (auto& [prefix, entry] : entries_) {
    entry.sum.reset();
    entry.since = head;
  }
}

}  // namespace rollcall
