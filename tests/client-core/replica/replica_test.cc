#include "client-core/replica/replica.h"

#include <filesystem>
#include <fstream>

#include "engine/codec/limits.h"
#include "engine/codec/page_writer.h"
#include "engine/codec/transaction.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- Opening

TEST(Replica, ShowsAWriteAtOnceAndKeepsItThroughARestart) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a/x")}, {"name", text("Ann")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->status().pending, 1u);
  phone->restart();
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->status().pending, 1u);
  EXPECT_EQ(phone->status().space_title, "North Carolina");
}

TEST(Replica, RefusesAFileThatIsNoneAndLeavesItUntouched) {
  ReplicaWorld world;
  for (const std::string& content : {std::string("not a database, only words\n"), std::string()}) {
    const std::string path = world.folder.file("words");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    const auto refused = code_of(Replica::open(path, world.doors));
    EXPECT_EQ(refused, content.empty() ? ErrorCode::not_found : ErrorCode::not_a_replica);
    EXPECT_EQ(content_of(path), content);
  }
  EXPECT_EQ(code_of(Replica::open(world.folder.file("nothing"), world.doors)),
            ErrorCode::not_found);
  // A server's space is a database, too.
  EXPECT_EQ(code_of(Replica::open(world.save_copy(), world.doors)), ErrorCode::not_a_replica);
}

TEST(Replica, RefusesAFileOfANewerFormatAndLeavesItUntouched) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const std::string path = phone->replica().path();
  need(phone->replica().checkpoint());
  phone->close();
  std::string content = content_of(path);
  content[63] = 9;  // user_version, sqlite.org/fileformat2.html section 1.3
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  EXPECT_EQ(code_of(Replica::open(path, world.doors)), ErrorCode::newer_format);
  EXPECT_EQ(content_of(path), content);
}

TEST(Replica, RefusesAFileThatIsOpenElsewhere) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  EXPECT_EQ(code_of(Replica::open(phone->replica().path(), world.doors)),
            ErrorCode::open_elsewhere);
}

TEST(Replica, IsNeverMadeOverAnotherFile) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const EnrollReply enrolled = world.enroll_reply({"unit/a"});
  const std::string path = phone->replica().path();
  phone->close();
  EXPECT_EQ(code_of(Replica::create(path, enrolled, {}, "http://x", world.doors)),
            ErrorCode::already_exists);
  const std::string words = world.folder.file("words");
  std::ofstream(words) << "only words";
  EXPECT_EQ(code_of(Replica::create(words, enrolled, {}, "http://x", world.doors)),
            ErrorCode::already_exists);
  EXPECT_EQ(content_of(words), "only words");
}

TEST(Replica, SaysThatItsFileWasDeletedInPlaceOfLosingWrites) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  std::filesystem::remove(phone->replica().path());
  EXPECT_EQ(code_of(phone->replica().begin()), ErrorCode::unlinked);
}

TEST(Replica, KeepsItsSecretFromQueries) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  EXPECT_EQ(code_of(phone->replica().query("SELECT secret FROM _identity")), ErrorCode::read_only);
}

// ---- Exchange

TEST(Replica, BringsAnInsertToTheServerAndToAnotherReplica) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a/x")}, {"name", text("Ann")}});
  a->sync();
  EXPECT_EQ(a->status().pending, 0u);
  EXPECT_EQ(a->status().unread, 0u);
  world.expect_same(*a);
  auto b = world.enroll({"unit/a/x"});
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "name"), "Ann");
  world.expect_same(*b);
  a->set("thing", id, {{"note", text("calls back")}});
  a->sync();
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "note"), "calls back");
  world.expect_same(*a);
  world.expect_same(*b);
}

TEST(Replica, TakesItsOwnInsertsBackAsEchoesWithoutTheirContent) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  for (int i = 0; i < 20; ++i) phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  EXPECT_EQ(phone->echoes_received, 20u);
  EXPECT_EQ(phone->rows_received, 20u);
  world.expect_same(*phone);
}

// Named for what it was: a counter that another device moved between two readings came back to its
// writer as an echo, and the other's increment was missing there.
TEST(Replica, MissesNoIncrementThatAnotherDeviceMadeBeforeItsOwn) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"visits", number(1)}});
  a->sync();
  b->sync();
  b->add("thing", id, "visits", number(10));
  b->sync();
  a->add("thing", id, "visits", number(100));
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "visits"), "111");
  EXPECT_EQ(a->heals_asked, 0u);
  world.expect_same(*a);
}

// Named for what it was: the first echo left the insert pending, and the second added it again.
TEST(Replica, CountsAnEchoThatStandsTwiceInOneTailOnce) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"visits", number(5)}});
  const RowId other = phone->put("thing", {{"unit", text("a")}, {"visits", number(1)}});
  const SyncRequest first = phone->prepare();
  const SyncReply both = phone->answer(first);
  ASSERT_GT(both.page.size(), 0u);
  SyncReply page = both;
  page.position = "further";
  EXPECT_FALSE(phone->take(first, page).completed);
  SyncReply last = both;
  const SyncRequest second = phone->prepare();
  ASSERT_EQ(second.position, "further");
  last.from = read_origin(second.cursor, second.position, second.complete);
  EXPECT_TRUE(phone->take(second, last).completed);
  EXPECT_EQ(phone->echoes_received, 4u);
  EXPECT_EQ(phone->shows("thing", id, "visits"), "5");
  EXPECT_EQ(phone->shows("thing", other, "visits"), "1");
  EXPECT_EQ(phone->count("SELECT max(_tx) FROM _thing"), 0);
  world.expect_same(*phone);
}

TEST(Replica, AsksNothingMoreWhenAllIsExchanged) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  const ReplicaFacts facts = phone->replica().facts();
  EXPECT_FALSE(facts.unsent);
  EXPECT_TRUE(facts.read_complete);
  EXPECT_FALSE(facts.unread_own);
  const std::uint64_t rows = phone->rows_received;
  phone->exchange();
  EXPECT_EQ(phone->rows_received, rows);
}

TEST(Replica, RepeatsAPushWhoseAnswerWasLostWithoutASecondEffect) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"visits", number(5)}});
  phone->sync();
  phone->add("thing", id, "visits", number(2));
  for (int i = 0; i < 3; ++i) phone->answer(phone->prepare());  // answers that never come
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "visits"), "7");
  world.expect_same(*phone);
}

