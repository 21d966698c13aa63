#include "client-core/replica/confirmed_rows.h"

#include <algorithm>

#include "client-core/replica/boundary.h"
#include "client-core/replica/orphans.h"
#include "engine/codec/page_writer.h"
#include "engine/codec/row_extra.h"
#include "engine/model/path.h"
#include "engine/storage/layout.h"

namespace rollcall {
namespace {

// More path sets than this in one statement are cheaper to look at one by one.
constexpr std::size_t listed_sets_max = 400;

FieldState& field_of(std::vector<NamedField>& fields, FieldId field) {
  const auto place = std::lower_bound(fields.begin(), fields.end(), field,
                                      [](const NamedField& a, FieldId b) { return a.field < b; });
  if (place != fields.end() && place->field == field) return place->state;
  return fields.insert(place, NamedField{field, {}})->state;
}

// Where a field of the row lies: a position, or among the unknown ones.
FieldState& field_of(KnownRow& row, FieldId field) {
  if (row.table != nullptr) {
    if (const auto position = row.def().position(field)) return row.state.fields[*position];
  }
  return field_of(row.unknown.fields, field);
}

}  // namespace

// ---- Pages

BytesView ConfirmedRows::page_or_none(BytesView page) {
  static const Bytes empty_page = PageWriter().finish().value();
  return page.empty() ? BytesView(empty_page) : page;
}

Result<void> ConfirmedRows::open_page(BytesView page) {
  ROLLCALL_TRY(page_.open(page_or_none(page), PageUse::reply));
  layout_ = Layout{};
  last_stamps_.clear();
  return {};
}

Result<void> ConfirmedRows::lay_out(const Section& section) {
  layout_ = Layout{};
  layout_.section = &section;
  page_sets_.assign(page_.path_sets(), -1);  // which paths count depends on the collection
  ROLLCALL_TRY_ASSIGN(layout_.table, parts_.tables.find(section.collection));
  if (layout_.table == nullptr) return {};
  const CollectionDef& def = layout_.table->collection();
  layout_.all_known = true;
  for (std::size_t i = 0; i < section.fields.size(); ++i) {
    const auto position = def.position(section.fields[i]);
    layout_.positions.push_back(position ? static_cast<int>(*position) : -1);
    layout_.all_known = layout_.all_known && position.has_value();
    layout_.kinds.push_back(position ? kind_of(def.fields[*position].type) : ValueKind::null);
    if (position && def.fields[*position].rule == MergeRule::set) layout_.sets.push_back(i);
  }
  if (section.kind == RowKind::whole) layout_.table->choose_fields(section.fields);
  if (section.kind == RowKind::echo) {
    ROLLCALL_TRY_ASSIGN(layout_.by_id,
                        connection_.cached(layout_.table->select("WHERE r._id = ?1")));
    for (const FieldDef& field : def.fields) layout_.all_fields.push_back(field.id);
  }
  return {};
}

Result<void> ConfirmedRows::check_cells(const SectionRow& row) const {
  for (std::size_t i = 0; i < layout_.kinds.size(); ++i) {
    const ValueKind kind = row.cells[i].kind;
    if (kind == ValueKind::null || layout_.positions[i] < 0) continue;
    const bool is_set =
        layout_.table->collection().fields[static_cast<std::size_t>(layout_.positions[i])].rule ==
        MergeRule::set;
    if (kind != layout_.kinds[i] || is_set) {
      return failure(ErrorCode::malformed, "the server sent " + std::string(kind_name(kind)) +
                                               " for field " +
                                               std::to_string(row.section->fields[i].value) +
                                               " of " + layout_.table->collection().name);
    }
  }
  return {};
}

Result<std::int64_t> ConfirmedRows::path_set_of(const SectionRow& row) {
  std::int64_t& known = page_sets_[row.path_set];
  if (known >= 0) return known;
  std::vector<std::string_view> paths;
  for (const std::uint32_t place : row.paths) {
    const std::string_view path = page_.paths()[place];
    if (parts_.grants.is_covered(path, row.section->collection)) paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end());
  ROLLCALL_TRY_ASSIGN(known, path_sets_.intern(paths));
  return known;
}

// Unpacks a row's stamps, and lets the clock see the greatest: what is made here later is later.
Result<void> ConfirmedRows::note_stamps(BytesView stamps) {
  if (stamps == last_stamps_ && !stamps.empty()) return {};
  ROLLCALL_TRY(unpack_stamps(stamps, stamps_));
  last_stamps_ = stamps;
  Stamp greatest;
  for (const FieldStamp& field : stamps_) greatest = std::max(greatest, field.stamp);
  clock_.observe(greatest);
  return {};
}

void ConfirmedRows::count_writes(const KnownRow& row) {
  for (const TxNumber number : row.pending) {
    if (number <= overlay_.retiring()) ++taken_writes_;
  }
}

Result<std::uint64_t> ConfirmedRows::apply_range(BytesView page, const PageScope& scope,
                                                 TxNumber contains) {
  ROLLCALL_TRY(open_page(page));
  if (scope.replaces) {
    std::unordered_set<RowKey> there;
    there.reserve(page_.rows());
    for (std::size_t i = 0; i < page_.sections().size(); ++i) {
      for (const RowId& id : page_.ids(i)) there.insert({page_.sections()[i].collection, id});
    }
    ROLLCALL_TRY(sweep(scope, there));
  }
  for (SectionRow row; page_.next(row);) {
    if (row.section != layout_.section) ROLLCALL_TRY(lay_out(*row.section));
    if (row.section->kind != RowKind::whole) {
      return failure(ErrorCode::malformed, "a bootstrap page holds rows that are not whole");
    }
    ROLLCALL_TRY(apply_row(row, contains));
  }
  return static_cast<std::uint64_t>(page_.rows());
}

Result<void> ConfirmedRows::apply_tail(BytesView page, TxNumber through) {
  ROLLCALL_TRY(open_page(page));
  for (SectionRow row; page_.next(row);) {
    if (row.section != layout_.section) ROLLCALL_TRY(lay_out(*row.section));
    switch (row.section->kind) {
      case RowKind::whole:
      case RowKind::changed: ROLLCALL_TRY(apply_row(row, through)); break;
      case RowKind::echo: ROLLCALL_TRY(apply_echo(row, through)); break;
      case RowKind::evict:
        ROLLCALL_TRY(evict({row.section->collection, row.id}, Leaving::server_lacks_it));
        break;
      default: return failure(ErrorCode::malformed, "a tail page holds rows of a transaction");
    }
  }
  return {};
}

Result<void> ConfirmedRows::apply_row(const SectionRow& row, TxNumber contains) {
  if (layout_.table != nullptr) ROLLCALL_TRY(check_cells(row));
  const RowKey key{row.section->collection, row.id};
  ROLLCALL_TRY_ASSIGN(const std::int64_t paths, path_set_of(row));
  if (paths == PathSets::empty_set) return evict(key, Leaving::server_lacks_it);
  ROLLCALL_TRY(note_stamps(row.stamps));
  const bool is_whole = row.section->kind == RowKind::whole;
  if (is_whole && layout_.all_known && row.extra.empty() && !parts_.unknown.any()) {
    ROLLCALL_TRY_ASSIGN(const bool noted, is_noted(key));
    if (!noted) {
      ROLLCALL_TRY_ASSIGN(const bool inserted, insert_new(row, paths));
      if (inserted) return {};
    }
  }
  ROLLCALL_TRY(overlay_.load(key, row_));
  count_writes(row_);
  // Fields of a row that is not here: the digest will tell, and the row be read again.
  if (!is_whole && !row_.confirmed) return overlay_.store(row_);
  overlay_.take_away(row_);
  if (is_whole) {
    row_.unknown.fields.clear();
    row_.state.fields.clear();
  }
  ROLLCALL_TRY(apply_fields(row, row_));
  row_.confirmed = true;
  row_.lingers = false;
  row_.paths = paths;
  row_.contains = contains;
  overlay_.add(row_);
  return overlay_.store(row_);
}

Result<bool> ConfirmedRows::is_noted(const RowKey& key) {
  if (!parts_.pending.any()) return false;
  ROLLCALL_TRY(parts_.pending.find(key, noted_));
  return !noted_.empty();
}

void ConfirmedRows::share_plain(const RowId& id, std::int64_t paths,
                                std::span<const FieldId> fields, std::span<const ValueView> cells,
                                BytesView stamps) {
  const CollectionDef& def = layout_.table->collection();
  for (const CoveredPath& covered : parts_.grants.covered(paths)) {
    parts_.grants.each_view(
        covered.grants, def.id, [&](std::uint64_t grants, const FieldView* view) {
          mask_.clear();
          if (view != nullptr) {
            for (const FieldId field : fields) mask_.push_back(view->mask[*def.position(field)]);
          }
          const auto share = hasher_.plain_row(covered.path, id, fields, cells, stamps, mask_);
          ROLLCALL_CHECK(share.has_value());  // the page's reader, or the table, checked the stamps
          parts_.grants.add(grants, *share);
        });
  }
}

Result<bool> ConfirmedRows::insert_new(const SectionRow& row, std::int64_t paths) {
  std::span<const ValueView> cells = row.cells;
  if (!layout_.sets.empty()) {
    // A set that was written and is empty shows as an empty list.
    cells_.assign(row.cells.begin(), row.cells.end());
    for (const std::size_t at : layout_.sets) {
      const FieldId field = row.section->fields[at];
      const auto written =
          std::lower_bound(stamps_.begin(), stamps_.end(), field,
                           [](const FieldStamp& a, FieldId b) { return a.field < b; });
      if (written != stamps_.end() && written->field == field) {
        cells_[at] = ValueView::of_text("[]");
      }
    }
    cells = cells_;
  }
  ROLLCALL_TRY_ASSIGN(const bool inserted,
                      layout_.table->insert_plain(row.id, cells, row.stamps, paths, TxNumber(0)));
  if (!inserted) return false;
  share_plain(row.id, paths, row.section->fields, row.cells, row.stamps);
  overlay_.touched().insert(row.section->collection.value);
  return true;
}

Result<void> ConfirmedRows::apply_fields(const SectionRow& row, KnownRow& known) {
  if (known.table != nullptr) known.state.fields.resize(known.def().fields.size());
  for (const FieldStamp& stamp : stamps_) {
    const auto& fields = row.section->fields;
    const auto place = std::lower_bound(fields.begin(), fields.end(), stamp.field);
    if (place == fields.end() || *place != stamp.field) {
      return failure(ErrorCode::malformed, "a row's stamps name a field that it does not carry");
    }
    FieldState& field = field_of(known, stamp.field);
    field = FieldState{};
    field.stamp = stamp.stamp;
    field.value = Value(row.cells[static_cast<std::size_t>(place - fields.begin())]);
  }
  if (row.extra.empty()) return {};
  RowExtraReader extras(row.extra, ExtraUse::wire);
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const std::optional<FieldId> field, extras.next());
    if (!field) return {};
    ROLLCALL_TRY(extras.read(field_of(known, *field)));
  }
}

