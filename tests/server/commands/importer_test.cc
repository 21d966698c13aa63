#include "server/commands/importer.h"

#include <fstream>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/base/sodium_cryptography.h"
#include "schema/compiler.h"
#include "server/commands/row_export.h"
#include "server/space/space.h"
#include "tests/engine/base/temp_folder.h"

namespace rollcall {
namespace {

constexpr std::string_view id = "01890a5d-ac96-774b-bcce-b302099a8057";

// A space with people who have a name, tags and a number of visits; and those who import them.
class ImporterTest : public ::testing::Test {
 protected:
  enum class Stop : std::uint8_t { never, before_the_push, after_the_push };

  ImporterTest() {
    const std::vector<SchemaSource> files = {
        {"schema.json", R"({"schema": "people", "version": 1})"},
        {"person.json", R"({
          "collection": "person", "id": 1, "about": "Somebody.", "paths": ["public"],
          "fields": [
            {"id": 1, "name": "name", "type": "text", "bytes_max": 100},
            {"id": 2, "name": "tags", "type": "text", "rule": "set", "bytes_max": 20},
            {"id": 3, "name": "visits", "type": "integer", "rule": "counter"}
          ]})"},
    };
    auto compiled = compile_schema(files, cryptography_);
    EXPECT_TRUE(compiled.has_value()) << compiled.error().message;
    schema_ = std::move(*compiled);
    auto space = Space::create(folder_.file("nc.rollcall"), "nc", "North Carolina", schema_,
                               {clock_, random_, cryptography_, ""});
    EXPECT_TRUE(space.has_value()) << space.error().message;
    space_ = std::move(*space);
    for (const char* who : {"import", "captain"}) {
      SecretSeed seed;
      random_.fill(seed.bytes.data(), seed.bytes.size());
      EXPECT_TRUE(space_->add_local_device(who, cryptography_.public_key(seed)));
    }
  }

  std::unique_ptr<SpaceReader> reader() {
    auto reader = space_->open_reader(random_);
    EXPECT_TRUE(reader.has_value());
    return std::move(*reader);
  }