TEST(Replica, ShowsItsPendingWriteOverWhatComesAndMergesBoth) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  b->set("thing", id, {{"note", text("b's")}, {"name", text("b's")}});
  b->sync();
  a->set("thing", id, {{"name", text("a's")}});
  a->exchange(false, true);  // reads, pushes nothing
  EXPECT_EQ(a->shows("thing", id, "name"), "a's");
  EXPECT_EQ(a->shows("thing", id, "note"), "b's");
  EXPECT_EQ(a->status().conflicts, 0u);  // nobody has decided yet
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "name"), "a's");
  EXPECT_EQ(a->status().conflicts, 1u);
  world.expect_same(*a);
}

// ---- Conflicts

TEST(Replica, ListsALosingValueAndPutsItBackWithOneWrite) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  a->set("thing", id, {{"name", text("Anna")}});
  b->set("thing", id, {{"name", text("Anne")}});
  a->sync();
  b->sync();
  a->sync();
  const auto conflicts = need(a->replica().conflicts());
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_EQ(conflicts[0].collection_name, "thing");
  EXPECT_EQ(conflicts[0].field_name, "name");
  EXPECT_EQ(conflicts[0].present.view().bytes, "Anne");
  EXPECT_EQ(conflicts[0].losing.view().bytes, "Anna");
  EXPECT_EQ(conflicts[0].losing_stamp.device, a->device());
  EXPECT_TRUE(conflicts[0].restorable);
  EXPECT_EQ(b->status().conflicts, 1u);

  a->restore("thing", id, "name");
  EXPECT_EQ(a->shows("thing", id, "name"), "Anna");
  EXPECT_EQ(a->status().conflicts, 0u);
  a->sync();
  b->sync();
  EXPECT_EQ(b->shows("thing", id, "name"), "Anna");
  EXPECT_EQ(b->status().conflicts, 0u);
  world.expect_same(*a);
  world.expect_same(*b);
}

TEST(Replica, CountsNoConflictOfAQuietField) {
  ReplicaWorld world;
  ReplicaOptions quiet;
  quiet.quiet = {{"ticket", "admitted"}};
  auto a = world.enroll({"event"}, quiet);
  auto b = world.enroll({"event"});
  for (Phone* phone : {a.get(), b.get()}) {
    phone->put("ticket", {{"event", id_value(id_of(1))},
                          {"person", id_value(id_of(2))},
                          {"admitted", text(phone == a.get() ? "gate 1" : "gate 2")}});
  }
  a->sync();
  b->sync();
  a->sync();
  EXPECT_EQ(a->status().conflicts, 0u);
  EXPECT_TRUE(need(a->replica().conflicts()).empty());
  EXPECT_EQ(b->status().conflicts, 1u);
  EXPECT_EQ(a->count("SELECT count(*) FROM ticket"), 1);
}

TEST(Replica, ListsConflictsBehindAnyNumberOfQuietOnes) {
  ReplicaWorld world;
  ReplicaOptions quiet;
  quiet.quiet = {{"ticket", "admitted"}};
  auto a = world.enroll({"event"}, quiet);
  auto b = world.enroll({"event"});
  for (unsigned person = 1; person <= 4; ++person) {
    for (Phone* phone : {a.get(), b.get()}) {
      const bool first = phone == a.get();
      phone->put("ticket", {{"event", id_value(id_of(1))},
                            {"person", id_value(id_of(person))},
                            {"seat", text(person < 4 ? ""
                                          : first    ? "row 1"
                                                     : "row 2")},
                            {"admitted", text(first ? "gate 1" : "gate 2")}});
    }
  }
  a->sync();
  b->sync();
  a->sync();
  const auto listed = need(a->replica().conflicts(1));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].field_name, "seat");
  EXPECT_EQ(a->status().conflicts, 1u);
}

TEST(Replica, AConflictKeepsItsNumberAndNoOtherEverGetsIt) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  std::vector<RowId> rows;
  for (int i = 0; i < 4; ++i) rows.push_back(a->put("thing", {{"unit", text("a")}}));
  a->sync();
  b->sync();
  const auto clash = [&](int row) {
    const auto at = static_cast<std::size_t>(row);
    a->set("thing", rows[at], {{"name", text("of a")}});
    b->set("thing", rows[at], {{"name", text("of b")}});
    a->sync();
    b->sync();
  };
  const auto listed = [&] {
    std::map<RowId, std::uint64_t> numbers;
    for (const Conflict& conflict : need(b->replica().conflicts())) {
      numbers[conflict.row] = conflict.number;
    }
    return numbers;
  };
  for (const int row : {1, 2}) clash(row);
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[1], 1}, {rows[2], 2}}));
  clash(0);  // lies before both
  b->restore("thing", rows[1], "name");
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[2], 2}, {rows[0], 3}}));
  b->restore("thing", rows[0], "name");
  b->restore("thing", rows[2], "name");
  b->sync();
  EXPECT_TRUE(listed().empty());
  clash(3);
  b->restart();
  EXPECT_EQ(listed(), (std::map<RowId, std::uint64_t>{{rows[3], 4}}));
  EXPECT_EQ(b->count("SELECT count(*) FROM _conflicts"), 1);
}

TEST(Replica, RefusesToRestoreWhatOnlyCanBeClosed) {
  ReplicaWorld world;
  auto a = world.enroll({"event"});
  auto b = world.enroll({"event"});
  // Both make the same thing with another `born`.
  a->sync();
  b->sync();
  const RowId id = id_of(77);
  auto c = world.enroll({"unit/a"});
  auto d = world.enroll({"unit/a"});
  c->put("thing", {{"unit", text("a")}, {"born", text("1950")}}, id);
  d->put("thing", {{"unit", text("a")}, {"born", text("1951")}}, id);
  c->sync();
  d->sync();
  const auto conflicts = need(d->replica().conflicts());
  ASSERT_EQ(conflicts.size(), 1u);
  EXPECT_FALSE(conflicts[0].restorable);
  LocalTransaction transaction = need(d->replica().begin());
  EXPECT_EQ(code_of(transaction.restore_loser("thing", id, "born", conflicts[0].losing_stamp)),
            ErrorCode::not_allowed);
  EXPECT_EQ(code_of(transaction.restore_loser("thing", id, "name", conflicts[0].losing_stamp)),
            ErrorCode::not_found);
  need(transaction.close_loser("thing", id, "born", conflicts[0].losing_stamp));
  need(transaction.commit());
  EXPECT_EQ(d->status().conflicts, 0u);
  d->sync();
  world.expect_same(*d);
}

