#include "tests/server/space/space_world.h"

#include <algorithm>

#include "engine/codec/row_extra.h"
#include "engine/codec/transaction.h"
#include "engine/merge/merge_row.h"
#include "engine/model/packed_stamps.h"
#include "engine/model/path.h"
#include "engine/protocol/chain.h"
#include "engine/protocol/signing.h"
#include "engine/storage/digest.h"
#include "schema/compiler.h"

namespace rollcall {
namespace {

constexpr std::string_view person_json = R"({
  "collection": "person", "id": 1, "paths": ["unit/{unit}", "person/{id}"],
  "fields": [
    {"id": 1, "name": "name", "type": "text", "bytes_max": 100},
    {"id": 2, "name": "phone", "type": "text", "bytes_max": 40},
    {"id": 3, "name": "unit", "type": "path", "required": true},
    {"id": 4, "name": "visits", "type": "integer", "rule": "counter"},
    {"id": 5, "name": "tags", "type": "text", "rule": "set", "bytes_max": 40, "elements_max": 4},
    {"id": 6, "name": "admitted", "type": "id", "rule": "first"},
    {"id": 7, "name": "state", "type": "enum", "rule": "ladder",
     "choices": ["enrolled", "started", "attended"]}
    EMAIL]})";
constexpr std::string_view note_json = R"({
  "collection": "note", "id": 2, "append_only": true, "paths": ["unit/{unit}"],
  "fields": [
    {"id": 1, "name": "unit", "type": "path", "required": true},
    {"id": 2, "name": "words", "type": "text", "bytes_max": 200}]})";
constexpr std::string_view ticket_json = R"({
  "collection": "ticket", "id": 3, "derived_from": ["event", "person", "unit"],
  "paths": ["event/{event}", "unit/{unit}"],
  "fields": [
    {"id": 1, "name": "event", "type": "id", "rule": "once", "required": true},
    {"id": 2, "name": "person", "type": "id", "rule": "once", "required": true},
    {"id": 3, "name": "unit", "type": "path", "rule": "once", "required": true},
    {"id": 4, "name": "badge", "type": "text", "bytes_max": 40}]})";
constexpr std::string_view notice_json = R"({
  "collection": "notice", "id": 4, "paths": ["notice/{id}", "unit/{hosts}", "public when open=yes"],
  "fields": [
    {"id": 1, "name": "title", "type": "text", "bytes_max": 100},
    {"id": 2, "name": "hosts", "type": "path", "rule": "set", "elements_max": 8},
    {"id": 3, "name": "open", "type": "enum", "choices": ["no", "yes"]}]})";
constexpr std::string_view club_json = R"({
  "collection": "club", "id": 5, "paths": ["unit/{unit}"],
  "fields": [{"id": 1, "name": "unit", "type": "path", "required": true}]})";

Schema compiled(std::uint32_t version, std::string_view roles = {}) {
  const std::string header = R"({"schema": "test", "version": )" + std::to_string(version) + "}";
  std::string person(person_json);
  const std::size_t at = person.find("EMAIL");
  person.replace(
      at, 5,
      version > 1 ? R"(, {"id": 8, "name": "email", "type": "text", "bytes_max": 100})" : "");
  std::vector<SchemaSource> files = {{"schema.json", header},
                                     {"person.json", person},
                                     {"note.json", std::string(note_json)},
                                     {"ticket.json", std::string(ticket_json)},
                                     {"notice.json", std::string(notice_json)}};
  if (version > 1) files.push_back({"club.json", std::string(club_json)});
  if (!roles.empty()) files.push_back({"roles.json", std::string(roles)});
  return need(compile_schema(files, test_cryptography()));
}

}  // namespace

Schema test_schema_with_roles(std::string_view roles, std::uint32_t version) {
  return compiled(version, roles);
}

namespace {

std::size_t position_of(const CollectionDef& collection, std::string_view field) {
  const FieldDef* def = collection.find(field);
  if (def == nullptr) {
    ADD_FAILURE() << "no field " << field;
    std::abort();
  }
  return static_cast<std::size_t>(def - collection.fields.data());
}

}  // namespace

const Cryptography& test_cryptography() {
  static const SodiumCryptography sodium;
  return sodium;
}

Schema test_schema(std::uint32_t version) {
  static const Schema first = compiled(1);
  static const Schema second = compiled(2);
  return version == 1 ? first : second;
}

RowId id_of(unsigned n) {
  Bytes bytes = need(from_hex("018f0000000070008000000000000000"));
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return RowId::from_bytes(bytes);
}