// The usual echo: a row that was inserted here and is what the server has, too.
Result<bool> ConfirmedRows::echo_plain(const SectionRow& row, std::int64_t paths,
                                       TxNumber through) {
  if (layout_.table == nullptr || overlay_.retiring() < through || parts_.unknown.any()) {
    return false;
  }
  const RowKey key{row.section->collection, row.id};
  ROLLCALL_TRY_ASSIGN(const bool noted, is_noted(key));
  if (noted) return false;
  layout_.by_id.bind_id(1, row.id);
  ROLLCALL_TRY_ASSIGN(const bool found, layout_.by_id.step());
  if (!found) return false;
  ROLLCALL_TRY(layout_.table->read_image(layout_.by_id, image_));
  const ReplicaPlace place = image_.place;
  bool plain = place.paths == 0 && place.tx > parts_.standing.retired && place.tx <= through &&
               parts_.verdicts.recent(place.tx) == nullptr && image_.extra.empty();
  if (plain && parts_.bases.any()) {
    BaseImage base;
    ROLLCALL_TRY_ASSIGN(const bool has_base,
                        parts_.bases.find(layout_.table->collection(), row.id, base));
    plain = !has_base;
  }
  if (plain) share_plain(row.id, paths, layout_.all_fields, image_.cells, image_.stamps);
  layout_.by_id.reset();
  if (!plain) return false;
  // All that was written here is confirmed now: another copy of the row must not find it pending.
  ROLLCALL_TRY(layout_.table->set_place(place.key, paths, TxNumber(0)));
  ++taken_writes_;
  return true;
}

