// Only what is yours: no byte of a hidden row leaves, and no write outside of the scopes enters.
#include <gtest/gtest.h>

#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

Edit person(unsigned n, std::string_view name, std::string_view unit) {
  return Edit::insert("person", id_of(n), {{"name", text(name)}, {"unit", text(unit)}});
}
Edit moved(unsigned n, std::string_view unit) {
  return Edit::set("person", id_of(n), {{"unit", text(unit)}});
}

// Two counties, a device in each, and one that sees both.
struct Counties {
  World world;
  std::unique_ptr<Device> wake = world.enroll({"unit/nc/wake"});
  std::unique_ptr<Device> dare = world.enroll({"unit/nc/dare"});
  std::unique_ptr<Device> state = world.enroll({"unit/nc"});

  void all_read() {
    for (Device* device : {wake.get(), dare.get(), state.get()}) device->read();
  }
};

TEST(Scope, HiddenRowsAppearInNoPage_G18) {
  Counties c;
  c.wake->read();
  c.state->write({person(1, "Seen", "nc/wake"), person(2, "Secret", "nc/dare")});
  c.state->write({Edit::set("person", id_of(2), {{"phone", text("919-SECRET")}})});
  c.wake->read();
  c.wake->forget_rows();
  c.wake->read();
  const std::string id(id_of(2).view());
  EXPECT_EQ(c.wake->seen_bytes.find("Secret"), Bytes::npos);
  EXPECT_EQ(c.wake->seen_bytes.find("SECRET"), Bytes::npos);
  EXPECT_EQ(c.wake->seen_bytes.find("dare"), Bytes::npos);
  EXPECT_EQ(c.wake->row("person", id_of(2)), nullptr);
  EXPECT_EQ(c.wake->shows("person", id_of(1), "name"), "Seen");
}

TEST(Scope, APathOutsideTheGrantsIsNotToldOfAVisibleRow) {
  World world;
  auto host = world.enroll({"unit/nc/wake", "unit/nc/dare"});
  auto guest = world.enroll({"unit/nc/wake"});
  host->write({Edit::insert("notice", id_of(1), {{"title", text("Picnic")}})
                   .add("hosts", text("nc/dare"))
                   .add("hosts", text("nc/wake"))});
  guest->read();
  ASSERT_NE(guest->row("notice", id_of(1)), nullptr);
  EXPECT_EQ(guest->row("notice", id_of(1))->paths, std::set<std::string>{"unit/nc/wake"});
}

TEST(Scope, AMoveIsAnEvictWithoutContentForOneAndTheWholeRowForTheOther_F5) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.all_read();
  c.wake->seen_bytes.clear();
  c.state->write(
      {Edit::set("person", id_of(1), {{"unit", text("nc/dare")}, {"phone", text("new phone")}})});
  c.all_read();
  EXPECT_EQ(c.wake->row("person", id_of(1)), nullptr);
  EXPECT_EQ(c.wake->seen_bytes.find("new phone"), Bytes::npos);
  EXPECT_EQ(c.wake->seen_bytes.find("dare"), Bytes::npos);
  EXPECT_EQ(c.dare->shows("person", id_of(1), "name"), "Ann");
  EXPECT_EQ(c.dare->shows("person", id_of(1), "phone"), "new phone");
  EXPECT_EQ(c.state->shows("person", id_of(1), "unit"), "nc/dare");
}

TEST(Scope, AMoveThereAndBackIsAsIfItHadNotBeen) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.all_read();
  c.state->write({moved(1, "nc/dare")});
  c.state->write({moved(1, "nc/wake")});
  c.all_read();
  EXPECT_EQ(c.wake->shows("person", id_of(1), "unit"), "nc/wake");
  EXPECT_EQ(c.dare->row("person", id_of(1)), nullptr);
}

