#include "engine/codec/id_column.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/codec/limits.h"
#include "tests/engine/codec/damage.h"
#include "tests/engine/codec/hex.h"

namespace rollcall {
namespace {

Bytes written(const std::vector<RowId>& ids) {
  Bytes out;
  write_ids(ids, out);
  return out;
}

std::vector<RowId> read(BytesView in, std::size_t rows_max = page_rows_max) {
  std::vector<RowId> ids;
  const auto done = read_ids(in, rows_max, ids);
  EXPECT_TRUE(done) << done.error().message;
  return ids;
}

std::string refusal(BytesView in, std::size_t rows_max = page_rows_max) {
  std::vector<RowId> ids;
  const auto done = read_ids(in, rows_max, ids);
  return done ? "taken" : std::string(error_name(done.error().code));
}

std::vector<RowId> made_together(std::size_t count) {
  SeededRandom random(5);
  RowIdSource source(random);
  std::vector<RowId> ids;
  for (std::size_t i = 0; i < count; ++i) ids.push_back(source.next(1'790'000'000'000));
  return ids;
}

TEST(IdColumn, IdsMadeTogetherTakeThreeBytesEach) {
  const auto ids = made_together(1'000);
  const Bytes out = written(ids);
  EXPECT_EQ(out[0], 1);
  EXPECT_LE(out.size(), 17 + 3 * ids.size());
  EXPECT_EQ(read(out), ids);
}

TEST(IdColumn, KeepsAnyOrder) {
  auto ids = made_together(1'000);
  std::reverse(ids.begin(), ids.end());
  const Bytes out = written(ids);
  EXPECT_EQ(out[0], 2);
  EXPECT_LE(out.size(), 17 + 4 * ids.size());
  EXPECT_EQ(read(out), ids);
}

TEST(IdColumn, UnrelatedIdsAreWrittenAsTheyAre) {
  SeededRandom random(5);
  std::vector<RowId> ids(200);
  for (RowId& id : ids) random.fill(id.bytes.data(), id.bytes.size());
  const Bytes out = written(ids);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out.size(), 1 + 16 * ids.size());
  EXPECT_EQ(read(out), ids);
}

TEST(IdColumn, OneIdIsWrittenAsItIs) {
  const auto ids = made_together(1);
  const Bytes out = written(ids);
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out.substr(1), ids[0].view());
  EXPECT_EQ(read(written(ids)), ids);
}

TEST(IdColumn, ReachesAcrossAllBits) {
  RowId least;
  RowId most;
  most.bytes.fill('\xff');
  RowId middle;
  middle.bytes[7] = 1;  // the lowest bit of the upper half
  for (const std::vector<RowId>& ids : {std::vector<RowId>{least, most},
                                        {most, least},
                                        {least, middle, most},
                                        {middle, least, most},
                                        {least, least, least, least}}) {
    EXPECT_EQ(read(written(ids)), ids);
  }
}

// An encoding, a first id, and differences.
Bytes column(char encoding, char first_id, BytesView differences) {
  Bytes out(1, encoding);
  out.append(RowId::size_bytes, first_id);
  out.append(differences);
  return out;
}

TEST(IdColumn, RefusesWhatIsNotIds) {
  EXPECT_EQ(refusal(""), "truncated");
  EXPECT_EQ(refusal("00"_hex), "truncated");
  EXPECT_EQ(refusal(Bytes(18, '\0')), "truncated");
  EXPECT_EQ(refusal(column(3, 0, "")), "malformed");
  EXPECT_EQ(refusal(column(1, 0, "")), "taken");
  EXPECT_EQ(refusal(column(1, 0, "00"_hex)), "not_canonical");    // twice the same
  EXPECT_EQ(refusal(column(1, 0, "8100"_hex)), "not_canonical");  // 1 in two bytes
  EXPECT_EQ(refusal(column(1, 0, "80"_hex)), "truncated");
  Bytes wide(19, '\xff');
  wide[18] = 3;  // 128 bits
  EXPECT_EQ(refusal(column(1, 0, wide)), "taken");
  wide[18] = 4;  // 129
  EXPECT_EQ(refusal(column(1, 0, wide)), "not_canonical");
  EXPECT_EQ(refusal(column(1, 0, Bytes(20, '\xff'))), "not_canonical");
  EXPECT_EQ(refusal(column(1, '\xff', "01"_hex)), "not_canonical");  // beyond the last id
}

TEST(IdColumn, CountsItsRowsAgainstTheLimit) {
  const auto ids = made_together(10);
  EXPECT_EQ(refusal(written(ids), 10), "taken");
  EXPECT_EQ(refusal(written(ids), 9), "limit");
  Bytes raw("\0", 1);
  for (const RowId& id : ids) raw.append(id.view());
  EXPECT_EQ(refusal(raw, 10), "taken");
  EXPECT_EQ(refusal(raw, 9), "limit");
}

TEST(IdColumn, SurvivesEveryTurnedBit) {
  auto ids = made_together(20);
  read_with_every_bit_turned(written(ids), [](BytesView turned) { (void)refusal(turned); });
  std::reverse(ids.begin(), ids.end());
  read_with_every_bit_turned(written(ids), [](BytesView turned) { (void)refusal(turned); });
}

}  // namespace
}  // namespace rollcall
