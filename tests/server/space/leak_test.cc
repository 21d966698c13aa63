// Strangers in random worlds: random roles, grants, moves and writes, devices that guess ids and
// ask for what they were never given. An independent model of authority says what each may see and
// do; every byte of every reply is searched for the marks of what it may not see.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/sodium_cryptography.h"
#include "engine/codec/cbor_archive.h"
#include "engine/codec/transaction.h"
#include "engine/protocol/chain.h"
#include "schema/compiler.h"
#include "server/space/space.h"
#include "tests/engine/base/need.h"
#include "tests/engine/storage/crash_vfs.h"

namespace rollcall {
namespace {

const Cryptography& cryptography() {
  static const SodiumCryptography sodium;
  return sodium;
}

// ---- The model: what a role may do, in plain words. It shares no code with the server.

constexpr std::array<std::string_view, 4> item_fields = {"unit", "one", "two", "tags"};
constexpr std::array<std::string_view, 3> fact_fields = {"unit", "said", "about"};

struct Rights {
  bool shows = false;  // its rows
  std::set<std::string> reads;
  std::set<std::string> inserts;
  std::set<std::string> updates;
  bool removes = false;
  bool anywhere = false;
};

struct Role {
  std::string name;
  std::map<std::string, Rights> collections;
};

struct Given {
  std::string prefix;
  std::size_t role = 0;
};

struct Row {
  std::string collection;
  RowId id;
  std::string unit;
  std::optional<RowId> names;  // a fact, in a field that some may read
};

bool lies_under(const std::string& prefix, const std::string& unit) {
  const std::string path = "unit/" + unit + "/";
  return path.compare(0, prefix.size() + 1, prefix + "/") == 0;
}

// ---- A world

class LeakWorld {
 public:
  explicit LeakWorld(std::uint64_t seed) : random_(seed) {
    make_roles();
    Space::Doors doors{clock_, random_, cryptography(), disk_.vfs()};
    space_ = need(Space::create("/space", "nc", "North Carolina", compiled(), doors));
    reader_ = need(space_->open_reader(random_));
    // The last one may everything: without it there would be little to be seen.
    devices_.resize(4);
    devices_.back().grants = {{"unit", 3}};
    for (Device& device : devices_) enroll(device);
  }

  void step() {
    clock_.advance(1 + static_cast<std::int64_t>(random_.next() % 50));
    Device& device = flip() ? devices_.back() : devices_[below(devices_.size())];
    switch (below(8)) {
      case 0: change_grant(devices_[below(3)]); break;
      case 1:
      case 2: insert(device); break;
      case 3:
      case 4:
      case 5: update(device); break;
      default: break;
    }
    note_seen();
    read(devices_[below(devices_.size())]);
  }

  std::size_t accepted = 0;
  std::size_t refused = 0;
  std::size_t marks_seen = 0;
  std::size_t ids_seen = 0;

 private:
  struct Device {
    DeviceNumber number;
    std::vector<Given> grants;
    TxNumber last;
    Hash head;
    Bytes cursor;
    std::vector<GrantId> complete;
    std::set<RowId> known;  // that it saw, or named itself
  };
  struct Mark {
    std::size_t row = 0;
    std::string field;
    std::size_t writer = 0;
  };

  std::size_t below(std::size_t count) { return static_cast<std::size_t>(random_.next() % count); }
  bool flip() { return below(2) == 0; }

  template <class Fields>
  std::set<std::string> some(const Fields& fields) {
    std::set<std::string> chosen;
    for (const std::string_view field : fields) {
      if (flip()) chosen.insert(std::string(field));
    }
    return chosen;
  }