// ---- Tray

TEST(Replica, KeepsARejectedTransactionInTheTrayAndOutOfSight) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  const RowId mine = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  const RowId theirs = phone->put("thing", {{"unit", text("b")}, {"name", text("Bob")}});
  const RowId later = phone->put("thing", {{"unit", text("a")}, {"name", text("Cat")}});
  EXPECT_EQ(phone->shows("thing", theirs, "name"), "Bob");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", theirs, "name"), "-");
  EXPECT_EQ(phone->shows("thing", mine, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", later, "name"), "Cat");
  EXPECT_EQ(phone->status().rejected, 1u);
  const auto tray = need(phone->replica().tray());
  ASSERT_EQ(tray.size(), 1u);
  EXPECT_EQ(tray[0].number, TxNumber(2));
  EXPECT_EQ(tray[0].kind, VerdictKind::rejected);
  EXPECT_EQ(tray[0].code, static_cast<std::uint32_t>(ErrorCode::not_allowed));
  EXPECT_EQ(tray[0].collection, "thing");
  EXPECT_EQ(tray[0].rows, 1u);
  const std::string json = need(phone->replica().export_json(TxNumber(2)));
  EXPECT_NE(json.find(R"("name":"Bob")"), std::string::npos) << json;
  world.expect_same(*phone);
  phone->restart();
  EXPECT_EQ(phone->status().rejected, 1u);
  need(phone->replica().discard(TxNumber(2)));
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(code_of(phone->replica().discard(TxNumber(2))), ErrorCode::not_found);
}

TEST(Replica, RetriesARejectedTransactionOnceItIsAllowed) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  const RowId id =
      phone->put("thing", {{"unit", text("b")}, {"tags", text("tall")}, {"visits", number(3)}});
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 1u);
  need(world.space().grant(phone->device(), "unit/b"));
  phone->sync();
  EXPECT_EQ(need(phone->replica().retry(TxNumber(1))).number, TxNumber(2));
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", id, "tags"), R"(["tall"])");
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", id, "visits"), "3");
  world.expect_same(*phone);
}

TEST(Replica, FallsBackToTheConfirmedRowWhenAnEditIsRejected) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  phone->set("thing", id, {{"unit", text("b")}, {"name", text("moved")}});
  phone->set("thing", id, {{"note", text("stays")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "moved");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  EXPECT_EQ(phone->shows("thing", id, "note"), "stays");
  EXPECT_EQ(phone->status().rejected, 1u);
  world.expect_same(*phone);
}

TEST(Replica, PutsAVoidInThePlaceOfATransactionThatCannotBeSent) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId first = phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  const RowId second = phone->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  EXPECT_EQ(need(phone->replica().void_oldest()), TxNumber(1));
  EXPECT_EQ(phone->shows("thing", first, "name"), "-");
  EXPECT_EQ(phone->status().rejected, 1u);
  phone->sync();
  EXPECT_EQ(phone->status().pending, 0u);
  EXPECT_EQ(phone->status().rejected, 1u);
  EXPECT_EQ(phone->shows("thing", second, "name"), "Bob");
  world.expect_same(*phone);
  EXPECT_EQ(need(phone->replica().retry(TxNumber(1))).number, TxNumber(3));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", first, "name"), "Ann");
  world.expect_same(*phone);
}

TEST(Replica, TakesOutOfTheTrayWhatWritesNothingWhenItIsRetried) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"tags", text("tall")}});
  a->sync();
  b->sync();
  a->remove("thing", id, "tags", text("tall"));
  const TxNumber number = need(a->replica().void_oldest());
  b->remove("thing", id, "tags", text("tall"));
  b->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "tags"), "[]");
  EXPECT_EQ(a->status().rejected, 1u);
  EXPECT_EQ(need(a->replica().retry(number)).number, TxNumber(0));
  EXPECT_EQ(a->status().rejected, 0u);
  EXPECT_EQ(a->status().last_tx, number);
  EXPECT_EQ(code_of(a->replica().retry(number)), ErrorCode::not_found);
  a->restart();
  EXPECT_EQ(a->status().rejected, 0u);
  world.expect_same(*a);
}

TEST(Replica, ARetryThatWritesNothingOfARowLeavesTheRowAlone) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"tags", text("tall")}});
  a->sync();
  b->sync();
  need(a->write([&](LocalTransaction& transaction) {
    need(transaction.remove("thing", id, "tags", text("tall")));
    need(transaction.put("thing", Values{{"unit", text("a")}, {"name", text("Ann")}}));
  }));
  const TxNumber number = need(a->replica().void_oldest());
  b->remove("thing", id, "tags", text("tall"));
  b->sync();
  a->sync();
  need(a->replica().retry(number));
  EXPECT_EQ(a->count("SELECT count(*) FROM _writes WHERE id = x'" + to_hex(id.view()) + "'"), 0);
  EXPECT_EQ(a->count("SELECT count(*) FROM _base"), 0);
  a->sync();
  world.expect_same(*a);
}

TEST(Replica, AClockThatRanAheadOnceIsForgottenWithItsVerdict) {
  constexpr std::int64_t year_ms = 365 * 86'400'000LL;
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->clock.wrong_by_ms = year_ms;
  phone->put("thing", {{"unit", text("a")}});
  phone->sync();
  phone->clock.wrong_by_ms = 0;
  world.clock.advance(600'000);
  phone->sync();
  phone->restart();
  const Committed committed = need(phone->write([&](LocalTransaction& transaction) {
    need(transaction.put("thing", Values{{"unit", text("a")}}));
  }));
  EXPECT_EQ(committed.stamp.ms(), world.clock.utc_ms());
}

TEST(Replica, AClockThatJumpsForgetsNothingThatIsKeptForARestoredServer) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  auto other = world.enroll({"unit/a"});
  for (int i = 0; i < 5; ++i) phone->put("thing", {{"unit", text("a")}});
  phone->sync();
  other->put("thing", {{"unit", text("a")}});
  other->sync();
  phone->clock.wrong_by_ms = 200 * 86'400'000LL;
  phone->restart();
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM _outbox"), 5);
}

