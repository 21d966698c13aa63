// A guarded reference names only what its writer sees. Hidden and absent are one answer, of equal
// work: in references, and in edits of rows that a stranger guesses.
#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"
#include "engine/model/path.h"
#include "schema/compiled.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

// ticket.person and person.admitted name persons.
Schema guarded_schema() {
  Schema schema = test_schema();
  const auto guard = [&](std::string_view collection, std::string_view field) {
    for (CollectionDef& candidate : schema.collections) {
      if (candidate.name != collection) continue;
      for (FieldDef& def : candidate.fields) {
        if (def.name == field) def.guarded = schema.find("person")->id;
      }
    }
  };
  guard("ticket", "person");
  guard("person", "admitted");
  return need(decode_schema(encode_schema(schema), test_cryptography()));
}

Edit person(unsigned n, std::string_view unit) {
  return Edit::insert("person", id_of(n), {{"unit", text(unit)}});
}

Edit ticket(unsigned event, RowId holder, std::string_view unit) {
  const std::vector<Value> values = {id_value(id_of(event)), id_value(holder), text(unit)};
  const std::vector<ValueView> views(values.begin(), values.end());
  return Edit::insert("ticket", derive_row_id(*test_schema().find("ticket"), views),
                      {{"event", values[0]}, {"person", values[1]}, {"unit", values[2]}});
}

struct Guarded : ::testing::Test {
  CrashDisk disk;
  World world{disk, 1};
  std::unique_ptr<Device> state;
  std::unique_ptr<Device> wake;
  RowId hidden = id_of(2);
  RowId absent = id_of(4711);

  void SetUp() override {
    world.schema = guarded_schema();
    need(world.try_create());
    state = world.enroll({"unit/nc"});
    wake = world.enroll({"unit/nc/wake"});
    state->write({person(1, "nc/wake"), person(2, "nc/dare")});
    wake->read();
    wake->write({ticket(1, id_of(1), "nc/wake")});  // statements are prepared
  }

  struct Told {
    Bytes verdict;  // without the number
    std::uint64_t reads = 0;
    ErrorCode code{};
  };
  Told told(std::vector<Edit> edits) {
    const std::uint64_t before = world.space().storage_reads();
    Verdict verdict = wake->write(std::move(edits));
    Told result;
    result.reads = world.space().storage_reads() - before;
    verdict.number = TxNumber();
    // Its time only goes on from the transaction before.
    EXPECT_TRUE(verdict.accepted.has_value());
    verdict.accepted = Stamp{1, wake->number()};
    result.verdict = to_cbor(verdict);
    result.code = static_cast<ErrorCode>(verdict.code);
    return result;
  }
  // With paths in the writer's memory, and with none there.
  template <class Probe>
  void expect_alike(const Probe& probe) {
    for (const bool in_memory : {true, false}) {
      if (in_memory) {
        state->write({Edit::set("person", hidden, {{"name", text("touched")}})});
      } else {
        world.restart();
        probe(absent);  // what a first push after opening costs
      }
      const Told one = probe(hidden);
      if (!in_memory) {
        world.restart();
        probe(absent);
      }
      const Told other = probe(absent);
      EXPECT_EQ(one.code, ErrorCode::gone);
      EXPECT_EQ(one.verdict, other.verdict);
      EXPECT_EQ(one.verdict.size(), other.verdict.size());
      EXPECT_EQ(one.reads, other.reads) << (in_memory ? "paths in memory" : "paths on the disk");
    }
  }
};

TEST_F(Guarded, ARowThatItsWriterSeesMayBeNamed_G10) {
  EXPECT_EQ(wake->write({ticket(2, id_of(1), "nc/wake")}).kind, VerdictKind::applied);
  const Edit edit = Edit::set("person", id_of(1), {{"admitted", id_value(id_of(1))}});
  EXPECT_EQ(wake->write({edit}).kind, VerdictKind::applied);
}