Result<void> ConfirmedRows::apply_echo(const SectionRow& row, TxNumber through) {
  const RowKey key{row.section->collection, row.id};
  ROLLCALL_TRY_ASSIGN(const std::int64_t paths, path_set_of(row));
  if (paths == PathSets::empty_set) return evict(key, Leaving::server_lacks_it);
  ROLLCALL_TRY_ASSIGN(const bool done, echo_plain(row, paths, through));
  if (done) return {};
  ROLLCALL_TRY(overlay_.load(key, row_));
  count_writes(row_);
  overlay_.take_away(row_);
  ROLLCALL_TRY_ASSIGN(const bool any, overlay_.fold(row_, through));
  // An echo of nothing that is here: the digest will tell.
  static_cast<void>(any);
  if (row_.confirmed) row_.paths = paths;
  overlay_.add(row_);
  return overlay_.store(row_);
}

Result<void> ConfirmedRows::evict(const RowKey& key, Leaving why) {
  ROLLCALL_TRY(overlay_.load(key, row_));
  count_writes(row_);
  if (parts_.orphans.watches() && why == Leaving::server_lacks_it && row_.confirmed &&
      row_.table != nullptr) {
    ROLLCALL_TRY(parts_.orphans.row_goes(key, row_.def(), row_.state, clock_.now_ms()));
  }
  overlay_.take_away(row_);
  row_.lingers = row_.lingers || row_.confirmed;
  row_.confirmed = false;
  row_.paths = 0;
  return overlay_.store(row_);
}

