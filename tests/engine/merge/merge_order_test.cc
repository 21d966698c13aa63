// Which promise holds for which order of arrival (MERGE.md, "Orders"), on generated histories.
// Every failure prints the seed that makes it again.

#include <algorithm>
#include <set>

#include "engine/base/random.h"
#include "tests/engine/merge/script.h"

namespace rollcall {
namespace {

constexpr std::uint64_t histories = 400;
constexpr std::uint64_t orders_each = 12;
constexpr std::uint32_t devices = 5;

struct Edit {
  Stamp stamp;
  RowWrite write;
  Sequence cursor;
};
using Edits = std::vector<Edit>;

const FieldWrite& only_field(const Edit& edit) { return edit.write.fields[0]; }

// A row that edits arrive at, as the server keeps one.
class Arrivals {
 public:
  explicit Arrivals(CollectionDef collection) : collection_(std::move(collection)) {
    row_.fields.resize(collection_.fields.size());
    sequences_.resize(collection_.fields.size());
  }
  RowEffect arrive(const Edit& edit) {
    RowContext context;
    context.sequences = sequences_;
    context.cursor = edit.cursor;
    RowEffect effect;
    merge_row(collection_, row_, edit.write, edit.stamp, context, effect);
    last_ = last_.next();
    for (const std::uint16_t position : effect.changed) sequences_[position] = last_;
    return effect;
  }
  [[nodiscard]] const RowState& row() const { return row_; }

 private:
  CollectionDef collection_;
  RowState row_;
  std::vector<Sequence> sequences_;
  Sequence last_;
};

CollectionDef collection_of(std::vector<MergeRule> rules) {
  std::vector<FieldDef> fields;
  for (const MergeRule rule : rules) {
    const auto id = static_cast<std::uint16_t>(fields.size() + 1);
    fields.push_back(field_of(id, "f" + std::to_string(id), rule));
  }
  return Script(fields).collection;
}

RowState row_after(const CollectionDef& collection, const Edits& edits) {
  Arrivals arrivals(collection);
  for (const Edit& edit : edits) arrivals.arrive(edit);
  return arrivals.row();
}

// What may not arrive before what: a device's own edits keep their order, and nobody saw a write
// that had not arrived.
bool must_precede(const Edit& a, const Edit& b) {
  if (a.stamp.device == b.stamp.device) return a.stamp < b.stamp;
  return std::any_of(b.write.fields.begin(), b.write.fields.end(),
                     [&](const FieldWrite& field) { return field.base == a.stamp; });
}

Edits another_order(const Edits& edits, Random& random) {
  Edits waiting = edits;
  Edits order;
  while (!waiting.empty()) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      const bool held = std::any_of(waiting.begin(), waiting.end(), [&](const Edit& other) {
        return must_precede(other, waiting[i]);
      });
      if (!held) ready.push_back(i);
    }
    const std::size_t next = ready[random.below(ready.size())];
    order.push_back(waiting[next]);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(next));
  }
  return order;
}

struct Shape {
  MergeRule rule = MergeRule::latest;
  bool sees = true;      // devices sync now and then; otherwise all bases are none
  bool distinct = true;  // no two writes of one value
  bool undoes = false;   // generations are opened
};

// A history of one field as devices with wrong clocks would make it, in the order of one server.
// Values are views of what stays: `words` and the rungs of `ladder`.
Edits history(const Shape& shape, Random& random) {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> made;
    for (int i = 0; i < 64; ++i) made.push_back("w" + std::to_string(i));
    return made;
  }();
  static const FieldDef ladder = field_of(1, "ladder", MergeRule::ladder);
  struct Device {
    Stamp base;
    std::uint64_t clock = 0;
    std::uint32_t generation = 0;
  };
  std::vector<Device> all(devices);
  for (Device& device : all) device.clock = random.below(8);
  Arrivals server(collection_of({shape.rule}));
  Edits edits;
  const std::size_t count = 2 + random.below(12);
  while (edits.size() < count) {
    const auto who = static_cast<std::uint32_t>(random.below(devices));
    Device& device = all[who];
    if (shape.sees && random.below(2) == 0) {
      const FieldState& field = server.row().fields[1];
      device.base = field.stamp;
      device.generation = std::max(device.generation, field.generation);
      device.clock = std::max(device.clock, field.stamp.ms());
    }
    device.clock += 1 + random.below(4);
    Edit edit;
    edit.stamp = Stamp::at(device.clock, 0, DeviceNumber(who + 1));
    FieldWrite write;
    write.field = FieldId(1);
    write.base = device.base;
    write.has_value = true;
    if (shape.undoes && random.below(5) == 0) ++device.generation;
    write.generation = device.generation;
    if (shape.rule == MergeRule::ladder) {
      write.value = ValueView::of_text(ladder.choices[random.below(ladder.choices.size())]);
    } else {
      write.value = ValueView::of_text(words[shape.distinct ? edits.size() : random.below(3)]);
    }
    edit.write.fields.push_back(write);
    server.arrive(edit);
    edits.push_back(edit);
  }
  return edits;
}

