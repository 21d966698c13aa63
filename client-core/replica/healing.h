#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client-core/replica/confirmed_rows.h"
#include "client-core/replica/grants.h"
#include "client-core/replica/staging.h"

namespace rollcall {

// Finds out where a grant's rows differ from the server's, by sums over ever smaller ranges, and
// has those ranges read again. Asked for when a digest differs, and when there is no cursor to read
// from (a new epoch, a cursor that the server does not know). The pages are staged and applied with
// the next completed read.
//
// What is to be compared is remembered by the grants (`reread`); how far the comparison has come is
// not: it begins anew after a restart. A range that was read again because of a digest rests for an
// hour:
//
//   _healed(grant_id, after, through, at_ms)
class Healing {
 public:
  Healing(Connection& connection, ConfirmedRows& rows, Grants& grants, Staging& staging,
          PathSets& path_sets)
      : connection_(connection),
        rows_(rows),
        grants_(grants),
        staging_(staging),
        path_sets_(path_sets) {}
  static std::vector<std::string> create_statements();

  // What to ask next; nothing when no grant is to be compared.
  std::optional<HealWant> next(const Bytes& floor);
  // A grant's digest differs. Does nothing while a re-read that did not help is too fresh.
  void differs(HeldGrant& held, std::int64_t now_ms);
  // Takes the answer to `asked`, if that is still the question. `forced`: there is no cursor, so
  // whatever differs is read again at once.
  Result<bool> take_sums(const HealWant& asked, const HealRanges& ranges, bool forced,
                         std::int64_t now_ms);
  Result<bool> take_rows(const HealWant& asked, const BootstrapPage& page, std::int64_t now_ms);
  // Forgets what was under way.
  void restart() { questions_.clear(); }

 private:
  struct Question {
    GrantId grant;
    std::optional<Boundary> after;
    std::optional<Boundary> through;
    bool rows = false;
    bool forced = false;
  };

  [[nodiscard]] bool is_asked(const HealWant& asked) const;
  // Answers the first question; the grant is done with its last one.
  void answered();
  Result<std::optional<std::int64_t>> healed_at(const Question& range, std::int64_t now_ms);
  Result<void> note_healed(const Question& range, std::int64_t now_ms);
  struct LocalSum {
    std::uint64_t sum = 0;
    std::uint64_t entries = 0;
  };
  // Sums of the own entries between the ranges' ends, and, last, of those beyond them.
  Result<std::vector<LocalSum>> local_sums(const Grant& grant, const HealWant& asked,
                                           const HealRanges& ranges);

  Connection& connection_;
  ConfirmedRows& rows_;
  Grants& grants_;
  Staging& staging_;
  PathSets& path_sets_;
  std::deque<Question> questions_;  // of one grant
  // Of the comparison under way: whether it found what may explain the difference (rows to read
  // again, a kept sum that was wrong), and since when the earliest of those ranges rests that
  // differ but were read again lately.
  bool explained_ = false;
  std::optional<std::int64_t> resting_since_ms_;
};

}  // namespace rollcall