TEST_F(Guarded, AHiddenRowAndNoneAreOneAnswerOfEqualWorkInAReference_G10_G12) {
  unsigned event = 10;
  expect_alike([&](RowId named) { return told({ticket(++event, named, "nc/wake")}); });
}

TEST_F(Guarded, AHiddenRowAndNoneAreOneAnswerOfEqualWorkInAnEdit_G10_G12) {
  expect_alike([&](RowId id) { return told({Edit::set("person", id, {{"name", text("mine")}})}); });
}

TEST_F(Guarded, AHiddenRowAndNoneAreOneAnswerOfEqualWorkInAnEditWithAForgedBase_G10_G12) {
  const Stamp base{static_cast<std::uint64_t>(world.clock.utc_ms()) << 16, state->number()};
  expect_alike([&](RowId id) {
    Edit edit = Edit::set("person", id, {{"name", text("mine")}});
    edit.base("name", base);
    return told({edit});
  });
}

// Or else its author would learn whether a row that it does not see is still as it was.
TEST_F(Guarded, NoRefusedWriteIsStampedByWhatItCannotSee_G10_G12) {
  state->clock_offset_ms = 50'000;
  state->write({Edit::set("person", hidden, {{"name", text("ahead")}})});
  state->read();
  const Stamp stands = state->stamp_of("person", hidden, "name");
  ASSERT_GT(stands.ms(), static_cast<std::uint64_t>(world.clock.utc_ms()));
  for (const RowId& id : {hidden, absent}) {
    Edit edit = Edit::set("person", id, {{"name", text("mine")}});
    edit.base("name", stands);
    EXPECT_LT(wake->write({edit}).accepted.value_or(Stamp{}), stands);
  }
}

TEST_F(Guarded, AHiddenRowAndNoneAreOneAnswerOfEqualWorkInADeletion_G10_G12) {
  expect_alike([&](RowId id) { return told({Edit::remove("person", id)}); });
}

TEST_F(Guarded, AnEditThatBeginsToNameAHiddenRowIsRefusedAndNamesTheField_G10) {
  const Edit edit = Edit::set("person", id_of(1), {{"admitted", id_value(hidden)}});
  const Verdict verdict = wake->write({edit});
  EXPECT_EQ(verdict.kind, VerdictKind::rejected);
  EXPECT_EQ(static_cast<ErrorCode>(verdict.code), ErrorCode::gone);
  const Schema schema = test_schema();
  const CollectionDef& collection = *schema.find("person");
  EXPECT_EQ(verdict.collection, collection.id);
  EXPECT_EQ(verdict.field, collection.find("admitted")->id);
}

TEST_F(Guarded, ATransactionMayNameTheRowThatItAddsInAnyOrder) {
  EXPECT_EQ(wake->write({ticket(3, id_of(30), "nc/wake"), person(30, "nc/wake")}).kind,
            VerdictKind::applied);
  EXPECT_EQ(wake->write({person(31, "nc/wake"), ticket(3, id_of(31), "nc/wake")}).kind,
            VerdictKind::applied);
}

TEST_F(Guarded, ARefusedReferenceLeavesNothingOfItsTransaction_G10) {
  EXPECT_EQ(wake->write({person(40, "nc/wake"), ticket(4, hidden, "nc/wake")}).kind,
            VerdictKind::rejected);
  state->read();
  EXPECT_EQ(state->row("person", id_of(40)), nullptr);
}

TEST_F(Guarded, AReferenceToWhatItsWriterLostSinceIsParked_F3) {
  state->write({Edit::set("person", id_of(1), {{"unit", text("nc/dare")}})});
  const Verdict verdict = wake->write({ticket(5, id_of(1), "nc/wake")});
  EXPECT_EQ(verdict.kind, VerdictKind::parked);
  EXPECT_EQ(static_cast<ErrorCode>(verdict.code), ErrorCode::grant_lost);
}

}  // namespace
}  // namespace rollcall
