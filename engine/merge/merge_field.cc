#include "engine/merge/merge_field.h"

#include <algorithm>

#include "engine/merge/kept_losers.h"
#include "engine/merge/merge_set.h"

namespace rollcall {
namespace {

bool has_generations(MergeRule rule) {
  return rule == MergeRule::first || rule == MergeRule::ladder;
}

// Signed increments, added modulo 2^64: exact in any order, whatever the sum passes on its way.
MergeEffect merge_counter(FieldState& field, const FieldWrite& write, Stamp accepted) {
  const auto sum = static_cast<std::uint64_t>(field.value.view().integer) +
                   static_cast<std::uint64_t>(write.value.integer);
  field.value = Value::integer(static_cast<std::int64_t>(sum));
  field.stamp = std::max(field.stamp, accepted);
  return {.changed = true, .stored = true, .merged = false};
}

// One value written to a field that holds one: latest, first, ladder, once.
class ValueMerge {
 public:
  ValueMerge(const FieldDef& def, FieldState& field, const FieldWrite& write, Stamp accepted,
             const MergeContext& context)
      : def_(def),
        field_(field),
        base_(write.base),
        arriving_{write.value, has_generations(def.rule) ? write.generation : 0, accepted},
        context_(context) {}

  MergeEffect run() {
    take_down_unopened_generation();
    drop_displaced_base();
    if (field_.stamp.is_none()) {
      take_field();
    } else if (def_.rule != MergeRule::once && ranks_before(def_, arriving_, present())) {
      win();
    } else {
      lose();
    }
    if (context_.row_deleted && field_.stamp == arriving_.writer) keep_for_a_person(arriving_);
    effect_.merged |= field_.stamp != arriving_.writer;
    effect_.stored |= effect_.changed;
    return effect_;
  }

 private:
  [[nodiscard]] Candidate present() const {
    return {field_.value, field_.generation, field_.stamp};
  }
  [[nodiscard]] bool is_seen() const { return base_ == field_.stamp; }
  [[nodiscard]] bool is_own(Stamp writer) const { return writer.device == arriving_.writer.device; }
  [[nodiscard]] bool is_concurrent() const { return !is_seen() && !is_own(field_.stamp); }
  [[nodiscard]] bool is_equal() const { return field_.value.view() == arriving_.value; }
  // Whether, of two differing values, the one that does not stand is kept.
  [[nodiscard]] bool keeps_losers() const {
    return def_.rule != MergeRule::ladder || field_.generation != arriving_.generation;
  }

  // An undo opens the next generation. A write in one that nobody opened (the undo was refused, or
  // a restored server lost it) is taken in the present one.
  void take_down_unopened_generation() {
    const std::uint32_t opened = field_.generation + (context_.may_open_generation ? 1 : 0);
    if (arriving_.generation <= opened) return;
    arriving_.generation = field_.generation;
    effect_.merged = true;
  }

  // Whether the author, having seen a write of that generation, means to stand in its place.
  [[nodiscard]] bool replaces(std::uint32_t generation) const {
    return def_.rule == MergeRule::latest ||
           (has_generations(def_.rule) && arriving_.generation > generation);
  }

  // The write that the base names was replaced knowingly: where another has displaced that one
  // meanwhile, it is no loser any more.
  void drop_displaced_base() {
    if (base_.is_none() || is_seen()) return;
    if (const Loser* named = displaced_base()) {
      if (replaces(named->generation)) effect_.changed |= close_loser(field_, base_);
    } else if (replaces(field_.generation)) {
      effect_.stored |= drop_agreeing(field_, base_);
    }
  }

  [[nodiscard]] const Loser* displaced_base() const {
    const auto named = std::find_if(field_.losers.begin(), field_.losers.end(),
                                    [&](const Loser& kept) { return kept.writer == base_; });
    return named == field_.losers.end() ? nullptr : &*named;
  }

  // True when the author had seen a write before which this one does not rank, and which stands or
  // was displaced by yet another: he knew that he would lose, and to whom.
  [[nodiscard]] bool lost_knowingly() const {
    if (def_.rule == MergeRule::latest) return false;
    if (is_seen()) return true;
    const Loser* named = displaced_base();
    return named != nullptr &&
           ranks_before(def_, {named->value, named->generation, named->writer}, arriving_);
  }

