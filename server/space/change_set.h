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
#include "server/space/space_roles.h"

namespace rollcall {

// What one group commit touched, path by path: it becomes the news for those who wait and an entry
// of the digest book. Gathered transaction by transaction, so that a refused one leaves no trace.
class ChangeSet {
 public:
  void begin(std::shared_ptr<const DigestBook::Watch> watch);
  // Whose digests there are; it must live until others are chosen.
  void choose_views(const std::vector<SpaceRoles::DigestView>& views);

  // The views of which anybody wants the digest of this path, as bits by their place; asked for
  // each written row, so remembered.
  Result<std::uint64_t> watched(std::int64_t path, PathIndex& paths);
  [[nodiscard]] bool watches_anything() const { return !watch_->prefixes.empty(); }
  [[nodiscard]] const DigestBook::Watch& watch() const { return *watch_; }

  // Path numbers may mean other paths now: some were rolled back.
  void forget_numbers() { watched_.clear(); }

  // A row at this path changed.
  void add(std::int64_t path) { add(path, 0, Digest{}); }
  // Its digest there, under a view, moved by `by`.
  void add(std::int64_t path, std::size_t view, Digest by) {
    const Place place = place_of(path, view);
    if (pending_.empty() || pending_.back().first != place) pending_.emplace_back(place, Digest{});
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
  // A path and a view in one number.
  using Place = std::uint64_t;
  static constexpr unsigned view_bits = 6;
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};
  static Place place_of(std::int64_t path, std::size_t view) {
    return (static_cast<Place>(path) << view_bits) | view;
  }
  static std::int64_t path_of(Place place) { return static_cast<std::int64_t>(place >> view_bits); }
  static std::size_t view_of(Place place) { return place & ((1u << view_bits) - 1); }

  std::shared_ptr<const DigestBook::Watch> watch_ = std::make_shared<const DigestBook::Watch>();
  const std::vector<SpaceRoles::DigestView>* views_ = nullptr;
  std::vector<std::uint64_t> watched_;  // by path number
  std::vector<std::pair<Place, Digest>> pending_;
  std::unordered_map<Place, Digest> kept_;
};

}  // namespace rollcall