  // As the compiler wants it: who changes a field reads it, outside of append-only collections.
  Rights item_rights() {
    Rights rights;
    rights.shows = below(4) != 0;
    if (!rights.shows) return rights;
    rights.reads = some(item_fields);
    for (const std::string& field : rights.reads) {
      if (flip()) rights.updates.insert(field);
    }
    if (rights.reads.contains("unit") && flip()) {
      rights.inserts.insert("unit");
      for (const std::string& field : rights.reads) {
        if (flip()) rights.inserts.insert(field);
      }
      rights.anywhere = below(4) == 0;
    }
    rights.removes = below(4) == 0;
    return rights;
  }
  Rights fact_rights() {
    Rights rights;
    rights.shows = flip();
    if (rights.shows) rights.reads = some(fact_fields);
    if (flip()) {
      rights.inserts = some(fact_fields);
      rights.inserts.insert("unit");
      rights.anywhere = below(4) == 0;
    }
    return rights;
  }
  void make_roles() {
    for (int i = 0; i < 3; ++i) {
      roles_.push_back(
          {"role" + std::to_string(i), {{"item", item_rights()}, {"fact", fact_rights()}}});
    }
    const std::set<std::string> item(item_fields.begin(), item_fields.end());
    const std::set<std::string> fact(fact_fields.begin(), fact_fields.end());
    roles_.push_back({"boss",
                      {{"item", {true, item, item, item, true, false}},
                       {"fact", {true, fact, fact, {}, false, false}}}});
  }

