#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "server/space/space.h"
#include "tests/engine/base/need.h"
#include "tests/server/commands/real_devices.h"

namespace rollcall {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* canary = "Quetzalcoatlus";
constexpr const char* word = "Xoloitzcuintli";

// Names of files below the folder that hold these bytes.
std::vector<std::string> files_with(const std::string& folder, const std::string& bytes) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    if (content.str().find(bytes) != std::string::npos) found.push_back(entry.path().string());
  }
  return found;
}

// The same of a database and what SQLite keeps beside it.
std::vector<std::string> files_with_beside(const std::string& database, const std::string& bytes) {
  std::vector<std::string> found;
  for (const char* end : {"", "-wal", "-journal"}) {
    std::ifstream in(database + end, std::ios::binary);
    std::stringstream content;
    content << in.rdbuf();
    if (content.str().find(bytes) != std::string::npos) found.push_back(database + end);
  }
  return found;
}

// The real server, with people who were imported and a real device that knows them.
class PersonalTest : public RealDevicesTest {
 protected:
  PersonalTest() {
    std::string list = "given_name,family_name,unit\n";
    for (int i = 0; i < 40; ++i) list += "Ann,Number" + std::to_string(i) + ",nc/wake\n";
    list += std::string("Bea,") + canary + ",nc/wake\n";
    said("import", {"nc", "person", write("people.csv", list), "--key", "family_name"});
    std::filesystem::remove(file("people.csv"));
  }
  std::string id_of(const std::string& family_name) const {
    std::istringstream lines(exported("person"));
    for (std::string line; std::getline(lines, line);) {
      const json row = json::parse(line);
      if (row.value("family_name", "") == family_name) return row["id"];
    }
    return "";
  }
  RowId call_about(Replica& replica, const RowId& person, const char* note) {
    auto transaction = need(replica.begin());
    const NamedValue call[] = {{"person", ValueView::of_bytes(person.view())},
                               {"unit", ValueView::of_text("nc/wake")},
                               {"kind", ValueView::of_text("call")},
                               {"at", ValueView::of_integer(clock_.utc_ms())},
                               {"note", ValueView::of_text(note)}};
    const RowId id = need(transaction.put("activity", call));
    need(transaction.commit());
    return id;
  }
  static std::int64_t people(Replica& replica) {
    auto query = need(replica.query("SELECT count(*) FROM person"));
    need(query.step());
    return query.value(0).integer;
  }
};

TEST_F(PersonalTest, ErasesAPersonFromEveryFileHereAndOnDevicesAndVerifyKnows_G19) {
  Serving server(folder());
  auto captain = enroll("captain.db");
  sync(*captain);
  ASSERT_EQ(people(*captain), 41);
  const std::string id = id_of(canary);
  ASSERT_THAT(id, Not(IsEmpty()));
  // What another device writes about her, in one transaction with something else.
  const auto organizer = enroll("organizer.db");
  sync(*organizer);
  {
    auto transaction = need(organizer->begin());
    const auto about = need(RowId::parse(id)), other = need(RowId::parse(id_of("Number7")));
    for (const RowId& person : {about, other}) {
      const NamedValue call[] = {
          {"person", ValueView::of_bytes(person.view())},
          {"unit", ValueView::of_text("nc/wake")},
          {"kind", ValueView::of_text("call")},
          {"at", ValueView::of_integer(clock_.utc_ms())},
          {"note", ValueView::of_text(person == about ? "she said Xoloitzcuintli" : "not home")}};
      need(transaction.put("activity", call));
    }
    need(transaction.commit());
  }
  sync(*organizer);
  sync(*captain);

  const Ran shown = run2("personal", "export", {"nc", id});
  EXPECT_EQ(shown.exit, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr(canary));
  EXPECT_THAT(shown.out, HasSubstr(word));
  EXPECT_THAT(shown.out, Not(HasSubstr("not home")));
  EXPECT_THAT(files_with(folder(), canary), Not(IsEmpty())) << "the search finds what is there";

  const Ran dry = run2("personal", "erase", {"nc", id, "--reason", "she asked", "--dry-run"});
  EXPECT_THAT(dry.out, HasSubstr("would erase 1 activity, 1 person"));
  EXPECT_EQ(id_of(canary), id);

  const Ran erased = run2("personal", "erase", {"nc", id, "--reason", "she asked"});
  ASSERT_EQ(erased.exit, 0) << erased.err;
  EXPECT_THAT(erased.out, HasSubstr("erased 1 activity, 1 person, and what 2 transactions wrote"));
  EXPECT_THAT(exported("person"), HasSubstr("Number39")) << "others stay";
  EXPECT_THAT(exported("activity"), HasSubstr("not home"));
  sync(*captain);
  EXPECT_EQ(people(*captain), 40);
  EXPECT_EQ(need(captain->status()).diverged, false);
  captain.reset();  // folds its log in
  EXPECT_EQ(server.end(SIGTERM), 0);
  for (const std::string& text : {std::string(canary), std::string(word)}) {
    EXPECT_THAT(files_with(folder(), text), IsEmpty());
    EXPECT_THAT(files_with_beside(file("captain.db"), text), IsEmpty());
  }
  EXPECT_THAT(said("verify"), HasSubstr("(the bytes of 2 were erased)"));
  EXPECT_EQ(run2("personal", "export", {"nc", id}).exit, 1);
  const Ran again = run2("personal", "erase", {"nc", id, "--reason", "she asked"});
  EXPECT_EQ(again.exit, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("erased nothing new, and what 0 transactions wrote"));
}

