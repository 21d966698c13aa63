#include "engine/merge/merge_set.h"

#include <algorithm>

#include "engine/merge/limits.h"

namespace rollcall {
namespace {

auto element_place(std::vector<SetElement>& elements, const Value& value) {
  return std::lower_bound(elements.begin(), elements.end(), value,
                          [](const SetElement& a, const Value& b) { return a.value < b; });
}

// Where (value, stamp) is or belongs among the removals.
auto removal_place(std::vector<SetElement>& removals, const Value& value, Stamp stamp) {
  return std::lower_bound(removals.begin(), removals.end(), value,
                          [&](const SetElement& a, const Value& b) {
                            return a.value < b || (a.value == b && a.stamp < stamp);
                          });
}

bool is_at(const std::vector<SetElement>& elements, std::vector<SetElement>::iterator place,
           const Value& value) {
  return place != elements.end() && place->value == value;
}

bool remember_removal(std::vector<SetElement>& removals, const Value& value, Stamp add) {
  const auto place = removal_place(removals, value, add);
  if (is_at(removals, place, value) && place->stamp == add) return false;
  removals.insert(place, SetElement{value, add});
  if (removals.size() > set_removals_max) {
    removals.erase(std::min_element(
        removals.begin(), removals.end(), [](const SetElement& a, const SetElement& b) {
          return a.stamp != b.stamp ? a.stamp < b.stamp : a.value < b.value;
        }));
  }
  return true;
}

// What a removal takes away: none when it names nothing.
Stamp named_add(const SetRemoval& removal, const OwnTransactions* own) {
  if (removal.own.value == 0) return removal.add;
  if (own == nullptr) return {};
  return own->accepted(removal.own).value_or(Stamp{});
}

}  // namespace

MergeEffect merge_set(FieldState& field, const FieldWrite& write, Stamp accepted,
                      const OwnTransactions* own) {
  MergeEffect effect;
  for (const SetRemoval& removal : write.removes) {
    const Stamp add = named_add(removal, own);
    const auto place = element_place(field.elements, removal.element);
    const bool present = is_at(field.elements, place, removal.element);
    if (present && place->stamp <= add) {
      field.elements.erase(place);
      effect.changed = true;
    } else if (present) {
      effect.merged = true;  // an add that the author had not seen stands
    }
    if (!add.is_none() && remember_removal(field.removals, removal.element, add)) {
      effect.stored = true;
    }
  }
  for (const Value& value : write.adds) {
    const auto removal = removal_place(field.removals, value, accepted);
    if (is_at(field.removals, removal, value) && removal->stamp == accepted) {
      effect.merged = true;  // taken away before it came
      continue;
    }
    const auto place = element_place(field.elements, value);
    if (!is_at(field.elements, place, value)) {
      field.elements.insert(place, SetElement{value, accepted});
      effect.changed = true;
    } else if (place->stamp < accepted) {
      place->stamp = accepted;
      effect.changed = true;
    }
  }
  if ((!write.adds.empty() || !write.removes.empty()) && field.stamp < accepted) {
    field.stamp = accepted;
    effect.changed = true;
  }
  effect.stored |= effect.changed;
  return effect;
}

}  // namespace rollcall
