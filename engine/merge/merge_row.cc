#include "engine/merge/merge_row.h"

#include <algorithm>

#include "engine/merge/kept_losers.h"

namespace rollcall {
namespace {

constexpr FieldId deleted_id{};

bool has_value_losers(const FieldDef& def) {
  return def.rule != MergeRule::counter && def.rule != MergeRule::set;
}

void mark(RowEffect& effect, std::size_t position) {
  const auto at = static_cast<std::uint16_t>(position);
  auto& changed = effect.changed;
  const auto place = std::lower_bound(changed.begin(), changed.end(), at);
  if (place == changed.end() || *place != at) changed.insert(place, at);
  effect.stored = true;
}

void merge_at(const CollectionDef& collection, RowState& row, std::size_t position,
              const FieldWrite& write, Stamp accepted, const MergeContext& context,
              RowEffect& effect) {
  const MergeEffect field =
      merge_field(collection.fields[position], row.fields[position], write, accepted, context);
  if (field.changed) mark(effect, position);
  effect.stored |= field.stored;
  effect.merged |= field.merged;
}

// What others wrote since the deleting device's cursor would go out of sight unseen.
void keep_unseen_by_delete(const CollectionDef& collection, RowState& row, DeviceNumber deleter,
                           const RowContext& context, RowEffect& effect) {
  const std::size_t known = std::min(row.fields.size(), context.sequences.size());
  for (std::size_t i = 1; i < known; ++i) {
    FieldState& field = row.fields[i];
    if (context.sequences[i] <= context.cursor || field.stamp.is_none() ||
        field.stamp.device == deleter || !has_value_losers(collection.fields[i])) {
      continue;
    }
    effect.merged = true;
    const Candidate unseen{field.value, field.generation, field.stamp};
    if (keep_loser(collection.fields[i], field, unseen)) mark(effect, i);
  }
}

// What stood as a loser only because the row was deleted is in sight again.
void close_what_stands(RowState& row, RowEffect& effect) {
  for (std::size_t i = 1; i < row.fields.size(); ++i) {
    if (close_loser(row.fields[i], row.fields[i].stamp)) mark(effect, i);
  }
}

}  // namespace

void RowEffect::clear() {
  changed.clear();
  stored = false;
  merged = false;
}

void merge_row(const CollectionDef& collection, RowState& row, const RowWrite& write,
               Stamp accepted, const RowContext& context, RowEffect& effect) {
  effect.clear();
  row.fields.resize(std::max(row.fields.size(), collection.fields.size()));
  MergeContext field_context{.may_open_generation = context.may_open_generation,
                             .own = context.own};

  auto next = write.fields.begin();
  const bool was_deleted = row.is_deleted();
  bool deletes = false;
  if (next != write.fields.end() && next->field == deleted_id) {
    deletes = next->has_value && next->value == ValueView::of_boolean(true);
    merge_at(collection, row, 0, *next, accepted, field_context, effect);
    ++next;
  }
  const bool is_deleted = row.is_deleted();
  if (was_deleted && !is_deleted) close_what_stands(row, effect);
  if (is_deleted && deletes) {
    keep_unseen_by_delete(collection, row, accepted.device, context, effect);
  }

  field_context.row_deleted = is_deleted && !deletes;
  for (; next != write.fields.end(); ++next) {
    const auto position = collection.position(next->field);
    if (position) merge_at(collection, row, *position, *next, accepted, field_context, effect);
  }
}

Stamp seen_base(const CollectionDef& collection, const RowState& row, const RowWrite& write) {
  Stamp greatest;
  for (const FieldWrite& field : write.fields) {
    if (field.base <= greatest) continue;
    const auto position = collection.position(field.field);
    if (position && *position < row.fields.size() && row.fields[*position].stamp == field.base) {
      greatest = field.base;
    }
  }
  return greatest;
}

bool is_plain_insert(const RowWrite& write) {
  return write.insert &&
         std::all_of(write.fields.begin(), write.fields.end(), [](const FieldWrite& field) {
           return field.has_value && field.generation == 0 && field.adds.empty() &&
                  field.removes.empty() && field.closes.empty();
         });
}

}  // namespace rollcall