FieldState only_present(FieldState field) {
  field.losers.clear();
  field.agreeing.clear();
  return field;
}

// Plays generated histories in many orders; `part` is what must come out the same.
template <class Part>
void expect_any_order(const Shape& shape, Part part) {
  const CollectionDef collection = collection_of({shape.rule});
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    const Edits edits = history(shape, random);
    const auto expected = part(row_after(collection, edits).fields[1]);
    for (std::uint64_t i = 0; i < orders_each; ++i) {
      const auto other = part(row_after(collection, another_order(edits, random)).fields[1]);
      ASSERT_TRUE(other == expected) << rule_name(shape.rule) << ", seed " << seed;
    }
  }
}

TEST(MergeOrder, AnyOrderGivesTheSameValue) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first, MergeRule::ladder}) {
    for (const bool distinct : {true, false}) {
      expect_any_order({.rule = rule, .distinct = distinct, .undoes = true}, only_present);
    }
  }
}

TEST(MergeOrder, AnyOrderKeepsTheSameLosersOfDifferingValues) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first}) {
    expect_any_order({.rule = rule, .distinct = true},
                     [](const FieldState& field) { return field; });
  }
}

TEST(MergeOrder, AnyOrderKeepsTheSameOfWritesThatSawNothing) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first, MergeRule::ladder}) {
    expect_any_order({.rule = rule, .sees = false, .distinct = false},
                     [](const FieldState& field) { return field; });
  }
}

TEST(MergeOrder, OneGenerationOfALadderKeepsNoLosers) {
  const CollectionDef collection = collection_of({MergeRule::ladder});
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    const Edits edits = history({.rule = MergeRule::ladder}, random);
    ASSERT_TRUE(row_after(collection, edits).fields[1].losers.empty()) << "seed " << seed;
  }
}

// Nobody's last word goes without a trace: it stands, is kept, or somebody had its value before
// him.
TEST(MergeOrder, NoDevicesLastWordIsLostUnseen) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first}) {
    const CollectionDef collection = collection_of({rule});
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
      SeededRandom random(seed);
      const Edits edits = history({.rule = rule, .distinct = false}, random);
      const Edits order = another_order(edits, random);
      const FieldState field = row_after(collection, order).fields[1];
      for (std::size_t i = 0; i < order.size(); ++i) {
        const Edit& edit = order[i];
        const ValueView value = only_field(edit).value;
        bool told = field.value.view() == value;
        for (const Loser& loser : field.losers) told |= loser.value.view() == value;
        for (const Edit& other : order) {
          const bool own_later =
              other.stamp.device == edit.stamp.device && other.stamp != edit.stamp;
          const bool seen = std::any_of(order.begin(), order.end(), [&](const Edit& base) {
            return only_field(other).base == base.stamp && only_field(base).value == value;
          });
          told |= own_later || seen;
        }
        told |= rule == MergeRule::first && !only_field(edit).base.is_none();  // lost knowingly
        ASSERT_TRUE(told) << rule_name(rule) << ", seed " << seed << ", " << text_of(edit.stamp);
      }
    }
  }
}

TEST(MergeOrder, AWriteTwiceInARowCountsOnce) {
  for (const MergeRule rule :
       {MergeRule::latest, MergeRule::first, MergeRule::ladder, MergeRule::once}) {
    const CollectionDef collection = collection_of({rule});
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
      SeededRandom random(seed);
      const Edits edits =
          history({.rule = rule, .distinct = seed % 2 == 0, .undoes = true}, random);
      Arrivals arrivals(collection);
      for (const Edit& edit : edits) {
        arrivals.arrive(edit);
        const RowState before = arrivals.row();
        const RowEffect again = arrivals.arrive(edit);
        ASSERT_TRUE(arrivals.row() == before && !again.stored)
            << rule_name(rule) << ", seed " << seed << ", " << text_of(edit.stamp);
      }
    }
  }
}

