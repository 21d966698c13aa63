#include "client-core/replica/reading.h"

#include <algorithm>

#include "client-core/replica/boundary.h"
#include "engine/codec/limits.h"
#include "engine/protocol/limits.h"
#include "engine/protocol/sealed.h"

namespace rollcall {

bool Reading::is_complete() const {
  const Grants& grants = parts_.rows.grants;
  const Standing& standing = parts_.rows.standing;
  if (standing.cursor.empty() || !standing.position.empty() ||
      standing.regrouped != Regrouped::no || parts_.staging.has_ranges()) {
    return false;
  }
  return std::all_of(grants.all().begin(), grants.all().end(), [](const HeldGrant& held) {
    return held.state == GrantState::complete && !held.reread;
  });
}

// A replica that has read before, and cannot go on from there.
bool Reading::has_lost_cursor() const {
  return parts_.rows.standing.cursor.empty() && parts_.rows.standing.read_once;
}

void Reading::ask(SyncRequest& request, bool wants_rows) {
  Grants& grants = parts_.rows.grants;
  const Standing& standing = parts_.rows.standing;
  request.retired = standing.retired;
  request.grants_version = standing.grants_version;
  request.cursor = standing.cursor;
  request.complete = grants.complete(false);
  if (!wants_rows) return;
  if (const HeldGrant* wanted = grants.next_wanted()) {
    request.bootstrap = BootstrapWant{wanted->grant.id, wanted->position, standing.floor};
    return;
  }
  if (auto want = parts_.healing.next(standing.floor)) {
    request.heal = std::move(*want);
    return;
  }
  request.tail = true;
  request.complete = grants.complete(true);
  request.no_echo = standing.cursor.empty() || parts_.staging.has_ranges();
  if (standing.cursor.empty()) request.cursor = standing.floor;
  request.position = standing.position;
}

bool Reading::stands_where(const SyncRequest& asked, const SyncReply& reply) const {
  const Standing& standing = parts_.rows.standing;
  Grants& grants = parts_.rows.grants;
  const Bytes& cursor = asked.tail && standing.cursor.empty() ? standing.floor : standing.cursor;
  // The server read under those of the request's grants that are active in its snapshot, which is
  // also that of the list.
  std::vector<GrantId> active = asked.complete;
  std::erase_if(active, [&](GrantId id) { return grants.find(id) == nullptr; });
  return reply.grants_version == standing.grants_version && asked.cursor == cursor &&
         (!asked.tail || asked.position == standing.position) &&
         active == grants.complete(asked.tail) &&
         reply.from == read_origin(asked.cursor, asked.position, asked.complete);
}

// ---- Grants

Result<void> Reading::take_grants(std::uint64_t version, const std::vector<Grant>& list) {
  Standing& standing = parts_.rows.standing;
  Grants& grants = parts_.rows.grants;
  if (version <= standing.grants_version) return {};
  if (list.size() > device_grants_max) {
    return failure(ErrorCode::malformed, "the server names " + std::to_string(list.size()) +
                                             " grants; a device has at most " +
                                             std::to_string(device_grants_max));
  }
  for (const HeldGrant& held : grants.all()) {
    const bool stays = std::any_of(list.begin(), list.end(),
                                   [&](const Grant& grant) { return grant == held.grant; });
    if (stays) continue;
    ROLLCALL_TRY(parts_.staging.drop_grant(held.grant.id));
    standing.regrouped = Regrouped::shrunk;
  }
  const std::vector<GrantId> fresh = grants.replace(list);
  standing.grants_version = version;
  if (standing.regrouped == Regrouped::no) standing.regrouped = Regrouped::grown;
  // A tail under way was asked for with other grants.
  standing.position.clear();
  ROLLCALL_TRY(parts_.staging.drop_tail());
  for (const GrantId id : fresh) {
    // Another grant may have brought rows that this one shows, too.
    ROLLCALL_TRY_ASSIGN(const std::uint64_t sum, parts_.confirmed.digest(id));
    grants.find(id)->sum = sum;
  }
  return {};
}

Result<void> Reading::lose_cursor() {
  Standing& standing = parts_.rows.standing;
  standing.cursor.clear();
  standing.floor.clear();
  standing.position.clear();
  ROLLCALL_TRY(parts_.staging.clear());
  parts_.healing.restart();
  for (HeldGrant& held : parts_.rows.grants.all()) {
    if (held.state == GrantState::complete) {
      held.reread = true;
      continue;
    }
    held.state = GrantState::wanted;
    held.begun = false;
    held.position.clear();
    held.through.reset();
  }
  return {};
}

// ---- Pages

Result<Reading::Read> Reading::take(const SyncRequest& asked, const SyncReply& reply,
                                    std::int64_t now_ms) {
  Read read;
  if (!stands_where(asked, reply)) return read;
  if (reply.cursor.size() > cursor_bytes_max) {
    return failure(ErrorCode::malformed,
                   "the server sent a cursor of " + std::to_string(reply.cursor.size()) + " bytes");
  }
  Standing& standing = parts_.rows.standing;
  if (asked.bootstrap && reply.bootstrap) {
    ROLLCALL_TRY_ASSIGN(read.rows_changed, take_bootstrap(asked, *reply.bootstrap));
  }
  if (asked.heal && reply.heal) {
    ROLLCALL_TRY_ASSIGN(const bool taken, parts_.healing.take_sums(*asked.heal, *reply.heal,
                                                                   has_lost_cursor(), now_ms));
    if (taken && !reply.heal->floor.empty()) standing.floor = reply.heal->floor;
  }
  if (asked.heal && reply.bootstrap) {
    ROLLCALL_TRY_ASSIGN(const bool taken,
                        parts_.healing.take_rows(*asked.heal, *reply.bootstrap, now_ms));
    if (taken && !reply.bootstrap->floor.empty()) standing.floor = reply.bootstrap->floor;
  }
  if (asked.tail && reply.has_tail) {
    is_behind_ = reply.through_tx < standing.retired;
    read.behind = is_behind_;
    ROLLCALL_TRY_ASSIGN(read.completed, take_tail(reply, asked, now_ms));
    read.rows_changed = read.rows_changed || read.completed;
  }
  return read;
}

Result<bool> Reading::take_bootstrap(const SyncRequest& asked, const BootstrapPage& page) {
  Standing& standing = parts_.rows.standing;
  HeldGrant* held = parts_.rows.grants.find(page.grant);
  if (held == nullptr || held->state != GrantState::wanted ||
      asked.bootstrap->grant != page.grant || asked.bootstrap->position != held->position) {
    return false;
  }
  if (!held->begun) {
    held->begun = true;
    held->has_older_rows = parts_.confirmed.may_have_rows_under(held->grant.path);
  }
  const bool is_last = page.position.empty();
  const std::optional<Boundary> after = held->through;
  const std::optional<Boundary> through = is_last ? std::nullopt : page.through;
  std::uint64_t rows = 0;
  if (standing.read_once) {
    PageReader reader;  // what cannot be read is refused before it is kept
    ROLLCALL_TRY(reader.open(ConfirmedRows::page_or_none(page.page), PageUse::reply));
    rows = reader.rows();
    ROLLCALL_TRY(parts_.staging.add(
        {Staging::Kind::bootstrap, page.grant, after, through, BytesView(page.page)}));
  } else {
    const ConfirmedRows::PageScope scope{&held->grant, after, through, held->has_older_rows};
    ROLLCALL_TRY_ASSIGN(rows, parts_.confirmed.apply_range(
                                  page.page, scope, std::min(page.through_tx, standing.seen)));
  }
  held->position = page.position;
  held->through = through;
  if (is_last) held->state = GrantState::staged;
  if (!page.floor.empty()) standing.floor = page.floor;
  standing.bootstrap_rows += rows;
  standing.bootstrap_bytes += page.page.size();
  standing.bootstrap_rows_left = page.rows_left;
  return !standing.read_once;
}

Result<bool> Reading::take_tail(const SyncReply& reply, const SyncRequest& asked,
                                std::int64_t now_ms) {
  Standing& standing = parts_.rows.standing;
  // A restored server lacks what is contained here already: first it gets it back.
  if (is_behind_) {
    standing.position.clear();
    ROLLCALL_TRY(parts_.staging.drop_tail());
    return false;
  }
  if (!reply.position.empty()) {
    PageReader reader;
    ROLLCALL_TRY(reader.open(ConfirmedRows::page_or_none(reply.page), PageUse::reply));
    Staging::Page page;
    page.page = reply.page;
    ROLLCALL_TRY(parts_.staging.add(page));
    standing.position = reply.position;
    return false;
  }
  ROLLCALL_TRY(complete(reply, asked, now_ms));
  return true;
}

// ---- The completed read

Result<void> Reading::apply_staged(TxNumber through) {
  return parts_.staging.each([&](const Staging::Page& page) -> Result<void> {
    if (page.kind == Staging::Kind::tail) return parts_.confirmed.apply_tail(page.page, through);
    const HeldGrant* held = parts_.rows.grants.find(page.grant);
    if (held == nullptr) return {};
    const bool heals = page.kind == Staging::Kind::heal;
    const ConfirmedRows::PageScope scope{&held->grant, page.after, page.through,
                                         heals || held->has_older_rows};
    auto applied = parts_.confirmed.apply_range(page.page, scope, through);
    if (!applied) return std::move(applied).error();
    return {};
  });
}

// Rows of retiring transactions that the tail did not carry fall back to what is confirmed.
Result<void> Reading::retire_left_over(TxNumber through) {
  Standing& standing = parts_.rows.standing;
  KnownRow row;
  DecodedTransaction transaction;
  for (TxNumber number = standing.retired.next(); number <= through; number = number.next()) {
    if (parts_.rows.verdicts.is_out(number)) continue;
    ROLLCALL_TRY_ASSIGN(Bytes body, parts_.outbox.body(number));
    ROLLCALL_TRY(transaction.decode(number, std::move(body)));
    for (const RowWrite& write : transaction.rows()) {
      ROLLCALL_TRY(parts_.overlay.load({write.collection, write.id}, row));
      if (row.table == nullptr || row.pending.empty() || row.pending.front() > through) continue;
      ROLLCALL_TRY(parts_.overlay.store(row));
    }
  }
  return {};
}

// While some grant's rows are not here, a row that was written here may only seem to be nowhere:
// retirement stops before the transaction that wrote it.
Result<TxNumber> Reading::retirable(TxNumber through) {
  KnownRow row;
  DecodedTransaction transaction;
  TxNumber last = parts_.rows.standing.retired;
  for (TxNumber number = last.next(); number <= through; number = number.next()) {
    if (!parts_.rows.verdicts.is_out(number)) {
      ROLLCALL_TRY_ASSIGN(Bytes body, parts_.outbox.body(number));
      ROLLCALL_TRY(transaction.decode(number, std::move(body)));
      for (const RowWrite& write : transaction.rows()) {
        ROLLCALL_TRY(parts_.overlay.load({write.collection, write.id}, row));
        if (!row.confirmed) return last;
      }
    }
    last = number;
  }
  return last;
}

Result<void> Reading::complete(const SyncReply& reply, const SyncRequest& asked,
                               std::int64_t now_ms) {
  Standing& standing = parts_.rows.standing;
  Grants& grants = parts_.rows.grants;
  Overlay& overlay = parts_.overlay;
  const TxNumber through = std::min(reply.through_tx, standing.seen);
  const bool settles = grants.next_wanted() == nullptr;
  ROLLCALL_TRY_ASSIGN(const std::uint64_t writes,
                      parts_.outbox.rows_between(standing.retired, through));
  if (settles) overlay.begin_retiring(through);
  parts_.confirmed.begin_tail();
  ROLLCALL_TRY(apply_staged(through));
  if (!reply.page.empty()) ROLLCALL_TRY(parts_.confirmed.apply_tail(reply.page, through));

  TxNumber retired = through;
  if (!settles) {
    ROLLCALL_TRY_ASSIGN(retired, retirable(through));
    overlay.begin_retiring(retired);
  }
  if (!settles || parts_.confirmed.taken_writes() != writes) {
    ROLLCALL_TRY(retire_left_over(retired));
  }
  if (standing.regrouped != Regrouped::no) {
    const bool shrunk = standing.regrouped == Regrouped::shrunk;
    if (shrunk) ROLLCALL_TRY(parts_.gone.forget_fields());
    ROLLCALL_TRY(parts_.confirmed.drop_uncovered(shrunk));
  }
  overlay.settle();
  standing.retired = std::max(standing.retired, retired);
  standing.regrouped = Regrouped::no;
  ROLLCALL_TRY(parts_.rows.verdicts.reload(standing.retired));
  ROLLCALL_TRY(parts_.rows.pending.reload());
  ROLLCALL_TRY(parts_.rows.bases.reload());
  ROLLCALL_TRY(parts_.rows.unknown.reload());

  for (HeldGrant& held : grants.all()) {
    if (held.state != GrantState::staged) continue;
    held.state = GrantState::complete;
    held.position.clear();
    held.through.reset();
  }
  ROLLCALL_TRY(parts_.staging.clear());
  ROLLCALL_TRY(parts_.confirmed.drop_unused_sets());
  standing.cursor = reply.cursor.empty() ? asked.cursor : reply.cursor;
  standing.floor.clear();
  standing.position.clear();
  standing.read_once = true;
  standing.bootstrap_rows = standing.bootstrap_bytes = standing.bootstrap_rows_left = 0;
  standing.last_synced_ms = now_ms;
  compare(reply, asked, now_ms);
  return parts_.outbox.prune(std::min(standing.retired, standing.seen), now_ms);
}

void Reading::compare(const SyncReply& reply, const SyncRequest& asked, std::int64_t now_ms) {
  Grants& grants = parts_.rows.grants;
  const auto judge = [&](HeldGrant& held, bool is_equal) {
    if (is_equal) {
      held.diverged_until_ms = 0;
    } else {
      parts_.healing.differs(held, now_ms);
    }
  };
  for (const GrantSum& told : reply.digests) {
    if (HeldGrant* held = grants.find(told.grant)) judge(*held, held->sum == told.sum);
  }
  if (!reply.digest) return;
  std::uint64_t combined = 0;
  for (const GrantId id : asked.complete) {
    if (const HeldGrant* held = grants.find(id)) combined += Grants::share_of({id, held->sum});
  }
  for (const GrantId id : asked.complete) {
    if (HeldGrant* held = grants.find(id)) judge(*held, combined == *reply.digest);
  }
}

}  // namespace rollcall
