#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/storage/digest.h"
#include "engine/storage/path_index.h"
#include "server/space/commit_news.h"
#include "server/space/digest_book.h"

namespace rollcall {

// What one group commit touched, path by path: it becomes the news for those who wait and an entry
// of the digest book. Gathered transaction by transaction, so that a refused one leaves no trace.
class ChangeSet {
 public:
  void begin(std::shared_ptr<const DigestBook::Watch> watch);

  // Whether anybody wants the digest of this path; asked for each written row, so remembered.
  Result<bool> is_watched(std::int64_t path, PathIndex& paths);
  [[nodiscard]] bool watches_anything() const { return !watch_->prefixes.empty(); }
  [[nodiscard]] const DigestBook::Watch& watch() const { return *watch_; }

  // Path numbers may mean other paths now: some were rolled back.
  void forget_numbers() { watched_.clear(); }

  // A row at this path changed; its digest there moved by `by`.
  void add(std::int64_t path, Digest by = {}) {
    if (pending_.empty() || pending_.back().first != path) pending_.emplace_back(path, Digest{});
    pending_.back().second += by;
  }
  // The transaction since the last call was accepted, or refused.
  void keep();
  void drop() { pending_.clear(); }

  // Ascending by path: what the book is told (watched paths only).
  Result<std::vector<PathChange>> changes(PathIndex& paths);
  // Before the commit: what it will tell.
  Result<void> tell(PathIndex& paths, CommitNews& news) const;

 private:
  enum class Watched : std::uint8_t { unknown, no, yes };

  std::shared_ptr<const DigestBook::Watch> watch_ = std::make_shared<const DigestBook::Watch>();
  std::vector<Watched> watched_;  // by path number
  std::vector<std::pair<std::int64_t, Digest>> pending_;
  std::unordered_map<std::int64_t, Digest> kept_;
};

}  // namespace rollcall