TEST(Replica, ShowsAnEditAtOnceThoughTheRowsStampLiesAhead) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  auto other = world.enroll({"unit/a"});
  const RowId id = other->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  world.clock.advance(1000);
  other->sync();
  phone->sync();
  phone->clock.wrong_by_ms = -3'600'000;
  phone->put("thing", {{"unit", text("a")}});  // stamped before the commit that it had read
  world.clock.advance(5000);
  other->clock.wrong_by_ms = 50'000;  // less ahead than the server clamps
  other->set("thing", id, {{"name", text("theirs")}});
  other->exchange();
  phone->exchange(false, true);
  ASSERT_EQ(phone->shows("thing", id, "name"), "theirs");
  phone->exchange(true, false);
  phone->set("thing", id, {{"name", text("mine")}});
  EXPECT_EQ(phone->shows("thing", id, "name"), "mine");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "name"), "mine");
  world.expect_same(*phone);
}

TEST(Replica, VoidsNoOtherTransactionThanTheOneThatWasRefused) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  EXPECT_EQ(code_of(phone->replica().void_oldest(TxNumber(2))), ErrorCode::not_found);
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(need(phone->replica().void_oldest(TxNumber(1))), TxNumber(1));
}

// ---- Local writes

TEST(LocalTransaction, MakesAllOfItsWritesOrNone) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  RowId id;
  {
    LocalTransaction transaction = need(phone->replica().begin());
    const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}};
    id = need(transaction.put("thing", thing));
    EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
    EXPECT_EQ(code_of(phone->replica().begin()), ErrorCode::already_exists);
    EXPECT_EQ(code_of(phone->replica().take_reply({}, {})), ErrorCode::invalid_argument);
  }
  EXPECT_EQ(phone->shows("thing", id, "name"), "-");
  EXPECT_EQ(phone->status().last_tx, TxNumber(0));
  LocalTransaction empty = need(phone->replica().begin());
  EXPECT_EQ(need(empty.commit()).number, TxNumber(0));
  EXPECT_EQ(code_of(empty.commit()), ErrorCode::invalid_argument);
}

TEST(LocalTransaction, RefusesWhatTheServerWouldRefuseAndStaysUsable) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId thing = phone->put("thing", {{"unit", text("a")}, {"born", text("1950")}});
  const RowId fact = phone->put("fact", {{"unit", text("a")}, {"said", text("yes")}});
  LocalTransaction transaction = need(phone->replica().begin());
  const auto put = [&](std::string_view collection, Values values,
                       std::optional<RowId> id = std::nullopt) {
    return code_of(transaction.put(collection, values, id));
  };
  const auto set = [&](RowId id, std::string_view field, ValueView value) {
    const NamedValue named{field, value};
    return code_of(transaction.set("thing", id, std::span(&named, 1)));
  };
  EXPECT_EQ(put("nothing", {}), ErrorCode::unknown_collection);
  EXPECT_EQ(put("thing", {{"nose", text("x")}}), ErrorCode::unknown_field);
  EXPECT_EQ(put("thing", {{"name", text("x")}}), ErrorCode::bad_value);  // no unit
  EXPECT_EQ(put("thing", {{"unit", number(4)}}), ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"rung", text("top")}}), ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"name", text("x")}, {"name", text("y")}}),
            ErrorCode::bad_value);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"name", text(std::string(5'000, 'x'))}}),
            ErrorCode::too_long);
  EXPECT_EQ(put("thing", {{"unit", text("a")}, {"_deleted", ValueView::of_boolean(true)}}),
            ErrorCode::unknown_field);
  EXPECT_EQ(put("ticket", {{"event", id_value(id_of(1))}}), ErrorCode::bad_value);
  EXPECT_EQ(
      put("ticket", {{"event", id_value(id_of(1))}, {"person", id_value(id_of(2))}}, id_of(3)),
      ErrorCode::wrong_id);
  EXPECT_EQ(put("fact", {{"unit", text("a")}, {"said", text("no")}}, fact), ErrorCode::append_only);
  EXPECT_EQ(put("fact", {{"unit", text("a")}, {"said", text("yes")}}, fact), std::nullopt);
  EXPECT_EQ(set(id_of(9), "name", text("x")), ErrorCode::unknown_row);
  EXPECT_EQ(set(thing, "born", text("1951")), ErrorCode::not_allowed);
  EXPECT_EQ(set(thing, "tags", text("x")), ErrorCode::bad_value);
  EXPECT_EQ(set(thing, "visits", number(1)), ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.add("thing", thing, "name", text("x"))), ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.add("thing", thing, "visits", ValueView::null())),
            ErrorCode::bad_value);
  EXPECT_EQ(code_of(transaction.delete_row("fact", fact)), ErrorCode::append_only);
  const NamedValue many[] = {{"unit", text("a")}, {"tags", text("1")}, {"tags", text("2")},
                             {"tags", text("3")}, {"tags", text("4")}, {"tags", text("5")},
                             {"tags", text("6")}, {"tags", text("7")}, {"tags", text("8")},
                             {"tags", text("9")}};
  EXPECT_EQ(code_of(transaction.put("thing", many)), ErrorCode::limit);
  EXPECT_EQ(set(thing, "name", text("good")), std::nullopt);
  EXPECT_EQ(need(transaction.commit()).number, TxNumber(3));
  EXPECT_EQ(phone->shows("thing", thing, "name"), "good");
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  world.expect_same(*phone);
}

TEST(LocalTransaction, MakesOneWriteOfAllThatItDoesToARow) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  RowId first, second;
  need(phone->write([&](LocalTransaction& transaction) {
    const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}, {"visits", number(1)}};
    first = need(transaction.put("thing", thing));
    second = need(transaction.put("thing", thing));
    const NamedValue name{"name", text("Anna")};
    need(transaction.set("thing", first, std::span(&name, 1)));
    need(transaction.add("thing", first, "visits", number(2)));
    need(transaction.add("thing", first, "tags", text("tall")));
    need(transaction.add("thing", first, "tags", text("old")));
    need(transaction.remove("thing", first, "tags", text("old")));
  }));
  EXPECT_EQ(phone->shows("thing", first, "name"), "Anna");
  EXPECT_EQ(phone->shows("thing", first, "visits"), "3");
  EXPECT_EQ(phone->shows("thing", first, "tags"), R"(["tall"])");
  EXPECT_EQ(phone->count("SELECT rows FROM _outbox"), 2);
  phone->sync();
  EXPECT_EQ(phone->status().rejected, 0u);
  EXPECT_EQ(phone->shows("thing", first, "visits"), "3");
  EXPECT_EQ(phone->shows("thing", second, "name"), "Ann");
  world.expect_same(*phone);
}