// ---- Paths

Result<void> ConfirmedRows::set_paths(const RowKey& key, std::int64_t paths, const FieldView* view,
                                      Leaving why) {
  if (paths == PathSets::empty_set) return evict(key, why);
  ROLLCALL_TRY(overlay_.load(key, row_));
  if (!row_.confirmed) return {};
  overlay_.take_away(row_);
  row_.paths = paths;
  if (view != nullptr) {
    overlay_.must_fold();
    for (std::size_t i = 0; i < row_.state.fields.size(); ++i) {
      if (view->mask[i] == 0) row_.state.fields[i] = FieldState{};
    }
    row_.unknown.fields.clear();
  }
  overlay_.add(row_);
  return overlay_.store(row_);
}

Result<void> ConfirmedRows::sweep(const PageScope& scope, const std::unordered_set<RowKey>& there) {
  const std::vector<std::int64_t> sets = sets_under(scope.grant->path);
  if (sets.empty()) return {};
  struct Stale {
    RowKey key;
    std::vector<std::string> paths;  // that it keeps
  };
  std::vector<Stale> stale;
  Boundary entry;
  // A row that the grant does not show is not in its page, wherever it lies.
  const auto shows = [&](CollectionId collection) {
    const std::uint64_t bit = parts_.grants.bit(scope.grant->id);
    return parts_.grants.showing(bit, collection) != 0;
  };
  ROLLCALL_TRY(each(sets, [&](const ConfirmedRow& row) -> Result<void> {
    if (there.contains(row.key) || !shows(row.key.collection)) return {};
    std::vector<std::string> kept;
    bool loses = false;
    for (const std::string& path : path_sets_.paths(row.paths)) {
      entry = {path, row.key.collection, row.key.id};
      if (covers(scope.grant->path, path) && lies_within(entry, scope.after, scope.through)) {
        loses = true;
      } else {
        kept.push_back(path);
      }
    }
    if (loses) stale.push_back({row.key, std::move(kept)});
    return {};
  }));
  for (const Stale& row : stale) {
    const std::vector<std::string_view> paths(row.paths.begin(), row.paths.end());
    ROLLCALL_TRY_ASSIGN(const std::int64_t set, path_sets_.intern(paths));
    ROLLCALL_TRY(set_paths(row.key, set, nullptr, Leaving::server_lacks_it));
  }
  return {};
}

