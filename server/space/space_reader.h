#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/cryptography.h"
#include "engine/base/random.h"
#include "engine/clock/clock.h"
#include "engine/model/field_state.h"
#include "engine/model/schema.h"
#include "engine/protocol/sealed.h"
#include "server/space/device.h"
#include "server/space/device_health.h"
#include "server/space/erasure.h"
#include "server/space/history.h"
#include "server/space/push.h"

namespace rollcall {

class DigestBook;

// What one sync request is to be told of the space, beyond what its push got.
struct ReadRequest {
  DeviceNumber device;
  const SyncRequest* request = nullptr;
  // Of this request's own push: its verdicts are not looked up again. Null when it pushed nothing.
  const PushReply* push = nullptr;
  // Without a push: whether the device's chain fits is judged by it, once, when the request comes
  // in. Nothing when a long poll wakes: its own pushes may have gone by on the other lane.
  std::optional<Hash> signed_head;
  // Where the device stands, and where this reply brings it, if not null: `read` and `told`.
  DeviceHealth* health = nullptr;
};

enum class ReadOutcome : std::uint8_t {
  answered,     // the reply says something new: send it
  nothing_new,  // complete, but only says that all is as it was: a long poll may wait
  copied_back,  // the cursor is of this epoch and this log never made it: the writer must start a
                // new epoch (Space::check_cursor), then read again
};

struct WaitingDevice {
  Enrolment enrolment;
  std::int64_t asked_ms = 0;
  bool refused = false;
};

// One row as export and tests see it.
struct RowView {
  const CollectionDef* collection = nullptr;
  RowId id;
  const RowState* state = nullptr;
  std::span<const std::string> paths;  // present ones, ascending
};

// Reads one space through a connection of its own. Every call below stands in one snapshot: that of
// `begin` to `end`, or its own when none is open. One thread at a time; any number of readers.
class SpaceReader {
 public:
  struct Doors {
    const Clock& clock;
    Random& random;
    const Cryptography& cryptography;
    std::string vfs;
  };

  // Without a writer in this process: for commands that only look.
  static Result<std::unique_ptr<SpaceReader>> open(const std::string& path, const Doors& doors);
  ~SpaceReader();

  Result<void> begin();
  void end();

  // Of the snapshot.
  Result<Sequence> head();
  Result<Epoch> epoch();
  Result<std::string> name();
  Result<std::string> title();
  Result<std::shared_ptr<const Schema>> schema();
  Result<Bytes> schema_bytes();  // canonical CBOR

  // Nothing: no such device.
  Result<std::optional<DeviceRecord>> device(DeviceNumber number);
  Result<std::vector<DeviceRecord>> devices();  // ascending by enrolment
  // As of the minute before; nothing: it never asked.
  Result<std::optional<DeviceHealth>> health(DeviceNumber number);
  Result<LogPlace> head_place();
  // How many revocations the space had counted when it sealed the cursor; 0: it does not open.
  // After any `begin`.
  [[nodiscard]] std::uint64_t revocations_in(BytesView cursor) const;
  // Whether the file counts fewer than that: it is an older one. A cursor of a later epoch says
  // nothing of it: it is of another copy, that went on by itself.
  Result<bool> has_forgotten_revocations(BytesView cursor);

  // Fills the reply in one snapshot: epoch, time, from, state, known_tx, verdicts (those of `push`
  // are taken over; without one they are looked up), schema and grants version, grants, tail,
  // bootstrap, heal; receipt, known_head and state of `push` too. `unknown_key`: no such device.
  Result<ReadOutcome> read(const ReadRequest& wanted, SyncReply& reply);

  // The sum of every (path, row) under the prefix; without one, of the whole space.
  Result<std::uint64_t> digest(const std::optional<std::string>& prefix);

  // Every transaction that names the row, in the order of their arrival.
  Result<std::vector<HistoryEntry>> history(CollectionId collection, const RowId& id);
  // Devices that this file does not know and that ask to be let in again, by the time of asking.
  Result<std::vector<WaitingDevice>> waiting_devices();
  // Rows that were erased for a person's sake, and that nobody brought back.
  Result<std::set<ErasedRow>> erased();
  // The last erasure's sequence; 0: there was none.
  Result<Sequence> last_erasure();
  // Rows that have this id, or were ever said to have to do with it, by the log: rows that were
  // deleted and compacted since, too.
  Result<std::set<ErasedRow>> rows_written_of(const RowId& id);
  // The log's numbers of those that write any of these rows, for Space::redact.
  Result<std::vector<std::int64_t>> transactions_naming(const std::set<ErasedRow>& rows);
  // Transactions that wait for a decision, in the order of their arrival, after `after`, at most
  // `count_max`.
  Result<std::vector<ParkedEntry>> parked(std::int64_t after, std::size_t count_max);

  // One row; nothing when there is none. Deleted rows are there.
  Result<std::optional<RowState>> row(CollectionId collection, const RowId& id);
  // All rows of a collection in order of their making, deleted ones too. Stops when `each` fails.
  Result<void> rows(CollectionId collection,
                    const std::function<Result<void>(const RowView&)>& each);

 private:
  friend class Space;
  struct State;
  explicit SpaceReader(std::unique_ptr<State> state);
  static Result<std::unique_ptr<SpaceReader>> open(const std::string& path, const Doors& doors,
                                                   std::shared_ptr<DigestBook> book);
  std::unique_ptr<State> state_;
};

}  // namespace rollcall