TEST(LocalTransaction, PutsManyRowsByTheFastWay) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const CollectionDef& def = *phone->replica().schema().find("thing");
  const std::vector<FieldId> fields = {FieldId(1), FieldId(2), FieldId(5)};
  std::vector<ValueView> cells;
  for (int i = 0; i < 500; ++i) {
    cells.push_back(text(i % 2 == 0 ? "a/x" : "a/y"));
    cells.push_back(text("row"));
    cells.push_back(number(i));
  }
  std::vector<RowId> made;
  need(phone->write([&](LocalTransaction& transaction) {
    need(transaction.put_rows(def, fields, 500, {}, cells, &made));
  }));
  ASSERT_EQ(made.size(), 500u);
  EXPECT_EQ(phone->shows("thing", made[499], "visits"), "499");
  cells[3] = number(1);  // row 1's unit
  LocalTransaction transaction = need(phone->replica().begin());
  const auto refused = transaction.put_rows(def, fields, 500, {}, cells);
  EXPECT_EQ(code_of(refused), ErrorCode::bad_value);
  EXPECT_NE(refused.error().message.find("row 1:"), std::string::npos);
  transaction.rollback();
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 500);
  world.expect_same(*phone);
}

TEST(LocalTransaction, HoldsTheLimitsOfATransaction) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const CollectionDef& def = *phone->replica().schema().find("thing");
  const std::vector<FieldId> fields = {FieldId(1)};
  const std::vector<ValueView> cells(transaction_rows_max + 1, text("a"));
  LocalTransaction transaction = need(phone->replica().begin());
  EXPECT_EQ(code_of(transaction.put_rows(def, fields, cells.size(), {}, cells)), ErrorCode::limit);
  EXPECT_EQ(need(transaction.commit()).number, TxNumber(1));
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"),
            static_cast<std::int64_t>(transaction_rows_max));
}

TEST(LocalTransaction, NamesAnOwnUnconfirmedAddByItsNumberWhenItIsTakenBack) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"tags", text("old")}});
  phone->sync();
  phone->add("thing", id, "tags", text("new"));
  phone->remove("thing", id, "tags", text("new"));
  phone->remove("thing", id, "tags", text("old"));
  EXPECT_EQ(phone->shows("thing", id, "tags"), "[]");
  phone->clock.wrong_by_ms = 86'400'000;  // the adds' stamps will be clamped
  phone->add("thing", id, "tags", text("tomorrow"));
  phone->remove("thing", id, "tags", text("tomorrow"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "tags"), "[]");
  world.expect_same(*phone);
}

// ---- Grants

TEST(Replica, TakesTheRowsOfANewGrantAndDropsThoseOfALostOne) {
  ReplicaWorld world;
  auto all = world.enroll({"unit"});
  std::vector<RowId> ids;
  for (const char* unit : {"a", "a/x", "b"}) {
    ids.push_back(all->put("thing", {{"unit", text(unit)}, {"name", text(unit)}}));
  }
  all->sync();
  auto phone = world.enroll({"unit/a/x"});
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
  need(world.space().grant(phone->device(), "unit/b"));
  phone->sync();
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 2);
  world.expect_same(*phone);
  need(world.space().ungrant(phone->device(), "unit/a/x"));
  phone->sync();
  EXPECT_EQ(phone->shows("thing", ids[1], "name"), "-");
  EXPECT_EQ(phone->shows("thing", ids[2], "name"), "b");
  world.expect_same(*phone);
}

TEST(Replica, KeepsAnEvictedRowInSightUntilItsPendingWriteIsJudged) {
  ReplicaWorld world;
  auto all = world.enroll({"unit"});
  const RowId id = all->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  all->sync();
  auto phone = world.enroll({"unit/a"});
  phone->sync();
  phone->set("thing", id, {{"note", text("mine")}});
  all->set("thing", id, {{"unit", text("b")}});
  all->sync();
  phone->exchange(false, true);
  EXPECT_EQ(phone->shows("thing", id, "note"), "mine");
  EXPECT_EQ(phone->shows("thing", id, "name"), "Ann");
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "note"), "-");
  EXPECT_EQ(phone->status().rejected + phone->status().parked, 1u);
  world.expect_same(*phone);
}

// ---- A read is one step

TEST(Replica, ShowsNothingOfATailBeforeItsLastPage) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  b->sync();
  need(a->write([&](LocalTransaction& transaction) {
    for (int i = 0; i < 200; ++i) {
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text("together")}};
      need(transaction.put("thing", thing));
    }
  }));
  a->sync();
  b->budget_bytes = 1'000;
  int pages = 0;
  while (!b->exchange().completed) {
    EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 0);
    ++pages;
    if (pages % 3 == 0) b->restart();
  }
  EXPECT_GT(pages, 2);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 200);
  world.expect_same(*b);
}

TEST(Replica, ShowsTheRowsOfAFirstBootstrapAsTheyComeAndSaysSo) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 200; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  auto b = world.enroll({"unit/a"});
  b->budget_bytes = 1'000;
  EXPECT_TRUE(b->status().catching_up);
  bool saw_some = false;
  while (!b->exchange().completed) {
    const std::int64_t rows = b->count("SELECT count(*) FROM thing");
    saw_some = saw_some || (rows > 0 && rows < 200);
    EXPECT_TRUE(b->status().catching_up);
    EXPECT_EQ(b->status().bootstrap_rows, static_cast<std::uint64_t>(rows));
  }
  EXPECT_TRUE(saw_some);
  EXPECT_FALSE(b->status().catching_up);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 200);
  world.expect_same(*b);
}

// ---- Healing