  static std::string list(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "\"" : ",\"") + name + "\"";
    return "[" + text + "]";
  }
  [[nodiscard]] std::string roles_json() const {
    std::string text;
    for (const Role& role : roles_) {
      std::string collections;
      for (const auto& [name, rights] : role.collections) {
        if (!rights.shows && rights.inserts.empty()) continue;
        std::string said;
        const auto say = [&](const std::string& what) { said += (said.empty() ? "" : ",") + what; };
        if (rights.shows) say("\"read\":" + list(rights.reads));
        if (!rights.inserts.empty()) say("\"insert\":" + list(rights.inserts));
        if (!rights.updates.empty()) say("\"update\":" + list(rights.updates));
        if (rights.removes) say("\"delete\":true");
        if (rights.anywhere) say("\"anywhere\":true");
        collections += (collections.empty() ? "" : ",") + ("\"" + name + "\":{" + said + "}");
      }
      text += (text.empty() ? "" : ",") +
              ("{\"name\":\"" + role.name + "\",\"collections\":{" + collections + "}}");
    }
    return "{\"roles\":[" + text + "]}";
  }
  Schema compiled() {
    const std::vector<SchemaSource> files = {
        {"schema.json", R"({"schema": "leaks", "version": 1})"},
        {"item.json", R"({"collection": "item", "id": 1, "paths": ["unit/{unit}"], "fields": [
          {"id": 1, "name": "unit", "type": "path", "required": true},
          {"id": 2, "name": "one", "type": "text"},
          {"id": 3, "name": "two", "type": "text"},
          {"id": 4, "name": "tags", "type": "text", "rule": "set"}]})"},
        {"fact.json", R"({"collection": "fact", "id": 2, "append_only": true,
          "paths": ["unit/{unit}"], "fields": [
          {"id": 1, "name": "unit", "type": "path", "required": true},
          {"id": 2, "name": "said", "type": "text"},
          {"id": 3, "name": "about", "type": "id", "guarded": "item"}]})"},
        {"roles.json", roles_json()}};
    schema_ = need(compile_schema(files, cryptography()));
    return schema_;
  }

  void enroll(Device& device) {
    std::vector<std::string> scopes;
    if (!device.grants.empty()) scopes.push_back("unit=boss");
    for (std::size_t i = scopes.empty() ? 1 + below(2) : 0; i > 0; --i) {
      const Given given = some_grant();
      scopes.push_back(given.prefix + "=" + roles_[given.role].name);
      const bool again = std::any_of(
          device.grants.begin(), device.grants.end(),
          [&](const Given& g) { return g.prefix == given.prefix && g.role == given.role; });
      if (!again) device.grants.push_back(given);
    }
    const Invitation invitation = need(space_->invite("stranger", scopes));
    EnrollRequest request;
    request.space = "nc";
    request.secret = invitation.secret;
    request.key.bytes[0] = static_cast<std::uint8_t>(++keys_);
    device.number = need(space_->enroll(request)).device;
  }
  Given some_grant() {
    constexpr std::array<std::string_view, 4> prefixes = {"unit/a", "unit/a/x", "unit/b", "unit"};
    return {std::string(prefixes[below(4)]), below(3)};
  }
  void change_grant(Device& device) {
    const Given given = some_grant();
    const std::string text = given.prefix + "=" + roles_[given.role].name;
    const auto at = std::find_if(
        device.grants.begin(), device.grants.end(),
        [&](const Given& held) { return held.prefix == given.prefix && held.role == given.role; });
    if (at == device.grants.end()) {
      need(space_->grant(device.number, text));
      device.grants.push_back(given);
    } else {
      need(space_->ungrant(device.number, text));
      device.grants.erase(at);
    }
  }

  // ---- What the model says

  template <class Allows>
  [[nodiscard]] bool any_grant(const Device& device, const std::string& unit,
                               const std::string& collection, const Allows& allows) const {
    return std::any_of(device.grants.begin(), device.grants.end(), [&](const Given& given) {
      return lies_under(given.prefix, unit) &&
             allows(roles_[given.role].collections.at(collection));
    });
  }
  [[nodiscard]] bool sees(const Device& device, const Row& row) const {
    return any_grant(device, row.unit, row.collection,
                     [](const Rights& rights) { return rights.shows; });
  }
  [[nodiscard]] bool sees(const Device& device, const Row& row, const std::string& field) const {
    return any_grant(device, row.unit, row.collection, [&](const Rights& rights) {
      return rights.shows && rights.reads.contains(field);
    });
  }
  [[nodiscard]] bool may_insert(const Device& device, const Row& row,
                                const std::set<std::string>& fields) const {
    const bool anywhere =
        std::any_of(device.grants.begin(), device.grants.end(), [&](const Given& given) {
          const Rights& rights = roles_[given.role].collections.at(row.collection);
          return rights.anywhere && std::includes(rights.inserts.begin(), rights.inserts.end(),
                                                  fields.begin(), fields.end());
        });
    return anywhere || std::all_of(fields.begin(), fields.end(), [&](const std::string& field) {
             return any_grant(device, row.unit, row.collection,
                              [&](const Rights& rights) { return rights.inserts.contains(field); });
           });
  }
  [[nodiscard]] bool may_update(const Device& device, const Row& row, const std::string& unit,
                                const std::set<std::string>& fields) const {
    return std::all_of(fields.begin(), fields.end(), [&](const std::string& field) {
      return any_grant(device, unit, row.collection,
                       [&](const Rights& rights) { return rights.updates.contains(field); });
    });
  }

  // ---- Writing

  std::string unit() {
    constexpr std::array<std::string_view, 5> units = {"a", "a/x", "b", "ab", "c"};
    return std::string(units[below(units.size())]);
  }
  // A value that stands nowhere else.
  const std::string& mark(std::size_t row, const std::string& field, const Device& device) {
    // Letters without a pattern: columns write what repeats, and numbers in texts, apart.
    std::string text(20, 'a');
    for (char& letter : text) letter = static_cast<char>('a' + below(26));
    const auto writer = static_cast<std::size_t>(&device - devices_.data());
    return marks_.emplace(std::move(text), Mark{row, field, writer}).first->first;
  }
  const FieldDef& field_of(const std::string& collection, const std::string& name) const {
    return *schema_.find(collection)->find(name);
  }
  void give(RowWrite& write, const std::string& collection, const std::string& name,
            ValueView value) {
    const FieldDef& def = field_of(collection, name);
    FieldWrite field;
    field.field = def.id;
    if (def.rule == MergeRule::set) {
      field.adds.emplace_back(value);
    } else {
      field.has_value = true;
      field.value = value;
    }
    write.fields.push_back(std::move(field));
  }

  void insert(Device& device) {
    Row row{flip() ? "item" : "fact", {}, unit(), {}};
    row.id = ids_.next(clock_.utc_ms());
    const std::size_t place = rows_.size();
    RowWrite write;
    write.collection = schema_.find(row.collection)->id;
    write.id = row.id;
    write.insert = true;
    FieldWrite deleted;
    deleted.has_value = true;
    deleted.value = ValueView::of_boolean(false);
    write.fields.push_back(deleted);
    std::set<std::string> fields = {"unit"};
    give(write, row.collection, "unit", ValueView::of_text(row.unit));
    bool names_well = true;
    const auto maybe = [&](const std::string& name) {
      if (flip()) return;
      fields.insert(name);
      give(write, row.collection, name, ValueView::of_text(mark(place, name, device)));
    };
    if (row.collection == "item") {
      for (const char* name : {"one", "two", "tags"}) maybe(name);
    } else {
      maybe("said");
      if (!rows_.empty() && flip()) {
        const Row& target = rows_[below(rows_.size())];
        row.names = target.id;
        names_well = target.collection == "item" && sees(device, target);
        fields.insert("about");
        give(write, row.collection, "about", ValueView::of_bytes(row.names->view()));
        device.known.insert(*row.names);
      }
    }
    rows_.push_back(row);
    const bool allowed = may_insert(device, row, fields) && names_well;
    if (!push(device, {write}, allowed)) rows_[place].collection.clear();
  }

  void update(Device& device) {
    if (rows_.empty()) return;
    const std::size_t place = below(rows_.size());
    Row& row = rows_[place];
    if (row.collection != "item") return;
    RowWrite write;
    write.collection = schema_.find("item")->id;
    write.id = row.id;
    if (below(8) == 0) {
      FieldWrite deleted;
      deleted.has_value = true;
      deleted.value = ValueView::of_boolean(flip());
      write.fields.push_back(deleted);
      const bool allowed =
          sees(device, row) &&
          any_grant(device, row.unit, "item", [](const Rights& rights) { return rights.removes; });
      push(device, {write}, allowed);
      return;
    }
    std::set<std::string> fields;
    std::string target = row.unit;
    if (below(3) == 0) {
      target = unit();
      fields.insert("unit");
      give(write, "item", "unit", ValueView::of_text(target));
    }
    for (const char* name : {"one", "two", "tags"}) {
      if (below(3) != 0) continue;
      fields.insert(name);
      give(write, "item", name, ValueView::of_text(mark(place, name, device)));
    }
    if (fields.empty()) return;
    const bool moves = fields.contains("unit");
    const bool allowed = sees(device, row) && may_update(device, row, row.unit, fields) &&
                         (!moves || may_update(device, row, target, fields));
    if (push(device, {write}, allowed)) row.unit = target;
  }

  // True when it was accepted.
  bool push(Device& device, const std::vector<RowWrite>& writes, bool allowed) {
    TransactionWriter writer;
    for (const RowWrite& write : writes) {
      writer.add(write);
      device.known.insert(write.id);
    }
    TransactionHead head;
    head.number = device.last.next();
    head.stamp = Stamp{static_cast<std::uint64_t>(clock_.utc_ms()) << 16, device.number};
    head.cursor = device.cursor;
    head.schema_version = 1;
    const Bytes body = need(writer.finish(head));
    const Hash hash = cryptography().hash({body});
    device.head = next_head(cryptography(), device.head, hash);
    device.last = head.number;
    SyncRequest request;
    request.schema_version = 1;
    request.last_tx = request.first_tx = device.last;
    PushedTransaction pushed;
    pushed.bytes = body;
    request.transactions.push_back(pushed);
    request.seen_tx = TxNumber(device.last.value - 1);
    Push one;
    one.device = device.number;
    one.request = &request;
    one.signed_head = device.head;
    const std::vector<PushReply> replies = need(space_->apply(std::span(&one, 1)));
    EXPECT_EQ(replies[0].verdicts.size(), 1U);
    const Verdict& verdict = replies[0].verdicts.at(0);
    const bool taken = verdict.kind == VerdictKind::applied || verdict.kind == VerdictKind::merged;
    EXPECT_EQ(taken, allowed) << "a write that the model " << (allowed ? "allows" : "refuses")
                              << " was answered " << static_cast<int>(verdict.kind) << ": "
                              << verdict.reason;
    search(device, to_cbor(verdict));
    ++(taken ? accepted : refused);
    return taken;
  }

  // ---- Reading

  void read(Device& device) {
    SyncRequest request;
    request.schema_version = 1;
    request.last_tx = device.last;
    request.seen_tx = device.last;
    request.tail = true;
    request.no_echo = flip();
    const DeviceRecord record = *need(reader_->device(device.number));
    if (below(3) != 0) {
      request.cursor = device.cursor;
      request.complete = device.complete;
    }
    const auto some_id = [&] {
      // Its own grant, or one that it guesses.
      if (!record.grants.empty() && below(4) != 0) {
        return record.grants[below(record.grants.size())].id;
      }
      return GrantId(1 + below(12));
    };
    if (flip()) {
      request.bootstrap.emplace();
      request.bootstrap->grant = some_id();
    } else if (flip()) {
      request.heal.emplace();
      request.heal->grant = some_id();
      request.heal->rows = flip();
    }
    ReadRequest wanted;
    wanted.device = device.number;
    wanted.request = &request;
    SyncReply reply;
    const auto outcome = reader_->read(wanted, reply);
    ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
    search(device, to_cbor(reply));
    search_ids(device, reply);
    if (reply.cursor.empty() || !reply.position.empty()) return;
    device.cursor = reply.cursor;
    device.complete.clear();
    for (const GrantRecord& grant : record.grants) device.complete.push_back(grant.id);
  }

  // Whoever could see a row for a moment may be told that it left.
  void note_seen() {
    for (Device& device : devices_) {
      for (const Row& row : rows_) {
        if (row.collection.empty()) continue;
        if (sees(device, row)) device.known.insert(row.id);
        if (row.names && sees(device, row, "about")) device.known.insert(*row.names);
      }
    }
  }

  // Nothing of what the device may not see at this moment, nor ids that it cannot know.
  void search(Device& device, const Bytes& bytes) {
    for (const auto& [text, mark] : marks_) {
      if (bytes.find(text) == Bytes::npos) continue;
      ++marks_seen;
      if (&devices_[mark.writer] == &device) continue;
      const Row& row = rows_[mark.row];
      EXPECT_TRUE(!row.collection.empty() && sees(device, row, mark.field))
          << text << " of " << row.collection << "." << mark.field << " at unit/" << row.unit;
    }
    for (const Row& row : rows_) {
      if (!device.known.contains(row.id)) expect_unknown(bytes, row.id);
    }
  }
  void expect_unknown(const Bytes& bytes, const RowId& id) {
    EXPECT_EQ(bytes.find(std::string(id.view())), Bytes::npos) << "a hidden row's id";
  }
  // Pages write ids in columns: these are looked at one by one.
  void search_ids(const Device& device, const SyncReply& reply) {
    std::vector<RowId> told;
    const auto of_page = [&](const Bytes& page) {
      if (page.empty()) return;
      PageReader in;
      need(in.open(page, PageUse::reply));
      for (std::size_t i = 0; i < in.sections().size(); ++i) {
        for (const RowId& id : in.ids(i)) told.push_back(id);
      }
    };
    of_page(reply.page);
    if (reply.bootstrap) of_page(reply.bootstrap->page);
    if (reply.heal) {
      for (const RangeSum& range : reply.heal->ranges) told.push_back(range.through.row);
    }
    for (const RowId& id : told) {
      const bool is_row =
          std::any_of(rows_.begin(), rows_.end(), [&](const Row& row) { return row.id == id; });
      EXPECT_TRUE(!is_row || device.known.contains(id)) << "a hidden row's id";
    }
    ids_seen += told.size();
  }

  ManualClock clock_;
  SeededRandom random_;
  CrashDisk disk_;
  Schema schema_;
  std::vector<Role> roles_;
  std::unique_ptr<Space> space_;
  std::unique_ptr<SpaceReader> reader_;
  std::vector<Device> devices_;
  std::vector<Row> rows_;
  std::map<std::string, Mark> marks_;
  RowIdSource ids_{random_};
  unsigned keys_ = 0;
};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// ROLLCALL_LEAK_FIRST and ROLLCALL_LEAK_WORLDS choose the seeds.
TEST(Leaks, InRandomWorldsNoForeignByteLeavesAndNoForeignWriteEnters_G10_G12_F6) {
  const std::uint64_t first = number_from("ROLLCALL_LEAK_FIRST", 1);
  const std::uint64_t worlds = number_from("ROLLCALL_LEAK_WORLDS", 200);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  std::size_t marks = 0;
  for (std::uint64_t seed = first; seed < first + worlds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    LeakWorld world(seed);
    for (int i = 0; i < 40; ++i) world.step();
    accepted += world.accepted;
    refused += world.refused;
    marks += world.marks_seen;
    if (testing::Test::HasFailure()) return;
  }
  // It looked at something.
  EXPECT_GT(accepted, worlds);
  EXPECT_GT(refused, worlds);
  EXPECT_GT(marks, worlds);
  std::cout << worlds << " worlds from seed " << first << ": " << accepted << " writes accepted, "
            << refused << " refused, " << marks << " marks seen\n";
}

}  // namespace
}  // namespace rollcall