// ---- Edit

FieldWrite& Edit::field(std::string_view name) {
  const FieldId id = def_.fields[position_of(def_, name)].id;
  auto at =
      std::lower_bound(write_.fields.begin(), write_.fields.end(), id,
                       [](const FieldWrite& write, FieldId field) { return write.field < field; });
  if (at == write_.fields.end() || at->field != id) {
    at = write_.fields.insert(at, FieldWrite{});
    at->field = id;
  }
  return *at;
}

void Edit::give(std::string_view name, Value value) {
  values_->push_back(std::move(value));
  FieldWrite& write = field(name);
  write.has_value = true;
  write.value = values_->back().view();
}

Edit Edit::insert(std::string_view collection, RowId id, Fields fields) {
  Edit edit = set(collection, id, fields);
  edit.write_.insert = true;
  edit.give("_deleted", Value::boolean(false));
  return edit;
}

Edit Edit::set(std::string_view collection, RowId id, Fields fields) {
  Edit edit;
  const Schema schema = test_schema(2);
  edit.def_ = *schema.find(collection);
  edit.write_.collection = edit.def_.id;
  edit.write_.id = id;
  for (const auto& [name, value] : fields) edit.give(name, value);
  return edit;
}

Edit Edit::remove(std::string_view collection, RowId id) {
  return set(collection, id, {{"_deleted", Value::boolean(true)}});
}

Edit& Edit::add(std::string_view name, Value element) {
  field(name).adds.push_back(std::move(element));
  auto& adds = field(name).adds;
  std::sort(adds.begin(), adds.end());
  return *this;
}

Edit& Edit::take(std::string_view name, Value element, Stamp seen, TxNumber own) {
  field(name).removes.push_back({std::move(element), seen, own});
  return *this;
}

Edit& Edit::close(std::string_view name, Stamp writer) {
  field(name).closes.push_back(writer);
  return *this;
}

Edit& Edit::generation(std::string_view name, std::uint32_t generation) {
  field(name).generation = generation;
  return *this;
}

Edit& Edit::base(std::string_view name, Stamp seen) {
  field(name).base = seen;
  return *this;
}

Edit& Edit::raw(FieldId id, Value value) {
  values_->push_back(std::move(value));
  FieldWrite write;
  write.field = id;
  write.has_value = true;
  write.value = values_->back().view();
  write_.fields.push_back(write);
  return *this;
}

// ---- Device

Device::Device(World& world, const EnrollReply& enrolled, SecretSeed seed)
    : world_(world), number_(enrolled.device), seed_(seed), heads_{Hash{}} {}

const MirrorRow* Device::row(std::string_view collection, RowId id) const {
  const auto found = rows_.find({world_.schema.find(collection)->id, id});
  return found == rows_.end() ? nullptr : &found->second;
}

std::string Device::shows(std::string_view collection, RowId id, std::string_view field) const {
  const MirrorRow* found = row(collection, id);
  if (found == nullptr) return "-";
  const CollectionDef& def = *world_.schema.find(collection);
  const FieldState& state = found->state.fields[position_of(def, field)];
  if (!state.elements.empty()) {
    std::string all;
    for (const SetElement& element : state.elements) {
      all += (all.empty() ? "" : ",") + std::string(element.value.view().bytes);
    }
    return all;
  }
  const ValueView value = state.value.view();
  if (value.is_null()) return "-";
  if (value.kind == ValueKind::text || value.kind == ValueKind::bytes) {
    return std::string(value.bytes);
  }
  return std::to_string(value.integer);
}

Stamp Device::stamp_of(std::string_view collection, RowId id, std::string_view field) const {
  const MirrorRow* found = row(collection, id);
  if (found == nullptr) return {};
  return found->state.fields[position_of(*world_.schema.find(collection), field)].stamp;
}

TxNumber Device::make(std::vector<Edit> edits) {
  TransactionWriter writer;
  for (Edit& edit : edits) {
    RowWrite& write = edit.raw_write();
    const auto mirrored = rows_.find({write.collection, write.id});
    for (FieldWrite& field : write.fields) {
      if (mirrored == rows_.end() || !field.base.is_none()) continue;
      const auto position = world_.schema.find(write.collection)->position(field.field);
      // The mirror of a row read under an older schema has no newer fields.
      const auto& fields = mirrored->second.state.fields;
      if (position && *position < fields.size()) field.base = fields[*position].stamp;
    }
    writer.add(write);
  }
  const auto ms = static_cast<std::uint64_t>(world_.clock.utc_ms() + clock_offset_ms);
  last_time_ = std::max(last_time_ + 1, ms << 16);
  const Stamp stamp{last_time_, number_};
  const Bytes bytes =
      need(writer.finish({TxNumber(made.size() + 1), stamp, cursor, schema_version}));
  const TxNumber number = make_raw(bytes);
  made.back().edits = std::move(edits);
  made.back().stamp = stamp;
  return number;
}