// What was written of her in the meantime leaves no byte behind, whatever became of it.
TEST_F(PersonalTest, WhatAnAbsentDeviceSendsAboutAnErasedPersonIsRefusedAndNotKept_G19) {
  Serving server(folder());
  const std::string id = id_of(canary);
  const auto absent = enroll("absent.db");
  sync(*absent);
  const RowId person = need(RowId::parse(id));
  call_about(*absent, person, "tried her");
  sync(*absent);
  const auto edit = [&](std::string_view collection, const RowId& row, const char* field) {
    auto transaction = need(absent->begin());
    const NamedValue said[] = {{field, ValueView::of_text(word)}};
    need(transaction.set(collection, row, said));
    need(transaction.commit());
  };
  edit("person", person, "given_name");
  call_about(*absent, person, word);
  ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "she asked"}).exit, 0);
  sync(*absent);
  EXPECT_EQ(need(absent->status()).rejected, 2u);
  for (const TrayEntry& entry : need(absent->tray())) {
    EXPECT_EQ(entry.code, static_cast<std::uint32_t>(ErrorCode::erased));
    static_cast<void>(absent->retry(entry.number));  // it is told the same again
  }
  sync(*absent);
  EXPECT_EQ(people(*absent), 40);
  EXPECT_GE(need(absent->status()).rejected, 1u);
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(files_with(folder(), word), IsEmpty());
  EXPECT_THAT(files_with(folder(), canary), IsEmpty());
  EXPECT_THAT(said("verify"), HasSubstr("were erased)"));
}

// She comes back by a list that she is on: then she is one like others.
TEST_F(PersonalTest, APersonWhomAnImportBringsBackMayBeWrittenOfAgain) {
  Serving server(folder());
  const std::string id = id_of(canary);
  ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "she asked"}).exit, 0);
  const std::string list = write("people.csv", "id,given_name,family_name,unit\n" + id + ",Bea," +
                                                   std::string(canary) + ",nc/wake\n");
  said("import", {"nc", "person", list});
  ASSERT_EQ(id_of(canary), id);
  const auto captain = enroll("captain.db");
  sync(*captain);
  call_about(*captain, need(RowId::parse(id)), word);
  sync(*captain);
  EXPECT_EQ(need(captain->status()).rejected, 0u);
  EXPECT_THAT(exported("activity"), HasSubstr(word));
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
}