TEST(Replica, HealsADifferenceByReadingOnlyTheRangeThatDiffers) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 3'000; ++i) {
    if (i % 100 == 0) world.clock.advance(1);
    if (i % 500 != 0) continue;
    need(a->write([&](LocalTransaction& transaction) {
      for (int row = 0; row < 500; ++row) {
        const NamedValue thing[] = {{"unit", text(row % 2 == 0 ? "a/x" : "a/y")},
                                    {"name", text("Ann")}};
        need(transaction.put("thing", thing));
      }
    }));
  }
  a->sync();
  auto b = world.enroll({"unit/a"});
  b->sync();
  world.expect_same(*b);
  b->spoil("UPDATE _thing SET name = 'wrong' WHERE _key = 77");
  b->spoil("DELETE FROM _thing WHERE _key = 1200");
  b->spoil("UPDATE _grants SET sum = sum + 1");
  a->put("thing", {{"unit", text("a/x")}, {"name", text("one more")}});
  a->sync();
  const std::uint64_t before = b->rows_received;
  b->sync();
  EXPECT_GT(b->heals_asked, 0u);
  EXPECT_LT(b->rows_received - before, 700u);
  EXPECT_FALSE(b->status().diverged);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 3'001);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing WHERE name = 'wrong'"), 0);
  world.expect_same(*b);
}

TEST(Replica, ReportsADifferenceThatARereadDidNotHealAndRestsForAnHour) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  // A server that says a digest which is not that of its rows.
  a->tamper = [](SyncReply& reply) {
    for (GrantSum& sum : reply.digests) ++sum.sum;
    if (reply.digest) ++*reply.digest;
  };
  a->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  a->sync();
  EXPECT_TRUE(a->status().diverged);
  const std::uint64_t heals = a->heals_asked;
  EXPECT_GT(heals, 0u);
  a->put("thing", {{"unit", text("a")}, {"name", text("Cat")}});
  a->sync();
  EXPECT_EQ(a->heals_asked, heals);
  world.clock.advance(3'700'000);
  a->put("thing", {{"unit", text("a")}, {"name", text("Dan")}});
  a->sync();
  EXPECT_GT(a->heals_asked, heals);
  a->tamper = nullptr;
  a->put("thing", {{"unit", text("a")}, {"name", text("Eve")}});
  a->sync();
  EXPECT_FALSE(a->status().diverged);
  world.expect_same(*a);
}

TEST(Replica, IsNotDivergedWhenTheRestOfALongGrantTurnsOutEqual) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  need(a->write([&](LocalTransaction& transaction) {
    for (int row = 0; row < 2'000; ++row) {
      const NamedValue thing[] = {{"unit", text("a")}, {"name", text("Ann")}};
      need(transaction.put("thing", thing));
    }
  }));
  a->sync();
  a->spoil("UPDATE _grants SET sum = sum + 1");
  // The server lists only so much at once; the rest comes as one part with a sum that fits nothing.
  std::size_t cut = 0;
  a->tamper = [&](SyncReply& reply) {
    if (!reply.heal || ++cut > 1) return;
    std::vector<RangeSum>& ranges = reply.heal->ranges;
    ASSERT_GT(ranges.size(), 100u);
    RangeSum rest = ranges.back();
    rest.sum = 1;
    rest.rows = 0;
    for (std::size_t i = 100; i < ranges.size(); ++i) rest.rows += ranges[i].rows;
    ranges.resize(100);
    ranges.push_back(rest);
  };
  a->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  a->sync();
  EXPECT_GE(cut, 2u) << "the rest was descended into";
  EXPECT_FALSE(a->status().diverged);
  world.expect_same(*a);
}

TEST(Replica, TakesNoSumsForAGrantThatTheSameReplyTakesAway) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  phone->sync();
  phone->spoil("UPDATE _grants SET reread = 1");
  const SyncRequest asked = phone->prepare(false, true);
  ASSERT_TRUE(asked.heal.has_value());
  SyncReply reply = phone->answer(asked);
  ASSERT_TRUE(reply.heal.has_value());
  reply.grants.emplace();
  reply.grants_version = phone->status().epoch.value + 1'000;
  phone->take(asked, reply);
  EXPECT_TRUE(phone->status().grants.empty());
}

TEST(Replica, ForgetsPathSetsThatNoRowHasAnyMore) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit"});
  phone->sync();
  const RowId id = phone->put("thing", {{"unit", text("a")}, {"visits", number(1)}});
  phone->sync();
  phone->spoil(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001) INSERT INTO "
      "_path_sets SELECT i + 1000, 'unit/gone/' || i || char(10) FROM n");
  phone->add("thing", id, "visits", number(1));
  phone->put("thing", {{"unit", text("b")}});
  phone->sync();
  EXPECT_LT(phone->count("SELECT count(*) FROM _path_sets"), 10);
  phone->put("thing", {{"unit", text("c")}});
  phone->sync();
  EXPECT_EQ(phone->shows("thing", id, "visits"), "2");
  world.expect_same(*phone);
  phone->restart();
  world.expect_same(*phone);
}

// ---- Epochs, cursors, chains

TEST(Replica, ComparesAfterANewEpochAndReadsNothingThatIsEqual) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  for (int i = 0; i < 50; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  const RowId waiting = a->put("thing", {{"unit", text("a")}, {"name", text("not yet")}});
  need(world.space().start_epoch());
  const std::uint64_t before = a->rows_received;
  a->sync();
  EXPECT_LE(a->rows_received - before, 2u);
  EXPECT_EQ(a->status().epoch, world.space().epoch());
  EXPECT_EQ(a->shows("thing", waiting, "name"), "not yet");
  EXPECT_EQ(a->count("SELECT count(*) FROM thing"), 51);
  world.expect_same(*a);
}

TEST(Replica, ReadsByDrillDownWhenItsCursorIsUnknown) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  for (int i = 0; i < 50; ++i) a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("new")}});
  a->sync();
  b->spoil("UPDATE _standing SET cursor = x'0102030405'");
  const RowId own = b->put("thing", {{"unit", text("a")}, {"name", text("own")}});
  b->sync();
  EXPECT_GT(b->heals_asked, 0u);
  EXPECT_EQ(b->shows("thing", id, "name"), "new");
  EXPECT_EQ(b->shows("thing", own, "name"), "own");
  world.expect_same(*b);
}

TEST(Replica, GivesARestoredServerBackWhatItLost) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  const RowId kept = a->put("thing", {{"unit", text("a")}, {"name", text("kept")}});
  a->sync();
  const std::string copy = world.save_copy();
  const RowId lost = a->put("thing", {{"unit", text("a")}, {"name", text("lost")}});
  a->set("thing", kept, {{"note", text("edited")}});
  a->sync();
  EXPECT_EQ(a->status().pending, 0u);
  world.go_back_to(copy);
  a->sync();
  EXPECT_EQ(a->shows("thing", lost, "name"), "lost");
  EXPECT_EQ(a->shows("thing", kept, "note"), "edited");
  EXPECT_EQ(a->status().pending, 0u);
  EXPECT_FALSE(a->status().forked);
  world.expect_same(*a);
}

