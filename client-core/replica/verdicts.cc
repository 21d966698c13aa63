#include "client-core/replica/verdicts.h"

#include <algorithm>

#include "client-core/replica/outbox.h"
#include "client-core/replica/sql_number.h"
#include "engine/base/error.h"
#include "engine/storage/connection.h"

namespace rollcall {
namespace {

constexpr std::string_view columns =
    "SELECT number, kind, code, collection, field, reason, accepted, tray FROM _verdicts ";

StoredVerdict read_verdict(const Statement& from) {
  StoredVerdict verdict;
  verdict.kind = static_cast<VerdictKind>(from.integer(1));
  verdict.code = static_cast<std::uint32_t>(from.integer(2));
  verdict.collection = CollectionId(static_cast<std::uint16_t>(from.integer(3)));
  verdict.field = FieldId(static_cast<std::uint16_t>(from.integer(4)));
  verdict.reason = std::string(from.text(5));
  if (from.bytes(6).size() == Stamp::size_bytes)
    verdict.accepted = Stamp::from_bytes(from.bytes(6));
  verdict.in_tray = from.integer(7) == 1;
  return verdict;
}

StoredVerdict stored(const Verdict& told) {
  StoredVerdict verdict;
  verdict.kind = told.kind;
  verdict.code = told.code;
  verdict.collection = told.collection;
  verdict.field = told.field;
  verdict.reason = told.reason;
  verdict.accepted = told.accepted;
  verdict.in_tray = verdict.is_out();
  return verdict;
}

}  // namespace

std::vector<std::string> Verdicts::create_statements() {
  return {
      "CREATE TABLE _verdicts(number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, code INTEGER NOT "
      "NULL, collection INTEGER NOT NULL, field INTEGER NOT NULL, reason TEXT NOT NULL, accepted "
      "BLOB, tray INTEGER NOT NULL)",
      "CREATE INDEX _verdicts_tray ON _verdicts(number) WHERE tray = 1",
      "CREATE TABLE _changed_verdicts(number INTEGER PRIMARY KEY)"};
}

Result<void> Verdicts::reload(TxNumber retired) {
  recent_.clear();
  changed_.clear();
  ROLLCALL_TRY_ASSIGN(Statement load,
                      connection_->cached(std::string(columns) + "WHERE number > ?"));
  load.bind_integer(1, whole(retired));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, load.step());
    if (!more) break;
    recent_.emplace(static_cast<std::uint64_t>(load.integer(0)), read_verdict(load));
  }
  ROLLCALL_TRY_ASSIGN(Statement changed,
                      connection_->cached("SELECT number FROM _changed_verdicts ORDER BY number"));
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, changed.step());
    if (!more) return {};
    changed_.emplace_back(static_cast<std::uint64_t>(changed.integer(0)));
  }
}

const StoredVerdict* Verdicts::recent(TxNumber number) const {
  const auto found = recent_.find(number.value);
  return found == recent_.end() ? nullptr : &found->second;
}

bool Verdicts::is_out(TxNumber number) const {
  const StoredVerdict* verdict = recent(number);
  return verdict != nullptr && verdict->is_out();
}

Result<std::optional<StoredVerdict>> Verdicts::find(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement load,
                      connection_->cached(std::string(columns) + "WHERE number = ?"));
  load.bind_integer(1, whole(number));
  ROLLCALL_TRY_ASSIGN(const bool found, load.step());
  if (!found) return std::optional<StoredVerdict>();
  StoredVerdict verdict = read_verdict(load);
  load.reset();
  return std::optional<StoredVerdict>(std::move(verdict));
}

Result<void> Verdicts::store(TxNumber number, const StoredVerdict& verdict) {
  ROLLCALL_TRY_ASSIGN(Statement save, connection_->cached("INSERT OR REPLACE INTO _verdicts "
                                                          "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"));
  const Bytes accepted = verdict.accepted ? verdict.accepted->bytes() : Bytes();
  save.bind_integer(1, whole(number));
  save.bind_integer(2, static_cast<std::int64_t>(verdict.kind));
  save.bind_integer(3, verdict.code);
  save.bind_integer(4, verdict.collection.value);
  save.bind_integer(5, verdict.field.value);
  save.bind_text(6, verdict.reason);
  save.bind(7, verdict.accepted ? ValueView::of_bytes(accepted) : ValueView::null());
  save.bind_integer(8, verdict.in_tray ? 1 : 0);
  return save.run();
}

Result<void> Verdicts::take_one(TxNumber number, const Verdict& told, bool first, TxNumber retired,
                                News& news) {
  StoredVerdict verdict = stored(told);
  // Told again (a void, or after a restore), it does not come back into the tray that it left.
  ROLLCALL_TRY_ASSIGN(const auto before, find(number));
  if (before && before->is_out() && !before->in_tray) verdict.in_tray = false;
  news.any = true;
  if (first && verdict.is_out() && number > retired && !is_out(number)) news.out.push_back(number);
  ROLLCALL_TRY(store(number, verdict));
  if (number > retired) recent_[number.value] = verdict;
  return {};
}

// Applied as they were sent: what stood here of an earlier judgement (a restored server judges
// anew) no longer holds.
Result<void> Verdicts::clear(TxNumber from, TxNumber through) {
  ROLLCALL_TRY_ASSIGN(Statement erase, connection_->cached("DELETE FROM _verdicts WHERE number "
                                                           "BETWEEN ?1 AND ?2"));
  erase.bind_integer(1, whole(from));
  erase.bind_integer(2, whole(through));
  ROLLCALL_TRY(erase.run());
  recent_.erase(recent_.lower_bound(from.value), recent_.upper_bound(through.value));
  return {};
}