TEST(MergeOrder, OnceKeepsTheFirstToArriveAndEveryOther) {
  const CollectionDef collection = collection_of({MergeRule::once});
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    const Edits edits = history({.rule = MergeRule::once, .sees = false}, random);
    const Edits order = another_order(edits, random);
    const FieldState field = row_after(collection, order).fields[1];
    ASSERT_EQ(field.stamp, order[0].stamp) << "seed " << seed;
    std::set<std::uint32_t> others;
    for (const Edit& edit : order) others.insert(edit.stamp.device.value);
    ASSERT_EQ(field.losers.size(), others.size() - 1) << "seed " << seed;
  }
}

TEST(MergeOrder, AppliedMeansThatTheFieldIsExactlyAsWritten) {
  for (const MergeRule rule : {MergeRule::latest, MergeRule::first, MergeRule::ladder}) {
    const CollectionDef collection = collection_of({rule});
    for (std::uint64_t seed = 1; seed <= histories; ++seed) {
      SeededRandom random(seed);
      Arrivals arrivals(collection);
      for (const Edit& edit : history({.rule = rule, .distinct = false, .undoes = true}, random)) {
        const std::vector<Loser> open = arrivals.row().fields[1].losers;
        const bool merged = arrivals.arrive(edit).merged;
        const FieldState& field = arrivals.row().fields[1];
        const bool as_written =
            field.stamp == edit.stamp && field.value.view() == only_field(edit).value &&
            (rule == MergeRule::latest || field.generation == only_field(edit).generation) &&
            std::all_of(field.losers.begin(), field.losers.end(), [&](const Loser& kept) {
              return std::find(open.begin(), open.end(), kept) != open.end();
            });
        ASSERT_EQ(!merged, as_written) << rule_name(rule) << ", seed " << seed;
      }
    }
  }
}

TEST(MergeOrder, CountersAreExact) {
  const CollectionDef collection = collection_of({MergeRule::counter});
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    Edits edits = history({.rule = MergeRule::counter}, random);
    std::uint64_t sum = 0;
    for (Edit& edit : edits) {
      const std::uint64_t increment = seed % 2 == 0 ? random.next() : random.below(100) - 50;
      edit.write.fields[0].value = ValueView::of_integer(static_cast<std::int64_t>(increment));
      sum += increment;
    }
    const RowState expected = row_after(collection, edits);
    ASSERT_EQ(expected.fields[1].value, Value::integer(static_cast<std::int64_t>(sum)));
    for (std::uint64_t i = 0; i < orders_each; ++i) {
      ASSERT_TRUE(row_after(collection, another_order(edits, random)) == expected)
          << "seed " << seed;
    }
  }
}

// Adds by all, removals by devices that synced. As the server keeps one stamp per element, an older
// add of the same element that the remover had not seen stays on its side of the removal; the add
// that is named may also come after it.
Edits set_history(Random& random) {
  const CollectionDef collection = collection_of({MergeRule::set});
  Arrivals server(collection);
  Edits edits;
  std::vector<FieldState> seen(devices);
  std::uint64_t clock = 1;
  const std::size_t count = 3 + random.below(10);
  while (edits.size() < count) {
    const auto who = static_cast<std::uint32_t>(random.below(devices));
    if (random.below(2) == 0) seen[who] = server.row().fields[1];
    Edit edit;
    clock += random.below(3);
    edit.stamp = Stamp::at(++clock, 0, DeviceNumber(who + 1));
    FieldWrite write;
    write.field = FieldId(1);
    if (!seen[who].elements.empty() && random.below(2) == 0) {
      const SetElement& element = seen[who].elements[random.below(seen[who].elements.size())];
      write.removes.push_back({element.value, element.stamp, TxNumber()});
    } else {
      write.adds.push_back(Value::integer(static_cast<std::int64_t>(random.below(3))));
    }
    edit.write.fields.push_back(write);
    server.arrive(edit);
    edits.push_back(edit);
  }
  return edits;
}

// True when `other` keeps each removal on the same side of every older add of its element.
bool keeps_sides(const Edits& edits, const Edits& other) {
  const auto place = [](const Edits& in, Stamp stamp) {
    return std::find_if(in.begin(), in.end(),
                        [&](const Edit& edit) { return edit.stamp == stamp; }) -
           in.begin();
  };
  for (const Edit& removal : edits) {
    for (const SetRemoval& named : only_field(removal).removes) {
      for (const Edit& add : edits) {
        if (only_field(add).adds.empty() || only_field(add).adds[0] != named.element) continue;
        if (!(add.stamp < named.add)) continue;
        if ((place(edits, add.stamp) < place(edits, removal.stamp)) !=
            (place(other, add.stamp) < place(other, removal.stamp))) {
          return false;
        }
      }
    }
  }
  return true;
}

