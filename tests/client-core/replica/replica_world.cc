#include "tests/client-core/replica/replica_world.h"

#include <algorithm>
#include <filesystem>

#include "client-core/replica/replica_format.h"
#include "engine/codec/cbor_archive.h"
#include "engine/codec/page_reader.h"
#include "engine/model/path.h"
#include "engine/protocol/revocation.h"
#include "engine/storage/connection.h"
#include "engine/storage/row_columns.h"
#include "schema/compiled.h"
#include "schema/compiler.h"

namespace rollcall {
namespace {

constexpr std::string_view thing_name = R"({
  "collection": "thing", "id": 1, "paths": ["unit/{unit}"],
  "fields": [
    {"id": 1, "name": "unit", "type": "path", "required": true},
    {"id": 2, "name": "name", "type": "text", "search": true},
    {"id": 3, "name": "note", "type": "text"},
    {"id": 4, "name": "tags", "type": "text", "rule": "set", "elements_max": 8},
    {"id": 5, "name": "visits", "type": "integer", "rule": "counter"},
    {"id": 6, "name": "rung", "type": "enum", "rule": "ladder", "choices": ["low", "mid", "high"]},
    {"id": 7, "name": "first_in", "type": "text", "rule": "first"},
    {"id": 8, "name": "born", "type": "text", "rule": "once"})";

constexpr std::string_view fact = R"({
  "collection": "fact", "id": 2, "append_only": true, "paths": ["unit/{unit}"],
  "fields": [
    {"id": 1, "name": "unit", "type": "path", "required": true},
    {"id": 2, "name": "said", "type": "text", "search": true},
    {"id": 3, "name": "at", "type": "time"}]})";

constexpr std::string_view ticket = R"({
  "collection": "ticket", "id": 3, "derived_from": ["event", "person"],
  "paths": ["event/{event}"],
  "fields": [
    {"id": 1, "name": "event", "type": "id", "rule": "once", "required": true},
    {"id": 2, "name": "person", "type": "id", "rule": "once", "required": true},
    {"id": 3, "name": "seat", "type": "text"},
    {"id": 4, "name": "admitted", "type": "text", "rule": "first"}]})";

constexpr std::string_view meeting = R"({
  "collection": "meeting", "id": 5, "paths": ["event/{id}", "unit/{hosts}"],
  "fields": [
    {"id": 1, "name": "hosts", "type": "path", "rule": "set", "elements_max": 4},
    {"id": 2, "name": "title", "type": "text"},
    {"id": 3, "name": "seats", "type": "integer", "rule": "counter"}]})";

constexpr std::string_view club = R"({
  "collection": "club", "id": 4, "paths": ["unit/{unit}"],
  "fields": [
    {"id": 1, "name": "unit", "type": "path", "required": true},
    {"id": 2, "name": "title", "type": "text"},
    {"id": 3, "name": "members", "type": "text", "rule": "set"}]})";

void make_hex(std::string& out, BytesView bytes) { out += to_hex(bytes); }

std::string shown(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::null: return "~";
    case ValueKind::boolean:
    case ValueKind::integer: return std::to_string(value.integer);
    case ValueKind::text: return "'" + std::string(value.bytes) + "'";
    case ValueKind::bytes: return to_hex(value.bytes);
  }
  return {};
}

std::vector<SchemaSource> test_files(std::uint32_t version) {
  std::string thing(thing_name);
  if (version > 1) {
    thing += R"(, {"id": 9, "name": "extra", "type": "text"},
      {"id": 10, "name": "marks", "type": "text", "rule": "set"})";
  }
  thing += "]}";
  std::vector<SchemaSource> files = {
      {"schema.json", R"({"schema": "test", "version": )" + std::to_string(version) + "}"},
      {"thing.json", thing},
      {"fact.json", std::string(fact)},
      {"ticket.json", std::string(ticket)},
      {"meeting.json", std::string(meeting)}};
  if (version > 1) files.push_back({"club.json", std::string(club)});
  return files;
}

}  // namespace

const Cryptography& test_cryptography() {
  static const SodiumCryptography sodium;
  return sodium;
}

Schema test_schema(std::uint32_t version) {
  return need(compile_schema(test_files(version), test_cryptography()));
}

Schema test_schema_with_roles(std::string_view roles) {
  std::vector<SchemaSource> files = test_files(1);
  files.push_back({"roles.json", std::string(roles)});
  return need(compile_schema(files, test_cryptography()));
}

RowId id_of(unsigned n) {
  Bytes bytes = need(from_hex("018f0000000070008000000000000000"));
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return RowId::from_bytes(bytes);
}

