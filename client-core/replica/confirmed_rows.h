#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "client-core/replica/limits.h"
#include "client-core/replica/overlay.h"
#include "engine/clock/hybrid_clock.h"
#include "engine/codec/page_reader.h"
#include "engine/storage/connection.h"

namespace rollcall {

// A confirmed row, for those who read all of them. Views until the next one.
struct ConfirmedRow {
  RowKey key;
  const CollectionDef* def = nullptr;  // null: a collection that this schema does not have
  const RowState* state = nullptr;     // by position; unused without `def`
  const std::vector<NamedField>* unknown = nullptr;
  std::int64_t paths = 0;
};

// Puts what pages say into confirmed state: a plain row that is new goes straight from the page's
// bytes into its table; any other is loaded, changed and replayed over. The grants' sums follow.
// Everything runs in the caller's transaction.
class ConfirmedRows {
 public:
  ConfirmedRows(Connection& connection, Overlay& overlay, PathSets& path_sets,
                const Overlay::Parts& parts, HybridClock& clock)
      : connection_(connection),
        overlay_(overlay),
        path_sets_(path_sets),
        parts_(parts),
        clock_(clock) {}

  // Every row with an entry in a range under a grant, of one snapshot that contains own
  // transactions up to `contains`. With `replaces`, entries that lie in the range here and not in
  // the page go.
  struct PageScope {
    const Grant* grant = nullptr;
    std::optional<Boundary> after;
    std::optional<Boundary> through;
    bool replaces = false;
  };
  Result<std::uint64_t> apply_range(BytesView page, const PageScope& scope, TxNumber contains);
  // A page that a reply left out has no rows.
  static BytesView page_or_none(BytesView page);
  // A tail page. `through`: own transactions that the tail contains; echoes fold them.
  Result<void> apply_tail(BytesView page, TxNumber through);

  // Own writes of retiring transactions that the tail's rows, since `begin_tail`, have taken care
  // of.
  void begin_tail() { taken_writes_ = 0; }
  [[nodiscard]] std::uint64_t taken_writes() const { return taken_writes_; }

  // Takes paths that no grant shows any more off all rows, and drops rows that keep none. With
  // `fields`, what no grant shows any more of the rows that stay goes, too.
  Result<void> drop_uncovered(bool fields);
  // After a new schema: values that waited for their field move into its column. No digest changes.
  Result<void> move_known();
  // Where there are very many path sets, deletes those that no row has any more.
  Result<void> drop_unused_sets();

  // False: no row lies at a path under the prefix.
  [[nodiscard]] bool may_have_rows_under(std::string_view prefix) const {
    return !sets_under(prefix).empty() || parts_.unknown.any();
  }

  // Every confirmed row that has one of the path sets, collection by collection; stops at an error.
  using Each = std::function<Result<void>(const ConfirmedRow&)>;
  Result<void> each(const std::vector<std::int64_t>& path_sets, const Each& each);
  // The path sets of which some path is under the prefix; empty prefix: all that are not empty.
  [[nodiscard]] std::vector<std::int64_t> sets_under(std::string_view prefix) const;
  // The sum of every (path, row) under the prefix, from the rows themselves.
  Result<std::uint64_t> digest(std::string_view prefix);
  // Of what a grant shows, under its own view.
  Result<std::uint64_t> digest(GrantId grant);
  // Its part of that, of one confirmed row at a path that the grant covers; nothing: the grant does
  // not show the row.
  std::optional<Digest> share(GrantId grant, std::string_view path, const ConfirmedRow& row);

 private:
  // How the section under way lies in this schema.
  struct Layout {
    const Section* section = nullptr;
    ReplicaTable* table = nullptr;
    std::vector<int> positions;     // of the section's fields; -1: unknown
    std::vector<ValueKind> kinds;   // that cells must have, or null
    std::vector<std::size_t> sets;  // places of set fields
    bool all_known = false;
    Statement by_id;  // echoes: reads a typed row
    std::vector<FieldId> all_fields;
  };

  Result<void> lay_out(const Section& section);
  Result<void> check_cells(const SectionRow& row) const;
  Result<std::int64_t> path_set_of(const SectionRow& row);
  Result<void> note_stamps(BytesView stamps);
  Result<void> apply_row(const SectionRow& row, TxNumber contains);
  Result<bool> is_noted(const RowKey& key);
  Result<bool> insert_new(const SectionRow& row, std::int64_t paths);
  Result<void> apply_fields(const SectionRow& row, KnownRow& known);
  Result<bool> echo_plain(const SectionRow& row, std::int64_t paths, TxNumber through);
  Result<void> apply_echo(const SectionRow& row, TxNumber through);
  // Why a row leaves: only what the server lacks may be an orphan of its restore.
  enum class Leaving : std::uint8_t { server_lacks_it, no_grant_shows_it };
  Result<void> evict(const RowKey& key, Leaving why);
  // What is not in `view` goes; null: nothing does.
  Result<void> set_paths(const RowKey& key, std::int64_t paths, const FieldView* view, Leaving why);
  Result<void> sweep(const PageScope& scope, const std::unordered_set<RowKey>& there);
  void count_writes(const KnownRow& row);
  Result<void> open_page(BytesView page);
  void share_plain(const RowId& id, std::int64_t paths, std::span<const FieldId> fields,
                   std::span<const ValueView> cells, BytesView stamps);

  Connection& connection_;
  Overlay& overlay_;
  PathSets& path_sets_;
  Overlay::Parts parts_;
  HybridClock& clock_;
  PageReader page_;
  Layout layout_;
  std::vector<std::int64_t> page_sets_;  // the page's path sets as ours; -1: not looked at yet
  KnownRow row_;
  RowHasher hasher_;
  std::vector<FieldStamp> stamps_;  // of the row under way, unpacked
  Bytes last_stamps_;
  std::vector<ValueView> cells_;
  std::vector<std::uint8_t> mask_;  // of a plain row's fields
  ReplicaImage image_;
  std::vector<TxNumber> noted_;
  std::uint64_t taken_writes_ = 0;
  std::size_t path_sets_max_ = path_sets_max;
};

}  // namespace rollcall