TxNumber Device::make_raw(Bytes bytes) {
  const Hash hash = test_cryptography().hash({bytes});
  heads_.push_back(next_head(test_cryptography(), heads_.back(), hash));
  made.push_back({{std::move(bytes), {}}, heads_.back(), {}, {}, {}});
  last = TxNumber(made.size());
  return last;
}

TxNumber Device::make_void(const Hash& hash) {
  heads_.push_back(next_head(test_cryptography(), heads_.back(), hash));
  made.push_back({{{}, Bytes(hash.view())}, heads_.back(), {}, {}, {}});
  last = TxNumber(made.size());
  return last;
}

SyncRequest Device::read_request() {
  SyncRequest request;
  request.schema_version = schema_version;
  request.cursor = cursor;
  request.complete = complete;
  request.retired = retired;
  request.grants_version = grants_version;
  request.no_echo = no_echo;
  request.last_tx = acked;
  request.seen_tx = seen_tx;
  request.seen_changed = seen_changed;
  request.budget_bytes = budget_bytes;
  return request;
}

SyncRequest Device::push_request(std::optional<TxNumber> first) {
  SyncRequest request = read_request();
  request.first_tx = first.value_or(acked.next());
  for (std::size_t i = request.first_tx.value - 1; i < made.size(); ++i) {
    request.transactions.push_back(made[i].pushed);
  }
  request.last_tx = last;
  return request;
}

PushReply Device::push() {
  const PushReply reply = world_.apply(*this, push_request());
  take(reply);
  return reply;
}

void Device::take(const PushReply& reply) {
  if (reply.refused || reply.state != SyncState::ok) return;
  acked = std::max(acked, reply.known_tx);
  take_verdicts(reply.verdicts);
}

void Device::take_verdicts(const std::vector<Verdict>& list) {
  for (const Verdict& verdict : list) {
    verdicts.push_back(verdict);
    for (std::uint64_t i = 0; i <= verdict.more; ++i) {
      const std::uint64_t tx = verdict.number.value + i;
      ASSERT_LE(tx, made.size());
      made[tx - 1].verdict = verdict;
      seen_tx = std::max(seen_tx, TxNumber(tx));
      if (verdict.changed) seen_changed.push_back({TxNumber(tx), verdict.kind, verdict.code});
    }
  }
}

Verdict Device::write(std::vector<Edit> edits) {
  const TxNumber number = make(std::move(edits));
  push();
  const auto& verdict = made[number.value - 1].verdict;
  EXPECT_TRUE(verdict.has_value());
  return verdict.value_or(Verdict{});
}

SyncReply Device::ask(const SyncRequest& request, ReadOutcome* outcome, const PushReply* push) {
  if (before_asking) before_asking();
  SyncReply reply;
  ReadRequest wanted;
  wanted.device = number_;
  wanted.request = &request;
  wanted.push = push;
  const ReadOutcome got = need(world_.reader().read(wanted, reply));
  if (outcome != nullptr) *outcome = got;
  seen_bytes += reply.page;
  if (reply.bootstrap) seen_bytes += reply.bootstrap->page;
  for (const Verdict& verdict : reply.verdicts) seen_bytes += verdict.reason;
  return reply;
}

void Device::read_bootstraps(std::vector<Bytes>& pages_read, Bytes& floor) {
  for (const Grant& grant : grants_) {
    if (std::find(complete.begin(), complete.end(), grant.id) != complete.end()) continue;
    Bytes position;
    do {
      SyncRequest request = read_request();
      request.bootstrap = BootstrapWant{grant.id, position, floor};
      const SyncReply reply = ask(request);
      ++pages;
      ASSERT_TRUE(reply.bootstrap.has_value());
      pages_read.push_back(reply.bootstrap->page);
      position = reply.bootstrap->position;
      floor = reply.bootstrap->floor;
    } while (!position.empty());
  }
}

