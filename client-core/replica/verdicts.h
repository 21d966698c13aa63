#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "client-core/replica/standing.h"
#include "engine/merge/merge_field.h"
#include "engine/protocol/messages.h"

namespace rollcall {

class Connection;
class Outbox;

// What became of a transaction of this device.
struct StoredVerdict {
  VerdictKind kind = VerdictKind::applied;
  std::uint32_t code = 0;
  CollectionId collection;
  FieldId field;
  std::string reason;
  std::optional<Stamp> accepted;  // when it is not the transaction's own
  bool in_tray = false;

  // Rejected and parked transactions show nothing of what they write.
  [[nodiscard]] bool is_out() const {
    return kind == VerdictKind::rejected || kind == VerdictKind::parked;
  }
  // It edits a row that the server does not have, or not yet.
  [[nodiscard]] bool wants_a_row() const {
    const auto is = [this](ErrorCode wanted) { return code == static_cast<std::uint32_t>(wanted); };
    return is_out() && (is(ErrorCode::gone) || is(ErrorCode::unknown_row));
  }
};

// The verdicts of this device's transactions. A transaction up to `Standing::seen` that stands here
// nowhere was applied with its own stamp: the common case takes no row.
//
//   _verdicts(number, kind, code, collection, field, reason, accepted, tray)
//     tray: 0 never in it, 1 in it, 2 dealt with
//   _changed_verdicts(number): told anew and taken, but not yet named to the server as seen
class Verdicts {
 public:
  static std::vector<std::string> create_statements();
  explicit Verdicts(Connection& connection) : connection_(&connection) {}
  // Reads again what is held in memory: of the transactions after `retired`.
  Result<void> reload(TxNumber retired);

  // Of a transaction after the retired ones; null: none yet, or applied with its own stamp.
  [[nodiscard]] const StoredVerdict* recent(TxNumber number) const;
  // True for a transaction whose writes are not part of what the user sees.
  [[nodiscard]] bool is_out(TxNumber number) const;
  Result<std::optional<StoredVerdict>> find(TxNumber number);

  struct News {
    bool any = false;
    std::vector<TxNumber> out;  // left the overlay with this verdict
  };
  // Takes a reply's verdicts, as far as they follow those taken before, and moves `standing.seen`.
  // `last`: this device's last transaction; what lies beyond is none of ours.
  Result<News> take(std::span<const Verdict> verdicts, TxNumber last, Standing& standing);
  // Rejects a transaction that cannot be sent.
  Result<void> reject_unsent(TxNumber number, std::uint32_t code, std::string_view reason);

  // Out of the tray.
  Result<void> deal_with(TxNumber number);
  Result<std::vector<TxNumber>> tray();
  Result<bool> any_in_tray_wants_a_row();
  struct TrayCounts {
    std::uint64_t rejected = 0;
    std::uint64_t parked = 0;
    std::uint64_t waiting = 0;
  };
  Result<TrayCounts> tray_counts();

  // Changed verdicts that the server still tells: to be named in the next request...
  Result<std::vector<SeenVerdict>> changed();
  // ...and forgotten once a request that named them was answered.
  Result<void> named(std::span<const SeenVerdict> changed);

 private:
  Result<void> store(TxNumber number, const StoredVerdict& verdict);
  Result<void> take_one(TxNumber number, const Verdict& told, bool first, TxNumber retired,
                        News& news);
  Result<void> clear(TxNumber from, TxNumber through);

  Connection* connection_;
  std::map<std::uint64_t, StoredVerdict> recent_;
  std::vector<TxNumber> changed_;
};

// The stamps that the server gave, or is expected to give, this device's transactions, by number.
class OwnStamps final : public OwnTransactions {
 public:
  OwnStamps(Outbox& outbox, Verdicts& verdicts) : outbox_(outbox), verdicts_(verdicts) {}
  [[nodiscard]] std::optional<Stamp> accepted(TxNumber number) const override;

 private:
  Outbox& outbox_;
  Verdicts& verdicts_;
};

}  // namespace rollcall
