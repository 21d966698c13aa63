// Phones and one server in one thread: whatever is written, lost, repeated, reordered and cut, and
// whatever grants come and go, at the end every replica holds the server's rows, byte for byte.
#include <algorithm>
#include <array>
#include <deque>

#include "engine/model/path.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

constexpr std::array<const char*, 5> units = {"a", "a/x", "a/y", "b", "b/z"};
constexpr std::array<const char*, 5> some_words = {"red", "green", "blue", "", "grün"};
constexpr std::array<const char*, 3> rungs = {"low", "mid", "high"};

class Chaos {
 public:
  Chaos(std::uint64_t seed, int phones) : world_(seed), random_(seed * 7919 + 1) {
    const std::array<std::vector<std::string>, 4> scopes = {
        std::vector<std::string>{"unit/a"}, {"unit/a/x", "unit/b"}, {"unit", "event"}, {"unit/b"}};
    for (int i = 0; i < phones; ++i) {
      phones_.push_back(world_.enroll(scopes[static_cast<std::size_t>(i) % scopes.size()]));
      mail_.emplace_back();
    }
  }

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      world_.clock.advance(static_cast<std::int64_t>(pick(2'000)));
      const std::size_t phone = pick(phones_.size());
      const std::size_t what = pick(100);
      if (what < 55) {
        edit(*phones_[phone]);
      } else if (what < 90) {
        talk(phone);
      } else if (what < 94) {
        change_grants(*phones_[phone]);
      } else if (what < 97) {
        phones_[phone]->restart();
        mail_[phone].clear();
      } else {
        set_clock(*phones_[phone]);
      }
    }
  }

  void settle_and_compare() {
    for (auto& mail : mail_) mail.clear();
    for (int round = 0; round < 2; ++round) {
      for (auto& phone : phones_) {
        phone->budget_bytes = 0;
        phone->sync();
        world_.clock.advance(1'000);
      }
    }
    for (auto& phone : phones_) {
      world_.expect_same(*phone);
      EXPECT_FALSE(phone->status().forked);
      EXPECT_FALSE(phone->status().diverged);
      EXPECT_EQ(phone->status().pending, 0u);
      // Right from the start, and not because a digest found it wrong.
      EXPECT_EQ(phone->heals_asked, 0u);
    }
  }

  std::uint64_t rejected() {
    std::uint64_t sum = 0;
    for (auto& phone : phones_) sum += phone->status().rejected;
    return sum;
  }
  std::uint64_t conflicts() {
    std::uint64_t sum = 0;
    for (auto& phone : phones_) sum += phone->status().conflicts;
    return sum;
  }
  std::uint64_t echoes() {
    std::uint64_t sum = 0;
    for (auto& phone : phones_) sum += phone->echoes_received;
    return sum;
  }

 private:
  std::size_t pick(std::size_t bound) { return random_.below(bound); }
  template <std::size_t n>
  ValueView word(const std::array<const char*, n>& words) {
    return text(words[pick(n)]);
  }
  // A unit that a phone may know; now and then one of elsewhere, which the server refuses.
  ValueView unit() { return word(units); }

  std::optional<RowId> some(Phone& phone, const std::string& view) {
    std::vector<RowId> ids;
    QueryRows rows = need(phone.replica().query("SELECT _id FROM \"_" + view + "\""));
    while (need(rows.step())) ids.push_back(RowId::from_bytes(rows.value(0).bytes));
    if (ids.empty()) return std::nullopt;
    return ids[pick(ids.size())];
  }

  void edit(Phone& phone) {
    need(phone.write([&](LocalTransaction& transaction) {
      const std::size_t edits = 1 + pick(4) * pick(2);
      for (std::size_t i = 0; i < edits; ++i) edit_row(phone, transaction);
    }));
  }

  void edit_row(Phone& phone, LocalTransaction& transaction) {
    const std::size_t what = pick(20);
    if (what < 5) return put_row(transaction);
    if (what == 5) return edit_meeting(phone, transaction);
    if (what == 6) return edit_ticket(phone, transaction);
    const auto id = some(phone, "thing");
    if (!id) return put_row(transaction);
    edit_thing(phone, transaction, *id, what - 7);
  }

  void put_row(LocalTransaction& transaction) {
    const Value at = Value::integer(world_.clock.utc_ms());
    switch (pick(6)) {
      case 0: {
        const NamedValue fact[] = {{"unit", unit()}, {"said", word(some_words)}, {"at", at}};
        return accept(transaction.put("fact", fact));
      }
      case 1: {
        const RowId event = id_of(static_cast<unsigned>(pick(3)));
        const RowId person = id_of(100 + static_cast<unsigned>(pick(4)));
        const NamedValue ticket[] = {{"event", id_value(event)},
                                     {"person", id_value(person)},
                                     {"seat", word(some_words)},
                                     {"admitted", word(some_words)}};
        return accept(transaction.put("ticket", ticket));
      }
      case 2: {
        const NamedValue meeting[] = {
            {"hosts", unit()}, {"title", word(some_words)}, {"seats", number(2)}};
        return accept(transaction.put("meeting", meeting, id_of(static_cast<unsigned>(pick(3)))));
      }
      case 3: {
        const NamedValue thing[] = {{"unit", unit()},
                                    {"name", word(some_words)},
                                    {"tags", word(some_words)},
                                    {"born", word(some_words)}};
        return accept(transaction.put("thing", thing));
      }
      default: {
        const NamedValue thing[] = {{"unit", unit()},
                                    {"name", word(some_words)},
                                    {"rung", text("low")},
                                    {"visits", number(1)}};
        return accept(transaction.put("thing", thing));
      }
    }
  }

  void edit_thing(Phone& phone, LocalTransaction& transaction, const RowId& id, std::size_t what) {
    const auto set = [&](std::string_view field, ValueView value) {
      const NamedValue named{field, value};
      accept(transaction.set("thing", id, std::span(&named, 1)));
    };
    switch (what) {
      case 0: return set("name", word(some_words));
      case 1: return set("note", word(some_words));
      case 2: return set("unit", unit());
      case 3: return set("rung", word(rungs));
      case 4: return set("first_in", word(some_words));
      case 5: return set("born", word(some_words));
      case 6: return accept(transaction.add("thing", id, "tags", word(some_words)));
      case 7: return accept(transaction.remove("thing", id, "tags", word(some_words)));
      case 8:
        return accept(
            transaction.add("thing", id, "visits", number(static_cast<std::int64_t>(pick(9)) - 4)));
      case 9: return accept(transaction.delete_row("thing", id));
      case 10: return accept(transaction.undelete_row("thing", id));
      default: return decide_conflict(phone, transaction);
    }
  }

  void edit_meeting(Phone& phone, LocalTransaction& transaction) {
    const auto id = some(phone, "meeting");
    if (!id) return;
    if (pick(2) == 0) return accept(transaction.add("meeting", *id, "hosts", unit()));
    if (pick(2) == 0) return accept(transaction.remove("meeting", *id, "hosts", unit()));
    accept(transaction.add("meeting", *id, "seats", number(1)));
  }

  void edit_ticket(Phone& phone, LocalTransaction& transaction) {
    const auto id = some(phone, "ticket");
    if (!id) return;
    const NamedValue named{pick(2) == 0 ? "seat" : "admitted", word(some_words)};
    accept(transaction.set("ticket", *id, std::span(&named, 1)));
  }

  void decide_conflict(Phone& phone, LocalTransaction& transaction) {
    const std::vector<Conflict> conflicts = need(phone.replica().conflicts());
    if (conflicts.empty()) return;
    const Conflict& one = conflicts[pick(conflicts.size())];
    if (one.restorable && pick(2) == 0) {
      return accept(transaction.restore_loser(one.collection_name, one.row, one.field_name,
                                              one.losing_stamp));
    }
    accept(transaction.close_loser(one.collection_name, one.row, one.field_name, one.losing_stamp));
  }

  // What a user may try and be refused.
  template <class T>
  void accept(const Result<T>& result) {
    if (result) return;
    const ErrorCode code = result.error().code;
    const bool is_expected = code == ErrorCode::unknown_row || code == ErrorCode::not_allowed ||
                             code == ErrorCode::append_only || code == ErrorCode::limit ||
                             code == ErrorCode::bad_value || code == ErrorCode::not_found;
    EXPECT_TRUE(is_expected) << result.error().message;
  }

  // One message goes out; it may be lost, its answer may be lost, come twice, or come late.
  void talk(std::size_t which) {
    Phone& phone = *phones_[which];
    auto& mail = mail_[which];
    if (!mail.empty() && pick(2) == 0) {
      const std::size_t late = pick(mail.size());
      phone.take(mail[late].first, mail[late].second);
      if (pick(2) == 0) mail.erase(mail.begin() + static_cast<std::ptrdiff_t>(late));
      return;
    }
    phone.budget_bytes = pick(3) == 0 ? 600 + static_cast<std::uint32_t>(pick(3'000)) : 0;
    const bool push = pick(4) != 0;
    const SyncRequest asked = phone.prepare(push, !push || pick(3) != 0);
    if (pick(8) == 0) return;
    const SyncReply reply = phone.answer(asked);
    switch (pick(8)) {
      case 0: return;
      case 1: mail.emplace_back(asked, reply); return;
      case 2:
        phone.take(asked, reply);
        mail.emplace_back(asked, reply);
        return;
      case 3:
        phone.take(asked, reply);
        phone.take(asked, reply);
        return;
      case 4:
        phone.answer(asked);
        phone.take(asked, reply);
        return;
      default: phone.take(asked, reply);
    }
  }

  void change_grants(Phone& phone) {
    const std::array<std::string, 6> paths = {
        "unit/a", "unit/a/x", "unit/b", "unit", "event/" + id_of(1).text(), "event"};
    const std::string& path = paths[pick(paths.size())];
    if (pick(2) == 0) {
      static_cast<void>(world_.space().grant(phone.device(), path));
    } else {
      static_cast<void>(world_.space().ungrant(phone.device(), path));
    }
  }

  void set_clock(Phone& phone) {
    constexpr std::array<std::int64_t, 5> wrong = {0, 600'000, -600'000, 86'400'000, -86'400'000};
    phone.clock.wrong_by_ms = wrong[pick(wrong.size())];
  }

  ReplicaWorld world_;
  SeededRandom random_;
  std::vector<std::unique_ptr<Phone>> phones_;
  std::vector<std::deque<std::pair<SyncRequest, SyncReply>>> mail_;  // answers that are late
};

class Convergence : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Convergence, LeavesEveryReplicaWithTheServersRows) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  Chaos chaos(GetParam(), 2 + static_cast<int>(GetParam() % 3));
  for (int stretch = 0; stretch < 3 && !testing::Test::HasFailure(); ++stretch) {
    chaos.run(60);
    chaos.settle_and_compare();
  }
}

// The test above means something only if these things happen in it.
TEST(Chaos, MakesConflictsRefusalsAndEchoes) {
  std::uint64_t rejected = 0, conflicts = 0, echoes = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Chaos chaos(seed, 3);
    chaos.run(120);
    chaos.settle_and_compare();
    rejected += chaos.rejected();
    conflicts += chaos.conflicts();
    echoes += chaos.echoes();
  }
  EXPECT_GT(rejected, 10u);
  EXPECT_GT(conflicts, 5u);
  EXPECT_GT(echoes, 20u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace rollcall