void Device::read() {
  SyncRequest first = read_request();
  const SyncReply told = ask(first);
  take_verdicts(told.verdicts);
  if (told.grants) {
    grants_ = *told.grants;
    grants_version = told.grants_version;
  }
  std::vector<Bytes> staged;
  Bytes floor;
  read_bootstraps(staged, floor);
  std::vector<GrantId> all;
  for (const Grant& grant : grants_) all.push_back(grant.id);

  SyncRequest request = read_request();
  request.tail = true;
  request.complete = all;
  request.no_echo = no_echo || !staged.empty();
  if (request.cursor.empty()) request.cursor = floor;
  std::vector<Bytes> tail;
  SyncReply reply;
  do {
    reply = ask(request);
    ++pages;
    ASSERT_EQ(reply.state, SyncState::ok);
    ASSERT_TRUE(reply.has_tail);
    take_verdicts(reply.verdicts);
    tail.push_back(reply.page);
    request.position = reply.position;
    request.seen_tx = seen_tx;
  } while (!reply.position.empty());

  // Bootstrap pages replace all that their grants show.
  for (const Grant& grant : grants_) {
    if (std::find(complete.begin(), complete.end(), grant.id) == complete.end()) hide(grant);
  }
  complete = all;
  for (const Bytes& page : staged) apply_page(page, retired);
  for (const Bytes& page : tail) apply_page(page, reply.through_tx);
  retired = std::max(retired, reply.through_tx);
  cursor = reply.cursor.empty() ? request.cursor : reply.cursor;
  drop_unseen();
  check_digests(reply);
}

void Device::apply_page(const Bytes& page, TxNumber through_tx) {
  if (page.empty()) return;
  PageReader reader;
  need(reader.open(page, PageUse::reply));
  std::vector<FieldStamp> stamps;
  for (SectionRow from; reader.next(from);) {
    const RowKey key{from.section->collection, from.id};
    const CollectionDef& def = *world_.schema.find(from.section->collection);
    if (from.section->kind == RowKind::evict) {
      rows_.erase(key);
      continue;
    }
    MirrorRow& row = rows_[key];
    if (from.section->kind == RowKind::whole) row = MirrorRow{};
    row.state.fields.resize(def.fields.size());
    row.paths.clear();
    for (const std::uint32_t place : from.paths) {
      row.paths.insert(std::string(reader.paths()[place]));
    }
    if (from.section->kind == RowKind::echo) {
      ++echoes;
      fold_own(key, row, through_tx);
      continue;
    }
    need(unpack_stamps(from.stamps, stamps));
    for (const FieldStamp& stamp : stamps) {
      FieldState& field = row.state.fields[*def.position(stamp.field)];
      field = FieldState{};
      field.stamp = stamp.stamp;
      for (std::size_t i = 0; i < from.section->fields.size(); ++i) {
        if (from.section->fields[i] == stamp.field) field.value = Value(from.cells[i]);
      }
    }
    RowExtraReader extra(from.extra, ExtraUse::wire);
    while (const auto field = need(extra.next())) {
      need(extra.read(row.state.fields[*def.position(*field)]));
    }
  }
}

// An echo: what this device wrote in (retired, through_tx] came true as it was.
void Device::fold_own(const RowKey& key, MirrorRow& row, TxNumber through_tx) {
  struct Own final : OwnTransactions {
    const std::vector<Made>* made = nullptr;
    [[nodiscard]] std::optional<Stamp> accepted(TxNumber number) const override {
      const Made& one = (*made)[number.value - 1];
      if (!one.verdict || one.verdict->kind == VerdictKind::rejected) return std::nullopt;
      return one.verdict->accepted.value_or(one.stamp);
    }
  };
  Own own;
  own.made = &made;
  RowContext context;
  context.own = &own;
  RowEffect effect;
  for (std::uint64_t n = retired.value + 1; n <= through_tx.value; ++n) {
    const Made& one = made[n - 1];
    if (!one.verdict || one.verdict->kind != VerdictKind::applied) continue;
    for (const Edit& edit : one.edits) {
      const RowWrite write = edit.write();
      if (write.collection != key.first || write.id != key.second) continue;
      merge_row(*world_.schema.find(key.first), row.state, write,
                one.verdict->accepted.value_or(one.stamp), context, effect);
    }
  }
}

void Device::hide(const Grant& grant) {
  for (auto at = rows_.begin(); at != rows_.end();) {
    auto& paths = at->second.paths;
    std::erase_if(paths, [&](const std::string& path) { return covers(grant.path, path); });
    at = paths.empty() ? rows_.erase(at) : std::next(at);
  }
}

