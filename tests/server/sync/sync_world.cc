#include "tests/server/sync/sync_world.h"

#include <algorithm>

#include "engine/codec/cbor_archive.h"
#include "engine/codec/json_archive.h"
#include "engine/codec/transaction.h"
#include "engine/protocol/chain.h"
#include "schema/compiler.h"

namespace rollcall {
namespace {

constexpr CollectionId note{1};
constexpr FieldId note_place{1};
constexpr FieldId note_text{2};

Schema note_schema(const Cryptography& cryptography) {
  const std::vector<SchemaSource> files = {
      {"schema.json", R"({"schema": "notes", "version": 1})"},
      {"note.json", R"({
        "collection": "note", "id": 1, "about": "A note that lies somewhere.",
        "paths": ["{place}"],
        "fields": [
          {"id": 1, "name": "place", "type": "path", "required": true},
          {"id": 2, "name": "text", "type": "text", "bytes_max": 100}
        ]})"},
  };
  auto schema = compile_schema(files, cryptography);
  EXPECT_TRUE(schema.has_value()) << schema.error().message;
  return *schema;
}

}  // namespace

SyncWorld::SyncWorld(std::int64_t ahead_ms) {
  random_.fill(seed_.bytes.data(), seed_.bytes.size());
  service_ = std::make_unique<SyncService>(
      SyncService::Doors{clock_, cryptography_, [] { return std::make_unique<SystemRandom>(); },
                         seed_, metrics_, log_, [] {}});
  const std::string path = folder_.file("nc.rollcall");
  ManualClock before;
  before.set_utc(clock_.utc_ms() + ahead_ms);
  EXPECT_TRUE(Space::create(path, "nc", "North Carolina", note_schema(cryptography_),
                            {before, random_, cryptography_, ""}));
  auto space = Space::open(path, {clock_, random_, cryptography_, ""});
  EXPECT_TRUE(space.has_value()) << space.error().message;
  EXPECT_TRUE(service_->add_space(std::move(*space)));
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  auto server = HttpServer::start(options, *service_);
  EXPECT_TRUE(server.has_value()) << server.error().message;
  server_ = std::move(*server);
}

SyncWorld::~SyncWorld() { shut_down(); }

void SyncWorld::shut_down() {
  service_->drain();
  server_->drain();
  service_->stop();
}

Invitation SyncWorld::invite(std::vector<std::string> scopes) {
  Invitation invitation;
  const auto made = writer().call([&](Space& space) -> Result<void> {
    ROLLCALL_TRY_ASSIGN(invitation, space.invite("device", std::move(scopes)));
    return {};
  });
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return invitation;
}

std::size_t SyncWorld::notes() {
  auto reader = writer().open_reader(random_);
  EXPECT_TRUE(reader.has_value());
  std::size_t count = 0;
  const auto read = (*reader)->rows(note, [&count](const RowView&) -> Result<void> {
    ++count;
    return {};
  });
  EXPECT_TRUE(read.has_value());
  return count;
}

WireDevice::WireDevice(SyncWorld& world, std::vector<std::string> scopes) : world_(world) {
  world.random().fill(seed_.bytes.data(), seed_.bytes.size());
  EnrollRequest request;
  request.space = "nc";
  request.secret = world.invite(std::move(scopes)).secret;
  request.key = world.cryptography().public_key(seed_);
  const Bytes body = to_cbor(request);
  const auto answer = post_enrolment(world.port(), body);
  EXPECT_TRUE(answer && answer->status == 200);
  const auto letter = from_cbor<SignedEnrollReply>(answer->body);
  EXPECT_TRUE(letter.has_value());
  const Cryptography& cryptography = world.cryptography();
  EXPECT_TRUE(cryptography.verify(
      world.server_key(),
      enroll_signed_text(cryptography.hash({body}), cryptography.hash({letter->reply})),
      Signature::from_bytes(letter->signature)));
  auto reply = from_cbor<EnrollReply>(letter->reply);
  EXPECT_TRUE(reply.has_value());
  enrolled_ = std::move(*reply);
  ids_ = std::make_unique<RowIdSource>(world.random());
}

void WireDevice::write(std::string_view place, std::string_view text) {
  RowWrite row;
  row.collection = note;
  row.id = ids_->next(world_.now_ms());
  row.insert = true;
  const auto give = [&row](FieldId field, ValueView value) {
    FieldWrite write;
    write.field = field;
    write.has_value = true;
    write.value = value;
    row.fields.push_back(std::move(write));
  };
  give(FieldId(0), ValueView::of_boolean(false));
  give(note_place, ValueView::of_text(place));
  give(note_text, ValueView::of_text(text));
  TransactionWriter writer;
  writer.add(row);
  last_time_ = std::max(static_cast<std::uint64_t>(world_.now_ms()) << 16, last_time_ + 1);
  last_ = last_.next();
  auto bytes = writer.finish({last_, Stamp{last_time_, number()}, {}, 1});
  ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
  head_ = next_head(world_.cryptography(), head_, world_.cryptography().hash({*bytes}));
  unacknowledged_.push_back({std::move(*bytes), {}});
}