Result<void> ConfirmedRows::drop_uncovered(bool fields) {
  // What becomes of the rows of one collection that have one path set.
  struct Change {
    std::int64_t set = 0;
    const FieldView* view = nullptr;  // to keep within; null: there is nothing to look for
  };
  std::vector<std::int64_t> changing;
  std::map<std::pair<std::int64_t, CollectionId>, Change> changes;
  ROLLCALL_TRY_ASSIGN(std::vector<CollectionId> collections, parts_.unknown.collections());
  for (const CollectionDef& def : parts_.tables.schema().collections) {
    const auto known = std::find(collections.begin(), collections.end(), def.id);
    if (known == collections.end()) collections.push_back(def.id);
  }
  const std::vector<std::int64_t> sets = path_sets_.sets();  // more are made meanwhile
  for (const std::int64_t set : sets) {
    const std::size_t before = changes.size();
    for (const CollectionId collection : collections) {
      std::vector<std::string_view> kept;
      std::uint64_t grants = 0;
      for (const CoveredPath& path : parts_.grants.covered(set)) {
        const std::uint64_t showing = parts_.grants.showing(path.grants, collection);
        if (showing != 0) kept.push_back(path.path);
        grants |= showing;
      }
      Change change{set, nullptr};
      if (fields && grants != 0) change.view = parts_.grants.view(grants, collection);
      const bool shrinks = kept.size() != path_sets_.paths(set).size();
      if (!shrinks && change.view == nullptr) continue;
      if (shrinks) {
        ROLLCALL_TRY_ASSIGN(change.set, path_sets_.intern(kept));
      }
      changes.emplace(std::pair(set, collection), change);
    }
    if (changes.size() != before) changing.push_back(set);
  }
  if (changing.empty()) return {};
  std::vector<std::pair<RowKey, Change>> rows;
  ROLLCALL_TRY(each(changing, [&](const ConfirmedRow& row) -> Result<void> {
    const auto change = changes.find({row.paths, row.key.collection});
    if (change == changes.end()) return {};
    const FieldView* view = change->second.view;
    // Who showed a field that this schema does not have cannot be told: what still is to be seen of
    // them comes again, for the digest will differ.
    bool hides = view != nullptr && !row.unknown->empty();
    for (std::size_t i = 0; view != nullptr && i < row.state->fields.size(); ++i) {
      hides = hides || (view->mask[i] == 0 && !row.state->fields[i].stamp.is_none());
    }
    if (hides || change->second.set != row.paths) rows.emplace_back(row.key, change->second);
    return {};
  }));
  for (const auto& [key, change] : rows) {
    ROLLCALL_TRY(set_paths(key, change.set, change.view, Leaving::no_grant_shows_it));
  }
  return {};
}

Result<void> ConfirmedRows::move_known() {
  ROLLCALL_TRY_ASSIGN(const std::vector<RowKey> keys, parts_.unknown.keys());
  for (const RowKey& key : keys) {
    ROLLCALL_TRY(overlay_.load(key, row_));
    if (row_.table == nullptr) continue;
    if (row_.unknown.paths != PathSets::not_confirmed) {  // its whole collection was unknown
      row_.confirmed = true;
      row_.paths = row_.unknown.paths;
    }
    row_.state.fields.resize(row_.def().fields.size());
    std::vector<NamedField> left;
    for (NamedField& field : row_.unknown.fields) {
      const auto position = row_.def().position(field.field);
      if (position) {
        row_.state.fields[*position] = std::move(field.state);
      } else {
        left.push_back(std::move(field));
      }
    }
    row_.unknown.fields = std::move(left);
    ROLLCALL_TRY(overlay_.store(row_));
  }
  return parts_.unknown.reload();
}

Result<void> ConfirmedRows::drop_unused_sets() {
  if (path_sets_.size() <= path_sets_max_) return {};
  std::string used = "SELECT paths FROM _base UNION SELECT paths FROM _unknown";
  for (const CollectionDef& def : parts_.tables.schema().collections) {
    used += " UNION SELECT _paths FROM " + table_name(def);
  }
  ROLLCALL_TRY(connection_.execute("DELETE FROM _path_sets WHERE id NOT IN (" + used + ")"));
  parts_.grants.forget_paths();
  ROLLCALL_TRY(path_sets_.forget());
  // All in use: not looked for again before there are twice as many.
  path_sets_max_ = std::max(path_sets_max, 2 * path_sets_.size());
  return {};
}