// The backup holds her as she was before; what was acknowledged since she came back is not lost.
TEST_F(PersonalTest, WhatWasWrittenSinceAnImportBroughtHerBackSurvivesARestore_C3) {
  const std::string id = id_of(canary);
  const std::string list = write(
      "people.csv", "id,given_name,family_name,unit\n" + id + ",Bea," + "Back again,nc/wake\n");
  std::unique_ptr<Replica> captain;
  std::string backup;
  {
    Serving server(folder());
    captain = enroll("captain.db");
    backup = back_up();
    ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "she asked"}).exit, 0);
    said("import", {"nc", "person", list});
    sync(*captain);
    call_about(*captain, need(RowId::parse(id)), word);
    sync(*captain);
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  EXPECT_THAT(said("restore", {"--from", backup}), HasSubstr("erased again"));
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  EXPECT_THAT(exported("person"), Not(HasSubstr(canary))) << "what it held of before goes";
  Serving server(folder());
  need(try_sync(*captain, server));
  EXPECT_EQ(need(captain->status()).rejected, 0u) << "also of who comes before the import";
  said("import", {"nc", "person", list});
  need(try_sync(*captain, server));
  EXPECT_EQ(need(captain->status()).rejected, 0u);
  EXPECT_THAT(exported("activity"), HasSubstr(word));
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
  // Erased once more, she is gone from restored files, too.
  ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "again"}).exit, 0);
  said("restore", {"--from", backup});
  EXPECT_THAT(exported("person"), Not(HasSubstr(canary)));
}

// A row about her that was deleted, and forgotten with all that was deleted so long ago: the log
// holds it until she is erased.
TEST_F(PersonalTest, WhatWasDeletedAndCompactedGoesToo) {
  const std::string id = id_of(canary);
  const RowId person = need(RowId::parse(id));
  Serving server(folder());
  const auto organizer = enroll("organizer.db", "organizer");
  sync(*organizer);
  RowId entry;
  {
    auto transaction = need(organizer->begin());
    const NamedValue values[] = {{"person", ValueView::of_bytes(person.view())},
                                 {"unit", ValueView::of_text("nc/wake")},
                                 {"availability", ValueView::of_text(word)}};
    entry = need(transaction.put("roster_entry", values));
    need(transaction.commit());
  }
  sync(*organizer);
  {
    auto transaction = need(organizer->begin());
    need(transaction.delete_row("roster_entry", entry));
    need(transaction.commit());
  }
  sync(*organizer);
  EXPECT_EQ(need(organizer->status()).rejected, 0u);
  EXPECT_EQ(server.end(SIGTERM), 0);
  {
    const auto space =
        need(Space::open(folder() + "/spaces/nc.rollcall", {clock_, random_, cryptography_, ""}));
    Space::CompactionPlace place;
    while (!place.done) need(space->compact_next(space->server_ms() + 1, place));
  }
  EXPECT_THAT(run2("personal", "export", {"nc", id}).out, HasSubstr(word));
  const Ran wish = run2("personal", "erase", {"nc", id, "--reason", "x", "--dry-run"});
  EXPECT_THAT(wish.out, HasSubstr("roster_entry " + entry.text() + " (deleted and compacted"));
  const Ran erased = run2("personal", "erase", {"nc", id, "--reason", "she asked"});
  EXPECT_THAT(erased.out, HasSubstr("erased 1 person, 1 deleted long ago and compacted"));
  EXPECT_THAT(files_with(folder(), word), IsEmpty());
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
}