SyncRequest WireDevice::push_request() {
  SyncRequest request;
  request.schema_version = 1;
  request.grants_version = enrolled_.grants_version;
  request.first_tx = acknowledged_.next();
  request.last_tx = last_;
  request.seen_tx = acknowledged_;
  request.transactions = unacknowledged_;
  return request;
}

SyncRequest WireDevice::read_request(std::uint32_t wait_ms) {
  SyncRequest request;
  request.schema_version = 1;
  request.grants_version = enrolled_.grants_version;
  for (const Grant& grant : enrolled_.grants) request.complete.push_back(grant.id);
  request.last_tx = last_;
  request.seen_tx = acknowledged_;
  request.tail = true;
  request.wait_ms = wait_ms;
  return request;
}

std::string WireDevice::http(const SyncRequest& request, const Spoilt& spoilt) {
  return http_body(spoilt.type == MediaType::json ? to_json(request) : to_cbor(request), spoilt);
}

std::string WireDevice::http_body(BytesView body, const Spoilt& spoilt) {
  return http_encoded(body, body, spoilt);
}

std::string WireDevice::http_encoded(BytesView body, BytesView travels, const Spoilt& spoilt) {
  const Cryptography& cryptography = world_.cryptography();
  Authorization who;
  who.space = spoilt.space;
  who.device = spoilt.device.value_or(number());
  who.time_ms = spoilt.time_ms.value_or(world_.now_ms());
  who.nonce.resize(Authorization::nonce_bytes);
  world_.random().fill(who.nonce.data(), who.nonce.size());
  who.head = head_;
  const std::string method = spoilt.target == "/v1/sync" ? "POST" : "GET";
  const std::string text = signed_text(method, spoilt.target, cryptography.hash({body}), who);
  who.signature = cryptography.sign(spoilt.seed.value_or(seed_), text);
  std::string http = method + " " + spoilt.target +
                     " HTTP/1.1\r\nHost: here\r\nAuthorization: " + who.header() + "\r\n" +
                     spoilt.more;
  if (method == "POST") {
    http += "Content-Type: " + std::string(media_name(spoilt.type)) +
            "\r\nContent-Length: " + std::to_string(travels.size()) + "\r\n";
  }
  return http + "\r\n" + std::string(travels);
}

Said WireDevice::end(LoopbackClient& connection, MediaType type) {
  Said said;
  const auto answer = connection.receive();
  if (!answer) return said;
  said.status = answer->status;
  if (answer->status == 200) {
    auto reply = type == MediaType::json ? from_json<SyncReply>(answer->body)
                                         : from_cbor<SyncReply>(answer->body);
    EXPECT_TRUE(reply.has_value()) << reply.error().message;
    said.reply = std::move(*reply);
  } else {
    auto refusal = type == MediaType::json ? from_json<Refusal>(answer->body)
                                           : from_cbor<Refusal>(answer->body);
    EXPECT_TRUE(refusal.has_value()) << refusal.error().message;
    said.refusal = std::move(*refusal);
  }
  return said;
}

Said WireDevice::hear(std::string_view http, MediaType type) {
  LoopbackClient connection(world_.port());
  connection.send(http);
  return end(connection, type);
}

std::unique_ptr<LoopbackClient> WireDevice::begin(const SyncRequest& request) {
  auto connection = std::make_unique<LoopbackClient>(world_.port());
  connection->send(http(request));
  return connection;
}

void WireDevice::push() {
  if (connection_ == nullptr) connection_ = std::make_unique<LoopbackClient>(world_.port());
  connection_->send(http(push_request()));
  const Said said = end(*connection_);
  ASSERT_TRUE(said.reply) << said.status << " " << said.refusal.message;
  ASSERT_EQ(said.reply->state, SyncState::ok);
  std::uint64_t applied = 0;
  for (const Verdict& verdict : said.reply->verdicts) {
    ASSERT_EQ(verdict.kind, VerdictKind::applied) << verdict.reason;
    applied += verdict.more + 1;
  }
  ASSERT_EQ(applied, unacknowledged_.size());
  acknowledged_ = last_;
  unacknowledged_.clear();
}

std::optional<RawAnswer> post_enrolment(std::uint16_t port, BytesView body, std::string_view type) {
  LoopbackClient connection(port);
  return connection.ask(
      "POST /v1/enroll HTTP/1.1\r\nHost: here\r\nContent-Type: " + std::string(type) +
      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

}  // namespace rollcall