TEST(Replica, SaysThatARestoredServerLacksWhatIsNotKeptAndGoesOnAsking) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const std::string copy = world.save_copy();
  const RowId first = a->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("second")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("third")}});
  a->sync();
  a->spoil("DELETE FROM _outbox WHERE number <= 2");  // as age and size do
  const RowId unsent = a->put("thing", {{"unit", text("a")}, {"name", text("unsent")}});
  world.go_back_to(copy);
  EXPECT_FALSE(a->exchange().behind);  // hears of the new epoch
  bool behind = false;
  for (int i = 0; i < 5; ++i) {
    const SyncRequest asked = a->prepare();
    EXPECT_TRUE(asked.transactions.empty());
    EXPECT_TRUE(asked.bootstrap || asked.heal || asked.tail);
    behind = a->take(asked, a->answer(asked)).behind || behind;
  }
  EXPECT_TRUE(behind);
  EXPECT_TRUE(a->replica().facts().push_stopped);
  EXPECT_FALSE(a->replica().facts().read_complete);
  for (int i = 0; i < 2; ++i, a->restart()) {
    EXPECT_TRUE(a->status().gap);
    EXPECT_TRUE(a->status().behind);
    EXPECT_FALSE(a->status().forked);
    EXPECT_EQ(a->shows("thing", first, "name"), "first");
    EXPECT_EQ(a->shows("thing", unsent, "name"), "unsent");
  }
}

TEST(Replica, ReadsOnWhenWhatIsToBePushedIsGone) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  a->put("thing", {{"unit", text("a")}, {"name", text("lost")}});
  a->put("thing", {{"unit", text("a")}, {"name", text("after it")}});
  a->spoil("DELETE FROM _outbox WHERE number = 1");
  const RowId id = b->put("thing", {{"unit", text("a")}, {"name", text("theirs")}});
  b->sync();
  EXPECT_TRUE(a->exchange().completed);
  EXPECT_EQ(a->shows("thing", id, "name"), "theirs");
  EXPECT_TRUE(a->status().gap);
  EXPECT_FALSE(a->status().behind);
  EXPECT_EQ(a->status().pending, 2u);
}

TEST(Replica, IsBehindNoMoreOnceTheServerHasEverythingBack) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const std::string copy = world.save_copy();
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  world.go_back_to(copy);
  a->exchange(false, true);
  for (int i = 0; i < 4; ++i) a->exchange(false, true);  // reads only: nothing of it is taken
  EXPECT_TRUE(a->status().behind);
  EXPECT_FALSE(a->status().gap);
  EXPECT_FALSE(a->replica().facts().read_complete);
  a->sync();
  EXPECT_FALSE(a->status().behind);
  world.expect_same(*a);
}

TEST(Replica, StopsPushingWhenItsFileWasCopiedAndKeepsItsOutbox) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->put("thing", {{"unit", text("a")}, {"name", text("both")}});
  a->sync();
  need(a->replica().checkpoint());
  const std::string path = a->replica().path();
  a->close();
  const std::string copy = world.folder.file("copied.db");
  std::filesystem::copy_file(path, copy);
  a->open();
  a->put("thing", {{"unit", text("a")}, {"name", text("first")}});
  a->sync();
  a->close();
  std::filesystem::copy_file(copy, path, std::filesystem::copy_options::overwrite_existing);
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix);
  a->open();
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("second")}});
  a->sync();
  EXPECT_TRUE(a->status().forked);
  EXPECT_TRUE(a->replica().facts().push_stopped);
  EXPECT_EQ(a->status().pending, 1u);
  EXPECT_EQ(a->shows("thing", id, "name"), "second");
  a->restart();
  EXPECT_TRUE(a->status().forked);
}

TEST(Replica, IgnoresAnAnswerThatCallsItForkedAfterItsPushWentThrough) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  a->sync();
  const SyncRequest early = a->prepare(false, true);
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  a->take(early, a->answer(early));
  EXPECT_FALSE(a->status().forked);
  world.expect_same(*a);
}

// ---- Clocks

TEST(Replica, IsPutRightWhenItsClockRanAhead) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  a->clock.wrong_by_ms = 86'400'000;
  a->set("thing", id, {{"name", text("from tomorrow")}});
  a->sync();
  EXPECT_LT(a->status().skew_ms, -86'000'000);
  world.expect_same(*a);
  b->sync();
  world.clock.advance(120'000);
  b->set("thing", id, {{"name", text("later, and wins")}});
  b->sync();
  a->sync();
  EXPECT_EQ(a->shows("thing", id, "name"), "later, and wins");
  world.expect_same(*a);
}

// ---- Schema

TEST(Replica, KeepsWhatANewerSchemaSendsAndShowsItOnceItHasTheSchema) {
  ReplicaWorld world;
  auto old = world.enroll({"unit/a"});
  const RowId id = old->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  old->sync();
  need(world.space().apply_schema(test_schema(2)));
  auto young = world.enroll({"unit/a"});
  young->sync();
  young->set("thing", id, {{"extra", text("more")}});
  young->add("thing", id, "marks", text("m"));
  const RowId club =
      young->put("club", {{"unit", text("a")}, {"title", text("Chess")}, {"members", text("Ann")}});
  young->sync();

  const RowId waiting = old->put("thing", {{"unit", text("a")}, {"name", text("pending")}});
  const std::int64_t size = old->count("SELECT length(bytes) FROM _outbox ORDER BY number DESC");
  bool told = false;
  while (!told) {  // takes the rows, not the schema
    const SyncRequest asked = old->prepare(false, true);
    told = old->take(asked, old->answer(asked)).completed;
  }
  EXPECT_EQ(old->status().schema_version, 1u);
  EXPECT_EQ(old->status().newer_schema_version, 2u);
  EXPECT_GT(old->count("SELECT count(*) FROM _unknown"), 1);
  for (const GrantSum& sum : old->status().digests) {
    for (const Grant& grant : old->status().grants) {
      if (grant.id != sum.grant) continue;
      EXPECT_EQ(sum.sum, world.digest(grant.path)) << grant.path;
    }
  }
  old->restart();
  old->sync();  // takes the schema
  EXPECT_EQ(old->status().schema_version, 2u);
  EXPECT_EQ(old->shows("thing", id, "extra"), "more");
  EXPECT_EQ(old->shows("thing", id, "marks"), R"(["m"])");
  EXPECT_EQ(old->shows("club", club, "title"), "Chess");
  EXPECT_EQ(old->shows("club", club, "members"), R"(["Ann"])");
  EXPECT_EQ(old->shows("thing", waiting, "name"), "pending");
  EXPECT_EQ(old->count("SELECT count(*) FROM _unknown"), 0);
  EXPECT_EQ(old->count("SELECT length(bytes) FROM _outbox ORDER BY number DESC"), size);
  EXPECT_EQ(old->heals_asked, 0u);
  world.expect_same(*old);
  old->restart();
  world.expect_same(*old);
}