  void take_field() {
    field_.stamp = arriving_.writer;
    field_.value = Value(arriving_.value);
    field_.generation = arriving_.generation;
    effect_.changed = true;
    // A loser whose value stands now has not lost.
    auto& losers = field_.losers;
    for (auto kept = losers.begin(); kept != losers.end();) {
      if (kept->value != field_.value) {
        ++kept;
        continue;
      }
      (void)keep_agreeing(field_, kept->writer);
      kept = losers.erase(kept);
    }
  }

  void win() {
    const bool concurrent = is_concurrent();
    if (is_seen()) {
      effect_.changed |= close_loser(field_, base_);  // kept while its row was deleted
      if (!field_.agreeing.empty()) {
        field_.agreeing.clear();  // the author saw their value
        effect_.stored = true;
      }
    }
    drop_own();
    if (is_equal()) {
      if (concurrent) effect_.stored |= keep_agreeing(field_, field_.stamp);
    } else {
      if (keeps_losers()) {
        if (concurrent) keep_for_a_person(present());
        for (const Stamp writer : field_.agreeing) {
          keep_for_a_person({field_.value, field_.generation, writer});
        }
      }
      field_.agreeing.clear();
    }
    take_field();
  }

  void lose() {
    if (is_own(field_.stamp) || lost_knowingly() || own_ranks_before()) return;
    if (is_equal()) {
      if (def_.rule == MergeRule::once) return;  // nothing ever displaces what stands
      drop_own();
      effect_.stored |= keep_agreeing(field_, arriving_.writer);
    } else if (keeps_losers()) {
      drop_own();
      keep_for_a_person(arriving_);
    }
  }

  void keep_for_a_person(const Candidate& loser) {
    effect_.changed |= keep_loser(def_, field_, loser);
    effect_.merged = true;
  }

  // The writer's own earlier word is taken back by this one.
  void drop_own() {
    const auto losers = std::remove_if(field_.losers.begin(), field_.losers.end(),
                                       [&](const Loser& kept) { return is_own(kept.writer); });
    if (losers != field_.losers.end()) {
      field_.losers.erase(losers, field_.losers.end());
      effect_.changed = true;
    }
    const auto agreeing = std::remove_if(field_.agreeing.begin(), field_.agreeing.end(),
                                         [&](Stamp kept) { return is_own(kept); });
    if (agreeing != field_.agreeing.end()) {
      field_.agreeing.erase(agreeing, field_.agreeing.end());
      effect_.stored = true;
    }
  }

  // True when a write of the same device is kept that counts before this one, or is this one.
  [[nodiscard]] bool own_ranks_before() const {
    const auto before = [&](const Candidate& kept) {
      return is_own(kept.writer) &&
             (kept.writer == arriving_.writer || ranks_before(def_, kept, arriving_));
    };
    return std::any_of(field_.losers.begin(), field_.losers.end(),
                       [&](const Loser& kept) {
                         return before({kept.value, kept.generation, kept.writer});
                       }) ||
           std::any_of(field_.agreeing.begin(), field_.agreeing.end(), [&](Stamp writer) {
             return before({field_.value, field_.generation, writer});
           });
  }

  const FieldDef& def_;
  FieldState& field_;
  const Stamp base_;
  Candidate arriving_;
  const MergeContext& context_;
  MergeEffect effect_;
};

}  // namespace

MergeEffect merge_field(const FieldDef& def, FieldState& field, const FieldWrite& write,
                        Stamp accepted, const MergeContext& context) {
  bool closed = false;
  for (const Stamp writer : write.closes) closed |= close_loser(field, writer);

  MergeEffect effect;
  if (def.rule == MergeRule::set) {
    effect = merge_set(field, write, accepted, context.own);
  } else if (write.has_value) {
    effect = def.rule == MergeRule::counter
                 ? merge_counter(field, write, accepted)
                 : ValueMerge(def, field, write, accepted, context).run();
  }
  effect.changed |= closed;
  effect.stored |= closed;
  return effect;
}

}  // namespace rollcall
