// A world at random: devices write, move, delete, read in pages, lose replies, lose and gain grants
// while the server restarts. What the space holds is compared with the plainest thing that could
// hold it, and what each device has with what that says it may see.
#include <gtest/gtest.h>

#include "engine/merge/merge_row.h"
#include "engine/model/path.h"
#include "engine/protocol/sealed.h"
#include "server/space/space_check.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

constexpr const char* units[] = {"nc/wake", "nc/wake/1-01", "nc/dare", "ga/dade"};
constexpr const char* scopes[] = {"unit/nc",      "unit/nc/wake", "unit/nc/wake/1-01",
                                  "unit/nc/dare", "unit/ga",      "public"};

// Rows in a map; transactions one after the other.
class PlainSpace {
 public:
  struct Row {
    RowState state;
    std::vector<Sequence> sequences;
    std::set<std::string> paths;
  };
  std::map<RowKey, Row> rows;

  struct Author final : OwnTransactions {
    std::map<std::uint64_t, Stamp> given;
    [[nodiscard]] std::optional<Stamp> accepted(TxNumber number) const override {
      const auto found = given.find(number.value);
      return found == given.end() ? std::nullopt : std::optional<Stamp>(found->second);
    }
  };
  std::map<std::uint32_t, Author> authors;

  void apply(const Schema& schema, const std::vector<Edit>& edits, Stamp accepted,
             Sequence sequence, Sequence cursor) {
    for (const Edit& edit : edits) {
      const RowWrite write = edit.write();
      const CollectionDef& def = *schema.find(write.collection);
      Row& row = rows[{write.collection, write.id}];
      RowContext context;
      context.own = &authors[accepted.device.value];
      context.sequences = row.sequences;
      context.cursor = cursor;
      RowEffect effect;
      merge_row(def, row.state, write, accepted, context, effect);
      row.sequences.resize(row.state.fields.size());
      for (const std::uint16_t at : effect.changed) row.sequences[at] = sequence;
      const auto paths = need(row_paths(def, write.id, row.state));
      row.paths = std::set<std::string>(paths.begin(), paths.end());
    }
  }
};

// What leaves the server of a field: neither removals nor who agreed.
RowState as_told(RowState state) {
  for (FieldState& field : state.fields) {
    field.removals.clear();
    field.agreeing.clear();
  }
  return state;
}

