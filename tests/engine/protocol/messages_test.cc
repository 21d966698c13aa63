#include "engine/protocol/messages.h"

#include <gtest/gtest.h>

#include "engine/codec/cbor_archive.h"

namespace rollcall {
namespace {

TEST(Messages, AnIdleRequestTakesFewBytes) {
  SyncRequest request;
  request.schema_version = 1;
  request.cursor = Bytes(70, 'c');
  request.complete = {GrantId(1), GrantId(2)};
  request.retired = TxNumber(1000);
  request.last_tx = TxNumber(1000);
  request.seen_tx = TxNumber(1000);
  request.grants_version = 2;
  request.tail = true;
  EXPECT_LE(to_cbor(request).size(), 100u);
}

TEST(Messages, AReplyComesBackAsItWas) {
  SyncReply reply;
  reply.epoch = Epoch(1);
  reply.server_ms = 1'790'000'000'000;
  reply.from = "12345678";
  reply.state = SyncState::gap;
  reply.known_tx = TxNumber(7);
  Verdict verdict;
  verdict.number = TxNumber(3);
  verdict.more = 4;
  verdict.kind = VerdictKind::merged;
  verdict.accepted = Stamp::at(5, 6, DeviceNumber(7));
  reply.verdicts = {verdict};
  reply.grants = std::vector<Grant>{{GrantId(1), "unit/nc", "all"}};
  reply.digest = 0;
  reply.bootstrap = BootstrapPage{};
  reply.bootstrap->grant = GrantId(1);
  reply.bootstrap->after = Boundary{"unit/nc", CollectionId(2), RowId{}};
  const Bytes bytes = to_cbor(reply);
  const auto read = from_cbor<SyncReply>(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_cbor(*read), bytes);
  EXPECT_EQ(read->state, SyncState::gap);
  EXPECT_EQ(read->verdicts[0].more, 4u);
  EXPECT_EQ(read->verdicts[0].accepted, verdict.accepted);
  EXPECT_EQ(read->digest, 0u);
  EXPECT_EQ(read->grants->at(0).path, "unit/nc");
  EXPECT_EQ(read->bootstrap->after->path, "unit/nc");
}

TEST(Messages, RefuseBeingCutAnywhere) {
  SyncRequest request;
  request.cursor = "cursor";
  request.last_tx = TxNumber(2);
  request.first_tx = TxNumber(1);
  request.transactions = {{"one", {}}, {{}, Bytes(32, 'h')}};
  const Bytes bytes = to_cbor(request);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(from_cbor<SyncRequest>(BytesView(bytes).substr(0, length))) << length;
  }
}

TEST(Messages, BoundariesOrderByPathThenCollectionThenRow) {
  const RowId low{};
  RowId high{};
  high.bytes.fill('\x7f');
  EXPECT_LT((Boundary{"a", CollectionId(9), high}), (Boundary{"b", CollectionId(1), low}));
  EXPECT_LT((Boundary{"a", CollectionId(1), high}), (Boundary{"a", CollectionId(2), low}));
  EXPECT_LT((Boundary{"a", CollectionId(1), low}), (Boundary{"a", CollectionId(1), high}));
}

}  // namespace
}  // namespace rollcall
