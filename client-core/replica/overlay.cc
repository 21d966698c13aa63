#include "client-core/replica/overlay.h"

#include <algorithm>

#include "engine/merge/clamp.h"

namespace rollcall {
namespace {

// What only the server keeps of a field is no part of an image.
void keep_what_travels(RowState& state) {
  for (FieldState& field : state.fields) {
    field.removals.clear();
    field.agreeing.clear();
  }
}

bool is_deleted(const std::vector<NamedField>& fields) {
  return !fields.empty() && fields.front().field.value == 0 &&
         fields.front().state.value == Value::boolean(true);
}

}  // namespace

Result<void> Overlay::load(const RowKey& key, KnownRow& row) {
  row.key = key;
  row.in_table = row.confirmed = row.lingers = row.has_base = false;
  row.paths = 0;
  row.contains = TxNumber(0);
  row.pending.clear();
  row.state.fields.clear();
  ROLLCALL_TRY_ASSIGN(row.table, parts_.tables.find(key.collection));
  ROLLCALL_TRY_ASSIGN(const bool has_unknown, parts_.unknown.find(key, row.unknown));
  if (row.table == nullptr) {
    row.confirmed = has_unknown;
    row.paths = row.unknown.paths;
    return {};
  }
  ROLLCALL_TRY_ASSIGN(row.in_table, row.table->read(key.id, row.seen));
  ROLLCALL_TRY(parts_.pending.find(key, row.pending));
  const TxNumber tx = row.in_table ? row.seen.place.tx : TxNumber(0);
  const bool may_have_base = !row.pending.empty() || tx > parts_.standing.retired;
  row.pending.erase(std::remove_if(row.pending.begin(), row.pending.end(),
                                   [this](TxNumber number) { return !counts(number); }),
                    row.pending.end());
  // The row's own insert is not noted while nothing else wrote it.
  if (counts(tx) && !std::binary_search(row.pending.begin(), row.pending.end(), tx)) {
    row.pending.insert(std::upper_bound(row.pending.begin(), row.pending.end(), tx), tx);
  }
  if (may_have_base) {
    ROLLCALL_TRY_ASSIGN(row.has_base, parts_.bases.find(row.def(), key.id, base_));
  }
  if (row.has_base) {
    std::swap(row.state, base_.state);
    row.paths = base_.paths;
    row.contains = base_.contains;
    row.confirmed = row.paths != 0;
    row.lingers = !row.confirmed;
  } else if (row.in_table && row.seen.place.paths != 0) {
    row.confirmed = true;
    row.paths = row.seen.place.paths;
    row.state = row.seen.state;
  }
  return {};
}

Result<void> Overlay::replay(KnownRow& row, TxNumber number, RowState& state, bool& exists) {
  ROLLCALL_TRY_ASSIGN(const DecodedTransaction* transaction, parts_.pending.transaction(number));
  const RowWrite* write = transaction->find(row.key);
  if (write == nullptr || (!exists && !write->insert)) return {};
  if (!exists) state.fields.clear();
  Stamp stamp;
  const StoredVerdict* verdict = parts_.verdicts.recent(number);
  if (verdict != nullptr && verdict->accepted) {
    stamp = *verdict->accepted;
  } else if (number <= parts_.standing.seen) {
    stamp = transaction->made();
  } else {
    stamp = raise_stamp(transaction->made(), Stamp{}, seen_base(row.def(), state, *write));
  }
  RowContext context;
  context.own = &parts_.own;
  merge_row(row.def(), state, *write, stamp, context, effect_);
  exists = true;
  return {};
}

Result<bool> Overlay::fold(KnownRow& row, TxNumber through) {
  bool any = false;
  bool exists = row.confirmed;
  for (const TxNumber number : row.pending) {
    if (number > through) break;
    any = true;
    if (number > row.contains) ROLLCALL_TRY(replay(row, number, row.state, exists));
  }
  if (any) keep_what_travels(row.state);
  row.confirmed = exists;
  row.lingers = false;
  row.contains = std::max(row.contains, through);
  return any;
}

Result<void> Overlay::store(KnownRow& row) {
  if (row.table == nullptr) {
    row.unknown.paths = row.paths;
    if (!row.confirmed) row.unknown.fields.clear();
    return parts_.unknown.keep(row.unknown);
  }
  const TxNumber retiring = this->retiring();
  const auto first = std::upper_bound(row.pending.begin(), row.pending.end(), retiring);
  bool exists = row.confirmed || (row.lingers && first != row.pending.end());
  visible_.fields.clear();
  if (exists) visible_ = row.state;
  for (auto at = first; at != row.pending.end(); ++at) {
    if (*at > row.contains) ROLLCALL_TRY(replay(row, *at, visible_, exists));
  }
  row.pending.erase(row.pending.begin(), first);
  ROLLCALL_TRY(store_visible(row, exists, row.pending.empty() ? TxNumber(0) : row.pending.back()));
  if (!row.pending.empty() && (row.confirmed || row.lingers)) {
    ROLLCALL_TRY(parts_.bases.keep(row.def(), row.key.id, row.state, row.confirmed ? row.paths : 0,
                                   row.contains));
    row.has_base = true;
  } else if (row.has_base) {
    ROLLCALL_TRY(parts_.bases.erase(row.key));
    row.has_base = false;
  }
  if (retiring_ > parts_.standing.retired) ROLLCALL_TRY(parts_.pending.forget(row.key, retiring));
  if (!row.confirmed) row.unknown.fields.clear();
  row.unknown.paths = 0;
  return parts_.unknown.keep(row.unknown);
}

Result<void> Overlay::store_visible(KnownRow& row, bool exists, TxNumber tx) {
  touched_.insert(row.key.collection.value);
  if (!exists) {
    if (!row.in_table) return {};
    owes_fold_ = true;
    ROLLCALL_TRY(row.table->erase(row.seen.place.key));
    row.in_table = false;
    return parts_.losers.changed(row.def(), row.key.id, row.seen.state, RowState{}, RowState{});
  }
  visible_.fields.resize(row.def().fields.size());
  if (!row.in_table) row.seen.state.fields.clear();
  ROLLCALL_TRY(parts_.losers.changed(row.def(), row.key.id, row.seen.state, visible_, row.state));
  row.seen.place.paths = row.confirmed ? row.paths : 0;
  row.seen.place.tx = tx;
  if (!row.in_table) {
    row.seen.id = row.key.id;
    std::swap(row.seen.state, visible_);
    ROLLCALL_TRY(row.table->insert(row.seen));
    row.in_table = true;
    return {};
  }
  changed_.clear();
  for (std::size_t i = 0; i < visible_.fields.size(); ++i) {
    if (!(visible_.fields[i] == row.seen.state.fields[i])) {
      changed_.push_back(static_cast<std::uint16_t>(i));
    }
  }
  std::swap(row.seen.state, visible_);
  if (changed_.empty()) {
    return row.table->set_place(row.seen.place.key, row.seen.place.paths, row.seen.place.tx);
  }
  return row.table->update(row.seen, changed_);
}

Result<void> Overlay::show(KnownRow& row, const RowState& visible, bool exists, TxNumber tx) {
  visible_ = visible;
  return store_visible(row, exists, tx);
}

Digest Overlay::share_at(std::string_view path, const RowKey& key, const CollectionDef* def,
                         const RowState& state, const std::vector<NamedField>& unknown,
                         const FieldView* view) {
  Digest sum;
  if (def != nullptr) {
    if (state.is_deleted()) return sum;
    std::span<const std::uint8_t> mask;
    if (view != nullptr) mask = view->mask;
    sum = hasher_.row(path, key.id, *def, state, mask);
  } else if (is_deleted(unknown)) {
    return sum;
  }
  if (unknown.empty()) return sum;
  hasher_.begin(path, key.id);
  for (const NamedField& field : unknown) sum += hasher_.field(field.field, field.state);
  return sum;
}

void Overlay::share(const KnownRow& row, bool add) {
  if (!row.confirmed) return;
  const CollectionDef* def = row.table == nullptr ? nullptr : &row.def();
  for (const CoveredPath& covered : parts_.grants.covered(row.paths)) {
    parts_.grants.each_view(
        covered.grants, row.key.collection, [&](std::uint64_t grants, const FieldView* view) {
          const Digest share =
              share_at(covered.path, row.key, def, row.state, row.unknown.fields, view);
          if (add) {
            parts_.grants.add(grants, share);
          } else {
            parts_.grants.take_away(grants, share);
          }
        });
  }
}

}  // namespace rollcall