// As it stands when the server stopped, or the disk was full, between two steps.
TEST_F(PersonalTest, AnErasureThatWasCutShortIsFinishedByTheNext) {
  const std::string id = id_of(canary);
  const RowId person = need(RowId::parse(id));
  {
    Serving server(folder());
    const auto organizer = enroll("organizer.db");
    sync(*organizer);
    call_about(*organizer, person, word);
    sync(*organizer);
    EXPECT_EQ(server.end(SIGTERM), 0);
  }
  {
    const auto space =
        need(Space::open(folder() + "/spaces/nc.rollcall", {clock_, random_, cryptography_, ""}));
    std::vector<ErasedRow> rows;
    const auto reader = need(space->open_reader(random_));
    for (const char* name : {"person", "activity"}) {
      const CollectionId collection = space->schema().find(name)->id;
      need(reader->rows(collection, [&](const RowView& row) -> Result<void> {
        if (row.id == person || collection != space->schema().find("person")->id) {
          rows.push_back({collection, row.id});
        }
        return {};
      }));
    }
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(need(space->erase(rows, "she asked")), 2u);
  }
  EXPECT_THAT(said("verify"), HasSubstr("all is right")) << "nobody tampered with it";
  EXPECT_THAT(files_with(folder(), word), Not(IsEmpty()));
  ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "she asked"}).exit, 0);
  EXPECT_THAT(files_with(folder(), word), IsEmpty());
  EXPECT_THAT(files_with(folder(), canary), IsEmpty());
}

// No restore brings her back: the list beside the space's file says who was erased since.
TEST_F(PersonalTest, ABackupOfBeforeAnErasureIsRestoredWithoutHer_C4) {
  const std::string id = id_of(canary);
  const std::string backup = back_up();
  ASSERT_EQ(run2("personal", "erase", {"nc", id, "--reason", "she asked"}).exit, 0);
  EXPECT_THAT(files_with(backup, canary), Not(IsEmpty()));
  const Ran restored = run("restore", {"--from", backup});
  EXPECT_EQ(restored.exit, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("nc: erased again what the list of erasures names"));
  EXPECT_EQ(id_of(canary), "");
  EXPECT_THAT(files_with(folder(), canary), IsEmpty());
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));

  // Nor does a file that somebody copies back.
  const std::string space = folder() + "/spaces/nc.rollcall";
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(space + suffix);
  std::filesystem::copy_file(backup + "/spaces/nc.rollcall", space,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(id_of(canary), id);
  EXPECT_EQ(run("reconcile", {"nc", "--none"}).exit, 0);
  Serving server(folder());
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_EQ(id_of(canary), "");
  EXPECT_THAT(files_with(folder(), canary), IsEmpty());
}

// Somebody gives another row her id, and her own row went long ago: the log still names both.
TEST_F(PersonalTest, EndsWhereTheLogNamesRowsThatNobodyHasAnyMore) {
  Serving server(folder());
  const std::string id = id_of(canary);
  const RowId person = need(RowId::parse(id));
  const auto organizer = enroll("organizer.db");
  sync(*organizer);
  {
    auto transaction = need(organizer->begin());
    const NamedValue other[] = {{"unit", ValueView::of_text("nc/wake")},
                                {"title", ValueView::of_text("a row under her id")}};
    static_cast<void>(transaction.put("event", other, person));
    static_cast<void>(transaction.commit());
  }
  sync(*organizer);
  const Ran erased = run2("personal", "erase", {"nc", id, "--reason", "she asked"});
  EXPECT_EQ(erased.exit, 0) << erased.err;
  EXPECT_EQ(server.end(SIGTERM), 0);
  EXPECT_THAT(files_with(folder(), canary), IsEmpty());
  EXPECT_THAT(said("verify"), HasSubstr("all is right"));
}

TEST_F(PersonalTest, KeepsWhatItIsToldToKeepAndRefusesWhatItCannotFind) {
  const std::string id = id_of(canary);
  EXPECT_EQ(run2("personal", "erase", {"nc", id}).exit, 2) << "a reason is wanted";
  EXPECT_EQ(run2("personal", "erase", {"nc", "nobody", "--reason", "x"}).exit, 2);
  const Ran none =
      run2("personal", "erase", {"nc", "018f0000-0000-7000-8000-000000000000", "--reason", "x"});
  EXPECT_EQ(none.exit, 1);
  const Ran unknown = run2("personal", "erase", {"nc", id, "--reason", "x", "--keep", "nothing"});
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.err, HasSubstr("'nothing'"));
  EXPECT_EQ(id_of(canary), id);
}

}  // namespace
}  // namespace rollcall
