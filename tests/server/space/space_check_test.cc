// Plants damage in a space's file and asks for the check to name it.
#include "server/space/space_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/storage/connection.h"
#include "engine/storage/transaction.h"
#include "server/space/space_file.h"
#include "tests/server/space/space_world.h"

namespace rollcall {
namespace {

using ::testing::HasSubstr;

Edit person(unsigned n, std::string_view name) {
  return Edit::insert("person", id_of(n), {{"name", text(name)}, {"unit", text("nc/wake")}});
}

// Two devices that wrote, edited each other's rows, were refused, and moved and deleted rows.
class SpaceCheckTest : public ::testing::Test {
 protected:
  SpaceCheckTest() {
    for (unsigned n = 1; n <= 3; ++n) {
      ann_->write({person(n, "Ann")});
      world_.clock.advance(1000);
    }
    ben_->read();
    ben_->make({Edit::set("person", id_of(1), {{"name", text("Anna")}})});
    ben_->make({Edit::set("person", id_of(2), {{"unit", text("nc/dare")}})});
    ben_->push();
    ann_->write({Edit::set("person", id_of(1), {{"name", text("Annie")}})});   // a conflict
    ann_->write({Edit::set("person", id_of(9), {{"name", text("nobody")}})});  // rejected
    world_.clock.advance(1000);
    ann_->write({Edit::remove("person", id_of(3))});
    EXPECT_TRUE(world_.space().ungrant(ben_->number(), "unit/nc").has_value());
    world_.clock.advance(1000);
    ann_->write({person(4, "Dan")});
  }

  Result<SpaceReport> check() {
    return check_space(world_.path, {world_.clock, random_, test_cryptography(), world_.disk.vfs()},
                       "/scratch");
  }
  // Changes the file behind the space's back.
  void damage(const std::string& sql) {
    world_.close();
    ConnectionOptions options;
    options.access = Access::writer;
    options.application_id = space_application_id;
    options.format_version = space_format_version;
    options.vfs = world_.disk.vfs();
    Connection connection = need(Connection::open(world_.path, options));
    need(connection.execute(sql));
    ASSERT_GT(connection.changes(), 0) << sql;
  }
  std::string wrong() {
    const auto report = check();
    if (report) return "nothing";
    EXPECT_EQ(report.error().code, ErrorCode::corrupt);
    return report.error().message;
  }
  std::string name(const Device& device) const {
    Bytes bytes;
    put_u32(bytes, device.number().value);
    return to_hex(bytes);
  }