  // A run of the program: what was in memory before is gone. One that is stopped ends at its first
  // push, with what was on the disk by then.
  Result<ImportReport> import(const std::string& who, const std::string& lines,
                              Stop stop = Stop::never) {
    clock_.advance(60'000);
    DeviceRecord device;
    ROLLCALL_TRY_ASSIGN(const std::vector<DeviceRecord> devices, reader()->devices());
    for (const DeviceRecord& one : devices) {
      if (one.label == who) device = one;
    }
    ROLLCALL_TRY_ASSIGN(ImportMemory memory, ImportMemory::open(folder_.file(who)));
    const auto push = [&](DeviceNumber number, const SyncRequest& request,
                          const Hash& head) -> Result<PushReply> {
      if (stop == Stop::before_the_push) return failure(ErrorCode::io, "stopped");
      Push pushed;
      pushed.device = number;
      pushed.request = &request;
      pushed.signed_head = head;
      ROLLCALL_TRY_ASSIGN(std::vector<PushReply> replies, space_->apply({&pushed, 1}));
      if (stop == Stop::after_the_push) return failure(ErrorCode::io, "stopped");
      return std::move(replies.front());
    };
    const auto is_there = [&](CollectionId collection, const RowId& row) -> Result<bool> {
      ROLLCALL_TRY_ASSIGN(const auto found, reader()->row(collection, row));
      return found.has_value();
    };
    Importer importer(schema_, device, memory, push, is_there, clock_, cryptography_);
    return importer.run(*schema_.find("person"), lines, false, {}, false, {});
  }

  void imports(const std::string& who, const std::string& lines, std::uint64_t written) {
    const auto report = import(who, lines);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_EQ(report->written, written);
    EXPECT_EQ(report->refused, 0u);
  }

  std::string rows() {
    std::string text;
    EXPECT_TRUE(export_rows(*reader(), *schema_.find("person"), ExportFormat::json_lines,
                            [&](std::string_view line) { text.append(line).append("\n"); }));
    return text;
  }

  static std::string person(const std::string& fields) {
    return R"({"id":")" + std::string(id) + R"(",)" + fields + "}\n";
  }

  TempFolder folder_;
  ManualClock clock_;
  SystemRandom random_;
  SodiumCryptography cryptography_;
  Schema schema_;
  std::unique_ptr<Space> space_;
};

TEST_F(ImporterTest, StoppedAfterItsPushItChangesNothingWhenRunAgain) {
  const std::string list = person(R"("name":"Ann","tags":["a","b"],"visits":3)");
  EXPECT_FALSE(import("import", list, Stop::after_the_push).has_value());
  imports("captain", person(R"("name":"Anne","visits":1)"), 1);
  const std::string corrected = rows();
  EXPECT_NE(corrected.find(R"("Anne")"), std::string::npos) << corrected;
  EXPECT_NE(corrected.find(R"("visits":4)"), std::string::npos) << corrected;
  imports("import", list, 0);
  EXPECT_EQ(rows(), corrected);
}

TEST_F(ImporterTest, StoppedAfterThePushOfAChangeItGoesOnFromThatChange) {
  imports("import", person(R"("name":"Ann","tags":["a"],"visits":3)"), 1);
  const std::string second = person(R"("name":"Ann","tags":["b"],"visits":5)");
  EXPECT_FALSE(import("import", second, Stop::after_the_push).has_value());
  imports("import", second, 0);
  const std::string there = rows();
  EXPECT_NE(there.find(R"("visits":5)"), std::string::npos) << there;
  imports("import", person(R"("name":"Ann","tags":["c"],"visits":6)"), 1);
  const std::string third = rows();
  EXPECT_NE(third.find(R"("visits":6)"), std::string::npos) << third;
  EXPECT_EQ(third.find(R"("b")"), std::string::npos) << third;
}

TEST_F(ImporterTest, LeavesOutWhatTheSpaceHasNoMoreAndWritesTheRest) {
  const std::string other = R"({"id":"018f0000-0000-7000-8000-0000000000aa","name":)";
  imports("import", person(R"("name":"Ann")") + other + "\"Bea\"}\n", 2);
  const ErasedRow ann{schema_.find("person")->id, *RowId::parse(id)};
  ASSERT_TRUE(space_->erase({&ann, 1}, "as if it was deleted and compacted").has_value());
  const auto report = import("import", person(R"("name":"Anne")") + other + "\"Beatrice\"}\n");
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->written, 1u);
  EXPECT_EQ(report->deleted, 1u);
  EXPECT_EQ(report->refused, 0u);
  EXPECT_NE(rows().find("Beatrice"), std::string::npos) << rows();
  EXPECT_EQ(rows().find("Ann"), std::string::npos) << rows();
}

TEST_F(ImporterTest, ForgetsAPersonAlsoWhereItsLastBatchWasCutShort_G19) {
  EXPECT_FALSE(import("import", person(R"("name":"Xoloitzcuintli")"), Stop::after_the_push));
  const ErasedRow her{schema_.find("person")->id, *RowId::parse(id)};
  ASSERT_TRUE(space_->erase({&her, 1}, "she asked").has_value());
  {
    auto memory = ImportMemory::open(folder_.file("import"));
    ASSERT_TRUE(memory.has_value());
    ASSERT_TRUE(memory->forget({her}).has_value());
    EXPECT_FALSE(memory->under_way()->has_value());
  }
  std::ifstream file(folder_.file("import"), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(bytes.find("Xoloitzcuintli"), std::string::npos);
  imports("import",
          R"({"id":"018f0000-0000-7000-8000-0000000000aa","name":"Bea"})"
          "\n",
          1);
  EXPECT_EQ(rows().find("Xoloitzcuintli"), std::string::npos) << rows();
}

TEST_F(ImporterTest, StoppedBeforeItsPushItWritesAllWhenRunAgain) {
  const std::string list = person(R"("name":"Ann","tags":["a","b"],"visits":3)");
  EXPECT_FALSE(import("import", list, Stop::before_the_push).has_value());
  EXPECT_EQ(rows(), "");
  imports("import", list, 1);
  EXPECT_NE(rows().find(R"("visits":3)"), std::string::npos) << rows();
  imports("import", list, 0);
}

}  // namespace
}  // namespace rollcall