// ---- Phone

FastFiles::FastFiles() {
  if (std::filesystem::is_directory("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
}

namespace {

// Where the build can, every phone's file is encrypted: the whole suite runs so.
ReplicaOptions options_of(ReplicaOptions options) {
  if (Connection::encrypts() && options.vfs.empty()) {
    options.file_key.assign(Connection::file_key_bytes, 'k');
  }
  return options;
}

}  // namespace

Phone::Phone(ReplicaWorld& world, const EnrollReply& enrolled, const ReplicaOptions& options)
    : clock(world.clock),
      world_(world),
      options_(options_of(options)),
      path_(world.folder.file("phone-" + std::to_string(enrolled.device.value) + ".db")),
      doors_{clock, world.random, test_cryptography()} {
  SecretSeed seed;
  world.random.fill(seed.bytes.data(), seed.bytes.size());
  replica_ =
      need(Replica::create(path_, enrolled, seed, "http://127.0.0.1:8080", doors_, options_));
}

Phone::Phone(ReplicaWorld& world, std::string path, const ReplicaOptions& options)
    : clock(world.clock),
      world_(world),
      options_(options_of(options)),
      path_(std::move(path)),
      doors_{clock, world.random, test_cryptography()} {
  open();
}

std::unique_ptr<Phone> Phone::clone() {
  need(replica().checkpoint());
  close();
  const std::string copy = path_ + "-copy" + std::to_string(++copies_);
  std::filesystem::copy_file(path_, copy);
  open();
  return std::unique_ptr<Phone>(new Phone(world_, copy, options_));
}

void Phone::open() { replica_ = need(Replica::open(path_, doors_, options_)); }

void Phone::restart() {
  close();
  open();
}

Result<Committed> Phone::write(const std::function<void(LocalTransaction&)>& edits) {
  world_.clock.advance(1);
  LocalTransaction transaction = need(replica().begin());
  edits(transaction);
  return transaction.commit();
}

RowId Phone::put(std::string_view collection, Values values, std::optional<RowId> id) {
  RowId made;
  need(write([&](LocalTransaction& transaction) {
    made = need(transaction.put(collection, values, id));
  }));
  return made;
}

void Phone::set(std::string_view collection, RowId id, Values values) {
  need(
      write([&](LocalTransaction& transaction) { need(transaction.set(collection, id, values)); }));
}

void Phone::add(std::string_view collection, RowId id, std::string_view field, ValueView value) {
  need(write(
      [&](LocalTransaction& transaction) { need(transaction.add(collection, id, field, value)); }));
}

void Phone::remove(std::string_view collection, RowId id, std::string_view field, ValueView value) {
  need(write([&](LocalTransaction& transaction) {
    need(transaction.remove(collection, id, field, value));
  }));
}

void Phone::erase(std::string_view collection, RowId id) {
  need(write([&](LocalTransaction& transaction) { need(transaction.delete_row(collection, id)); }));
}

void Phone::restore(std::string_view collection, RowId id, std::string_view field) {
  for (const Conflict& conflict : need(replica().conflicts())) {
    if (conflict.row != id || conflict.field_name != field) continue;
    need(write([&](LocalTransaction& transaction) {
      need(transaction.restore_loser(collection, id, field, conflict.losing_stamp));
    }));
    return;
  }
  ADD_FAILURE() << "nothing to restore in " << field;
}

std::string Phone::shows(std::string_view collection, RowId id, std::string_view field) {
  const ValueView parameter = id_value(id);
  QueryRows rows = need(replica().query(
      "SELECT \"" + std::string(field) + "\" FROM \"" + std::string(collection) + "\" WHERE id = ?",
      std::span(&parameter, 1)));
  if (!need(rows.step())) return "-";
  const ValueView value = rows.value(0);
  if (value.kind == ValueKind::integer) return std::to_string(value.integer);
  return value.is_null() ? "" : std::string(value.bytes);
}

std::int64_t Phone::count(const std::string& sql) {
  QueryRows rows = need(replica().query(sql));
  return need(rows.step()) ? rows.value(0).integer : -1;
}

void Phone::spoil(const std::string& sql) {
  close();
  {
    ConnectionOptions options;
    options.file_key = options_.file_key;
    options.application_id = replica_application_id;
    options.format_version = replica_format_version;
    Connection connection = need(Connection::open(path_, options));
    need(connection.execute(sql));
  }
  open();
}

Dump Phone::dump() {
  Dump dump;
  for (const CollectionDef& def : replica().schema().collections) {
    std::string sql = "SELECT _id, _stamps, _extra";
    for (const FieldDef& field : def.fields) sql += ", \"" + field.name + "\"";
    QueryRows rows = need(replica().query(sql + " FROM \"_" + def.name + "\""));
    while (need(rows.step())) {
      std::string line = to_hex(rows.value(1).bytes) + " " + to_hex(rows.value(2).bytes);
      for (std::size_t i = 0; i < def.fields.size(); ++i) line += " " + shown(rows.value(3 + i));
      dump[def.name + " " + RowId::from_bytes(rows.value(0).bytes).text()] = line;
    }
  }
  return dump;
}

SyncRequest Phone::prepare(bool push, bool read) {
  RequestPlan plan;
  plan.push = push;
  plan.read = read;
  PreparedRequest prepared = need(replica().prepare(plan));
  head_ = prepared.head;
  if (prepared.request.heal) ++heals_asked;
  prepared.request.budget_bytes = budget_bytes;
  return need(from_cbor<SyncRequest>(to_cbor(prepared.request)));
}

Taken Phone::take(const SyncRequest& asked, const SyncReply& reply) {
  const auto count_rows = [&](const Bytes& page) {
    if (page.empty()) return;
    PageReader reader;
    need(reader.open(page, PageUse::reply));
    rows_received += reader.rows();
    for (const Section& section : reader.sections()) {
      if (section.kind == RowKind::echo) echoes_received += section.rows;
    }
  };
  count_rows(reply.page);
  if (reply.bootstrap) count_rows(reply.bootstrap->page);
  return need(replica().take_reply(asked, need(from_cbor<SyncReply>(to_cbor(reply)))));
}

Taken Phone::exchange(bool push, bool read) {
  const SyncRequest asked = prepare(push, read);
  ++requests;
  world_.clock.advance(3);
  SyncReply reply = answer(asked);
  if (tamper) tamper(reply);
  Taken taken = take(asked, reply);
  if (taken.newer_schema) {
    need(replica().adopt_schema(encode_schema(world_.space().schema())));
  }
  return taken;
}

SyncReply Phone::answer(const SyncRequest& asked) {
  return world_.answer(replica().device(), asked, head_);
}

void Phone::sync() {
  // Far more than the longest catch-up of these tests takes: an endless one fails.
  for (int i = 0; i < 2'000; ++i) {
    exchange();
    const ReplicaFacts facts = replica().facts();
    if (facts.read_complete && !facts.unread_own && (!facts.unsent || facts.push_stopped)) return;
  }
  ADD_FAILURE() << "the sync does not come to an end";
}

// ---- World

ReplicaWorld::ReplicaWorld(std::uint64_t seed, std::uint32_t schema_version)
    : ReplicaWorld(seed, test_schema(schema_version)) {}

ReplicaWorld::ReplicaWorld(std::uint64_t seed, const Schema& schema)
    : random(seed),
      doors{clock, random, test_cryptography()},
      path_(folder.file("space.db")),
      server_random_(seed + 1000),
      reader_random_(seed + 2000) {
  space_ = need(Space::create(path_, "nc", "North Carolina", schema,
                              {clock, server_random_, test_cryptography(), {}}));
}

ReplicaWorld::~ReplicaWorld() { reader_.reset(); }

void ReplicaWorld::open_space() {
  space_ = need(Space::open(path_, {clock, server_random_, test_cryptography(), {}}));
}

SpaceReader& ReplicaWorld::reader() {
  if (!reader_) reader_ = need(space_->open_reader(reader_random_));
  return *reader_;
}

EnrollReply ReplicaWorld::enroll_reply(std::vector<std::string> scopes) {
  return reply_to(need(space_->invite("phone", std::move(scopes))));
}

EnrollReply ReplicaWorld::reply_to(const Invitation& invitation) {
  EnrollRequest request;
  request.space = "nc";
  request.secret = invitation.secret;
  SecretSeed seed;
  random.fill(seed.bytes.data(), seed.bytes.size());
  request.key = test_cryptography().public_key(seed);
  EnrollReply reply = need(space_->enroll(request));
  reply.server_key = test_cryptography().public_key(server_seed);
  return reply;
}

std::unique_ptr<Phone> ReplicaWorld::enroll_by(const Invitation& invitation) {
  return std::make_unique<Phone>(*this, reply_to(invitation));
}

std::unique_ptr<Phone> ReplicaWorld::enroll(std::vector<std::string> scopes,
                                            const ReplicaOptions& options) {
  return std::make_unique<Phone>(*this, enroll_reply(std::move(scopes)), options);
}

SyncReply ReplicaWorld::answer(DeviceNumber device, const SyncRequest& request, const Hash& head) {
  if (request.fork) {
    auto forked = space_->fork(device, *request.fork);
    SyncReply reply;
    reply.epoch = space_->epoch();
    reply.server_ms = space_->server_ms();
    reply.state = SyncState::forked;
    if (forked) reply.fork = std::move(*forked);
    return reply;
  }
  std::optional<PushReply> pushed;
  if (!request.transactions.empty()) {
    Push push;
    push.device = device;
    push.request = &request;
    push.signed_head = head;
    std::vector<PushReply> replies = need(space_->apply(std::span(&push, 1)));
    pushed = std::move(replies.front());
    EXPECT_FALSE(pushed->refused.has_value()) << pushed->refused->message;
  }
  ReadRequest wanted;
  wanted.device = device;
  wanted.request = &request;
  wanted.push = pushed ? &*pushed : nullptr;
  // A long poll was judged when it came, and this is when it is answered.
  if (!pushed && request.wait_ms == 0) wanted.signed_head = head;
  SyncReply reply;
  ReadOutcome outcome = need(reader().read(wanted, reply));
  if (outcome == ReadOutcome::copied_back) {
    need(space_->check_cursor(request.cursor));
    reply = SyncReply{};
    outcome = need(reader().read(wanted, reply));
  }
  EXPECT_NE(outcome, ReadOutcome::copied_back);
  if (reply.revoked) {
    const Signature order =
        test_cryptography().sign(server_seed, revocation_text("nc", device, reply.erase));
    reply.revocation = Bytes(order.view());
  }
  return reply;
}

Dump ReplicaWorld::dump(const std::vector<std::string>& prefixes) {
  Dump dump;
  const Schema schema = space_->schema();
  for (const CollectionDef& def : schema.collections) {
    const RowColumns columns(def, ExtraUse::wire);
    need(reader().rows(def.id, [&](const RowView& row) -> Result<void> {
      const bool is_visible =
          std::any_of(row.paths.begin(), row.paths.end(), [&](const std::string& path) {
            return std::any_of(prefixes.begin(), prefixes.end(),
                               [&](const std::string& prefix) { return covers(prefix, path); });
          });
      if (!is_visible) return {};
      Bytes stamps, extra;
      std::string set_text;
      columns.pack(*row.state, stamps, extra);
      std::string line;
      make_hex(line, stamps);
      line += " ";
      make_hex(line, extra);
      for (std::size_t i = 0; i < def.fields.size(); ++i) {
        line += " " + shown(columns.cell(*row.state, i, set_text));
      }
      dump[def.name + " " + row.id.text()] = line;
      return {};
    }));
  }
  return dump;
}

void ReplicaWorld::expect_same(Phone& phone) {
  const ReplicaStatus status = phone.status();
  std::vector<std::string> prefixes;
  for (const Grant& grant : status.grants) prefixes.push_back(grant.path);
  const Dump here = phone.dump();
  const Dump there = dump(prefixes);
  for (const auto& [row, line] : there) {
    const auto found = here.find(row);
    EXPECT_TRUE(found != here.end()) << row << " is missing on the phone; the server has " << line;
    if (found != here.end()) {
      EXPECT_EQ(found->second, line) << row;
    }
  }
  for (const auto& [row, line] : here) {
    EXPECT_TRUE(there.count(row) != 0) << row << " is only on the phone: " << line;
  }
  EXPECT_EQ(status.digests.size(), status.grants.size());
  for (const GrantSum& sum : status.digests) {
    for (const Grant& grant : status.grants) {
      if (grant.id != sum.grant) continue;
      EXPECT_EQ(sum.sum, digest(grant.path)) << "kept sum of " << grant.path;
      EXPECT_EQ(need(phone.replica().content_digest(grant.path)), sum.sum)
          << "sum from the rows of " << grant.path;
    }
  }
  EXPECT_EQ(phone.count("SELECT count(*) FROM _base"), 0);
  EXPECT_EQ(phone.count("SELECT count(*) FROM _writes"), 0);
  EXPECT_EQ(phone.count("SELECT count(*) FROM _staged"), 0);
}

std::string ReplicaWorld::save_copy() {
  reader_.reset();
  space_.reset();  // folds its log into the file
  const std::string copy = folder.file("copy-" + std::to_string(++copies_) + ".db");
  std::filesystem::copy_file(path_, copy);
  open_space();
  return copy;
}

void ReplicaWorld::go_back_to(const std::string& copy) {
  reader_.reset();
  space_.reset();
  std::filesystem::copy_file(copy, path_, std::filesystem::copy_options::overwrite_existing);
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  open_space();
}

}  // namespace rollcall
