#pragma once

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "engine/base/random.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "engine/codec/page_reader.h"
#include "engine/model/write.h"
#include "server/space/space.h"
#include "tests/engine/base/need.h"
#include "tests/engine/storage/crash_vfs.h"

// A small world to test a space in: the space, and devices that write to it and mirror what it
// sends, each the plainest thing that does what PROTOCOL.md says.
namespace rollcall {

const Cryptography& test_cryptography();
// Collections person, note (append-only), ticket (derived id) and notice; see space_world.cc.
// `version` 2 adds the field "email" to person and the collection "club".
Schema test_schema(std::uint32_t version = 1);

// The same with these roles (roles.json).
Schema test_schema_with_roles(std::string_view roles, std::uint32_t version = 1);

RowId id_of(unsigned n);  // of a person, note or notice

// A write of one row in the making: `Edit::set("person", 7, {{"name", text("Ann")}})`.
class Edit {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, Value>>;
  static Edit insert(std::string_view collection, RowId id, Fields fields);
  static Edit set(std::string_view collection, RowId id, Fields fields);
  static Edit remove(std::string_view collection, RowId id);  // deletes the row

  Edit& add(std::string_view name, Value element);
  Edit& take(std::string_view name, Value element, Stamp seen, TxNumber own = {});
  Edit& close(std::string_view name, Stamp writer);
  Edit& generation(std::string_view name, std::uint32_t generation);
  Edit& base(std::string_view name, Stamp seen);
  // The raw field id, for fields that the schema does not have.
  Edit& raw(FieldId id, Value value);

  // The write, its values views into this Edit.
  [[nodiscard]] RowWrite write() const { return write_; }
  RowWrite& raw_write() { return write_; }

 private:
  FieldWrite& field(std::string_view name);
  void give(std::string_view name, Value value);

  CollectionDef def_;
  RowWrite write_;
  std::shared_ptr<std::deque<Value>> values_ = std::make_shared<std::deque<Value>>();
};

inline Value text(std::string_view content) { return Value::text(content); }
inline Value number(std::int64_t content) { return Value::integer(content); }
inline Value id_value(const RowId& id) { return Value::bytes(id.view()); }

class World;

// What a device has of a row: paths and field states by position.
struct MirrorRow {
  std::set<std::string> paths;
  RowState state;
  friend bool operator==(const MirrorRow&, const MirrorRow&) = default;
};
using RowKey = std::pair<CollectionId, RowId>;

// A device: makes transactions, pushes them, and mirrors the space.
class Device {
 public:
  Device(World& world, const EnrollReply& enrolled, SecretSeed seed);

  [[nodiscard]] DeviceNumber number() const { return number_; }
  [[nodiscard]] const SecretSeed& seed() const { return seed_; }
  [[nodiscard]] const std::map<RowKey, MirrorRow>& rows() const { return rows_; }
  [[nodiscard]] const MirrorRow* row(std::string_view collection, RowId id) const;
  // The present text of a field; "-" when the row or its value is not there.
  [[nodiscard]] std::string shows(std::string_view collection, RowId id,
                                  std::string_view field) const;
  [[nodiscard]] Stamp stamp_of(std::string_view collection, RowId id, std::string_view field) const;
  [[nodiscard]] const std::vector<Grant>& grants() const { return grants_; }

  // Makes a transaction of the edits, with the bases that the mirror shows; not pushed yet. Its
  // number.
  TxNumber make(std::vector<Edit> edits);
  TxNumber make_raw(Bytes bytes);        // of bytes that are given
  TxNumber make_void(const Hash& hash);  // of bytes that nobody has
  // A request that pushes everything from `first` on (default: what is not acknowledged).
  SyncRequest push_request(std::optional<TxNumber> first = std::nullopt);
  // Pushes what is not acknowledged and takes the answer.
  PushReply push();
  // What the server's answer means for the outbox.
  void take(const PushReply& reply);
  // make and push in one; the verdict of that transaction.
  Verdict write(std::vector<Edit> edits);

