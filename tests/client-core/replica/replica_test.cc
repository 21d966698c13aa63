#include "client-core/replica/replica.h"

#include <filesystem>
#include <fstream>

#include "engine/codec/limits.h"
#include "engine/codec/page_writer.h"
#include "engine/codec/transaction.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"
#include "engine/storage/connection.h"
#include "tests/client-core/replica/replica_world.h"

namespace rollcall {
namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// ---- Opening

TEST(Replica, AFileThatWasMadeBeforeServersWerePinnedGoesOnWithoutAPin) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  phone->put("thing", {{"unit", text("a")}, {"name", text("before")}}, id_of(1));
  phone->spoil("ALTER TABLE _identity DROP COLUMN tls_pin; PRAGMA user_version = 2");
  EXPECT_TRUE(phone->replica().tls_pin().empty());
  phone->sync();
  EXPECT_EQ(need(phone->replica().status()).pending, 0u);
  need(phone->replica().move_to("https://rollcall.example", Bytes(32, 'p')));
  phone->restart();
  EXPECT_EQ(phone->replica().tls_pin(), Bytes(32, 'p'));
}

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

TEST(Replica, RefusesAFileOfANewerFormatAndLeavesItUntouched_A12) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  const std::string path = phone->replica().path();
  need(phone->replica().checkpoint());
  phone->close();
  std::string content = content_of(path);
  content[63] = 9;  // user_version, sqlite.org/fileformat2.html section 1.3
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  // An encrypted page in which a byte is another is no page of that key's.
  EXPECT_EQ(code_of(Replica::open(path, world.doors, phone->options())),
            Connection::encrypts() ? ErrorCode::wrong_key : ErrorCode::newer_format);
  EXPECT_EQ(content_of(path), content);
}

TEST(Replica, RefusesAFileThatIsOpenElsewhere_A11) {
  ReplicaWorld world;
  auto phone = world.enroll({"unit/a"});
  EXPECT_EQ(code_of(Replica::open(phone->replica().path(), world.doors, phone->options())),
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

TEST(Replica, SaysThatItsFileWasDeletedInPlaceOfLosingWrites_A10) {
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