TEST(Scope, ADeviceThatNeverSawARowIsNotToldThatItLeft) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.state->write({moved(1, "nc/dare")});
  auto late = c.world.enroll({"unit/nc/wake"});
  late->read();
  c.state->write({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  late->seen_bytes.clear();
  late->read();
  EXPECT_EQ(late->seen_bytes.find(Bytes(id_of(1).view()).substr(8)), Bytes::npos);
}

TEST(Scope, HiddenAndAbsentRowsGetOneAnswer_G12) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/dare")});
  const Verdict hidden = c.wake->write({Edit::set("person", id_of(1), {{"name", text("x")}})});
  const Verdict absent = c.wake->write({Edit::set("person", id_of(9), {{"name", text("x")}})});
  EXPECT_EQ(hidden.kind, VerdictKind::rejected);
  EXPECT_EQ(hidden.kind, absent.kind);
  EXPECT_EQ(hidden.code, absent.code);
  EXPECT_EQ(hidden.reason, absent.reason);
  EXPECT_EQ(hidden.accepted, absent.accepted);
}

TEST(Scope, AHiddenRowCannotBePulledIntoOnesOwnScope_G10) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/dare")});
  EXPECT_EQ(c.wake->write({moved(1, "nc/wake")}).kind, VerdictKind::rejected);
  EXPECT_EQ(c.wake->write({person(1, "Mine", "nc/wake")}).kind, VerdictKind::rejected);
  c.dare->read();
  EXPECT_EQ(c.dare->shows("person", id_of(1), "name"), "Ann");
}

TEST(Scope, AnOwnRowCannotBePushedIntoAForeignScope_G10) {
  Counties c;
  c.wake->write({person(1, "Ann", "nc/wake")});
  const Verdict verdict = c.wake->write({moved(1, "nc/dare")});
  EXPECT_EQ(verdict.kind, VerdictKind::rejected);
  EXPECT_EQ(static_cast<ErrorCode>(verdict.code), ErrorCode::not_allowed);
  c.wake->read();
  EXPECT_EQ(c.wake->shows("person", id_of(1), "unit"), "nc/wake");
}

TEST(Scope, WholeSegmentsAreCompared) {
  World world;
  auto nc = world.enroll({"unit/nc"});
  auto other = world.enroll({"unit/nc-east", "unit/nc0"});
  EXPECT_EQ(nc->write({person(1, "Ann", "nc-east/a")}).kind, VerdictKind::rejected);
  EXPECT_EQ(other->write({person(1, "Ann", "nc-east/a")}).kind, VerdictKind::applied);
  EXPECT_EQ(other->write({person(2, "Bob", "nc0")}).kind, VerdictKind::applied);
  nc->read();
  other->read();
  EXPECT_TRUE(nc->rows().empty());
  EXPECT_EQ(other->rows().size(), 2u);
}

TEST(Scope, EverybodyReadsWhatIsPublicAndOnlyMembersOfItWrite) {
  World world;
  auto host = world.enroll({"unit/nc"});
  auto guest = world.enroll({"unit/ga"});
  auto editor = world.enroll({"public"});
  host->write({Edit::insert("notice", id_of(1), {{"title", text("Rally")}, {"open", text("yes")}})
                   .add("hosts", text("nc"))});
  guest->read();
  EXPECT_EQ(guest->shows("notice", id_of(1), "title"), "Rally");
  const auto retitled = [](std::string_view title) {
    return Edit::set("notice", id_of(1), {{"title", text(title)}});
  };
  EXPECT_EQ(guest->write({retitled("Defaced")}).kind, VerdictKind::rejected);
  editor->read();
  EXPECT_EQ(editor->write({retitled("Rally!")}).kind, VerdictKind::applied);
}

TEST(Scope, AWriteUnderAGrantThatEndedSinceItsCursorIsParked_F3) {
  World world;
  auto ben = world.enroll({"unit/nc/wake"});
  ben->write({person(1, "Ann", "nc/wake")});
  ben->read();
  const TxNumber before = ben->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  need(world.space().ungrant(ben->number(), "unit/nc/wake"));
  ben->push();
  const Verdict parked = *ben->made[before.value - 1].verdict;
  EXPECT_EQ(parked.kind, VerdictKind::parked);
  EXPECT_EQ(static_cast<ErrorCode>(parked.code), ErrorCode::grant_lost);
  ben->read();
  EXPECT_TRUE(ben->rows().empty());
  // What it writes knowing of the loss is refused.
  EXPECT_EQ(ben->write({person(2, "Bob", "nc/wake")}).kind, VerdictKind::rejected);
}