// ---- Queries

TEST(Replica, AnswersOnlyQueriesThatRead) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  for (const char* sql :
       {"DELETE FROM _thing", "UPDATE thing SET name = 'x'", "DROP TABLE _thing",
        "ATTACH 'x.db' AS x", "PRAGMA journal_mode = DELETE", "BEGIN", "VACUUM"}) {
    EXPECT_FALSE(phone->replica().query(sql).has_value()) << sql;
  }
  EXPECT_EQ(code_of(phone->replica().query("SELECT ?")), ErrorCode::sql);
  EXPECT_EQ(code_of(phone->replica().query("SELECT 1; SELECT 2")), ErrorCode::sql);
  EXPECT_EQ(phone->count("SELECT count(*) FROM thing"), 1);
}

TEST(Replica, FindsWordsWithoutAccentsAndCaseAndByTheirBeginning) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const RowId ann = phone->put("thing", {{"unit", text("a")}, {"name", text("Ánn-Marie López")}});
  const RowId bob = phone->put("thing", {{"unit", text("a")}, {"name", text("Bob Lopez")}});
  const auto found = [&](std::string_view words) {
    return need(phone->replica().search("thing", words, 10)).size();
  };
  EXPECT_EQ(found("ann"), 1u);
  EXPECT_EQ(found("LOPEZ"), 2u);
  EXPECT_EQ(found("bob lop"), 1u);
  EXPECT_EQ(found("lop bo"), 1u);
  EXPECT_EQ(found("zzz"), 0u);
  for (const char* hostile : {"\"", "a\" OR \"b", "name:ann", "*", "AND", "NEAR(", "-", "(", ""}) {
    EXPECT_TRUE(phone->replica().search("thing", hostile, 10).has_value()) << hostile;
  }
  EXPECT_EQ(code_of(phone->replica().search("ticket", "x", 10)), ErrorCode::invalid_argument);
  phone->erase("thing", bob);
  EXPECT_EQ(found("lopez"), 1u);
  phone->set("thing", ann, {{"name", text("Anna")}});
  EXPECT_EQ(found("lopez"), 0u);
  EXPECT_EQ(found("anna"), 1u);
}

TEST(Replica, RunsObservedQueriesAgainWhenTheirTablesChanged) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  b->sync();
  int things = 0, facts = 0;
  std::int64_t count = -1;
  const ObserverId first =
      need(b->replica().observe("SELECT count(*) FROM thing", {}, [&](QueryRows& rows) {
        ++things;
        if (need(rows.step())) count = rows.value(0).integer;
      }));
  need(b->replica().observe("SELECT said FROM fact", {}, [&](QueryRows&) { ++facts; }));
  EXPECT_EQ(things, 1);
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  EXPECT_EQ(things, 1);
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(facts, 1);
  b->put("fact", {{"unit", text("a")}, {"said", text("yes")}});
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
  EXPECT_EQ(facts, 2);
  b->replica().unobserve(first);
  b->put("thing", {{"unit", text("a")}});
  need(b->replica().deliver());
  EXPECT_EQ(things, 2);
}

// ---- Hostile replies

TEST(Replica, RefusesAReplyThatBreaksTheProtocolAndTakesNothingOfIt) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  const RowId id = a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  b->sync();
  const Dump before = b->dump();
  const std::uint64_t digest = b->status().digest;
  a->put("thing", {{"unit", text("a")}, {"name", text("Bob")}});
  a->sync();
  const SyncRequest asked = b->prepare(false, true);
  const SyncReply good = b->answer(asked);
  ASSERT_FALSE(good.page.empty());
  const auto refuses = [&](const SyncReply& reply) {
    EXPECT_FALSE(b->replica().take_reply(asked, reply).has_value());
    EXPECT_EQ(b->dump(), before);
    EXPECT_EQ(b->status().digest, digest);
  };
  for (std::size_t cut = 1; cut < good.page.size(); ++cut) {
    SyncReply reply = good;
    reply.page.resize(cut);
    refuses(reply);
  }
  SyncReply reply = good;
  reply.cursor.assign(1'000, 'x');
  refuses(reply);

  PageWriter writer;
  const std::uint32_t path = writer.path("unit/a");
  const FieldId fields[] = {FieldId(0), FieldId(1), FieldId(2)};
  Bytes stamps;
  pack_one_stamp(Stamp::at(1, 0, DeviceNumber(1)), fields, stamps);
  const ValueView cells[] = {ValueView::of_boolean(false), text("a"), number(7)};  // name: a number
  writer.add(writer.section(CollectionId(1), RowKind::whole, fields),
             {id, cells, stamps, writer.path_set(std::span(&path, 1)), {}});
  reply = good;
  reply.page = need(writer.finish());
  refuses(reply);
  b->sync();
  world.expect_same(*b);
}

TEST(Replica, TakesRowsOnlyFromWhereItStands) {
  ReplicaWorld world;
  auto a = world.enroll({"unit/a"});
  auto b = world.enroll({"unit/a"});
  a->sync();
  b->sync();
  a->put("thing", {{"unit", text("a")}, {"name", text("Ann")}});
  a->sync();
  const SyncRequest asked = b->prepare(false, true);
  SyncReply reply = b->answer(asked);
  reply.from = Bytes(8, 'x');
  EXPECT_FALSE(b->take(asked, reply).completed);
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 0);
  b->sync();
  EXPECT_EQ(b->count("SELECT count(*) FROM thing"), 1);
  // The same page again, when it has moved on, changes nothing.
  const Dump before = b->dump();
  EXPECT_FALSE(b->take(asked, b->answer(asked)).completed);
  EXPECT_EQ(b->dump(), before);
}

}  // namespace
}  // namespace rollcall
