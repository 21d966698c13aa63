#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/numbers.h"
#include "engine/storage/digest.h"

namespace rollcall {

// What one commit added to the digest of one path under one view: the path is the view's key of it
// (SpaceRoles::DigestView::key), here and in all that follows.
struct PathChange {
  std::string path;
  Digest digest;
};

// The digests of path prefixes, kept up with by the writer, so that the end of every catch-up costs
// no scan. A prefix is watched from its first use on; its sum comes from a scan by whoever asks
// first. Since a reader's snapshot may be older than the newest commit, the changes of the last
// commits are remembered and taken away again.
//
// Bounded: `watched_prefixes_max` prefixes, the least recently used goes first; one scan at a time
// (`begin_scan`), and what it finds is kept however many commits came meanwhile. What a commit
// costs depends on what it changed, not on how many prefixes are watched.
//
// Invariant: a commit is staged before any reader can see it, and `latest` is the newest staged.
// Any thread.
class DigestBook {
 public:
  explicit DigestBook(Sequence head) : latest_(head), remembered_after_(head) {}

  // What the writer is to sum up in one group commit.
  struct Watch {
    std::uint64_t version = 0;
    std::vector<std::string> prefixes;  // ascending
    [[nodiscard]] bool covers(std::string_view path) const;
  };
  std::shared_ptr<const Watch> watched();

  // Before the commit of everything up to `head`: the changes of the paths that `watch` covers,
  // ascending by path, each once.
  void stage(Sequence head, const Watch& watch, std::vector<PathChange> changes);
  // The commit that was staged last did not happen.
  void unstage();

  // The prefix's digest in the snapshot whose head is `at`; nothing when it is not known. From then
  // on the prefix is watched.
  std::optional<Digest> sum(std::string_view prefix, Sequence at);
  // Whether the caller is to sum the prefix up, in its snapshot at `at`. False: another scan is
  // under way, or what this one found could not be kept. `end_scan` must follow true.
  bool begin_scan(std::string_view prefix, Sequence at);
  // What it found; nothing: it failed.
  void end_scan(std::string_view prefix, std::optional<Digest> sum);
  // What a scan of the snapshot at `at` found, or what is known of an empty prefix.
  void offer(std::string_view prefix, Sequence at, Digest sum);

 private:
  struct Entry {
    Sequence since;             // the changes of every later commit are known
    std::optional<Digest> sum;  // at latest_
    // What changed from the snapshot that is being scanned up to latest_.
    std::optional<Digest> behind_scan;
    std::uint64_t version = 0;  // that brought it
    std::list<std::string>::iterator used;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  struct Commit {
    Sequence head;
    Sequence before;  // the head that it followed
    std::vector<PathChange> changes;
    std::vector<std::string> missed;  // prefixes that were not watched when it began
  };

  Entry& watch(std::string_view prefix);
  // The changes below `prefix` of the commits after `at`; nothing when they are not all remembered.
  [[nodiscard]] std::optional<Digest> changes_after(std::string_view prefix, Sequence at) const;
  void forget_oldest();
  // Adds the changes to every watched sum above them.
  void move(const std::vector<PathChange>& changes, bool forward);

  mutable std::mutex mutex_;
  Sequence latest_;
  Sequence remembered_after_;  // commits_ holds every commit after it
  std::deque<Commit> commits_;
  std::size_t remembered_changes_ = 0;
  Entries entries_;
  std::list<std::string> used_;  // the prefixes, the most recently used first
  bool scanning_ = false;
  std::uint64_t version_ = 0;  // of the set of prefixes; watch_ is made anew when it is asked for
  // Prefixes by the version that brought them, as long as a commit may be under way without them.
  std::deque<std::pair<std::uint64_t, std::string>> fresh_;
  std::shared_ptr<const Watch> watch_ = std::make_shared<const Watch>();
};

}  // namespace rollcall
