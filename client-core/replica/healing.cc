#include "client-core/replica/healing.h"

#include <algorithm>
#include <numeric>

#include "client-core/replica/boundary.h"
#include "client-core/replica/limits.h"
#include "engine/model/path.h"
#include "engine/protocol/limits.h"

namespace rollcall {

std::vector<std::string> Healing::create_statements() {
  return {
      "CREATE TABLE _healed(grant_id INTEGER NOT NULL, after BLOB NOT NULL, through BLOB NOT NULL, "
      "at_ms INTEGER NOT NULL)"};
}

void Healing::differs(HeldGrant& held, std::int64_t now_ms) {
  // A time further ahead than a rest lasts was noted by a clock that has been set right since.
  const std::int64_t left_ms = held.diverged_until_ms - now_ms;
  if (left_ms <= 0 || left_ms > heal_rest_ms) held.reread = true;
}

std::optional<HealWant> Healing::next(const Bytes& floor) {
  while (!questions_.empty() && grants_.find(questions_.front().grant) == nullptr) {
    questions_.pop_front();
  }
  if (questions_.empty()) {
    for (const HeldGrant& held : grants_.all()) {
      if (!held.reread) continue;
      explained_ = false;
      resting_since_ms_.reset();
      questions_.push_back({held.grant.id, std::nullopt, std::nullopt, false, false});
      break;
    }
  }
  if (questions_.empty()) return std::nullopt;
  const Question& question = questions_.front();
  return HealWant{question.grant, question.after, question.through, question.rows, floor};
}

bool Healing::is_asked(const HealWant& asked) const {
  if (questions_.empty()) return false;
  const Question& question = questions_.front();
  return question.grant == asked.grant && question.after == asked.after &&
         question.through == asked.through && question.rows == asked.rows;
}

void Healing::answered() {
  const GrantId grant = questions_.front().grant;
  questions_.pop_front();
  const bool more = std::any_of(questions_.begin(), questions_.end(),
                                [&](const Question& left) { return left.grant == grant; });
  if (more) return;
  if (HeldGrant* held = grants_.find(grant)) held->reread = false;
}

Result<std::vector<Healing::LocalSum>> Healing::local_sums(const Grant& grant,
                                                           const HealWant& asked,
                                                           const HealRanges& ranges) {
  const std::string& prefix = grant.path;
  std::vector<LocalSum> sums(ranges.ranges.size() + 1);
  Boundary entry;
  ROLLCALL_TRY(rows_.each(rows_.sets_under(prefix), [&](const ConfirmedRow& row) -> Result<void> {
    for (const std::string& path : path_sets_.paths(row.paths)) {
      if (!covers(prefix, path)) continue;
      entry.path = path;
      entry.collection = row.key.collection;
      entry.row = row.key.id;
      if (!lies_within(entry, asked.after, asked.through)) continue;
      const auto range =
          std::lower_bound(ranges.ranges.begin(), ranges.ranges.end(), entry,
                           [](const RangeSum& a, const Boundary& b) { return a.through < b; });
      const std::optional<Digest> share = rows_.share(grant.id, path, row);
      if (!share) continue;  // another grant shows it
      LocalSum& local = sums[static_cast<std::size_t>(range - ranges.ranges.begin())];
      local.sum += share->sum;
      ++local.entries;
    }
    return {};
  }));
  return sums;
}

Result<bool> Healing::take_sums(const HealWant& asked, const HealRanges& ranges, bool forced,
                                std::int64_t now_ms) {
  HeldGrant* held = grants_.find(asked.grant);
  if (held == nullptr) return false;  // lost meanwhile
  if (!is_asked(asked) || asked.rows || ranges.grant != asked.grant) return false;
  for (std::size_t i = 1; i < ranges.ranges.size(); ++i) {
    if (!(ranges.ranges[i - 1].through < ranges.ranges[i].through)) {
      return failure(ErrorCode::malformed, "the ranges of a drill-down do not ascend");
    }
  }
  const Grant grant = held->grant;
  ROLLCALL_TRY_ASSIGN(const std::vector<LocalSum> local, local_sums(grant, asked, ranges));
  if (!asked.after && !asked.through) {
    // All of the grant's rows were just summed: should the kept sum say something else, it is the
    // one that is wrong.
    const std::uint64_t sum = std::accumulate(
        local.begin(), local.end(), std::uint64_t{0},
        [](std::uint64_t total, const LocalSum& range) { return total + range.sum; });
    explained_ = held->sum != sum;
    held->sum = sum;
  }
  std::optional<Boundary> after = asked.after;
  for (std::size_t i = 0; i < local.size(); ++i) {
    const bool beyond = i == ranges.ranges.size();
    Question question{asked.grant, after, beyond ? asked.through : ranges.ranges[i].through, true,
                      forced};
    after = question.through;
    const std::uint64_t sum = beyond ? 0 : ranges.ranges[i].sum;
    const std::uint64_t rows = beyond ? 0 : ranges.ranges[i].rows;
    const bool equal = sum == local[i].sum && (rows != 0 || local[i].entries == 0);
    if (equal) continue;
    // One range for all, as long as the one asked for, would be asked for ever.
    const bool is_whole = question.after == asked.after && question.through == asked.through;
    question.rows = rows <= heal_rows_max || is_whole;
    if (question.rows && !forced) {
      ROLLCALL_TRY_ASSIGN(const auto at, healed_at(question, now_ms));
      if (at) {
        resting_since_ms_ = std::min(resting_since_ms_.value_or(*at), *at);
        continue;
      }
    }
    explained_ = explained_ || question.rows;
    questions_.push_back(std::move(question));
  }
  answered();
  if (questions_.empty() && !explained_ && !forced) {
    // Nothing that may be read again now explains the difference.
    held->diverged_until_ms = resting_since_ms_.value_or(now_ms) + heal_rest_ms;
  }
  return true;
}

Result<bool> Healing::take_rows(const HealWant& asked, const BootstrapPage& page,
                                std::int64_t now_ms) {
  if (!is_asked(asked) || !asked.rows || page.grant != asked.grant) return false;
  if (grants_.find(asked.grant) == nullptr) return false;  // lost meanwhile
  Question question = questions_.front();
  const bool is_cut = page.through != question.through && page.through.has_value();
  Staging::Page staged{Staging::Kind::heal, question.grant, question.after,
                       is_cut ? page.through : question.through, page.page};
  ROLLCALL_TRY(staging_.add(staged));
  if (is_cut) {
    questions_.front().after = page.through;
    return true;
  }
  if (!question.forced) ROLLCALL_TRY(note_healed(question, now_ms));
  answered();
  return true;
}

Result<std::optional<std::int64_t>> Healing::healed_at(const Question& range, std::int64_t now_ms) {
  ROLLCALL_TRY_ASSIGN(Statement list,
                      connection_.cached("SELECT after, through, at_ms FROM _healed WHERE grant_id "
                                         "= ? AND at_ms > ? AND at_ms <= ?"));
  list.bind_integer(1, static_cast<std::int64_t>(range.grant.value));
  list.bind_integer(2, now_ms - heal_rest_ms);
  list.bind_integer(3, now_ms);
  std::optional<std::int64_t> at;
  for (;;) {
    ROLLCALL_TRY_ASSIGN(const bool more, list.step());
    if (!more) return at;
    ROLLCALL_TRY_ASSIGN(const auto after, decode_boundary(list.bytes(0)));
    ROLLCALL_TRY_ASSIGN(const auto through, decode_boundary(list.bytes(1)));
    const bool before_it = range.through && after && *range.through <= *after;
    const bool behind_it = through && range.after && *through <= *range.after;
    if (!before_it && !behind_it) at = std::max(at.value_or(0), list.integer(2));
  }
}

Result<void> Healing::note_healed(const Question& range, std::int64_t now_ms) {
  ROLLCALL_TRY_ASSIGN(Statement forget,
                      connection_.cached("DELETE FROM _healed WHERE at_ms <= ? OR at_ms > ?"));
  forget.bind_integer(1, now_ms - heal_rest_ms);
  forget.bind_integer(2, now_ms);
  ROLLCALL_TRY(forget.run());
  ROLLCALL_TRY_ASSIGN(Statement insert,
                      connection_.cached("INSERT INTO _healed VALUES(?, ?, ?, ?)"));
  const Bytes after = encode_boundary(range.after);
  const Bytes through = encode_boundary(range.through);
  insert.bind_integer(1, static_cast<std::int64_t>(range.grant.value));
  insert.bind_bytes(2, after);
  insert.bind_bytes(3, through);
  insert.bind_integer(4, now_ms);
  return insert.run();
}

}  // namespace rollcall