void Device::drop_unseen() {
  for (auto at = rows_.begin(); at != rows_.end();) {
    auto& paths = at->second.paths;
    std::erase_if(paths, [&](const std::string& path) {
      return std::none_of(grants_.begin(), grants_.end(),
                          [&](const Grant& grant) { return covers(grant.path, path); });
    });
    at = paths.empty() ? rows_.erase(at) : std::next(at);
  }
}

std::uint64_t Device::digest_of(const Grant& grant) const {
  RowHasher hasher;
  Digest sum;
  for (const auto& [key, row] : rows_) {
    for (const std::string& path : row.paths) {
      if (!covers(grant.path, path)) continue;
      sum += hasher.row(path, key.second, *world_.schema.find(key.first), row.state);
    }
  }
  return sum.sum;
}

void Device::check_digests(const SyncReply& reply) {
  std::uint64_t combined = 0;
  for (const Grant& grant : grants_) {
    combined += digest_of(grant) * (2 * grant.id.value + 1);
  }
  if (reply.digest) {
    EXPECT_EQ(*reply.digest, combined);
    return;
  }
  ASSERT_EQ(reply.digests.size(), grants_.size());
  for (std::size_t i = 0; i < grants_.size(); ++i) {
    EXPECT_EQ(reply.digests[i].grant, grants_[i].id);
    EXPECT_EQ(reply.digests[i].sum, digest_of(grants_[i])) << grants_[i].path;
  }
}

void Device::forget_rows() {
  rows_.clear();
  cursor.clear();
  complete.clear();
}

// ---- World

World::World(std::uint64_t seed)
    : own_disk_(std::make_unique<CrashDisk>()), disk(*own_disk_), random(seed) {
  need(try_create());
}

World::World(CrashDisk& given, std::uint64_t seed) : disk(given), random(seed) {}

Result<void> World::try_create() {
  ROLLCALL_TRY_ASSIGN(space_, Space::create(path, "nc", "North Carolina", schema, doors()));
  space_->set_listener(this);
  return {};
}

World::~World() { close(); }

Space::Doors World::doors() { return {clock, random, test_cryptography(), disk.vfs()}; }

SpaceReader& World::reader() {
  if (!reader_) reader_ = need(space_->open_reader(reader_random_));
  return *reader_;
}

void World::close() {
  reader_.reset();
  space_.reset();
}

Result<void> World::try_open() {
  ROLLCALL_TRY_ASSIGN(space_, Space::open(path, doors()));
  space_->set_listener(this);
  return {};
}

void World::open() { need(try_open()); }

void World::restart() {
  close();
  open();
}

Result<std::unique_ptr<Device>> World::try_enroll(std::vector<std::string> scopes,
                                                  std::string label) {
  ROLLCALL_TRY_ASSIGN(const Invitation invitation, space_->invite(label, std::move(scopes)));
  SecretSeed seed;
  random.fill(seed.bytes.data(), seed.bytes.size());
  EnrollRequest request;
  request.space = "nc";
  request.secret = invitation.secret;
  request.key = test_cryptography().public_key(seed);
  ROLLCALL_TRY_ASSIGN(const EnrollReply reply, space_->enroll(request));
  auto device = std::make_unique<Device>(*this, reply, seed);
  device->schema_version = reply.schema_version;
  clock.advance(1);  // what it writes is later than its enrolment
  return device;
}

std::unique_ptr<Device> World::enroll(std::vector<std::string> scopes, std::string label) {
  return need(try_enroll(std::move(scopes), std::move(label)));
}

Result<std::vector<PushReply>> World::try_apply(Device& device, const SyncRequest& request) {
  Push push;
  push.device = device.number();
  push.request = &request;
  push.signed_head = device.head();
  Authorization who;
  who.space = "nc";
  who.device = device.number();
  who.time_ms = clock.utc_ms();
  who.nonce = Bytes(Authorization::nonce_bytes, 'n');
  who.head = push.signed_head;
  const std::string signed_by = signed_text("POST", "/v1/sync", Hash{}, who);
  push.signed_text = signed_by;
  push.signature = test_cryptography().sign(device.seed(), signed_by);
  return space_->apply(std::span<const Push>(&push, 1));
}

PushReply World::apply(Device& device, const SyncRequest& request) {
  auto replies = need(try_apply(device, request));
  return std::move(replies[0]);
}

}  // namespace rollcall