  // Reads until the head: new grants by bootstrap, then the tail. Fails the test when a digest of
  // the server is not that of the mirror.
  void read();
  bool no_echo = false;            // read without echoes
  std::uint32_t budget_bytes = 0;  // small pages
  std::size_t echoes = 0;          // rows that came as such
  std::size_t pages = 0;           // tail and bootstrap pages that came
  // Called before each request of a read: others may write between its pages.
  std::function<void()> before_asking;
  // Looks at the raw pages too: every byte that came since it was cleared.
  Bytes seen_bytes;

  // One read request with this device's state, to be changed by a test before `ask`.
  SyncRequest read_request();
  SyncReply ask(const SyncRequest& request, ReadOutcome* outcome = nullptr,
                const PushReply* push = nullptr);

  // Sends its state back to nothing, as a device that was enrolled again would have it: mirror,
  // cursor, complete grants.
  void forget_rows();

  Bytes cursor;
  TxNumber retired;
  std::vector<GrantId> complete;
  std::vector<Verdict> verdicts;  // all that came
  TxNumber seen_tx;
  std::vector<SeenVerdict> seen_changed;
  std::uint64_t grants_version = 0;
  std::uint32_t schema_version = 1;
  std::int64_t clock_offset_ms = 0;  // how wrong its clock is
  TxNumber acked;
  TxNumber last;
  Hash head() const { return heads_.back(); }
  [[nodiscard]] std::uint64_t digest_of(const Grant& grant) const;

  struct Made {
    PushedTransaction pushed;
    Hash head;
    Stamp stamp;
    std::vector<Edit> edits;
    std::optional<Verdict> verdict;
  };
  std::vector<Made> made;  // number n at n - 1

 private:
  void take_verdicts(const std::vector<Verdict>& list);
  void read_bootstraps(std::vector<Bytes>& pages_read, Bytes& floor);
  void apply_page(const Bytes& page, TxNumber through_tx);
  void fold_own(const RowKey& key, MirrorRow& row, TxNumber through_tx);
  void hide(const Grant& grant);
  void drop_unseen();
  void check_digests(const SyncReply& reply);

  World& world_;
  DeviceNumber number_;
  SecretSeed seed_;
  std::vector<Hash> heads_;
  std::uint64_t last_time_ = 0;
  std::vector<Grant> grants_;
  std::map<RowKey, MirrorRow> rows_;
};

// On a disk in memory: quick, and it may die.
class World : private CommitListener {
 public:
  explicit World(std::uint64_t seed = 1);
  // On a disk that is given; the space is neither made nor opened yet.
  World(CrashDisk& given, std::uint64_t seed);
  ~World() override;

  Space& space() { return *space_; }
  SpaceReader& reader();
  std::unique_ptr<Device> enroll(std::vector<std::string> scopes, std::string label = "device");
  // Closes and opens the file, as a restart does.
  void restart();
  void close();
  void open();
  PushReply apply(Device& device, const SyncRequest& request);

  [[nodiscard]] Space::Doors doors();
  // The space's call itself: a disk that died makes it fail.
  Result<std::vector<PushReply>> try_apply(Device& device, const SyncRequest& request);
  Result<void> try_create();
  Result<void> try_open();
  Result<std::unique_ptr<Device>> try_enroll(std::vector<std::string> scopes, std::string label);

 private:
  std::unique_ptr<CrashDisk> own_disk_;

 public:
  CrashDisk& disk;
  const std::string path = "/space";
  ManualClock clock;
  SeededRandom random;
  std::vector<CommitNews> news;
  Schema schema = test_schema();

 private:
  void committed(const CommitNews& what) override { news.push_back(what); }

  std::unique_ptr<Space> space_;
  SeededRandom reader_random_{99};
  std::unique_ptr<SpaceReader> reader_;
};

}  // namespace rollcall