// ---- All rows

std::vector<std::int64_t> ConfirmedRows::sets_under(std::string_view prefix) const {
  std::vector<std::int64_t> under;
  for (const std::int64_t set : path_sets_.sets()) {
    const std::vector<std::string>& paths = path_sets_.paths(set);
    if (std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
          return prefix.empty() || covers(prefix, path);
        })) {
      under.push_back(set);
    }
  }
  return under;
}

Result<void> ConfirmedRows::each(const std::vector<std::int64_t>& path_sets, const Each& each) {
  if (path_sets.empty()) return {};
  std::string where = "WHERE r._paths <> 0 ORDER BY r._key";
  if (path_sets.size() <= listed_sets_max) {
    where = "WHERE r._paths IN (";
    for (const std::int64_t set : path_sets) where += std::to_string(set) + ",";
    where.back() = ')';
    where += " ORDER BY r._key";
  }
  ReplicaRow typed;
  BaseImage base;
  UnknownValues::Row unknown;
  for (const CollectionDef& def : parts_.tables.schema().collections) {
    ROLLCALL_TRY_ASSIGN(ReplicaTable * table, parts_.tables.find(def.id));
    ROLLCALL_TRY_ASSIGN(Statement rows, connection_.prepare(table->select(where)));
    for (;;) {
      ROLLCALL_TRY_ASSIGN(const bool more, rows.step());
      if (!more) break;
      ROLLCALL_TRY(table->read(rows, typed));
      if (!std::binary_search(path_sets.begin(), path_sets.end(), typed.place.paths)) continue;
      ConfirmedRow row{{def.id, typed.id}, &def, &typed.state, &unknown.fields, typed.place.paths};
      if (typed.place.tx > parts_.standing.retired) {
        ROLLCALL_TRY_ASSIGN(const bool has_base, parts_.bases.find(def, typed.id, base));
        if (has_base) row.state = &base.state;
      }
      ROLLCALL_TRY(parts_.unknown.find(row.key, unknown));
      ROLLCALL_TRY(each(row));
    }
  }
  const RowState none;
  ROLLCALL_TRY_ASSIGN(const std::vector<RowKey> keys, parts_.unknown.keys());
  for (const RowKey& key : keys) {
    if (parts_.tables.schema().find(key.collection) != nullptr) continue;
    ROLLCALL_TRY(parts_.unknown.find(key, unknown));
    if (!std::binary_search(path_sets.begin(), path_sets.end(), unknown.paths)) continue;
    ROLLCALL_TRY(each({key, nullptr, &none, &unknown.fields, unknown.paths}));
  }
  return {};
}

Result<std::uint64_t> ConfirmedRows::digest(std::string_view prefix) {
  Digest sum;
  ROLLCALL_TRY(each(sets_under(prefix), [&](const ConfirmedRow& row) -> Result<void> {
    for (const std::string& path : path_sets_.paths(row.paths)) {
      if (!prefix.empty() && !covers(prefix, path)) continue;
      sum += overlay_.share_at(path, row.key, row.def, *row.state, *row.unknown, nullptr);
    }
    return {};
  }));
  return sum.sum;
}

Result<std::uint64_t> ConfirmedRows::digest(GrantId grant) {
  const std::string prefix = parts_.grants.find(grant)->grant.path;
  Digest sum;
  ROLLCALL_TRY(each(sets_under(prefix), [&](const ConfirmedRow& row) -> Result<void> {
    for (const std::string& path : path_sets_.paths(row.paths)) {
      if (covers(prefix, path)) sum += share(grant, path, row).value_or(Digest{});
    }
    return {};
  }));
  return sum.sum;
}

std::optional<Digest> ConfirmedRows::share(GrantId grant, std::string_view path,
                                           const ConfirmedRow& row) {
  const std::uint64_t bit = parts_.grants.bit(grant);
  if (parts_.grants.showing(bit, row.key.collection) == 0) return std::nullopt;
  const FieldView* view = parts_.grants.view(bit, row.key.collection);
  return overlay_.share_at(path, row.key, row.def, *row.state, *row.unknown, view);
}

}  // namespace rollcall
