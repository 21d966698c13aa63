#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "client-core/replica/replica.h"
#include "engine/base/random.h"
#include "engine/base/sodium_cryptography.h"
#include "engine/clock/clock.h"
#include "server/space/space.h"
#include "tests/engine/base/need.h"
#include "tests/engine/base/temp_folder.h"

// A world to test replicas in: one real space, one clock, and phones that hold real replicas and
// speak to it in this thread, message by message, each message through its encoding.
namespace rollcall {

const Cryptography& test_cryptography();
// Collections thing (every merge rule, movable), fact (append-only), ticket (derived id) and
// meeting (paths from a set); see replica_world.cc. `version` 2 adds thing.extra, thing.marks and
// collection club.
Schema test_schema(std::uint32_t version = 1);
// Version 1 with the roles of a roles.json.
Schema test_schema_with_roles(std::string_view roles);
RowId id_of(unsigned n);

inline ValueView text(std::string_view content) { return ValueView::of_text(content); }
inline ValueView number(std::int64_t content) { return ValueView::of_integer(content); }
inline ValueView id_value(const RowId& id) { return ValueView::of_bytes(id.view()); }

using Values = std::initializer_list<NamedValue>;
// Rows by "collection id", each as text with its stamps and extras: equal rows are equal texts.
using Dump = std::map<std::string, std::string>;

class ReplicaWorld;

// A clock that shows another time than the world's.
class WrongClock final : public Clock {
 public:
  explicit WrongClock(const Clock& right) : right_(right) {}
  [[nodiscard]] std::int64_t utc_ms() const override { return right_.utc_ms() + wrong_by_ms; }
  [[nodiscard]] std::int64_t steady_ms() const override { return right_.steady_ms(); }
  std::int64_t wrong_by_ms = 0;

 private:
  const Clock& right_;
};

class Phone {
 public:
  Phone(ReplicaWorld& world, const EnrollReply& enrolled, const ReplicaOptions& options = {});

  Replica& replica() { return *replica_; }
  // With which its file was made: its key, where the build encrypts.
  [[nodiscard]] const ReplicaOptions& options() const { return options_; }
  // Closes and opens the file, as a restart of the program does.
  void restart();
  void close() { replica_.reset(); }
  void open();

  // One transaction each. The edits may fail; what did is not part of it.
  RowId put(std::string_view collection, Values values, std::optional<RowId> id = std::nullopt);
  void set(std::string_view collection, RowId id, Values values);
  void add(std::string_view collection, RowId id, std::string_view field, ValueView value);
  void remove(std::string_view collection, RowId id, std::string_view field, ValueView value);
  void erase(std::string_view collection, RowId id);
  void restore(std::string_view collection, RowId id, std::string_view field);  // its first loser
  Result<Committed> write(const std::function<void(LocalTransaction&)>& edits);

  // What a user sees: the view's value as text; "-" when the row is not in sight.
  std::string shows(std::string_view collection, RowId id, std::string_view field);
  std::int64_t count(const std::string& sql);  // of a query with one number
  // Changes the file behind the replica's back, closing and opening it around that.
  void spoil(const std::string& sql);
  Dump dump();  // of all typed rows

  // One request and its answer, pushing and reading; false when there was nothing to exchange.
  Taken exchange(bool push = true, bool read = true);
  // Until everything is exchanged.
  void sync();
  SyncRequest prepare(bool push = true, bool read = true);
  Taken take(const SyncRequest& asked, const SyncReply& reply);
  SyncReply answer(const SyncRequest& asked);

  ReplicaStatus status() { return need(replica().status()); }
  WrongClock clock;
  std::function<void(SyncReply&)> tamper;  // with what `exchange` gets
  DeviceNumber device() const { return replica_->device(); }
  // A second phone that holds a copy of this one's file, as it is now.
  std::unique_ptr<Phone> clone();
  std::uint64_t requests = 0;
  std::uint64_t heals_asked = 0;
  std::uint64_t rows_received = 0;  // in pages of any kind
  std::uint64_t echoes_received = 0;
  std::uint32_t budget_bytes = 0;

 private:
  Phone(ReplicaWorld& world, std::string path, const ReplicaOptions& options);

  ReplicaWorld& world_;
  ReplicaOptions options_;
  std::string path_;
  int copies_ = 0;
  std::unique_ptr<Replica> replica_;
  Hash head_;
  ReplicaDoors doors_;
};

// Files in memory where there is a file system for that: these tests flush thousands of times.
struct FastFiles {
  FastFiles();
};

class ReplicaWorld {
 private:
  FastFiles fast_files_;

 public:
  explicit ReplicaWorld(std::uint64_t seed = 1, std::uint32_t schema_version = 1);
  ReplicaWorld(std::uint64_t seed, const Schema& schema);
  ~ReplicaWorld();

  Space& space() { return *space_; }
  SpaceReader& reader();
  std::unique_ptr<Phone> enroll(std::vector<std::string> scopes,
                                const ReplicaOptions& options = {});
  std::unique_ptr<Phone> enroll_by(const Invitation& invitation);
  EnrollReply enroll_reply(std::vector<std::string> scopes);
  EnrollReply reply_to(const Invitation& invitation);
  SyncReply answer(DeviceNumber device, const SyncRequest& request, const Hash& head);
  // The rows that the server holds at paths which one of the prefixes covers.
  Dump dump(const std::vector<std::string>& prefixes);
  std::uint64_t digest(const std::string& prefix) { return need(reader().digest(prefix)); }
  // The phone's rows, and its kept and recomputed sums, are the server's.
  void expect_same(Phone& phone);
  // Closes the space and copies its file, or puts a copy in its place.
  std::string save_copy();
  void go_back_to(const std::string& copy);

  TempFolder folder;
  ManualClock clock;
  SeededRandom random;
  SecretSeed server_seed;  // signs what orders a device to leave
  ReplicaDoors doors;

 private:
  void open_space();

  std::string path_;
  std::unique_ptr<Space> space_;
  SeededRandom server_random_;
  SeededRandom reader_random_;
  std::unique_ptr<SpaceReader> reader_;
  int copies_ = 0;
};

}  // namespace rollcall