  World world_;
  SeededRandom random_{7};
  std::unique_ptr<Device> ann_ = world_.enroll({"unit/nc"}, "ann");
  std::unique_ptr<Device> ben_ = world_.enroll({"unit/nc"}, "ben");
};

using SpaceCheck = SpaceCheckTest;

TEST_F(SpaceCheck, FindsAWholeSpaceWholeWhileItIsWritten_G19) {
  const SpaceReport report = need(check());
  EXPECT_EQ(report.name, "nc");
  EXPECT_EQ(report.devices, 2u);
  EXPECT_EQ(report.transactions, 9u);
  EXPECT_EQ(report.requests, 8u) << "ben's two came with one";
  EXPECT_EQ(report.rows, 4u);
  EXPECT_EQ(report.erased, 0u);
  EXPECT_EQ(report.head, world_.space().head());
  EXPECT_EQ(report.digest, need(world_.reader().digest(std::nullopt)));
  EXPECT_FALSE(world_.disk.has("/scratch"));
}

// A deleted row that came again after it was compacted is not what it were if it had stayed.
TEST_F(SpaceCheck, FindsASpaceWholeThatWasCompacted_G19) {
  ben_->read();
  ann_->write({Edit::set("person", id_of(4), {{"unit", text("nc/dare")}})});
  world_.clock.advance(1000);
  const std::int64_t horizon_ms = world_.clock.utc_ms();
  world_.clock.advance(1000);
  ann_->write({person(5, "Eve")});
  const auto compact = [&] {
    Space::CompactionPlace place;
    while (!place.done) need(world_.space().compact_next(horizon_ms, place));
    return place.compacted;
  };
  const Compacted gone = compact();
  EXPECT_EQ(gone.rows, 1u);
  EXPECT_EQ(gone.leavings, 2u);
  ann_->write({person(3, "Cat again")});
  ann_->write({Edit::set("person", id_of(4), {{"name", text("Daniel")}})});
  EXPECT_TRUE(compact().is_nothing());
  const SpaceReport report = need(check());
  EXPECT_EQ(report.rows, 5u);
  EXPECT_EQ(report.digest, need(world_.reader().digest(std::nullopt)));
  // Without its note of what was compacted, it is not what its log makes of it.
  damage("DELETE FROM _compactions");
  EXPECT_THAT(wrong(), HasSubstr("person "));
}

TEST_F(SpaceCheck, NamesATransactionWithAFlippedByte_G19) {
  damage(
      "UPDATE _transactions SET bytes = CAST(substr(bytes, 1, 20) || x'21' || "
      "substr(bytes, 22) AS BLOB) WHERE device = " +
      std::to_string(ben_->number().value) + " AND number = 1");
  EXPECT_THAT(wrong(), HasSubstr("the bytes of transaction 1 of device " + name(*ben_)));
}

TEST_F(SpaceCheck, NamesATransactionWhoseHashWasChangedWithItsBytes_G19) {
  // Bytes and hash agree; what was signed does not.
  world_.close();
  const Hash hash = test_cryptography().hash({"other"});
  damage("UPDATE _transactions SET encoding = 0, bytes = CAST('other' AS BLOB), hash = x'" +
         to_hex(hash.view()) + "' WHERE device = " + std::to_string(ann_->number().value) +
         " AND number = 2");
  EXPECT_THAT(wrong(), HasSubstr("transaction 2 of device " + name(*ann_) +
                                 " was signed for another chain"));
}

TEST_F(SpaceCheck, NamesATransactionThatIsMissing_G19) {
  damage("DELETE FROM _transactions WHERE device = " + std::to_string(ann_->number().value) +
         " AND number = 2");
  EXPECT_THAT(wrong(), HasSubstr("transaction 2 of device " + name(*ann_) + " is missing"));
}

TEST_F(SpaceCheck, NamesBytesThatAreMissingAndWereNotErased_G19) {
  damage("UPDATE _transactions SET encoding = 0, bytes = x'' WHERE device = " +
         std::to_string(ann_->number().value) + " AND number = 2");
  EXPECT_THAT(wrong(), HasSubstr("the bytes of transaction 2 of device " + name(*ann_) +
                                 " are missing, and nobody erased them"));
}

TEST_F(SpaceCheck, NamesAChainWhoseEndIsMissing_G19) {
  damage("DELETE FROM _transactions WHERE device = " + std::to_string(ben_->number().value) +
         " AND number = 2");
  // The request was signed for the head after it.
  EXPECT_THAT(wrong(), HasSubstr("transaction 1 of device " + name(*ben_) +
                                 " was signed for another chain"));
}

TEST_F(SpaceCheck, NamesASignatureWithAFlippedByte_G19) {
  damage(
      "UPDATE _requests SET signature = CAST(x'00' || substr(signature, 2) AS BLOB) "
      "WHERE id = 3");
  EXPECT_THAT(wrong(), HasSubstr("signature of the request that brought transaction 3 of device " +
                                 name(*ann_)));
}

TEST_F(SpaceCheck, NamesASignedRequestThatIsMissing_G19) {
  damage("DELETE FROM _requests WHERE id = 3");
  EXPECT_THAT(wrong(), HasSubstr("the signed request that brought transaction 3 of device"));
}

TEST_F(SpaceCheck, NamesAKeyThatWasExchanged_G19) {
  damage("UPDATE _devices SET key = (SELECT key FROM _devices WHERE number = " +
         std::to_string(ben_->number().value) +
         ") WHERE number = " + std::to_string(ann_->number().value));
  EXPECT_THAT(wrong(), HasSubstr("device " + name(*ann_) + " is not this device's"));
}

TEST_F(SpaceCheck, NamesAValueThatWasEdited_G19) {
  damage("UPDATE _person SET name = 'Bob' WHERE name = 'Dan'");
  EXPECT_THAT(wrong(), HasSubstr(id_of(4).text() + ", name: its value"));
}

TEST_F(SpaceCheck, NamesAStampThatWasChanged_G19) {
  damage(
      "UPDATE _person SET _stamps = CAST(substr(_stamps, 1, 5) || x'77' || substr(_stamps, 7) "
      "AS BLOB) WHERE name = 'Dan'");
  EXPECT_THAT(wrong(), HasSubstr("its stamp is not what the log makes of it"));
}

TEST_F(SpaceCheck, NamesAnAcceptedStampThatWasChangedInTheLog_G19) {
  damage("UPDATE _transactions SET accepted = accepted + 65536 WHERE device = " +
         std::to_string(ann_->number().value) + " AND number = 1");
  EXPECT_THAT(wrong(), HasSubstr("its stamp is not what the log makes of it"));
}

TEST_F(SpaceCheck, NamesARowThatIsMissing_G19) {
  damage("DELETE FROM _person WHERE name = 'Dan'");
  EXPECT_THAT(wrong(), HasSubstr(id_of(4).text() + ": the log makes this row, and it is missing"));
}

TEST_F(SpaceCheck, NamesARowThatNobodyWrote_G19) {
  damage(
      "INSERT INTO _person(_id, _last, _stamps, _sequences, _paths, name) "
      "SELECT x'018f0000000070008000000000000077', _last, _stamps, _sequences, _paths, name "
      "FROM _person WHERE name = 'Dan'");
  EXPECT_THAT(wrong(), HasSubstr("nothing in the log makes this row"));
}

TEST_F(SpaceCheck, NamesARowThatWasPutOnAnotherPath_G19) {
  damage("UPDATE _path SET path = 'unit/va' WHERE path = 'unit/nc/wake'");
  EXPECT_THAT(wrong(), HasSubstr("it does not lie at the paths that the log gives it"));
}

TEST_F(SpaceCheck, NamesAnIndexThatHidesARow_G19) {
  damage("DELETE FROM _index WHERE id = (SELECT _id FROM _person WHERE name = 'Dan')");
  EXPECT_THAT(wrong(), HasSubstr(id_of(4).text() + ": the index of paths does not lead to it"));
}

TEST_F(SpaceCheck, NamesAVerdictThatWasChanged_G19) {
  damage("UPDATE _transactions SET kind = 3, sequence = 0 WHERE device = " +
         std::to_string(ann_->number().value) + " AND number = 2");
  EXPECT_THAT(wrong(), HasSubstr("was given and nothing in the log has it"));
}

TEST_F(SpaceCheck, NamesACommitThatIsMissing_G19) {
  damage(
      "DELETE FROM _commits WHERE sequence = (SELECT sequence FROM _transactions WHERE device "
      "= " +
      std::to_string(ann_->number().value) + " AND number = 1)");
  EXPECT_THAT(wrong(), HasSubstr("the commit that judged transaction 1 of device " + name(*ann_)));
}

TEST_F(SpaceCheck, NamesTheLastCommitIfItIsMissing_G19) {
  damage("DELETE FROM _commits WHERE sequence = (SELECT max(sequence) FROM _commits)");
  EXPECT_THAT(wrong(), HasSubstr("is missing"));
}

TEST_F(SpaceCheck, NamesAGrantThatIsMissing_G19) {
  damage("DELETE FROM _grants WHERE ended > 0");
  EXPECT_THAT(wrong(), HasSubstr("a grant is missing"));
}

TEST_F(SpaceCheck, NamesADeviceThatIsMissing_G19) {
  damage("DELETE FROM _devices WHERE number = " + std::to_string(ben_->number().value));
  EXPECT_THAT(wrong(), HasSubstr("device " + name(*ben_) + " has transactions in the log"));
}

TEST_F(SpaceCheck, TakesAnAcceptedParkedTransactionAsItWasTaken_G19) {
  ben_->write({Edit::set("person", id_of(1), {{"phone", text("555")}})});  // its grant has ended
  const auto parked = need(world_.reader().parked(0, 10));
  ASSERT_EQ(parked.size(), 1u);
  EXPECT_TRUE(need(world_.space().decide(parked[0].id, true)).took_effect());
  EXPECT_EQ(wrong(), "nothing");
}

}  // namespace
}  // namespace rollcall