TEST(MergeOrder, SetsComeOutTheSame) {
  const CollectionDef collection = collection_of({MergeRule::set});
  std::size_t compared = 0;
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    const Edits edits = set_history(random);
    const RowState expected = row_after(collection, edits);
    for (std::uint64_t i = 0; i < orders_each; ++i) {
      const Edits other = another_order(edits, random);
      if (!keeps_sides(edits, other)) continue;
      ++compared;
      ASSERT_TRUE(row_after(collection, other) == expected) << "seed " << seed;
    }
  }
  EXPECT_GT(compared, histories * orders_each / 4) << "too few orders were compared";
}

Edit row_edit(std::uint32_t device, std::uint64_t ms, std::optional<bool> deleted) {
  Edit edit;
  edit.stamp = Stamp::at(ms, 0, DeviceNumber(device));
  if (deleted) {
    FieldWrite write;
    write.has_value = true;
    write.value = ValueView::of_boolean(*deleted);
    edit.write.fields.push_back(write);
  }
  return edit;
}

void write_field(Edit& edit, std::uint16_t field, ValueView value) {
  FieldWrite write;
  write.field = FieldId(field);
  if (field == 4) {
    write.adds.push_back(Value(value));
  } else {
    write.has_value = true;
    write.value = value;
  }
  edit.write.fields.push_back(write);
}

// An insert that comes first, edits of all rules, deletes and undeletes by different devices, none
// of which had seen another.
Edits row_history(Random& random, std::size_t deletes, std::size_t undeletes) {
  Edits edits;
  std::uint32_t device = 1;
  const auto stamped = [&](std::optional<bool> deleted) {
    return row_edit(++device, 2 + random.below(20), deleted);
  };
  for (std::size_t i = 0; i < deletes; ++i) edits.push_back(stamped(true));
  for (std::size_t i = 0; i < undeletes; ++i) edits.push_back(stamped(false));
  for (std::size_t i = 1 + random.below(5); i > 0; --i) {
    Edit edit = stamped(std::nullopt);
    for (std::uint16_t field = 1; field <= 4; ++field) {
      if (random.below(2) == 0) continue;
      write_field(edit, field, ValueView::of_integer(device * 10 + field));
    }
    edits.push_back(edit);
  }
  return edits;
}

const CollectionDef& row_collection() {
  static const CollectionDef collection =
      collection_of({MergeRule::latest, MergeRule::first, MergeRule::counter, MergeRule::set});
  return collection;
}

Edits after_insert(const Edits& edits) {
  Edit insert = row_edit(1, 1, false);
  for (std::uint16_t field = 1; field <= 4; ++field) {
    write_field(insert, field, ValueView::of_integer(field));
  }
  Edits all = {insert};
  all.insert(all.end(), edits.begin(), edits.end());
  return all;
}

// Without `first`: a loser of it moves the sequence, and the delete then keeps what stands, too.
TEST(MergeOrder, ADeleteAnUndeleteAndEditsComeOutTheSame) {
  const CollectionDef collection =
      collection_of({MergeRule::latest, MergeRule::latest, MergeRule::counter, MergeRule::set});
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    Edits edits = row_history(random, 1, seed % 2);
    for (Edit& edit : edits) edit.cursor = Sequence(1);  // all had seen the insert
    const RowState expected = row_after(collection, after_insert(edits));
    for (std::uint64_t i = 0; i < orders_each; ++i) {
      const Edits other = after_insert(another_order(edits, random));
      ASSERT_TRUE(row_after(collection, other) == expected)
          << "seed " << seed << "\n"
          << text_of(collection, expected) << "\n"
          << text_of(collection, row_after(collection, other));
    }
  }
}

TEST(MergeOrder, AnyDeletesAndUndeletesLeaveTheSameValues) {
  for (std::uint64_t seed = 1; seed <= histories; ++seed) {
    SeededRandom random(seed);
    const Edits edits = row_history(random, 1 + random.below(3), random.below(3));
    RowState expected = row_after(row_collection(), after_insert(edits));
    for (FieldState& field : expected.fields) field = only_present(field);
    for (std::uint64_t i = 0; i < orders_each; ++i) {
      RowState other = row_after(row_collection(), after_insert(another_order(edits, random)));
      for (FieldState& field : other.fields) field = only_present(field);
      ASSERT_TRUE(other == expected) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace rollcall