class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed) : world_(seed), random_(seed * 7919 + 1) {
    for (int i = 0; i < 4; ++i) {
      devices_.push_back(world_.enroll({scopes[pick(6)]}));
      last_cursor_.push_back(Sequence(world_.space().head()));
    }
  }

  void run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    for (std::size_t i = 0; i < devices_.size(); ++i) {
      push(i);
      devices_[i]->budget_bytes = 0;
      devices_[i]->read();
      check_mirror(*devices_[i]);
    }
    check_rows();
  }

 private:
  std::size_t pick(std::size_t bound) { return random_.below(bound); }
  RowId some_id() { return id_of(static_cast<unsigned>(pick(12)) + 1); }

  void step() {
    const std::size_t who = pick(devices_.size());
    Device& device = *devices_[who];
    world_.clock.advance(static_cast<std::int64_t>(pick(2000)));
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3: write(who); break;
      case 4:
      case 5: push(who); break;
      case 6:
      case 7: read(who); break;
      case 8: lose_a_reply(who); break;
      case 9: change_grants(device); break;
      case 10: device.clock_offset_ms = static_cast<std::int64_t>(pick(200'000)) - 100'000; break;
      case 11:
        if (pick(5) == 0) world_.restart();
        break;
      default: break;
    }
  }

  // A notice lies on a path for each of its hosts.
  Edit some_notice(Device& device) {
    const RowId id = some_id();
    const MirrorRow* known = device.row("notice", id);
    const Value host = text(units[pick(4)]);
    if (known == nullptr) {
      return Edit::insert("notice", id, {{"title", text("t")}}).add("hosts", text(units[pick(4)]));
    }
    const auto& hosts = known->state.fields[2].elements;
    switch (pick(4)) {
      case 0: return Edit::set("notice", id, {{"open", text(pick(2) == 0 ? "yes" : "no")}});
      case 1: return Edit::set("notice", id, {{"title", text("t" + std::to_string(pick(9)))}});
      case 2:
        if (hosts.empty()) break;
        return Edit::set("notice", id, {}).take("hosts", hosts[0].value, hosts[0].stamp);
      default: break;
    }
    return Edit::set("notice", id, {}).add("hosts", host);
  }

  Edit some_edit(Device& device) {
    if (pick(3) == 0) return some_notice(device);
    const RowId id = some_id();
    const MirrorRow* known = device.row("person", id);
    if (known == nullptr || pick(8) == 0) {
      Edit edit = Edit::insert("person", id, {{"unit", text(units[pick(4)])}});
      if (pick(2) == 0) edit.add("tags", text(std::string(1, static_cast<char>('a' + pick(3)))));
      return edit;
    }
    switch (pick(8)) {
      case 0: return Edit::set("person", id, {{"unit", text(units[pick(4)])}});
      case 1: return Edit::remove("person", id);
      case 2: return Edit::set("person", id, {{"_deleted", Value::boolean(false)}});
      case 3:
        return Edit::set("person", id, {{"visits", number(static_cast<std::int64_t>(pick(5)))}});
      case 4: {
        const auto& tags = known->state.fields[5].elements;
        if (tags.empty()) break;
        const SetElement& tag = tags[pick(tags.size())];
        return Edit::set("person", id, {}).take("tags", tag.value, tag.stamp);
      }
      case 5:
        return Edit::set("person", id, {})
            .add("tags", text(std::string(1, static_cast<char>('a' + pick(3)))));
      case 6: {
        const auto& losers = known->state.fields[1].losers;
        if (losers.empty()) break;
        return Edit::set("person", id, {{"name", text("decided")}})
            .close("name", losers[pick(losers.size())].writer);
      }
      default: break;
    }
    return Edit::set("person", id,
                     {{"name", text("n" + std::to_string(pick(30)))},
                      {"state", text(pick(2) == 0 ? "started" : "attended")},
                      {"admitted", id_value(some_id())}});
  }

  void write(std::size_t who) {
    Device& device = *devices_[who];
    std::vector<Edit> edits;
    std::set<RowKey> used;
    for (std::size_t i = 0; i <= pick(2); ++i) {
      Edit edit = some_edit(device);
      if (used.insert({edit.write().collection, edit.write().id}).second)
        edits.push_back(std::move(edit));
    }
    const TxNumber number = device.make(std::move(edits));
    made_after_[{who, number.value}] = read_up_to_[who];
  }

  // What the plain space makes of the transactions that a push brought.
  void follow(std::size_t who, TxNumber first, Sequence head_before) {
    Device& device = *devices_[who];
    PlainSpace::Author& author = plain_.authors[device.number().value];
    Sequence next = head_before.next();
    for (std::uint64_t n = first.value; n <= device.last.value; ++n) {
      const Device::Made& made = device.made[n - 1];
      ASSERT_TRUE(made.verdict.has_value());
      const Verdict& verdict = *made.verdict;
      const Stamp accepted = verdict.accepted.value_or(made.stamp);
      Sequence& cursor = last_cursor_[who];
      cursor = std::max(cursor, made_after_[{who, n}]);
      if (verdict.kind != VerdictKind::rejected) author.given[n] = accepted;
      if (verdict.kind == VerdictKind::rejected || verdict.kind == VerdictKind::parked) {
        ++refused_;
        continue;
      }
      ++accepted_;
      plain_.apply(world_.schema, made.edits, accepted, next, cursor);
      next = next.next();
    }
    EXPECT_EQ(world_.space().head().value + 1, next.value);
  }

  void push(std::size_t who) {
    Device& device = *devices_[who];
    const TxNumber first = device.acked.next();
    if (device.last < first) return;
    const Sequence before = world_.space().head();
    const PushReply reply = device.push();
    ASSERT_EQ(reply.state, SyncState::ok);
    follow(who, first, before);
  }

  void lose_a_reply(std::size_t who) {
    Device& device = *devices_[who];
    const TxNumber first = device.acked.next();
    if (device.last < first) return;
    const Sequence before = world_.space().head();
    const SyncRequest request = device.push_request();
    world_.apply(device, request);  // lost
    device.take(world_.apply(device, request));
    follow(who, first, before);
  }

  void read(std::size_t who) {
    Device& device = *devices_[who];
    device.budget_bytes = pick(2) == 0 ? 0 : 400;
    device.no_echo = pick(3) == 0;
    device.before_asking = [&] {
      const std::size_t other = pick(devices_.size());
      if (other != who && pick(2) == 0) {
        write(other);
        push(other);
      }
    };
    device.read();
    device.before_asking = nullptr;
    // What its next transactions will name as read.
    read_up_to_[who] = world_.space().head();
    check_mirror(device);
  }

  void change_grants(Device& device) {
    const char* scope = scopes[pick(6)];
    if (!world_.space().grant(device.number(), scope)) {
      EXPECT_TRUE(world_.space().ungrant(device.number(), scope).has_value());
    }
  }

  // Its rows are those that the plain space lets it see, its conflicts and paths too.
  void check_mirror(const Device& device) {
    std::map<RowKey, MirrorRow> due;
    for (const auto& [key, row] : plain_.rows) {
      MirrorRow seen;
      for (const std::string& path : row.paths) {
        for (const Grant& grant : device.grants()) {
          if (covers(grant.path, path)) seen.paths.insert(path);
        }
      }
      if (seen.paths.empty()) continue;
      seen.state = as_told(row.state);
      due.emplace(key, std::move(seen));
    }
    ASSERT_EQ(device.rows().size(), due.size());
    for (const auto& [key, row] : due) {
      const auto found = device.rows().find(key);
      ASSERT_NE(found, device.rows().end()) << key.second.text();
      EXPECT_EQ(found->second.paths, row.paths) << key.second.text();
      EXPECT_EQ(as_told(found->second.state), row.state) << key.second.text();
    }
  }

  void check_rows() {
    std::size_t count = 0;
    for (const CollectionId collection : {CollectionId(1), CollectionId(4)}) {
      need(world_.reader().rows(collection, [&](const RowView& row) -> Result<void> {
        ++count;
        const auto found = plain_.rows.find({collection, row.id});
        EXPECT_NE(found, plain_.rows.end());
        if (found == plain_.rows.end()) return {};
        EXPECT_EQ(*row.state, found->second.state);
        EXPECT_EQ(std::set<std::string>(row.paths.begin(), row.paths.end()), found->second.paths);
        return {};
      }));
    }
    EXPECT_EQ(count, plain_.rows.size());
    EXPECT_GT(accepted_, 0u);
    // And a replay of the log makes the same of it.
    const auto checked = check_space(
        world_.path, {world_.clock, random_, test_cryptography(), world_.disk.vfs()}, "/scratch");
    EXPECT_TRUE(checked.has_value()) << checked.error().message;
  }

 public:
  std::size_t accepted_ = 0;
  std::size_t refused_ = 0;

 private:
  World world_;
  SeededRandom random_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::vector<Sequence> last_cursor_;  // as the server counts it for each device
  std::map<std::size_t, Sequence> read_up_to_;
  std::map<std::pair<std::size_t, std::uint64_t>, Sequence> made_after_;
  PlainSpace plain_;
};

TEST(Model, WhatEverybodySeesIsWhatThePlainSpaceAndAReplayHold_C6) {
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomWorld world(seed);
    world.run(400);
    accepted += world.accepted_;
    refused += world.refused_;
  }
  // Both sides of the coin were seen.
  EXPECT_GT(accepted, 2000u);
  EXPECT_GT(refused, 1000u);
}

}  // namespace
}  // namespace rollcall