TEST(Scope, AnEditOfARowThatMovedAwayMeanwhileIsParked_F3) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.all_read();
  c.wake->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
  c.state->write({moved(1, "nc/dare")});
  c.wake->push();
  EXPECT_EQ(c.wake->made.back().verdict->kind, VerdictKind::parked);
  EXPECT_EQ(static_cast<ErrorCode>(c.wake->made.back().verdict->code), ErrorCode::grant_lost);
}

TEST(Scope, ANewGrantBringsRowsThatAreOlderThanTheCursor_F4) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake"), person(2, "Bob", "nc/dare")});
  c.all_read();
  EXPECT_EQ(c.wake->row("person", id_of(2)), nullptr);
  need(c.world.space().grant(c.wake->number(), "unit/nc/dare"));
  c.wake->read();
  EXPECT_EQ(c.wake->shows("person", id_of(2), "name"), "Bob");
  EXPECT_EQ(c.wake->grants().size(), 3u);
}

TEST(Scope, AGrantThatEndsTakesItsRowsAlong_F3) {
  Counties c;
  need(c.world.space().grant(c.wake->number(), "unit/nc/dare"));
  c.state->write({person(1, "Ann", "nc/wake"), person(2, "Bob", "nc/dare")});
  c.wake->read();
  need(c.world.space().ungrant(c.wake->number(), "unit/nc/dare"));
  c.wake->read();
  EXPECT_EQ(c.wake->rows().size(), 1u);
  c.wake->seen_bytes.clear();
  c.state->write({Edit::set("person", id_of(2), {{"name", text("Hidden")}})});
  c.wake->read();
  EXPECT_EQ(c.wake->seen_bytes.find("Hidden"), Bytes::npos);
}

TEST(Scope, AGrantGivenAgainIsAnotherGrant) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.wake->read();
  const GrantRecord ended = need(c.world.space().ungrant(c.wake->number(), "unit/nc/wake"));
  c.state->write({person(2, "Bob", "nc/wake")});
  const GrantRecord given = need(c.world.space().grant(c.wake->number(), "unit/nc/wake"));
  EXPECT_NE(given.id, ended.id);
  c.wake->read();
  EXPECT_EQ(c.wake->rows().size(), 2u);
}

TEST(Scope, AGrantThatEndedCountsForNothingInARequest) {
  Counties c;
  c.state->write({person(1, "Ann", "nc/wake")});
  c.wake->read();
  const SyncRequest stale = [&] {
    SyncRequest request = c.wake->read_request();
    request.tail = true;
    request.cursor.clear();
    return request;
  }();
  need(c.world.space().ungrant(c.wake->number(), "unit/nc/wake"));
  const SyncReply reply = c.wake->ask(stale);
  EXPECT_TRUE(reply.page.empty());
  ASSERT_TRUE(reply.grants.has_value());
  EXPECT_EQ(reply.grants->size(), 1u);  // public is left
}

TEST(Scope, NobodyBootstrapsOrHealsAGrantOfAnother_G10) {
  Counties c;
  c.state->write({person(1, "Secret", "nc/dare")});
  c.dare->read();
  const GrantId foreign = c.dare->grants()[0].id;
  SyncRequest request = c.wake->read_request();
  request.bootstrap = BootstrapWant{foreign, {}, {}};
  HealWant heal;
  heal.grant = foreign;
  request.heal = heal;
  request.complete = {foreign};
  request.tail = true;
  const SyncReply reply = c.wake->ask(request);
  EXPECT_FALSE(reply.bootstrap.has_value());
  EXPECT_FALSE(reply.heal.has_value());
  EXPECT_TRUE(reply.page.empty());
  EXPECT_TRUE(reply.digests.empty());
}

TEST(Scope, TheServersOwnDeviceWritesEverywhere) {
  World world;
  const DeviceRecord record = need(world.space().add_local_device("import", PublicKey{}));
  EnrollReply as_if;
  as_if.device = record.number;
  Device import(world, as_if, SecretSeed{});
  EXPECT_EQ(import.write({person(1, "Ann", "nc/wake"), person(2, "Bob", "ga/dade")}).kind,
            VerdictKind::applied);
  EXPECT_TRUE(record.local);
  EXPECT_TRUE(record.grants.empty());
}

}  // namespace
}  // namespace rollcall
