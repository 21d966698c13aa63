// A state is redistricted while a fifth of its captains is offline with work: units are renamed,
// split and given to others. ROLLCALL_PRECINCTS=2000 plays it at a state's size, with 300 people
// each.
#include <cstdlib>

#include <gtest/gtest.h>

#include "engine/storage/connection.h"
#include "engine/storage/layout.h"
#include "server/space/space_file.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

constexpr unsigned precincts_of_a_test = 100;
constexpr unsigned people_of_a_test = 30;
constexpr unsigned people_of_a_state = 300;
constexpr unsigned offline_of = 5;  // every fifth captain
constexpr std::string_view person = "person";
constexpr std::string_view note = "note";

std::string precinct(unsigned number) { return "nc/p" + std::to_string(number); }
std::string halved(unsigned number) { return precinct(number) + "b"; }
std::string scope(const std::string& unit) { return "unit/" + unit; }

// What becomes of a precinct.
enum class Fate : std::uint8_t { renamed, split, handed_over, left_alone };
Fate fate_of(unsigned precinct) { return static_cast<Fate>(precinct % 4); }

RowId row(char kind, unsigned number) {
  Bytes bytes = need(from_hex("018f0000000070008000000000000000"));
  bytes[11] = kind;
  for (unsigned i = 0; i < 4; ++i) bytes[12 + i] = static_cast<char>(number >> (24 - 8 * i));
  return RowId::from_bytes(bytes);
}

class Redistricting : public ::testing::Test {
 protected:
  struct Captain {
    std::unique_ptr<Device> device;
    unsigned precinct = 0;
    bool offline = false;
    bool moves = false;    // gets the new half, or a neighbour's precinct, in place of the old one
    bool mirrors = false;  // a full replica, checked against the server's digests
  };
  struct Verdicts {
    std::size_t applied = 0;
    std::size_t parked = 0;
    std::size_t refused = 0;
  };

  Redistricting() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread.
    if (const char* wanted = std::getenv("ROLLCALL_PRECINCTS")) {
      precincts = static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
      people = people_of_a_state;
    }
    organizer = world.enroll({"unit/nc", "notice"});
    for (unsigned p = 0; p < precincts; ++p) settle(p);
    for (unsigned c = 0; c < precincts * 5 / 2; ++c) {
      Captain captain;
      captain.precinct = c % precincts;
      captain.offline = c % offline_of == 0;
      captain.moves = (c / precincts) % 2 == 0;
      captain.mirrors = c % (precincts / 20 + 1) == 0;
      captain.device = world.enroll({scope(precinct(captain.precinct))});
      if (captain.mirrors) captain.device->read();
      captains.push_back(std::move(captain));
    }
  }

  RowId someone(unsigned precinct, unsigned number) const {
    return row('p', precinct * people + number);
  }
  // Those who move when a precinct is split.
  [[nodiscard]] unsigned half() const { return people / 2; }

  void settle(unsigned p) {
    std::vector<Edit> edits;
    edits.push_back(Edit::insert("notice", row('u', p), {{"title", text("Precinct")}}));
    for (unsigned i = 0; i < people; ++i) {
      edits.push_back(Edit::insert(person, someone(p, i),
                                   {{"name", text("Ann")}, {"unit", text(precinct(p))}}));
    }
    organizer->make(std::move(edits));
    organizer->push();
  }

  // A fact, an edit of somebody who stays where a precinct is split, and of somebody who moves.
  void work_offline(Captain& captain, unsigned number) {
    const std::string unit = precinct(captain.precinct);
    Device& device = *captain.device;
    device.make({Edit::insert(note, row('n', number), {{"unit", text(unit)}})});
    device.make({Edit::set(person, someone(captain.precinct, half()), {{"phone", text("1")}})});
    device.make({Edit::set(person, someone(captain.precinct, 0), {{"phone", text("2")}})});
  }

  // People whose row, or whose place in a path, was written after `since`.
  std::int64_t people_written(Sequence since) {
    SpaceFile file = need(SpaceFile::open(world.path, world.doors().vfs, Access::reader));
    Statement count = need(file.connection().prepare(
        "SELECT count(*) FROM " + table_name(*world.schema.find(person)) + " WHERE _last > ?1"));
    count.bind_integer(1, static_cast<std::int64_t>(since.value));
    EXPECT_TRUE(need(count.step()));
    return count.integer(0);
  }

  void rename_units() {
    for (unsigned p = 0; p < precincts; ++p) {
      if (fate_of(p) != Fate::renamed) continue;
      organizer->make({Edit::set("notice", row('u', p), {{"title", text("New name")}})});
    }
    organizer->push();
  }
  std::int64_t split_units() {
    std::int64_t moved = 0;
    for (unsigned p = 0; p < precincts; ++p) {
      if (fate_of(p) != Fate::split) continue;
      std::vector<Edit> edits;
      for (unsigned i = 0; i < half(); ++i) {
        edits.push_back(Edit::set(person, someone(p, i), {{"unit", text(halved(p))}}));
      }
      moved += half();
      organizer->make(std::move(edits));
      organizer->push();
    }
    return moved;
  }
  void move_grants() {
    for (Captain& captain : captains) {
      if (!captain.moves) continue;
      const std::string old = precinct(captain.precinct);
      std::string next;
      if (fate_of(captain.precinct) == Fate::split) next = halved(captain.precinct);
      if (fate_of(captain.precinct) == Fate::handed_over) {
        next = precinct((captain.precinct + 1) % precincts);
      }
      if (next.empty()) continue;
      need(world.space().ungrant(captain.device->number(), scope(old)));
      need(world.space().grant(captain.device->number(), scope(next)));
    }
  }

  // What a captain's three transactions are to become: the place that each is about, and whether
  // the captain still has it.
  void expect_verdicts(const Captain& captain, Verdicts& all) {
    const Fate fate = fate_of(captain.precinct);
    const bool lost_old = captain.moves && (fate == Fate::split || fate == Fate::handed_over);
    const bool has_moved_people = fate == Fate::split ? captain.moves : !lost_old;
    const bool keeps[] = {!lost_old, !lost_old, has_moved_people};
    for (std::size_t i = 0; i < 3; ++i) {
      const std::optional<Verdict>& verdict = captain.device->made[i].verdict;
      ASSERT_TRUE(verdict) << "transaction " << i + 1 << " was told nothing";
      const bool applied =
          verdict->kind == VerdictKind::applied || verdict->kind == VerdictKind::merged;
      EXPECT_EQ(applied, keeps[i]) << "transaction " << i + 1 << ": " << verdict->reason;
      all.applied += applied;
      if (applied) continue;
      EXPECT_EQ(verdict->kind, VerdictKind::parked) << verdict->reason;
      EXPECT_EQ(static_cast<ErrorCode>(verdict->code), ErrorCode::grant_lost);
      ++all.parked;
    }
  }

  // An organizer accepts every other one that waits.
  Verdicts decide_all() {
    Verdicts decided;
    for (bool accept = true;; accept = !accept) {
      const std::vector<ParkedEntry> waiting = need(world.reader().parked(0, 1));
      if (waiting.empty()) return decided;
      const Judgement judgement = need(world.space().decide(waiting.front().id, accept));
      EXPECT_EQ(judgement.took_effect(), accept) << judgement.reason;
      ++(accept ? decided.applied : decided.refused);
    }
  }

  unsigned precincts = precincts_of_a_test;
  unsigned people = people_of_a_test;
  World world;
  std::unique_ptr<Device> organizer;
  std::vector<Captain> captains;
};

