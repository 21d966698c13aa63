#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client-core/replica/confirmed_rows.h"
#include "client-core/replica/gone_rows.h"
#include "client-core/replica/grants.h"
#include "client-core/replica/healing.h"
#include "client-core/replica/outbox.h"
#include "client-core/replica/staging.h"
#include "client-core/replica/standing.h"

namespace rollcall {

// Reading from the server: what to ask for next, and what to do with the pages that come.
//
//   1  a grant's rows are not here      -> its bootstrap pages, grant after grant
//   2  a grant is to be compared        -> sums over ranges, then the ranges that differ
//   3  else                             -> the tail after the cursor, to the head
//
// Pages of 1 and 2 are staged, and tail pages too; the page that reaches the head completes the
// read: one local transaction applies all of them, retires own transactions that they contain,
// drops what no grant shows any more, compares digests and moves the cursor. Only a replica's very
// first bootstrap is applied as it comes.
class Reading {
 public:
  struct Parts {
    Overlay::Parts rows;
    Overlay& overlay;
    ConfirmedRows& confirmed;
    PathSets& path_sets;
    Staging& staging;
    Healing& healing;
    Outbox& outbox;
    GoneRows& gone;
  };
  explicit Reading(const Parts& parts) : parts_(parts) {}

  // True when nothing is left to be asked for but what others will write.
  [[nodiscard]] bool is_complete() const;
  // True when the last tail was left aside: the server lacks what is contained here.
  [[nodiscard]] bool is_behind() const { return is_behind_; }
  // Fills in the reading half of a request: where this replica stands and, with `wants_rows`, what
  // it wants next.
  void ask(SyncRequest& request, bool wants_rows);

  // The server's list of grants.
  Result<void> take_grants(std::uint64_t version, const std::vector<Grant>& list);
  struct Read {
    bool rows_changed = false;
    bool completed = false;
    bool behind = false;  // the tail does not contain what the rows here do
  };
  // The rows of a reply, if it answers from where this replica stands.
  Result<Read> take(const SyncRequest& asked, const SyncReply& reply, std::int64_t now_ms);

  // There is no cursor to read from any more: everything is to be compared.
  Result<void> lose_cursor();

 private:
  [[nodiscard]] bool stands_where(const SyncRequest& asked, const SyncReply& reply) const;
  [[nodiscard]] bool has_lost_cursor() const;
  Result<bool> take_bootstrap(const SyncRequest& asked, const BootstrapPage& page);
  Result<bool> take_tail(const SyncReply& reply, const SyncRequest& asked, std::int64_t now_ms);
  Result<void> complete(const SyncReply& reply, const SyncRequest& asked, std::int64_t now_ms);
  Result<void> apply_staged(TxNumber through);
  Result<void> retire_left_over(TxNumber through);
  Result<TxNumber> retirable(TxNumber through);
  void compare(const SyncReply& reply, const SyncRequest& asked, std::int64_t now_ms);

  Parts parts_;
  bool is_behind_ = false;
};

}  // namespace rollcall