Result<Verdicts::News> Verdicts::take(std::span<const Verdict> verdicts, TxNumber last,
                                      Standing& standing) {
  News news;
  for (const Verdict& told : verdicts) {
    if (told.number.value == 0 || told.number > last) continue;
    const std::uint64_t more = std::min(told.more, last.value - told.number.value);
    const TxNumber through(told.number.value + more);
    if (told.changed) {
      // Decided later: a parked one was applied or refused. It stays out of the overlay: if it took
      // effect, the change comes as any other's.
      for (TxNumber n = told.number; n <= std::min(through, standing.seen); n = n.next()) {
        ROLLCALL_TRY(take_one(n, told, false, standing.retired, news));
        if (std::find(changed_.begin(), changed_.end(), n) != changed_.end()) continue;
        changed_.push_back(n);
        ROLLCALL_TRY_ASSIGN(Statement note, connection_->cached("INSERT OR IGNORE INTO "
                                                                "_changed_verdicts VALUES(?)"));
        note.bind_integer(1, whole(n));
        ROLLCALL_TRY(note.run());
      }
    }
    if (told.number > standing.seen.next() || through <= standing.seen) continue;
    const bool plain = told.kind == VerdictKind::applied && !told.accepted;
    news.any = true;
    for (TxNumber n = standing.seen.next(); n <= through && !plain; n = n.next()) {
      ROLLCALL_TRY(take_one(n, told, true, standing.retired, news));
    }
    if (plain) ROLLCALL_TRY(clear(standing.seen.next(), through));
    standing.seen = through;
  }
  return news;
}

Result<void> Verdicts::reject_unsent(TxNumber number, std::uint32_t code, std::string_view reason) {
  StoredVerdict verdict;
  verdict.kind = VerdictKind::rejected;
  verdict.code = code;
  verdict.reason = std::string(reason);
  verdict.in_tray = true;
  ROLLCALL_TRY(store(number, verdict));
  recent_[number.value] = verdict;
  return {};
}

Result<void> Verdicts::deal_with(TxNumber number) {
  ROLLCALL_TRY_ASSIGN(Statement update,
                      connection_->cached("UPDATE _verdicts SET tray = 2 WHERE number = ?"));
  update.bind_integer(1, whole(number));
  ROLLCALL_TRY(update.run());
  if (const auto found = recent_.find(number.value); found != recent_.end()) {
    found->second.in_tray = false;
  }
  return {};
}

Result<std::vector<TxNumber>> Verdicts::tray() {
  ROLLCALL_TRY_ASSIGN(
      Statement list,
      connection_->cached("SELECT number FROM _verdicts WHERE tray = 1 ORDER BY number"));
  std::vector<TxNumber> numbers;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return numbers;
    numbers.emplace_back(static_cast<std::uint64_t>(list.integer(0)));
  }
}

Result<bool> Verdicts::any_in_tray_wants_a_row() {
  ROLLCALL_TRY_ASSIGN(
      Statement any,
      connection_->cached("SELECT 1 FROM _verdicts WHERE tray = 1 AND code IN (?1, ?2) LIMIT 1"));
  any.bind_integer(1, static_cast<std::int64_t>(ErrorCode::gone));
  any.bind_integer(2, static_cast<std::int64_t>(ErrorCode::unknown_row));
  ROLLCALL_TRY_ASSIGN(const bool found, any.step());
  any.reset();
  return found;
}

Result<Verdicts::TrayCounts> Verdicts::tray_counts() {
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_->cached("SELECT v.kind, v.code FROM _verdicts AS v WHERE "
                                          "v.tray = 1"));
  TrayCounts counts;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return counts;
    if (list.integer(0) == static_cast<std::int64_t>(VerdictKind::rejected)) {
      ++counts.rejected;
    } else if (list.integer(1) == static_cast<std::int64_t>(ErrorCode::unknown_row)) {
      ++counts.waiting;
    } else {
      ++counts.parked;
    }
  }
}

Result<std::vector<SeenVerdict>> Verdicts::changed() {
  std::vector<SeenVerdict> seen;
  for (const TxNumber number : changed_) {
    ROLLCALL_TRY_ASSIGN(const auto verdict, find(number));
    // One that stands nowhere was applied.
    seen.push_back(
        {number, verdict ? verdict->kind : VerdictKind::applied, verdict ? verdict->code : 0});
  }
  return seen;
}

Result<void> Verdicts::named(std::span<const SeenVerdict> changed) {
  for (const SeenVerdict& seen : changed) {
    const TxNumber number = seen.number;
    const auto found = std::find(changed_.begin(), changed_.end(), number);
    if (found == changed_.end()) continue;
    changed_.erase(found);
    ROLLCALL_TRY_ASSIGN(Statement forget,
                        connection_->cached("DELETE FROM _changed_verdicts WHERE number = ?"));
    forget.bind_integer(1, whole(number));
    ROLLCALL_TRY(forget.run());
  }
  return {};
}

std::optional<Stamp> OwnStamps::accepted(TxNumber number) const {
  auto verdict = verdicts_.find(number);
  if (!verdict) return std::nullopt;
  if (verdict->has_value()) {
    if ((*verdict)->kind == VerdictKind::rejected) return std::nullopt;
    if ((*verdict)->accepted) return (*verdict)->accepted;
  }
  auto entry = outbox_.find(number);
  if (!entry || !entry->has_value()) return std::nullopt;
  return (*entry)->stamp;
}

}  // namespace rollcall