TEST_F(Redistricting, RewritesOnlyRowsThatMoveAndLosesNoWorkOfThoseWhoAreOffline_F3_F4_F5) {
  unsigned number = 0;
  for (Captain& captain : captains) {
    if (captain.offline) work_offline(captain, number++);
  }
  ASSERT_GT(number, 0u);

  const Sequence before_names = world.space().head();
  rename_units();
  EXPECT_EQ(people_written(before_names), 0) << "a name is a field of its unit";
  const Sequence before_split = world.space().head();
  const std::int64_t moved = split_units();
  EXPECT_GT(moved, 0);
  EXPECT_EQ(people_written(before_split), moved);
  const Sequence before_grants = world.space().head();
  move_grants();
  EXPECT_EQ(people_written(before_grants), 0);

  Verdicts all;
  for (Captain& captain : captains) {
    if (!captain.offline) continue;
    captain.device->push();
    expect_verdicts(captain, all);
    if (HasFatalFailure()) return;
  }
  EXPECT_EQ(all.applied + all.parked, std::size_t{number} * 3);
  EXPECT_GT(all.parked, 0u);
  const Verdicts decided = decide_all();
  EXPECT_EQ(decided.applied + decided.refused, all.parked);

  // `read` compares each grant's digest with the server's.
  std::size_t checked = 0;
  for (Captain& captain : captains) {
    if (!captain.mirrors) continue;
    captain.device->read();
    captain.device->read();
    EXPECT_FALSE(captain.device->rows().empty());
    for (const Device::Made& made : captain.device->made) {
      ASSERT_TRUE(made.verdict);
      EXPECT_NE(made.verdict->kind, VerdictKind::parked) << "its decision was told";
    }
    ++checked;
  }
  EXPECT_GE(checked, 20u);
  RecordProperty("transactions", static_cast<int>(number * 3));
  RecordProperty("moved", static_cast<int>(moved));
}

}  // namespace
}  // namespace rollcall
