#include "engine/merge/kept_losers.h"

#include <algorithm>

#include "engine/model/limits.h"

namespace rollcall {
namespace {

// The rung's place from the lowest, 0 for none.
std::size_t rung(const FieldDef& def, const ValueView& value) {
  if (value.is_null()) return 0;
  const auto found = std::find(def.choices.begin(), def.choices.end(), value.bytes);
  return found == def.choices.end() ? 0 : static_cast<std::size_t>(found - def.choices.begin()) + 1;
}

template <class Entries, class Writer>
auto place_of(Entries& entries, Stamp stamp, Writer writer) {
  return std::lower_bound(entries.begin(), entries.end(), stamp,
                          [&](const auto& entry, Stamp at) { return writer(entry) < at; });
}

Stamp writer_of(const Loser& loser) { return loser.writer; }

}  // namespace

bool ranks_before(const FieldDef& def, const Candidate& a, const Candidate& b) {
  switch (def.rule) {
    case MergeRule::first:
      if (a.generation != b.generation) return a.generation > b.generation;
      return a.writer < b.writer;
    case MergeRule::ladder: {
      if (a.generation != b.generation) return a.generation > b.generation;
      const std::size_t rung_a = rung(def, a.value);
      const std::size_t rung_b = rung(def, b.value);
      if (rung_a != rung_b) return rung_a > rung_b;
      return a.writer > b.writer;
    }
    case MergeRule::latest:
    case MergeRule::once:
    case MergeRule::counter:
    case MergeRule::set: break;
  }
  return a.writer > b.writer;
}

bool keep_loser(const FieldDef& def, FieldState& field, const Candidate& loser) {
  auto& losers = field.losers;
  const auto same = std::find_if(losers.begin(), losers.end(), [&](const Loser& kept) {
    return kept.writer.device == loser.writer.device;
  });
  if (same != losers.end()) {
    if (!ranks_before(def, loser, {same->value, same->generation, same->writer})) return false;
    losers.erase(same);
  } else if (losers.size() >= def.losers_max() && loser.writer < losers.front().writer) {
    return false;
  }
  losers.insert(place_of(losers, loser.writer, writer_of),
                Loser{Value(loser.value), loser.generation, loser.writer});
  // More than one when the field's `bytes_max` was raised: fewer are kept of longer values.
  while (losers.size() > def.losers_max()) losers.erase(losers.begin());
  return true;
}

bool close_loser(FieldState& field, Stamp writer) {
  const auto found = place_of(field.losers, writer, writer_of);
  if (found == field.losers.end() || found->writer != writer) return false;
  field.losers.erase(found);
  return true;
}

bool keep_agreeing(FieldState& field, Stamp writer) {
  auto& agreeing = field.agreeing;
  const auto found = std::lower_bound(agreeing.begin(), agreeing.end(), writer);
  if (found != agreeing.end() && *found == writer) return false;
  if (agreeing.size() >= open_losers_max) {
    if (found == agreeing.begin()) return false;
    const Stamp kept = writer;
    agreeing.erase(agreeing.begin());
    agreeing.insert(std::lower_bound(agreeing.begin(), agreeing.end(), kept), kept);
    return true;
  }
  agreeing.insert(found, writer);
  return true;
}

bool drop_agreeing(FieldState& field, Stamp writer) {
  const auto found = std::lower_bound(field.agreeing.begin(), field.agreeing.end(), writer);
  if (found == field.agreeing.end() || *found != writer) return false;
  field.agreeing.erase(found);
  return true;
}

}  // namespace rollcall
