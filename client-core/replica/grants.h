#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/role_book.h"
#include "engine/protocol/messages.h"
#include "engine/storage/digest.h"
#include "engine/storage/path_sets.h"

namespace rollcall {

class Connection;

enum class GrantState : std::uint8_t {
  wanted = 0,    // its rows are not all here: bootstrap pages are due
  staged = 1,    // all pages are here, to be applied with the next completed read
  complete = 2,  // its rows are part of the confirmed ones
};

// A grant that the server gave this device, how far its rows are here, and the sum of what they
// are.
struct HeldGrant {
  Grant grant;
  std::uint64_t sum = 0;  // over (path, row), of confirmed rows
  GrantState state = GrantState::wanted;
  Bytes position;                      // where its bootstrap goes on
  std::optional<Boundary> through;     // end of the last page taken
  bool begun = false;                  // a page was taken
  bool has_older_rows = false;         // rows lay under it before its first page: they may be stale
  bool reread = false;                 // to be compared by drill-down
  std::int64_t diverged_until_ms = 0;  // a re-read did not help: no other before this time
};

// A path of a path set, and the grants that cover it as bits by place in `all()`.
struct CoveredPath {
  std::string_view path;
  std::uint64_t grants = 0;
};

// This device's grants, and the digest of each. The sums follow every change of a confirmed row:
// take_away what it was, add what it is.
class Grants {
 public:
  static std::vector<std::string> create_statements();
  Grants(Connection& connection, const PathSets& path_sets)
      : connection_(&connection), path_sets_(&path_sets) {}
  Result<void> reload();
  // Before the path sets are replaced.
  void forget_paths() { covered_.clear(); }
  // Writes what changed since it was read or saved.
  Result<void> save();

  // The shortest lease that a role of these grants gives, in hours; 0: none has one.
  [[nodiscard]] std::uint32_t lease_hours() const;

  [[nodiscard]] std::vector<HeldGrant>& all() { return grants_; }
  [[nodiscard]] const std::vector<HeldGrant>& all() const { return grants_; }
  [[nodiscard]] HeldGrant* find(GrantId id);
  // Its bit among `all()`; 0: there is no such grant.
  [[nodiscard]] std::uint64_t bit(GrantId id) const;
  // Takes the server's list. Returns those that are new; their sums are still to be made.
  std::vector<GrantId> replace(std::span<const Grant> list);

  // The schema whose roles grants name; it must live until another is chosen.
  void choose_schema(const Schema& schema);
  // The grants, of these (bits by place), whose role shows something of the collection. All of them
  // when the schema does not have it: then the server knows better.
  [[nodiscard]] std::uint64_t showing(std::uint64_t grants, CollectionId collection);
  // What these grants show of the collection together; null: all that the server sends.
  [[nodiscard]] const FieldView* view(std::uint64_t grants, CollectionId collection);
  // Calls `each(grants, view)` for each view that some of these grants have, null for everything.
  template <class Each>
  void each_view(std::uint64_t grants, CollectionId collection, const Each& each);

  // Whether the server could take a write of the field, of a new row or of one that is there, under
  // some grant of this device: false only where none of its roles may, on any path. A role that
  // this schema does not have may do anything: the server knows better.
  [[nodiscard]] bool may_write(CollectionId collection, bool insert, FieldId field) const;
  // "kiosk", "captain, trainer": what its grants call its roles, each once.
  [[nodiscard]] std::string role_names() const;
  // Whether the path counts for a row of the collection.
  [[nodiscard]] bool is_covered(std::string_view path, CollectionId collection);
  // Ids of the grants whose rows are here, ascending; with `staged`, those whose pages are, too.
  [[nodiscard]] std::vector<GrantId> complete(bool staged) const;
  [[nodiscard]] bool all_complete() const;
  // The next grant whose bootstrap pages are due: events, trainings, units, the rest.
  [[nodiscard]] const HeldGrant* next_wanted() const;

  // The covered paths of a path set.
  [[nodiscard]] std::span<const CoveredPath> covered(std::int64_t path_set);
  void add(std::uint64_t grants, Digest share) { move_sums(grants, share.sum); }
  void take_away(std::uint64_t grants, Digest share) { move_sums(grants, 0 - share.sum); }

  // The sums of the complete grants, combined as a server does that saw no change.
  [[nodiscard]] std::uint64_t combined() const;
  static std::uint64_t share_of(const GrantSum& sum) { return sum.sum * (2 * sum.grant.value + 1); }

 private:
  // Their roles' bits, after a change of grants or schema.
  void find_roles();
  void move_sums(std::uint64_t grants, std::uint64_t by) {
    for (std::size_t i = 0; grants != 0; ++i, grants >>= 1) {
      if ((grants & 1) != 0) grants_[i].sum += by;
    }
  }

  Connection* connection_;
  const PathSets* path_sets_;
  std::vector<HeldGrant> grants_;  // ascending by id
  std::vector<HeldGrant> saved_;
  std::map<std::int64_t, std::vector<CoveredPath>> covered_;
  const Schema* schema_ = nullptr;
  std::unique_ptr<RoleBook> roles_;
  std::vector<RoleBits> role_bits_;  // by place
  std::map<CollectionId, std::uint64_t> showing_;
};

template <class Each>
void Grants::each_view(std::uint64_t grants, CollectionId collection, const Each& each) {
  std::uint64_t left = showing(grants, collection);
  while (left != 0) {
    const std::uint64_t first = left & (~left + 1);
    const FieldView* seen = view(first, collection);
    std::uint64_t same = first;
    for (std::uint64_t others = left ^ first; others != 0; others &= others - 1) {
      const std::uint64_t other = others & (~others + 1);
      if (view(other, collection) == seen) same |= other;
    }
    each(same, seen);
    left ^= same;
  }
}

}  // namespace rollcall
